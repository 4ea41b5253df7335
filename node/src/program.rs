//! What can go wrong with a program, by what its caller can do.

use std::process::ExitCode;

/// Why a program ended without its result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command makes no sense here: change it. Exit status 2.
    #[error("{0}")]
    Usage(String),
    /// The command made sense, and failed. Exit status 1.
    #[error("{0}")]
    Failed(String),
}

impl Error {
    /// 2 for wrong usage, 1 for a failure.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::from(1),
        }
    }

    pub(crate) fn failed(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }
}
