//! The hubs that a peer, or another hub, knows.

use algorithms::hub::place;
use libp2p::multiaddr::Protocol;
use libp2p::{Multiaddr, PeerId};

use super::Error;
use crate::address;

/// Who they are, and where. All peers and hubs of a network have the same list.
#[derive(Clone, Debug, Default)]
pub(super) struct Hubs(Vec<(PeerId, Multiaddr)>);

impl Hubs {
    /// Those addresses, which `option` was given.
    ///
    /// # Errors
    /// [`Error::Hub`]: one does not end in a PeerId, or has no transport of this peer.
    /// [`Error::Twice`].
    pub(super) fn new(option: &'static str, addresses: &[Multiaddr]) -> Result<Self, Error> {
        let mut hubs = Self::default();
        for address in addresses {
            let peer = address::peer(address).filter(|_| address::transport(address).is_some());
            let address = address.clone();
            let peer = peer.ok_or_else(|| Error::Hub(option, address.clone()))?;
            if hubs.address(peer).is_some() {
                return Err(Error::Twice(option, address));
            }
            hubs.0.push((peer, address));
        }
        Ok(hubs)
    }

    /// Those beside that peer, which is nearest to the first of them (XOR).
    pub(super) fn seen_from(mut self, own: PeerId) -> Self {
        let from = place(&own.to_string());
        self.0.retain(|(peer, _)| *peer != own);
        self.0
            .sort_by_key(|(peer, _)| place(&peer.to_string()) ^ from);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one alone.
    pub(super) fn is_one(&self) -> bool {
        self.0.len() == 1
    }

    pub(super) fn len(&self) -> u32 {
        self.0.len() as u32
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &(PeerId, Multiaddr)> {
        self.0.iter()
    }

    pub(super) fn peers(&self) -> impl Iterator<Item = PeerId> {
        self.0.iter().map(|(peer, _)| *peer)
    }

    /// The one that is nearest.
    pub(super) fn nearest(&self) -> Option<PeerId> {
        self.peers().next()
    }

    /// Where that one is.
    pub(super) fn address(&self, hub: PeerId) -> Option<&Multiaddr> {
        let found = self.0.iter().find(|(peer, _)| *peer == hub);
        found.map(|(_, address)| address)
    }

    /// Circuits over those of them that `is_it` holds for.
    pub(super) fn circuits(&self, is_it: impl Fn(PeerId) -> bool) -> Vec<Multiaddr> {
        let those = self.0.iter().filter(|(peer, _)| is_it(*peer));
        those
            .map(|(_, address)| address.clone().with(Protocol::P2pCircuit))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(peer: PeerId) -> Multiaddr {
        format!("/ip4/192.0.2.7/tcp/7464/p2p/{peer}")
            .parse()
            .expect("an address")
    }

    #[test]
    fn each_hub_is_named_once_with_its_peer_id() {
        let hub = PeerId::random();
        let new = |addresses: &[Multiaddr]| Hubs::new("--via", addresses);
        let twice = new(&[at(hub), at(hub)]).expect_err("twice").to_string();
        assert!(twice.contains("names that hub twice"), "{twice}");
        let bare = "/ip4/192.0.2.7/tcp/7464".parse().expect("an address");
        let unnamed = new(&[bare]).expect_err("no PeerId").to_string();
        assert!(
            unnamed.contains("--via /ip4/192.0.2.7/tcp/7464"),
            "{unnamed}"
        );
    }

    #[test]
    fn the_nearest_comes_first_and_a_hub_leaves_itself_out() {
        let peers: Vec<_> = (0..5).map(|_| PeerId::random()).collect();
        let addresses: Vec<_> = peers.iter().map(|peer| at(*peer)).collect();
        let all = Hubs::new("--beside", &addresses).expect("hubs");
        let others = all.seen_from(peers[2]);
        let distance = |peer: &PeerId| place(&peer.to_string()) ^ place(&peers[2].to_string());
        assert_eq!(others.len(), 4);
        assert!(others.address(peers[2]).is_none());
        assert!(others.peers().is_sorted_by_key(|peer| distance(&peer)));
    }
}
