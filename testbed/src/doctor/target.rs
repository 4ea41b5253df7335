//! The address that is examined.

use std::str::FromStr;

use libp2p::multiaddr::{Multiaddr, Protocol};
use node::{PeerId, Transport};

const EXAMPLE: &str = "/ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...";

/// An address that can be dialled from here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// As it was given.
    pub address: Multiaddr,
    /// The part that is dialled, without a PeerId.
    pub direct: Multiaddr,
    /// The peer that listens there, if the address names it.
    pub peer: Option<PeerId>,
    /// What carries the connection.
    pub transport: Transport,
    /// The circuit behind that peer, if the address has one.
    pub circuit: Option<Circuit>,
}

/// What follows `/p2p-circuit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circuit {
    /// The peer at its other end, if the address names it.
    pub peer: Option<PeerId>,
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address: Multiaddr = text
            .parse()
            .map_err(|error| format!("{error}; an address looks like {EXAMPLE}"))?;
        let mut direct = Multiaddr::empty();
        let mut parts = address.iter();
        let mut rest = None;
        for part in parts.by_ref() {
            match part {
                Protocol::P2p(_) | Protocol::P2pCircuit => {
                    rest = Some(part);
                    break;
                }
                part => direct.push(part),
            }
        }
        let (peer, rest) = match rest {
            Some(Protocol::P2p(peer)) => (Some(peer), parts.next()),
            rest => (None, rest),
        };
        let circuit = match (rest, parts.next(), parts.next()) {
            (None, ..) => None,
            (Some(Protocol::P2pCircuit), None, _) => Some(Circuit { peer: None }),
            (Some(Protocol::P2pCircuit), Some(Protocol::P2p(peer)), None) => {
                Some(Circuit { peer: Some(peer) })
            }
            _ => {
                return Err(format!(
                    "after the peer comes nothing, or /p2p-circuit/p2p/ and the peer behind it, \
                     as in {EXAMPLE}/p2p-circuit/p2p/12D3Koo..."
                ));
            }
        };
        let transport = node::address::transport(&direct).ok_or_else(|| cannot_dial(&direct))?;
        Ok(Self {
            address,
            direct,
            peer,
            transport,
            circuit,
        })
    }
}

/// Why an address has no transport, with the way out.
fn cannot_dial(direct: &Multiaddr) -> String {
    let take = "take /ip4/…/tcp/…, /ip4/…/tcp/…/ws or /ip4/…/udp/…/quic-v1";
    let parts: Vec<_> = direct.iter().collect();
    match &parts[..] {
        [] => format!("there is no listener before the peer; {take}, with /p2p/ and its id"),
        [
            Protocol::Dns(name)
            | Protocol::Dns4(name)
            | Protocol::Dns6(name)
            | Protocol::Dnsaddr(name),
            ..,
        ] => format!("the name {name} is not resolved here; give the IP address (`dig {name}`)"),
        _ => format!("{direct} cannot be dialled from here; {take}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_an_address_are_found() {
        let (a, b) = (PeerId::random(), PeerId::random());
        let tcp = "/ip4/127.0.0.1/tcp/1";
        let behind = |peer| Some(Circuit { peer });
        for (text, peer, transport, circuit) in [
            (tcp.to_owned(), None, Transport::Tcp, None),
            (format!("{tcp}/p2p/{a}"), Some(a), Transport::Tcp, None),
            (
                format!("{tcp}/ws/p2p/{a}"),
                Some(a),
                Transport::WebSocket,
                None,
            ),
            (
                "/ip6/::1/udp/1/quic-v1".to_owned(),
                None,
                Transport::Quic,
                None,
            ),
            (
                format!("{tcp}/p2p-circuit"),
                None,
                Transport::Tcp,
                behind(None),
            ),
            (
                format!("{tcp}/p2p/{a}/p2p-circuit/p2p/{b}"),
                Some(a),
                Transport::Tcp,
                behind(Some(b)),
            ),
        ] {
            let found: Target = text.parse().unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(found.address.to_string(), text);
            assert_eq!(
                (found.peer, found.transport, found.circuit),
                (peer, transport, circuit)
            );
            assert!(text.starts_with(&found.direct.to_string()), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_dialled_is_rejected_with_the_way_out() {
        let (a, b) = (PeerId::random(), PeerId::random());
        for (text, why) in [
            ("127.0.0.1:4001".to_owned(), "looks like /ip4/"),
            (String::new(), "no listener"),
            (format!("/p2p/{a}"), "no listener"),
            (
                "/dns4/example.org/tcp/1".to_owned(),
                "example.org is not resolved",
            ),
            ("/ip4/127.0.0.1/tcp/1/wss".to_owned(), "take /ip4/"),
            ("/memory/1".to_owned(), "take /ip4/"),
            (
                format!("/ip4/127.0.0.1/tcp/1/p2p/{a}/p2p/{b}"),
                "/p2p-circuit/p2p/",
            ),
            (
                format!("/ip4/127.0.0.1/tcp/1/p2p/{a}/tcp/2"),
                "/p2p-circuit/p2p/",
            ),
        ] {
            let error = text.parse::<Target>().expect_err(&text);
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
