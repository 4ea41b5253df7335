//! `testbed export`: a saved run for other tools.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::source::Source;
use crate::Error;
use crate::cli::{Common, Export, ExportFormat};
use crate::export;

/// Writes it, to a file or to standard output.
pub(super) fn export(common: &Common, args: &Export) -> Result<ExitCode, Error> {
    let format = ExportFormat::try_from(common.format)?;
    if args.to.is_none() && format == ExportFormat::Perfetto && io::stdout().is_terminal() {
        let message = "perfetto's form is no text: name a file, as in --to run.pftrace";
        return Err(Error::Usage(message.to_owned()));
    }
    let source = Source::open(common, args.run.as_deref())?;
    match &args.to {
        Some(path) => to_file(path, &source, format)?,
        None => to_stdout(&source, format)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Whoever looks for the file finds the old one, or all of the new.
fn to_file(path: &Path, source: &Source, format: ExportFormat) -> Result<(), Error> {
    let mut part = path.as_os_str().to_owned();
    part.push(".part");
    let part = PathBuf::from(part);
    let file = File::create(&part).map_err(|error| {
        let path = path.display();
        Error::Usage(format!(
            "cannot write {path}: {error}; choose another file with --to FILE"
        ))
    })?;
    let written = write(
        source,
        format,
        &mut BufWriter::new(file),
        &path.display().to_string(),
    );
    let failed = |error: io::Error| Error::Failed(format!("{}: {error}", path.display()));
    let moved = written.and_then(|()| fs::rename(&part, path).map_err(failed));
    if moved.is_err() {
        let _ = fs::remove_file(&part);
    }
    moved
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
        export::Error::Write(error) => Error::Failed(format!("{place}: {error}")),
        export::Error::NoSteps(_) => Error::Usage(error.to_string()),
    })
}

/// A reader who has seen enough (`| head`) is no error.
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
