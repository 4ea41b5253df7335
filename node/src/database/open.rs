//! Opens the file of a peer database: locks it, checks it, and puts a damaged one aside.
//!
//! SQLite runs in WAL mode with `synchronous=NORMAL`: what is committed survives the end of
//! the process, kill -9 included, and the file is never damaged by a loss of power. Such a
//! loss may cost the commits since the last checkpoint, which a peer database can afford;
//! FULL would wait for the disk at each change.
//!
//! `locking_mode=EXCLUSIVE` keeps other processes out. The lock is the system's, and ends
//! with the process however that ends. It also saves the file of shared memory.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::store::{SCHEMA, Store};
use super::{Error, Quarantined, Settings};

/// In the header of the file: "PEER".
const APPLICATION: i64 = 0x5045_4552;

/// The version of the schema.
pub(super) const VERSION: i64 = 1;

/// How long the lock is waited for: a node that is started anew meets the one before, which
/// is about to end. A guess.
const PATIENCE: Duration = Duration::from_secs(1);

/// The files that belong to a database: itself, and those that SQLite keeps beside it.
const SUFFIXES: [&str; 4] = ["", "-wal", "-journal", "-shm"];

/// Opens the file, and puts a damaged one aside.
///
/// # Errors
/// Every variant of [`Error`].
pub(super) fn open(settings: &Settings) -> Result<(Store, Option<Quarantined>), Error> {
    // `:memory:` is a file as well, in this folder.
    let path = std::path::absolute(&settings.path).map_err(|error| Error::Io {
        path: settings.path.clone(),
        reason: error.to_string(),
    })?;
    match attempt(&path, settings) {
        Ok(store) => Ok((store, None)),
        Err(Failure::Fatal(error)) => Err(error),
        Err(Failure::Damaged(reason)) => {
            let kept = quarantine(&path).map_err(|error| io_error(settings, error))?;
            match attempt(&path, settings) {
                Ok(store) => Ok((store, Some(Quarantined { kept, reason }))),
                Err(Failure::Fatal(error)) => Err(error),
                Err(Failure::Damaged(reason)) => Err(io_error(settings, reason)),
            }
        }
    }
}

fn io_error(settings: &Settings, reason: impl ToString) -> Error {
    Error::Io {
        path: settings.path.clone(),
        reason: reason.to_string(),
    }
}

/// Why the file cannot be used.
enum Failure {
    /// It is left as it is.
    Fatal(Error),
    /// It is damaged, for this reason.
    Damaged(String),
}

/// A failure, from SQLite's.
fn failure(settings: &Settings, error: &rusqlite::Error) -> Failure {
    let reason = error.to_string();
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            Failure::Fatal(Error::InUse(settings.path.clone()))
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) | None => {
            Failure::Damaged(reason)
        }
        // A table or a column that is not there.
        Some(ErrorCode::Unknown) => Failure::Damaged(reason),
        Some(_) => Failure::Fatal(io_error(settings, reason)),
    }
}

fn attempt(path: &Path, settings: &Settings) -> Result<Store, Failure> {
    create(path, settings).map_err(Failure::Fatal)?;
    let fails = |error: rusqlite::Error| failure(settings, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fails)?;
    prepare(&connection).map_err(fails)?;
    let is_new = is_new(&connection, settings, fails)?;
    let mode = "PRAGMA journal_mode = WAL";
    let mode: String = connection
        .query_row(mode, [], |row| row.get(0))
        .map_err(fails)?;
    if mode != "wal" {
        let reason = format!("SQLite's journal is in mode {mode} there, and not wal");
        return Err(Failure::Fatal(io_error(settings, reason)));
    }
    match is_new {
        true => begin(&connection, settings).map_err(fails)?,
        false => check(&connection, settings, fails)?,
    }
    let mut store = Store::new(connection, settings);
    store.remove_malformed().map_err(fails)?;
    Ok(store)
}

