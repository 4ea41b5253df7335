//! What can go wrong with the daemon, by what its caller can do.

use std::process::ExitCode;

use crate::ListenError;
use crate::telemetry::export;

/// Why the daemon ended without being told to.
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

    pub(super) fn failed(error: impl ToString) -> Self {
        Self::Failed(error.to_string())
    }
}

impl From<export::Error> for Error {
    fn from(error: export::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<crate::keys::Error> for Error {
    fn from(error: crate::keys::Error) -> Self {
        Self::Usage(format!("--key: {error}"))
    }
}

impl From<ListenError> for Error {
    fn from(error: ListenError) -> Self {
        match error {
            ListenError::Refused { .. } => Self::Usage(format!(
                "--listen: {error}; choose another port, or 0 for any that is free"
            )),
            ListenError::Unsupported(_) => Self::Usage(format!(
                "--listen: {error}; take one like /ip4/127.0.0.1/tcp/4001 \
                 or /ip4/127.0.0.1/udp/4001/quic-v1"
            )),
            ListenError::Stopped => Self::failed(error),
        }
    }
}
