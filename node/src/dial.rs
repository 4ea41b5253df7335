//! The errors of a dial.

use std::io;

use libp2p::core::transport::TransportError;
use libp2p::core::transport::memory::MemoryTransportError;
use libp2p::core::transport::timeout::TransportTimeoutError;
use libp2p::swarm::DialError;
use libp2p::{Multiaddr, PeerId, quic};

/// The likely reasons of a refused connection: libp2p has no message for them.
pub(crate) const NO_ROOM: &str = "it may have no room for another, or not admit this peer";

/// Why a peer cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no listener, or no route.
    #[error("cannot reach {address}: {reason}")]
    Unreachable {
        /// The address.
        address: Multiaddr,
        /// The system's error.
        reason: String,
    },
    /// There is a listener, but the libp2p handshake failed.
    #[error("handshake with {address} failed: {reason}")]
    Handshake {
        /// The address.
        address: Multiaddr,
        /// The cause.
        reason: String,
    },
    /// It took longer than the connection timeout.
    #[error("no answer from {address} in time")]
    Timeout {
        /// The address.
        address: Multiaddr,
    },
    /// Another peer is at the address.
    #[error("at {address} is {obtained}, not the peer that the address names")]
    WrongPeer {
        /// The address.
        address: Multiaddr,
        /// The peer at the address.
        obtained: PeerId,
    },
    /// The address is that of the dialling peer itself.
    #[error("{address} is the peer that dials itself")]
    Oneself {
        /// The address.
        address: Multiaddr,
    },
    /// The peer has no transport for the address.
    #[error("cannot dial {0}: no transport for such an address is switched on")]
    Unsupported(Multiaddr),
    /// The dialling peer denied or aborted the connection, or had no address to dial.
    #[error("dial to {address} was given up: {reason}")]
    GivenUp {
        /// The address.
        address: Multiaddr,
        /// The reason.
        reason: String,
    },
    /// The peer that was to dial has stopped.
    #[error("the peer has stopped")]
    Stopped,
}

impl Error {
    /// A short name without details, for OpenTelemetry's `error.type`.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Unreachable { .. } => "unreachable",
            Self::Handshake { .. } => "handshake",
            Self::Timeout { .. } => "timeout",
            Self::WrongPeer { .. } => "wrong_peer",
            Self::Oneself { .. } => "oneself",
            Self::Unsupported(_) => "unsupported_address",
            Self::GivenUp { .. } => "given_up",
            Self::Stopped => "stopped",
        }
    }

    pub(crate) fn is_handshake(&self) -> bool {
        matches!(self, Self::Handshake { .. })
    }

    /// The error of a dial to `address`, from that of the swarm.
    pub fn new(address: Multiaddr, error: DialError) -> Self {
        match error {
            DialError::Transport(errors) => match errors.into_iter().next() {
                Some((at, TransportError::MultiaddrNotSupported(_))) => Self::Unsupported(at),
                Some((at, TransportError::Other(error))) => Self::io(at, &error),
                None => Self::GivenUp {
                    address,
                    reason: "no address to dial".into(),
                },
            },
            DialError::WrongPeerId { obtained, address } => Self::WrongPeer { address, obtained },
            DialError::LocalPeerId { address } => Self::Oneself { address },
            // Each dial names one address: the swarm has left it out because
            // it listens there itself.
            DialError::NoAddresses => Self::Oneself { address },
            error => Self::GivenUp {
                address,
                reason: error.to_string(),
            },
        }
    }

    fn io(address: Multiaddr, error: &io::Error) -> Self {
        let (kind, reason) = root(error);
        match kind {
            io::ErrorKind::TimedOut => Self::Timeout { address },
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::PermissionDenied => Self::Unreachable { address, reason },
            io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe
            | io::ErrorKind::UnexpectedEof => Self::Handshake {
                address,
                reason: format!("{reason}; {NO_ROOM}"),
            },
            _ => Self::Handshake { address, reason },
        }
    }
}

