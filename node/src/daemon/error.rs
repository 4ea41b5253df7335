//! What the peer's own errors mean to whoever started the daemon.

use crate::export;
use crate::program::Error;
use crate::{ListenError, keys};

impl From<export::Error> for Error {
    fn from(error: export::Error) -> Self {
        Self::Usage(error.to_string())
    }
}

impl From<keys::Error> for Error {
    fn from(error: keys::Error) -> Self {
        Self::Usage(format!("--key: {error}"))
    }
}

impl From<ListenError> for Error {
    fn from(error: ListenError) -> Self {
        match error {
            ListenError::Refused { .. } => Self::Usage(format!(
                "--listen: {error}; choose another port, or 0 for any that is free"
            )),
            ListenError::AnotherPeer { .. } => {
                Self::Usage(format!("--listen: {error}; leave its /p2p/… out"))
            }
            ListenError::Unsupported(_) => Self::Usage(format!(
                "--listen: {error}; take one like /ip4/127.0.0.1/tcp/4001 \
                 or /ip4/127.0.0.1/udp/4001/quic-v1"
            )),
            ListenError::Stopped => Self::failed(error),
        }
    }
}
