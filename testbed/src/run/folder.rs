//! The folder of a run.

use std::fs::{self, File};
use std::io::{self, BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use trace::store::Store;

use super::lock::{self, Held};
use super::{Error, RECORD, Record};
use crate::host::apart::apart;
use crate::host::{Apart, Pause, Watch};
use crate::rows::Rows;

/// The spans, as lines of OTLP JSON.
const SPANS: &str = "spans.jsonl";
/// One line for each measurement.
const RESULTS: &str = "results.csv";
/// One line for each peer and sample of its scores.
const SCORES: &str = "scores.csv";
/// One line for each interval of an overlay.
const INTERVALS: &str = "intervals.csv";
/// One line for each sample of the host.
const HOST: &str = "host.csv";
/// The run as a page that needs no server.
const REPORT: &str = "report.html";

/// The reason in the verdict of a run whose process ended before it saved one.
const DIED: &str = "the run died: its process ended before it saved what came of it";

/// The first complete lines of a file that may still be written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Lines {
    /// The lines, each with its end.
    pub text: String,
    /// How many bytes of the file are beyond the limit up to which it was read.
    pub rest: u64,
}

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
    /// The lock of a run of this process: while it is held, the run has not died.
    _held: Option<Arc<Held>>,
}

impl Folder {
    /// Creates a folder for `record` in `out`, and saves the record of the run's
    /// beginning in it. If another run already has the name, a number is appended.
    ///
    /// # Errors
    /// [`Error::Create`] when nothing can be written there.
    pub fn create(out: &Path, record: &mut Record) -> Result<Self, Error> {
        let refused = |source: io::Error| Error::Create {
            out: out.to_owned(),
            source,
        };
        fs::create_dir_all(out).map_err(refused)?;
        let name = record.id.clone();
        for number in 2.. {
            match fs::create_dir(out.join(&record.id)) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                    record.id = format!("{name}-{number}");
                }
                created => {
                    created.map_err(refused)?;
                    break;
                }
            }
        }
        let path = out.join(&record.id);
        let folder = Self {
            _held: lock::hold(&path).map(Arc::new),
            path,
        };
        folder.write_record(record).map_err(refused)?;
        Ok(folder)
    }

    /// Opens the folder of a saved run.
    ///
    /// # Errors
    /// [`Error::NotARun`] when there is no run in it.
    pub fn open(path: &Path) -> Result<Self, Error> {
        match path.join(RECORD).is_file() {
            true => Ok(Self {
                path: path.to_owned(),
                _held: None,
            }),
            false => Err(Error::NotARun {
                path: path.to_owned(),
            }),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file for the measurements, which are written as they are made.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn results(&self) -> Result<Rows, Error> {
        let path = self.path.join(RESULTS);
        let file = File::create(&path).map_err(Error::io(&path))?;
        Ok(Rows::new(RESULTS, file))
    }

    /// The file for the scores of peers, as samples are taken.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn scores(&self) -> Result<Rows, Error> {
        let path = self.path.join(SCORES);
        let file = File::create(&path).map_err(Error::io(&path))?;
        Ok(Rows::new(SCORES, file))
    }

    /// The file for the intervals of an overlay.
    ///
    /// # Errors
    /// [`Error::Io`].
    pub fn intervals(&self) -> Result<Rows, Error> {
        let path = self.path.join(INTERVALS);
        let file = File::create(&path).map_err(Error::io(&path))?;
        Ok(Rows::new(INTERVALS, file))
    }

    /// Saves the spans: all, or none.
    ///
    /// # Errors
    /// [`Error::Io`], for example when the disk is full.
    pub fn save_spans(&self, store: &Store) -> Result<(), Error> {
        save(&self.path.join(SPANS), store)
    }

    /// Saves the spans of another schedule as `NAME.jsonl`: all, or none. Returns the file.
    ///
    /// # Errors
    /// [`Error::Io`], for example when the disk is full.
    pub fn save_other_spans(&self, name: &str, store: &Store) -> Result<PathBuf, Error> {
        let path = self.path.join(format!("{name}.jsonl"));
        save(&path, store)?;
        Ok(path)
    }

    /// The operations that were in progress during these pauses, summarized separately
    /// from the rest.
    ///
    /// # Errors
    /// [`Error`] with the file.
    pub fn apart(&self, pauses: &[Pause]) -> Result<Vec<Apart>, Error> {
        match pauses {
            [] => Ok(Vec::new()),
            pauses => Ok(apart(&self.path.join(RESULTS), pauses)?),
        }
    }

    /// Saves the samples of the host.
    ///
    /// # Errors
    /// [`Error::Io`], for example when the disk is full.
    pub fn save_host(&self, host: &Watch) -> Result<(), Error> {
        Ok(host.save(&self.path.join(HOST))?)
    }

    /// Saves the record at the end of the run.
    ///
    /// # Errors
    /// [`Error::Io`], for example when the disk is full.
    pub fn save(&self, record: &Record) -> Result<(), Error> {
        let saved = self.write_record(record);
        saved.map_err(Error::io(&self.path.join(RECORD)))
    }

    /// Where its record is.
    pub fn record_path(&self) -> PathBuf {
        self.path.join(RECORD)
    }

    /// When its record was written last.
    pub fn written(&self) -> Option<std::time::SystemTime> {
        modified(&self.path)
    }

    /// The record; if the run died, its verdict says so.
    ///
    /// # Errors
    /// [`Error`] with the file and the place in it.
    pub fn record(&self) -> Result<Value, Error> {
        let path = self.path.join(RECORD);
        // The lock is checked before the file is read: a run that ends in between has
        // saved its record.
        let held = lock::is_held(&self.path);
        let text = fs::read(&path).map_err(Error::io(&path))?;
        let record = serde_json::from_slice(&text);
        let mut record = record.map_err(|source| Error::Record { path, source })?;
        if held == Some(false) && !has_ended(&record) {
            note_death(&mut record);
        }
        Ok(record)
    }

    /// The measurements within the first `most` bytes. Empty if nothing was measured.
    ///
    /// # Errors
    /// [`Error`] with the file.
    pub fn measured(&self, most: u64) -> Result<Lines, Error> {
        Lines::read(&self.path.join(RESULTS), most)
    }

    /// The samples of the host within the first `most` bytes.
    ///
    /// # Errors
    /// [`Error`] with the file.
    pub fn host(&self, most: u64) -> Result<Lines, Error> {
        Lines::read(&self.path.join(HOST), most)
    }

    /// Saves the report atomically. `write` gets the file.
    ///
    /// # Errors
    /// Those of `write`, and of the disk.
    pub fn save_report<E: From<io::Error>>(
        &self,
        write: impl FnOnce(&mut BufWriter<File>) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let part = self.path.join(format!("{REPORT}.part"));
        let whole = self.path.join(REPORT);
        let written = (|| {
            let mut file = BufWriter::new(File::create(&part)?);
            write(&mut file)?;
            // A drop would hide the error of a full disk.
            file.flush()?;
            fs::rename(&part, &whole)?;
            Ok(whole)
        })();
        if written.is_err() {
            let _ = fs::remove_file(&part);
        }
        written
    }

    /// Loads the record and the spans.
    ///
    /// # Errors
    /// [`Error`] with the file and the place in it.
    pub fn load(&self) -> Result<(Value, Store), Error> {
        let record = self.record()?;
        let path = self.path.join(SPANS);
        let file = match regular(&path) {
            Ok(file) => file,
            // The run ended before it saved spans.
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((record, Store::new())),
            Err(e) => return Err(Error::io(&path)(e)),
        };
        let store = Store::read_jsonl(io::BufReader::new(file));
        let store = store.map_err(|source| Error::Spans { path, source })?;
        Ok((without_missing(record, store.len()), store))
    }

    /// Writes the record atomically: a reader sees either the old or the new one.
    fn write_record(&self, record: &Record) -> io::Result<()> {
        let part = self.path.join(format!("{RECORD}.part"));
        let mut text = serde_json::to_string_pretty(record)?;
        text.push('\n');
        fs::write(&part, text)?;
        fs::rename(part, self.path.join(RECORD))
    }
}

