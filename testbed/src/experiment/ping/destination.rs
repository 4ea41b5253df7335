//! The peer that is pinged: one of this run, or an external one.

use std::str::FromStr;

use node::{Multiaddr, PeerId, Transport};

use crate::network::ExternalPeer;

/// The value of `--to`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// One of the peers that this run starts.
    Peer(u32),
    /// A peer that listens elsewhere.
    Elsewhere {
        /// Its address.
        address: Multiaddr,
        /// Its PeerId.
        peer: PeerId,
        /// What carries the connection.
        transport: Transport,
    },
}

impl Destination {
    /// The external peer, to be dialled by `from`.
    pub fn external(&self, from: u32) -> Option<ExternalPeer> {
        match self {
            Self::Peer(_) => None,
            Self::Elsewhere { address, peer, .. } => Some(ExternalPeer {
                dialled_by: from,
                address: address.clone(),
                peer: *peer,
            }),
        }
    }
}

impl FromStr for Destination {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(peer) = text.parse() {
            return Ok(Self::Peer(peer));
        }
        // An empty text parses as an empty address.
        let address = text
            .parse()
            .ok()
            .filter(|address: &Multiaddr| !address.is_empty());
        let address = address.ok_or(
            "neither a peer's number nor an address like /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...",
        )?;
        let parts: Vec<_> = address.iter().collect();
        let peer = node::address::peer(&address)
            .ok_or("the address has to end in /p2p/ and the peer's id")?;
        let transport = node::address::transport(&address).ok_or_else(|| {
            let first = parts.first().map(ToString::to_string).unwrap_or_default();
            format!("{first}… cannot be dialled; take /ip4/…/tcp/…, /ip4/…/tcp/…/ws or /ip4/…/udp/…/quic-v1")
        })?;
        Ok(Self::Elsewhere {
            address,
            peer,
            transport,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "12D3KooWGjMCwtpbj9o3GA1GHBuNdUVz4nnBhRUhpXCTNPvZvUZE";

    #[test]
    fn numbers_and_addresses_are_distinguished() {
        assert_eq!("7".parse(), Ok(Destination::Peer(7)));
        for (address, transport) in [
            (format!("/ip4/127.0.0.1/tcp/4001/p2p/{ID}"), Transport::Tcp),
            (
                format!("/ip4/127.0.0.1/tcp/4001/ws/p2p/{ID}"),
                Transport::WebSocket,
            ),
            (
                format!("/ip4/127.0.0.1/udp/4001/quic-v1/p2p/{ID}"),
                Transport::Quic,
            ),
        ] {
            match address.parse() {
                Ok(Destination::Elsewhere {
                    peer,
                    transport: found,
                    ..
                }) => {
                    assert_eq!((peer.to_string().as_str(), found), (ID, transport));
                }
                other => panic!("{address}: {other:?}"),
            }
        }
    }

    #[test]
    fn invalid_destinations_are_rejected_with_the_reason() {
        for (text, why) in [
            ("", "neither"),
            ("-1", "neither"),
            ("4294967296", "neither"),
            ("example.org", "neither"),
            ("/ip4/127.0.0.1/tcp/4001", "end in /p2p/"),
            (
                &format!("/dns4/example.org/tcp/4001/p2p/{ID}"),
                "cannot be dialled",
            ),
            (&format!("/memory/7/p2p/{ID}"), "cannot be dialled"),
        ] {
            let error = text.parse::<Destination>().unwrap_err();
            assert!(error.contains(why), "{text}: {error}");
        }
    }
}
