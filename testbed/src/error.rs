//! The errors of the crate.

use std::process::ExitCode;

use crate::{host, limits, network, rows, run, sweep};

/// Why the laboratory ended without a result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command makes no sense here: change it. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// The command made sense, and failed. Exit status 1.
    #[error("{0}")]
    Failed(String),
    /// What was to run cannot be run.
    #[error(transparent)]
    Lab(#[from] lab::Error),
    /// A run does not fit this machine.
    #[error(transparent)]
    Limits(#[from] limits::Error),
    /// Peers cannot be started or connected.
    #[error(transparent)]
    Network(Box<network::Error>),
    /// A run cannot be saved, found or read.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// Measurements cannot be written.
    #[error(transparent)]
    Rows(#[from] rows::Error),
    /// What was seen of the host cannot be written or read.
    #[error(transparent)]
    Host(#[from] host::Error),
    /// A sweep cannot be run, or does not go on.
    #[error(transparent)]
    Sweep(#[from] sweep::Error),
}

impl From<network::Error> for Error {
    fn from(error: network::Error) -> Self {
        Self::Network(Box::new(error))
    }
}

impl Error {
    /// 2 for wrong usage, 1 for a failure.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Usage(_) | Self::Limits(_) => 2,
            Self::Lab(error) if error.is_usage() => 2,
            Self::Failed(_) | Self::Lab(_) | Self::Network(_) | Self::Rows(_) | Self::Host(_) => 1,
            Self::Run(error) => match error {
                run::Error::Create { .. }
                | run::Error::NotARun { .. }
                | run::Error::NoRuns { .. } => 2,
                run::Error::Io { .. }
                | run::Error::Record { .. }
                | run::Error::Spans { .. }
                | run::Error::NotText { .. }
                | run::Error::Table(_) => 1,
            },
            Self::Sweep(error) => match error {
                sweep::Error::Grid(_)
                | sweep::Error::Create { .. }
                | sweep::Error::Busy { .. }
                | sweep::Error::Foreign { .. }
                | sweep::Error::Refused { .. } => 2,
                sweep::Error::Rows { .. }
                | sweep::Error::Plot { .. }
                | sweep::Error::Signals(_)
                | sweep::Error::Program(_)
                | sweep::Error::Start { .. }
                | sweep::Error::Failed { .. }
                | sweep::Error::Died { .. } => 1,
            },
        })
    }
}

pub(crate) fn of_lab(error: impl Into<lab::Error>) -> Error {
    Error::Lab(error.into())
}