/// The record, with those of its stored spans that are not among `there` counted as
/// lost.
fn without_missing(mut record: Value, there: usize) -> Value {
    let count = |record: &Value, what: &str| record["spans"][what].as_u64().unwrap_or(0);
    let missing = count(&record, "stored").saturating_sub(there as u64);
    if missing > 0 {
        let lost = count(&record, "lost") + missing;
        record["spans"]["stored"] = there.into();
        record["spans"]["lost"] = lost.into();
    }
    record
}

impl Lines {
    fn read(path: &Path, most: u64) -> Result<Self, Error> {
        let file = match regular(path) {
            Ok(file) => file,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(e) => return Err(Error::io(path)(e)),
        };
        let size = file.metadata().map_err(Error::io(path))?.len();
        let mut text = Vec::new();
        let read = file.take(most).read_to_end(&mut text);
        read.map_err(Error::io(path))?;
        let lines = text.iter().rposition(|byte| *byte == b'\n');
        text.truncate(lines.map_or(0, |end| end + 1));
        Ok(Self {
            text: String::from_utf8(text).map_err(|source| Error::NotText {
                path: path.to_owned(),
                source,
            })?,
            rest: size.saturating_sub(most),
        })
    }
}

/// The run in `out` whose record was written last.
///
/// # Errors
/// [`Error::NoRuns`] when there is none.
pub fn latest(out: &Path) -> Result<Folder, Error> {
    let none = || Error::NoRuns {
        out: out.to_owned(),
    };
    let folders = fs::read_dir(out).map_err(|_| none())?;
    folders
        .flatten()
        .filter_map(|entry| Folder::open(&entry.path()).ok())
        .max_by_key(|folder| modified(&folder.path))
        .ok_or_else(none)
}

/// Whether a run has saved its outcome.
pub fn has_ended(record: &Value) -> bool {
    !record["seconds"].is_null()
}

fn note_death(record: &mut Value) {
    if let Some(reasons) = record.pointer_mut("/verdict/reasons") {
        *reasons = json!([DIED]);
        record["died"] = true.into();
    }
}

/// Saves spans: all, or none.
fn save(path: &Path, store: &Store) -> Result<(), Error> {
    let write = || {
        let mut file = BufWriter::new(File::create(path)?);
        store.write_jsonl(&mut file)?;
        file.flush()
    };
    write().map_err(|error| {
        // The record is useful even without the spans, and on a full disk it needs
        // their space.
        let _ = fs::remove_file(path);
        Error::io(path)(error)
    })
}

fn modified(path: &Path) -> Option<std::time::SystemTime> {
    fs::metadata(path.join(RECORD))
        .and_then(|data| data.modified())
        .ok()
}

/// Opens a regular file. Opening another kind may block forever, for example a pipe
/// that nothing is written to.
fn regular(path: &Path) -> io::Result<File> {
    match fs::metadata(path)?.is_file() {
        true => File::open(path),
        false => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "not a regular file; a run consists of regular files",
        )),
    }
}
