//! Reading multiaddresses.

use libp2p::PeerId;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

use libp2p::multiaddr::{Multiaddr, Protocol};

use crate::config::Transport;

/// The peer in the `/p2p` component at the end of an address.
pub fn peer(address: &Multiaddr) -> Option<PeerId> {
    match address.iter().last() {
        Some(Protocol::P2p(peer)) => Some(peer),
        _ => None,
    }
}

/// The relay of a circuit's address.
pub fn relay(address: &Multiaddr) -> Option<PeerId> {
    let parts: Vec<_> = address.iter().collect();
    parts.windows(2).find_map(|pair| match pair {
        [Protocol::P2p(relay), Protocol::P2pCircuit] => Some(*relay),
        _ => None,
    })
}

/// The address without its `/p2p` components. The error is the first peer in them
/// that is not `own`.
pub(crate) fn without(address: &Multiaddr, own: PeerId) -> Result<Multiaddr, PeerId> {
    let mut bare = Multiaddr::empty();
    for part in address {
        match part {
            Protocol::P2p(peer) if peer == own => {}
            Protocol::P2p(other) => return Err(other),
            part => bare.push(part),
        }
    }
    Ok(bare)
}

/// The transport of a connection to an IP address; `None` for addresses that
/// cannot be dialled from here: names, circuits, memory.
pub fn transport(address: &Multiaddr) -> Option<Transport> {
    use Protocol::{Ip4, Ip6, P2p, QuicV1, Tcp, Udp, Ws};
    let parts: Vec<_> = address.iter().collect();
    match &parts[..] {
        [Ip4(_) | Ip6(_), Tcp(_)] | [Ip4(_) | Ip6(_), Tcp(_), P2p(_)] => Some(Transport::Tcp),
        [Ip4(_) | Ip6(_), Tcp(_), Ws(_)] | [Ip4(_) | Ip6(_), Tcp(_), Ws(_), P2p(_)] => {
            Some(Transport::WebSocket)
        }
        [Ip4(_) | Ip6(_), Udp(_), QuicV1] | [Ip4(_) | Ip6(_), Udp(_), QuicV1, P2p(_)] => {
            Some(Transport::Quic)
        }
        _ => None,
    }
}

/// Whether it stands for all addresses of the machine.
pub(crate) fn is_everywhere(address: &Multiaddr) -> bool {
    address.iter().any(|part| match part {
        Protocol::Ip4(ip) => ip.is_unspecified(),
        Protocol::Ip6(ip) => ip.is_unspecified(),
        _ => false,
    })
}

/// Whether the address may be reached from everywhere: it has an IP address that is none of a
/// local network, of a provider's NAT (RFC 6598) or of this machine.
pub(crate) fn is_public(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => is_public_v4(ip),
        Some(Protocol::Ip6(ip)) => ip.to_ipv4_mapped().map_or_else(
            || {
                !(ip.is_loopback()
                    || ip.is_unspecified()
                    || ip.is_unique_local()
                    || ip.is_unicast_link_local())
            },
            is_public_v4,
        ),
        _ => false,
    }
}

fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [first, second, ..] = ip.octets();
    let is_shared = first == 100 && (64..128).contains(&second);
    !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || ip.is_unspecified() || is_shared)
}

