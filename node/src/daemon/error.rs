//! The daemon's fatal errors, and the exit status of each.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use libp2p::Multiaddr;

use crate::metrics::BindError;
use crate::{ListenError, database, dial, export, keys};

/// A fatal error of the daemon.
#[derive(Debug, thiserror::Error)]
pub(super) enum Error {
    /// The system refuses threads or signals.
    #[error(transparent)]
    System(io::Error),
    /// The collector cannot be exported to.
    #[error(transparent)]
    Collector(#[from] export::Error),
    /// There is no key.
    #[error("--key: {0}")]
    Key(#[from] keys::Error),
    /// There is no peer database.
    #[error("--database {0}")]
    Database(#[from] database::Error),
    /// The database would be made of the key, or the other way round.
    #[error("--database {0}: that is the file of --key; name another file")]
    SameFile(PathBuf),
    /// The peer cannot start.
    #[error(transparent)]
    Start(#[from] crate::Error),
    /// The peer cannot listen.
    #[error("{}", unheard(.0))]
    Listen(Box<ListenError>),
    /// An address is of no transport that the peer has.
    #[error(
        "--dial {0}: take an address like /ip4/…/tcp/…, /ip4/…/tcp/…/ws or /ip4/…/udp/…/quic-v1"
    )]
    Address(Multiaddr),
    /// The address of the hub does not say who it is, or how to reach it.
    #[error("{0} {1}: take the address that the hub has printed, like /ip4/…/tcp/…/p2p/12D3Koo…")]
    Hub(&'static str, Multiaddr),
    /// A hub is named twice.
    #[error("{0} {1}: names that hub twice; leave one of its addresses out")]
    Twice(&'static str, Multiaddr),
    /// There is no session at the hub.
    #[error("--via: {0}")]
    Via(#[from] super::via::Error),
    /// Another peer cannot be reached.
    #[error("--dial: {0}")]
    Dial(#[from] dial::Error),
    /// Metrics cannot be served.
    #[error(transparent)]
    Metrics(#[from] BindError),
}

impl From<ListenError> for Error {
    fn from(error: ListenError) -> Self {
        Self::Listen(Box::new(error))
    }
}

impl Error {
    /// 2 for wrong usage, 1 for a failure.
    pub(super) fn exit_code(&self) -> ExitCode {
        ExitCode::from(match self {
            Self::Collector(_)
            | Self::Key(_)
            | Self::Database(_)
            | Self::SameFile(_)
            | Self::Address(_)
            | Self::Hub(..)
            | Self::Twice(..)
            | Self::Metrics(_) => 2,
            Self::Listen(error) => match &**error {
                ListenError::Refused { .. }
                | ListenError::AnotherPeer { .. }
                | ListenError::Unsupported(_) => 2,
                ListenError::Stopped => 1,
            },
            Self::System(_) | Self::Start(_) | Self::Dial(_) | Self::Via(_) => 1,
        })
    }
}

/// The error with the option that caused it, and a remedy.
fn unheard(error: &ListenError) -> String {
    match error {
        ListenError::Refused { .. } => {
            format!("--listen: {error}; choose another port, or 0 for any that is free")
        }
        ListenError::AnotherPeer { .. } => format!("--listen: {error}; leave its /p2p/… out"),
        ListenError::Unsupported(_) => format!(
            "--listen: {error}; take one like /ip4/127.0.0.1/tcp/4001, \
             /ip4/127.0.0.1/tcp/4002/ws or /ip4/127.0.0.1/udp/4001/quic-v1"
        ),
        ListenError::Stopped => error.to_string(),
    }
}