/// Makes an empty file where there is none, for its owner alone: it says whom the node knows.
fn create(path: &Path, settings: &Settings) -> Result<(), Error> {
    let no_file = |what| Error::NoFile {
        path: settings.path.clone(),
        what,
    };
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => return Ok(()),
        Ok(metadata) if metadata.is_dir() => return Err(no_file("a folder")),
        Ok(_) => return Err(no_file("no regular file")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(io_error(settings, error)),
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(io_error(settings, error))
        }
        _ => Ok(()),
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // The file may come from anywhere: its schema calls no functions.
    connection.execute_batch(
        "PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA synchronous = NORMAL;
         PRAGMA trusted_schema = OFF;
         PRAGMA cell_size_check = ON;",
    )
}

/// Whether nothing was written to it yet. Before that is known, nothing is changed: it may be
/// the database of another program.
fn is_new(
    connection: &Connection,
    settings: &Settings,
    fails: impl Fn(rusqlite::Error) -> Failure,
) -> Result<bool, Failure> {
    let ask = |question| connection.query_row(question, [], |row| row.get::<_, i64>(0));
    let path = || settings.path.clone();
    let objects = ask("SELECT count(*) FROM sqlite_schema").map_err(&fails)?;
    let application = ask("PRAGMA application_id").map_err(&fails)?;
    let version = ask("PRAGMA user_version").map_err(&fails)?;
    match (application, objects) {
        (0, 0) => Ok(true),
        (APPLICATION, _) if version > VERSION => Err(Failure::Fatal(Error::Newer {
            path: path(),
            version,
            known: VERSION,
        })),
        (APPLICATION, _) => Ok(false),
        _ => Err(Failure::Fatal(Error::Foreign(path()))),
    }
}

/// Makes the tables, all or none.
fn begin(connection: &Connection, settings: &Settings) -> rusqlite::Result<()> {
    let change = connection.unchecked_transaction()?;
    change.execute_batch(SCHEMA)?;
    change.execute(
        "INSERT INTO network (name) VALUES (?1)",
        [&settings.network],
    )?;
    change.pragma_update(None, "application_id", APPLICATION)?;
    change.pragma_update(None, "user_version", VERSION)?;
    change.commit()
}

/// Whether it is whole, and of this network.
fn check(
    connection: &Connection,
    settings: &Settings,
    fails: impl Fn(rusqlite::Error) -> Failure,
) -> Result<(), Failure> {
    let ask = |question| connection.query_row(question, [], |row| row.get::<_, String>(0));
    let whole = ask("PRAGMA quick_check(1)").map_err(&fails)?;
    if whole != "ok" {
        return Err(Failure::Damaged(whole.replace('\n', ", ")));
    }
    let found = ask("SELECT name FROM network").map_err(&fails)?;
    if found != settings.network {
        return Err(Failure::Fatal(Error::OtherNetwork {
            path: settings.path.clone(),
            found,
            own: settings.network.clone(),
        }));
    }
    let columns = "SELECT peer, address, seen, failures, certificate_end, lease_end FROM peers";
    connection.prepare(columns).map_err(&fails)?;
    Ok(())
}

/// Renames the file, with those beside it: a journal of another file would be taken for that
/// of the new one. Returns its new name.
fn quarantine(path: &Path) -> io::Result<PathBuf> {
    let time = jiff::Timestamp::now().strftime("%Y%m%dT%H%M%SZ");
    let names = (1..).map(|number| match number {
        1 => with(path, &format!(".corrupt-{time}")),
        number => with(path, &format!(".corrupt-{time}-{number}")),
    });
    let mut free = names.filter(|name| !name.exists());
    let kept = free.next().expect("there are as many names as numbers");
    for suffix in SUFFIXES {
        match fs::rename(with(path, suffix), with(&kept, suffix)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(kept)
}

/// The path with an end added to its name.
fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(end);
    PathBuf::from(name)
}