/// Whether the address is one of a local network: its IP address is private (RFC 1918, or
/// unique local of RFC 4193), link-local or of this machine. Others do not reach it, or find
/// another peer there.
pub(crate) fn is_local(address: &Multiaddr) -> bool {
    let is_local_v4 = |ip: Ipv4Addr| ip.is_private() || ip.is_link_local() || ip.is_loopback();
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => is_local_v4(ip),
        Some(Protocol::Ip6(ip)) => ip.to_ipv4_mapped().map_or_else(
            || ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
            is_local_v4,
        ),
        _ => false,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_transport_is_read_from_the_address() {
        let (a, b) = (PeerId::random(), PeerId::random());
        for (text, transport) in [
            ("/ip4/127.0.0.1/tcp/1".into(), Some(Transport::Tcp)),
            (format!("/ip6/::1/tcp/1/p2p/{a}"), Some(Transport::Tcp)),
            ("/ip4/127.0.0.1/udp/1/quic-v1".into(), Some(Transport::Quic)),
            (
                format!("/ip6/::1/udp/1/quic-v1/p2p/{a}"),
                Some(Transport::Quic),
            ),
            ("/memory/1".into(), None),
            ("/ip4/127.0.0.1/udp/1".into(), None),
            ("/ip4/127.0.0.1/tcp/1/ws".into(), Some(Transport::WebSocket)),
            (
                format!("/ip6/::1/tcp/1/ws/p2p/{a}"),
                Some(Transport::WebSocket),
            ),
            ("/ip4/127.0.0.1/tcp/1/tls/ws".into(), None),
            ("/ip4/127.0.0.1/tcp/1/wss".into(), None),
            ("/ip4/127.0.0.1/udp/1/ws".into(), None),
            (format!("/ip4/127.0.0.1/tcp/1/ws/p2p/{a}/p2p-circuit"), None),
            (format!("/ip4/127.0.0.1/tcp/1/p2p/{a}/p2p/{b}"), None),
            (
                format!("/ip4/127.0.0.1/tcp/1/p2p/{a}/p2p-circuit/p2p/{b}"),
                None,
            ),
            (
                format!("/ip4/127.0.0.1/udp/1/quic-v1/p2p/{a}/p2p-circuit"),
                None,
            ),
        ] {
            let address = text.parse().expect("an address");
            assert_eq!(super::transport(&address), transport, "{text}");
        }
    }

    #[test]
    fn addresses_of_local_networks_are_not_public() {
        for (text, public, local) in [
            ("/ip4/20.0.0.3/tcp/1", true, false),
            ("/ip4/100.128.0.1/tcp/1", true, false),
            ("/ip4/172.32.0.1/tcp/1", true, false),
            ("/ip6/2a01::1/udp/1/quic-v1", true, false),
            ("/ip4/127.0.0.1/tcp/1", false, true),
            ("/ip4/10.1.2.3/tcp/1", false, true),
            ("/ip4/172.31.0.1/tcp/1", false, true),
            ("/ip4/192.168.1.1/tcp/1", false, true),
            ("/ip4/169.254.1.1/tcp/1", false, true),
            ("/ip6/::1/tcp/1", false, true),
            ("/ip6/fe80::1/tcp/1", false, true),
            ("/ip6/fd00::1/tcp/1", false, true),
            ("/ip6/::ffff:10.0.0.1/tcp/1", false, true),
            // Of a provider, of nobody, of everybody.
            ("/ip4/100.64.0.1/tcp/1", false, false),
            ("/ip4/0.0.0.0/tcp/1", false, false),
            ("/memory/1", false, false),
            ("/dns4/localhost/tcp/1", false, false),
        ] {
            let address = text.parse().expect("an address");
            assert_eq!(is_public(&address), public, "{text}");
            assert_eq!(is_local(&address), local, "{text}");
        }
    }

    #[test]
    fn address_of_another_peer_is_rejected() {
        let (own, other) = (PeerId::random(), PeerId::random());
        for (text, expected) in [
            ("/ip4/127.0.0.1/tcp/0".to_owned(), Ok(())),
            (format!("/ip4/127.0.0.1/tcp/0/p2p/{own}"), Ok(())),
            (format!("/ip4/127.0.0.1/tcp/0/p2p/{other}"), Err(other)),
            (
                format!("/ip4/127.0.0.1/tcp/0/p2p/{other}/p2p/{own}"),
                Err(other),
            ),
        ] {
            let address = text.parse().expect("an address");
            let bare = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
            assert_eq!(without(&address, own), expected.map(|()| bare), "{text}");
        }
    }
}