/// Why a dial of several addresses has failed: the reasons, each once.
pub(crate) fn reason(error: &DialError) -> String {
    let DialError::Transport(errors) = error else {
        return error.to_string();
    };
    let mut reasons: Vec<String> = Vec::new();
    for (_, error) in errors {
        let reason = match error {
            TransportError::Other(error) => root(error).1,
            error => error.to_string(),
        };
        if !reasons.contains(&reason) {
            reasons.push(reason);
        }
    }
    reasons.join(", ")
}

/// The kind and the message of the deepest error of a chain.
fn root(error: &io::Error) -> (io::ErrorKind, String) {
    let mut deepest: &(dyn std::error::Error + 'static) = error;
    while let Some(inner) = inner(deepest) {
        deepest = inner;
    }
    let text = deepest.to_string();
    let kind = match deepest.downcast_ref::<io::Error>() {
        Some(io) => io.kind(),
        None => kind_of_text(&text).unwrap_or(error.kind()),
    };
    (kind, text)
}

fn inner<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a (dyn std::error::Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(io) => io
            .get_ref()
            .map(|inner| inner as &(dyn std::error::Error + 'static)),
        None => error.source(),
    }
}

/// The kind of the error with this text. libp2p's `Either` and time-out wrappers display
/// the inner error and do not return it as their source: only the text has it.
fn kind_of_text(text: &str) -> Option<io::ErrorKind> {
    // Of a WebSocket handshake.
    let text = text.strip_prefix("i/o error: ").unwrap_or(text);
    let says = |error: &dyn std::fmt::Display| error.to_string() == text;
    if says(&TransportTimeoutError::<io::Error>::Timeout) || says(&quic::Error::HandshakeTimedOut) {
        Some(io::ErrorKind::TimedOut)
    } else if says(&io::Error::from(io::ErrorKind::UnexpectedEof)) {
        Some(io::ErrorKind::UnexpectedEof)
    } else if says(&MemoryTransportError::Unreachable) {
        Some(io::ErrorKind::ConnectionRefused)
    } else {
        system_error(text)
    }
}

/// The kind of the error whose number the standard library has put at the end
/// of `text`: `… (os error 111)`.
fn system_error(text: &str) -> Option<io::ErrorKind> {
    let (_, number) = text.strip_suffix(')')?.rsplit_once("(os error ")?;
    Some(io::Error::from_raw_os_error(number.parse().ok()?).kind())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 111 is Linux's number for a connection that was refused.
    #[cfg(target_os = "linux")]
    #[test]
    fn os_error_is_found() {
        let refused = io::Error::from_raw_os_error(111);
        let text = refused.to_string();
        let wrapped = io::Error::other(io::Error::other(refused));
        assert_eq!(
            root(&wrapped),
            (io::ErrorKind::ConnectionRefused, text.clone())
        );
        let hidden = io::Error::other(text.clone());
        assert_eq!(root(&hidden), (io::ErrorKind::ConnectionRefused, text));
    }

    /// A peer that is full fails a dial in this way.
    #[test]
    fn unexpected_eof_is_found() {
        let end = io::Error::from(io::ErrorKind::UnexpectedEof);
        let hidden = io::Error::other(end.to_string());
        assert_eq!(root(&hidden).0, io::ErrorKind::UnexpectedEof);
        let error = Error::io(Multiaddr::empty(), &hidden);
        assert!(error.is_handshake(), "{error}");
        assert!(error.to_string().contains(NO_ROOM), "{error}");
    }

    #[test]
    fn a_time_out_is_found() {
        let timeout = io::Error::new(io::ErrorKind::TimedOut, "slow");
        assert_eq!(root(&timeout), (io::ErrorKind::TimedOut, "slow".into()));
        for libp2ps in [
            TransportTimeoutError::<io::Error>::Timeout.to_string(),
            quic::Error::HandshakeTimedOut.to_string(),
        ] {
            let wrapped = io::Error::other(io::Error::other(libp2ps.clone()));
            assert_eq!(root(&wrapped), (io::ErrorKind::TimedOut, libp2ps));
        }
    }
}
