//! Why a run cannot be saved, found or read.

use std::io;
use std::path::{Path, PathBuf};
use std::string::FromUtf8Error;

use super::RECORD;
use crate::host;

/// Why a run cannot be saved, found or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Runs cannot be saved in that folder.
    #[error(
        "cannot save runs in {}: {source}; choose another folder with --out DIR", out.display()
    )]
    Create {
        /// The folder in which the run's folder was to be created.
        out: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The folder has no run in it.
    #[error("{} is no folder of a run: there is no {RECORD} in it", path.display())]
    NotARun {
        /// The folder.
        path: PathBuf,
    },
    /// The folder contains no run.
    #[error(
        "there is no run in {}; name one, or say where runs are with --out DIR", out.display()
    )]
    NoRuns {
        /// The folder of runs.
        out: PathBuf,
    },
    /// A file of the run cannot be written or read.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The record is damaged.
    #[error("{}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// The spans are damaged.
    #[error("{}: {source}", path.display())]
    Spans {
        /// The file.
        path: PathBuf,
        /// What is wrong with them.
        source: trace::store::Error,
    },
    /// A table is not UTF-8 text.
    #[error("{}: {source}", path.display())]
    NotText {
        /// The file.
        path: PathBuf,
        /// The place of the invalid bytes.
        source: FromUtf8Error,
    },
    /// A table of the run cannot be written or read.
    #[error(transparent)]
    Table(#[from] host::Error),
}

impl Error {
    /// The error of a file that cannot be written or read.
    pub(super) fn io(path: &Path) -> impl Fn(io::Error) -> Self + '_ {
        |source| Self::Io {
            path: path.to_owned(),
            source,
        }
    }
}
