//! Why a sweep cannot be run, or cannot go on.

use std::io;
use std::path::PathBuf;
use std::process::ExitStatus;

use plotters::drawing::DrawingAreaErrorKind;

pub use super::grid::Error as GridError;

/// Why a sweep cannot be run, or cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The lists of options are invalid.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// The sweep cannot be saved in that folder.
    #[error(
        "cannot save a sweep in {}: {source}; choose another folder with --out DIR",
        folder.display()
    )]
    Create {
        /// The folder of the sweep.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Another sweep is running in the folder.
    #[error(
        "{}: another sweep is at work there; wait for its end, or choose another folder with \
         --out DIR", folder.display()
    )]
    Busy {
        /// The folder of the sweep.
        folder: PathBuf,
    },
    /// The file holds other rows than those of this sweep.
    #[error(
        "{}: {found}; take it away, or choose another folder with --out DIR", path.display()
    )]
    Foreign {
        /// The file.
        path: PathBuf,
        /// What it holds.
        found: Foreign,
    },
    /// The rows cannot be written or read.
    #[error("{}: {source}", path.display())]
    Rows {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: csv::Error,
    },
    /// A plot cannot be drawn.
    #[error("{}: {source}", path.display())]
    Plot {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: DrawingAreaErrorKind<io::Error>,
    },
    /// Signal handlers cannot be installed.
    #[error("signals: {0}")]
    Signals(#[source] io::Error),
    /// The path of the running program cannot be determined.
    #[error(transparent)]
    Program(io::Error),
    /// A run cannot be started.
    #[error("{run}: {source}")]
    Start {
        /// Its command line.
        run: String,
        /// What the system says.
        source: io::Error,
    },
    /// A run was refused as wrong usage.
    #[error("{run}: {reason}")]
    Refused {
        /// Its command line.
        run: String,
        /// What it printed.
        reason: String,
    },
    /// A run has ended without a result.
    #[error("{run}: {reason}")]
    Failed {
        /// Its command line.
        run: String,
        /// What it printed.
        reason: String,
    },
    /// A run was terminated from outside.
    #[error("{run}: the run died ({status}); the same command goes on from there")]
    Died {
        /// Its command line.
        run: String,
        /// How it ended.
        status: ExitStatus,
    },
}

/// What the file of a sweep holds instead of its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Foreign {
    /// The columns of another sweep.
    #[error("it is of another sweep")]
    AnotherSweep,
    /// A line that is not a row.
    #[error("line {0} is no row")]
    NoRow(u64),
}
