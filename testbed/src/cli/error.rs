//! What can go wrong with a command, and the exit status that it gets.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::task::JoinError;
use trace::{export, import};

use super::Usage;
use crate::{graph, run, sweep, viewer};

/// Why a command has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options are inconsistent, or invalid for this command.
    #[error(transparent)]
    Usage(#[from] Usage),
    /// A run cannot be started, saved or read.
    #[error(transparent)]
    Laboratory(crate::Error),
    /// Spans cannot be exported to the collector.
    #[error(transparent)]
    Collector(#[from] node::export::Error),
    /// Metrics cannot be served.
    #[error(transparent)]
    Metrics(#[from] node::metrics::BindError),
    /// The page cannot be served.
    #[error("{option}: {source}")]
    Page {
        /// The option with its address.
        option: &'static str,
        /// Why not.
        source: viewer::Error,
    },
    /// A file of spans cannot be read.
    #[error("{}: {source}", path.display())]
    Import {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: import::Error,
    },
    /// An export cannot be written to that file.
    #[error("cannot write {}: {source}; choose another file with --to FILE", path.display())]
    Create {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The run has nothing that this export format shows.
    #[error(transparent)]
    Export(export::Error),
    /// The process cannot start the threads that it needs.
    #[error(
        "the process cannot start its threads: {0}; raise the limit of processes (ulimit -u), or \
         stop others"
    )]
    Threads(#[source] io::Error),
    /// An output that was begun cannot be written.
    #[error("{place}: {source}")]
    Write {
        /// Where.
        place: String,
        /// What the system says.
        source: io::Error,
    },
    /// Signal handlers cannot be installed.
    #[error("signals: {0}")]
    Signals(#[source] io::Error),
    /// A saved run cannot be read because no thread can be started for it.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
    /// The thread that read a saved run has ended without a result.
    #[error("the run could not be read")]
    Unread,
    /// The page's server has stopped unexpectedly.
    #[error("the page: {0}")]
    Server(#[source] JoinError),
}

/// The errors of every module of the crate, as the crate's own.
impl<E> From<E> for Error
where
    crate::Error: From<E>,
{
    fn from(error: E) -> Self {
        Self::Laboratory(error.into())
    }
}

/// Exit status of a usage error.
const USAGE: u8 = 2;

/// Exit status of what is not known, as a grade.
const UNKNOWN: u8 = 3;

/// Exit status of a failure.
const FAILURE: u8 = 1;

impl Error {
    /// The exit status of a program whose command has ended with it.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_)
            | Self::Collector(_)
            | Self::Metrics(_)
            | Self::Page { .. }
            | Self::Import { .. }
            | Self::Create { .. }
            | Self::Export(_)
            | Self::Threads(_) => USAGE,
            Self::Write { .. }
            | Self::Signals(_)
            | Self::Thread(_)
            | Self::Unread
            | Self::Server(_) => FAILURE,
            Self::Laboratory(error) => of_laboratory(error),
        })
    }
}

fn of_laboratory(error: &crate::Error) -> u8 {
    use crate::Error;
    match error {
        Error::Limits(_) | Error::Viewer(_) | Error::Program(_) => USAGE,
        Error::Lab(error) => match error.is_usage() {
            true => USAGE,
            false => FAILURE,
        },
        Error::Run(error) => of_run(error),
        Error::Sweep(error) => of_sweep(error),
        Error::Graph(error) => of_graph(error),
        Error::Grade(_) => UNKNOWN,
        Error::Network(_)
        | Error::Experiment(_)
        | Error::Rows(_)
        | Error::Host(_)
        | Error::Doctor(_) => FAILURE,
    }
}

fn of_graph(error: &graph::Error) -> u8 {
    match error {
        graph::Error::Memory { .. } | graph::Error::Folder { .. } => USAGE,
        graph::Error::Plot { .. } => FAILURE,
    }
}

fn of_run(error: &run::Error) -> u8 {
    use run::Error;
    match error {
        Error::Create { .. } | Error::NotARun { .. } | Error::NoRuns { .. } => USAGE,
        Error::Io { .. }
        | Error::Record { .. }
        | Error::Spans { .. }
        | Error::NotText { .. }
        | Error::Table(_) => FAILURE,
    }
}

fn of_sweep(error: &sweep::Error) -> u8 {
    use sweep::Error;
    match error {
        Error::Grid(_)
        | Error::Create { .. }
        | Error::Busy { .. }
        | Error::Foreign { .. }
        | Error::Refused { .. } => USAGE,
        Error::Rows { .. }
        | Error::Plot { .. }
        | Error::Signals(_)
        | Error::Program(_)
        | Error::Start { .. }
        | Error::Failed { .. }
        | Error::Died { .. } => FAILURE,
    }
}
