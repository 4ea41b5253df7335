//! How a connection came about.

use std::fmt;

use libp2p::core::{ConnectedPoint, Endpoint};
use libp2p::multiaddr::{Multiaddr, Protocol};
use serde::Serialize;

use crate::address;

/// How a connection came about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// This peer has dialled.
    Dialled,
    /// This peer has dialled an address in the local network, which mDNS has named.
    Neighbour,
    /// The other one has dialled, from that address.
    Accepted(Multiaddr),
    /// Both have dialled, as DCUtR told them to.
    Punched,
    /// Over a relay.
    Relayed,
}

/// The way to another peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// This peer dialled the other one.
    Direct,
    /// The other one dialled this peer, since it was asked to.
    Reversed,
    /// Both dialled at the same time, which opens their NATs.
    Punched,
    /// Over the hub.
    Relayed,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Way {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Direct, Self::Reversed, Self::Punched, Self::Relayed];

    /// The way of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.name() == name)
    }

    /// In spans, answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Reversed => "reversed",
            Self::Punched => "punched",
            Self::Relayed => "relayed",
        }
    }
}

impl How {
    /// `punches`: DCUtR has asked for the dial.
    pub(crate) fn of(endpoint: &ConnectedPoint, punches: bool) -> Self {
        match endpoint {
            _ if endpoint.is_relayed() => Self::Relayed,
            ConnectedPoint::Dialer { .. } if punches => Self::Punched,
            ConnectedPoint::Dialer { .. } => Self::Dialled,
            ConnectedPoint::Listener { send_back_addr, .. } => {
                Self::Accepted(send_back_addr.clone())
            }
        }
    }

    /// Whether the connection is one within the local network: what is learnt over it of ways
    /// to a peer does not hold for everybody. `has_mdns`: this peer takes part in mDNS. Then a
    /// peer that dials from the local network has probably found it there.
    pub(crate) fn is_local(&self, has_mdns: bool) -> bool {
        match self {
            Self::Neighbour => true,
            Self::Accepted(from) => has_mdns && address::is_local(from),
            Self::Dialled | Self::Punched | Self::Relayed => false,
        }
    }

    /// Whether the address of the connection is kept in the peer database: this peer has
    /// dialled it, and learnt it from others than its neighbours.
    pub(crate) fn is_kept(&self) -> bool {
        match self {
            Self::Dialled => true,
            Self::Neighbour | Self::Accepted(_) | Self::Punched | Self::Relayed => false,
        }
    }

    /// The way to a peer that is dialled at `known` addresses. One that dials back does so from
    /// a port of its own, and one that punches a hole from the port that it listens on.
    pub fn way(&self, known: &[Multiaddr]) -> Way {
        match self {
            Self::Dialled | Self::Neighbour => Way::Direct,
            Self::Relayed => Way::Relayed,
            Self::Punched => Way::Punched,
            Self::Accepted(from) if known.iter().any(|known| is_at(known, from)) => Way::Punched,
            Self::Accepted(_) => Way::Reversed,
        }
    }
}

/// Whether both have the same address and port.
fn is_at(known: &Multiaddr, from: &Multiaddr) -> bool {
    let parts = |address: &Multiaddr| -> Vec<_> {
        let parts = address.iter().map(Protocol::acquire);
        parts
            .take_while(|part| !matches!(part, Protocol::P2p(_)))
            .collect()
    };
    parts(known) == parts(from)
}

/// Whether this peer has dialled, in the eyes of both sides: where both dial over TCP and meet,
/// each is a dialler, and one has agreed to act as the listener. Over QUIC both connections
/// come to be, and each has one dialler.
pub(crate) fn is_dialler(endpoint: &ConnectedPoint) -> bool {
    match endpoint {
        ConnectedPoint::Dialer {
            role_override: Endpoint::Listener,
            address,
            ..
        } => address.iter().any(|part| part == Protocol::QuicV1),
        ConnectedPoint::Dialer { .. } => true,
        ConnectedPoint::Listener { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    use libp2p::PeerId;
    use libp2p::core::transport::PortUse;

    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().expect("an address")
    }

    #[test]
    fn the_way_follows_from_the_dial() {
        let known = [address("/ip4/20.0.0.3/tcp/4101").with(Protocol::P2p(PeerId::random()))];
        let from = |text| How::Accepted(address(text)).way(&known);
        assert_eq!(from("/ip4/20.0.0.3/tcp/4101"), Way::Punched);
        assert_eq!(from("/ip4/20.0.0.3/tcp/50123"), Way::Reversed);
        assert_eq!(How::Dialled.way(&known), Way::Direct);
    }

    #[test]
    fn what_comes_of_the_local_network_is_not_for_everybody() {
        let accepted = |text| How::Accepted(address(text));
        for (how, without, with, kept) in [
            (How::Neighbour, true, true, false),
            (How::Dialled, false, false, true),
            (How::Punched, false, false, false),
            (How::Relayed, false, false, false),
            (accepted("/ip4/192.168.1.7/tcp/1"), false, true, false),
            (accepted("/ip4/20.0.0.7/tcp/1"), false, false, false),
        ] {
            let is_local = (how.is_local(false), how.is_local(true));
            assert_eq!(is_local, (without, with), "{how:?}");
            assert_eq!(how.is_kept(), kept, "{how:?}");
        }
    }

    #[test]
    fn both_sides_agree_on_who_has_dialled() {
        let dials = |text, role_override| ConnectedPoint::Dialer {
            address: address(text),
            role_override,
            port_use: PortUse::Reuse,
        };
        let (tcp, quic) = ("/ip4/1.2.3.4/tcp/1", "/ip4/1.2.3.4/udp/1/quic-v1");
        assert!(is_dialler(&dials(tcp, Endpoint::Dialer)));
        assert!(!is_dialler(&dials(tcp, Endpoint::Listener)));
        assert!(is_dialler(&dials(quic, Endpoint::Listener)));
    }
}
