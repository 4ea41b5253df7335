//! The errors of the crate.

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

pub(crate) fn of_lab(error: impl Into<lab::Error>) -> Error {
    Error::Lab(error.into())
}
