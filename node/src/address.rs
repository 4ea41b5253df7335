//! What a multiaddress says.

use libp2p::PeerId;
use std::io;
use std::net::{SocketAddr, TcpListener};

use libp2p::multiaddr::{Multiaddr, Protocol};

use crate::config::Transport;

/// The peer that an address names at its end.
pub fn peer(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

/// What carries a connection to an IP address; `None` for addresses that
/// cannot be dialled from here: names, circuits, memory.
pub fn transport(address: &Multiaddr) -> Option<Transport> {
    let mut parts = address.iter();
    let ip = matches!(parts.next(), Some(Protocol::Ip4(_) | Protocol::Ip6(_)));
    match (ip, parts.next(), parts.next()) {
        (true, Some(Protocol::Tcp(_)), None | Some(Protocol::P2p(_))) => Some(Transport::Tcp),
        (true, Some(Protocol::Udp(_)), Some(Protocol::QuicV1)) => Some(Transport::Quic),
        _ => None,
    }
}

/// Whether a TCP port is free. libp2p shares ports between sockets of one
/// user (SO_REUSEPORT), so a second peer on the port would listen as well,
/// and get some of the first one's connections.
pub(crate) fn probe(address: &Multiaddr) -> io::Result<()> {
    let mut parts = address.iter();
    let ip = match parts.next() {
        Some(Protocol::Ip4(ip)) => ip.into(),
        Some(Protocol::Ip6(ip)) => ip.into(),
        _ => return Ok(()),
    };
    match parts.next() {
        Some(Protocol::Tcp(port)) if port != 0 => {
            TcpListener::bind(SocketAddr::new(ip, port)).map(drop)
        }
        _ => Ok(()),
    }
}
