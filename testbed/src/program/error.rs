//! Why a program cannot take part.

use std::io;
use std::path::PathBuf;

/// Why a program cannot take part in a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file, or it cannot be read.
    #[error("--bin {bin}: {source}; name a program that is there", bin = bin.display())]
    Missing {
        /// The file.
        bin: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not executable.
    #[error("--bin {bin}: the file is not executable; try chmod +x {bin}", bin = bin.display())]
    NotExecutable {
        /// The file.
        bin: PathBuf,
    },
    /// This system has no process groups.
    #[error("programs are run on Unix alone")]
    Elsewhere,
    /// The system does not start it.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// Its name in the run.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// It has not answered `init`.
    #[error("{program} has not answered init: {why}")]
    Silent {
        /// Its name in the run.
        program: String,
        /// What it did instead.
        why: String,
    },
}
