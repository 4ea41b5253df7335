//! What a multiaddress says.

use libp2p::PeerId;
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
