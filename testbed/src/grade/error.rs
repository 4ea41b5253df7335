//! Why nothing can be graded.

use std::io;
use std::path::{Path, PathBuf};

use crate::program;

/// Why nothing can be graded.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The assignment cannot be read.
    #[error("--assignment {}: {source}; name a TOML file, as docs/grading.md describes", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Something in the assignment is wrong.
    #[error("{}:{line}: {why}", path.display())]
    Assignment {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong, and a remedy.
        why: String,
    },
    /// The program cannot be run.
    #[error(transparent)]
    Program(#[from] program::Error),
    /// A report cannot be written.
    #[error("--report {}: {source}; choose another file", path.display())]
    Report {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// There is no crate.
    #[error("--crate {}: {source}; name the folder of the submission", path.display())]
    Submission {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The crate of the assignment cannot be built.
    #[error("the crate {}: {source}; name a folder with a Cargo.toml, and install cargo", path.display())]
    Crate {
        /// The folder of the crate.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A run cannot be started.
    #[error("cannot start {command}: {source}")]
    Start {
        /// Its command.
        command: String,
        /// What the system says.
        source: io::Error,
    },
    /// Signal handlers cannot be installed.
    #[error("signals: {0}")]
    Signals(#[source] io::Error),
}

impl Error {
    pub(super) fn assignment(path: &Path, line: usize, why: String) -> Self {
        Self::Assignment {
            path: path.to_owned(),
            line,
            why,
        }
    }
}
