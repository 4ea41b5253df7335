//! `testbed export`: a saved run for other tools.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use trace::export;
use trace::export::ExportFormat;

use super::source::Source;
use crate::cli::{Common, Error, Export, Usage};

/// Writes the export, to a file or to standard output.
pub(super) fn export(common: &Common, args: &Export) -> Result<ExitCode, Error> {
    let format = ExportFormat::try_from(common.format)?;
    // A dash is standard output, as for other programs.
    let to = args.to.as_deref().filter(|path| *path != Path::new("-"));
    if to.is_none() && format == ExportFormat::Perfetto && io::stdout().is_terminal() {
        return Err(Usage::Terminal.into());
    }
    let source = Source::open(common, args.run.as_deref())?;
    match to {
        Some(path) => to_file(path, &source, format)?,
        None => to_stdout(&source, format)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes to the file at `path`. Links are followed; pipes and devices are written
/// to directly. A regular file is replaced once everything is written, so a reader
/// sees either the old or the complete new file.
fn to_file(path: &Path, source: &Source, format: ExportFormat) -> Result<(), Error> {
    let refused = |source: io::Error| Error::Create {
        path: path.to_owned(),
        source,
    };
    let place = path.display().to_string();
    let all = |file| write(source, format, &mut BufWriter::new(file), &place);
    let Some(target) = replaceable(path).map_err(refused)? else {
        // A shell may redirect to the file, so it is appended to.
        let file = OpenOptions::new().append(true).create(true).open(path);
        return all(file.map_err(refused)?);
    };
    let mut part = target.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let written = all(File::create(&part).map_err(refused)?);
    let failed = |source: io::Error| Error::Write {
        place: place.clone(),
        source,
    };
    let moved = written.and_then(|()| fs::rename(&part, &target).map_err(failed));
    if moved.is_err() {
        let _ = fs::remove_file(&part);
    }
    moved
}

/// The regular file that `path` names or links to, or the place of a new one.
/// `None` if it is not replaced: a pipe, a device, or a dangling link.
fn replaceable(path: &Path) -> io::Result<Option<PathBuf>> {
    let is_device = path.starts_with("/dev") || path.starts_with("/proc");
    match fs::metadata(path) {
        Ok(file) if file.is_file() && !is_device => fs::canonicalize(path).map(Some),
        Ok(_) => Ok(None),
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Err(_) => Ok(fs::symlink_metadata(path).is_err().then(|| path.to_owned())),
    }
}

fn to_stdout(source: &Source, format: ExportFormat) -> Result<(), Error> {
    let mut out = Ended(BufWriter::new(io::stdout().lock()));
    write(source, format, &mut out, "standard output")
}

fn write(
    source: &Source,
    format: ExportFormat,
    out: &mut impl Write,
    place: &str,
) -> Result<(), Error> {
    export::write(&source.store, format, out).map_err(|error| match error {
        export::Error::Write(source) => Error::Write {
            place: place.to_owned(),
            source,
        },
        export::Error::NoSteps(_) => Error::Export(error),
    })
}

/// A writer for which a reader that closes the pipe (`| head`) is no error.
struct Ended<W>(W);

impl<W: Write> Write for Ended<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.0.flush() {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            flushed => flushed,
        }
    }
}
