//! The errors of the crate.

use std::process::ExitCode;

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
}

impl Error {
    /// 2 for wrong usage, 1 for a failure.
    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
            Self::Lab(error) if error.is_usage() => ExitCode::from(2),
            Self::Lab(_) => ExitCode::from(1),
        }
    }
}

pub(crate) fn of_lab(error: impl Into<lab::Error>) -> Error {
    Error::Lab(error.into())
}
