//! The oracle knows all peers: the closest peers to a key, by the definition of
//! Kademlia's distance (Maymounkov and Mazières, "Kademlia: A Peer-to-Peer
//! Information System Based on the XOR Metric", IPTPS 2002), over SHA-256 as
//! libp2p's specification has it. Nothing of libp2p's own code is used.

use std::collections::HashSet;

use sha2::{Digest as _, Sha256};

/// The position of a key or a peer in Kademlia's key space.
type Place = [u8; 32];

/// The number of closest peers to a key (k).
pub(super) const K: usize = 20;

/// All peers, by their number.
#[derive(Debug)]
pub(super) struct Oracle {
    places: Vec<Place>,
}

impl Oracle {
    /// From the bytes of all PeerIds.
    pub(super) fn new(ids: impl Iterator<Item = Vec<u8>>) -> Self {
        Self {
            places: ids.map(|id| place(&id)).collect(),
        }
    }

    /// The k closest peers to `key`, without the requester, the closest first.
    pub(super) fn closest(&self, key: &[u8], without: u32) -> Vec<u32> {
        self.closest_among(key, |peer| peer != without)
    }

    fn closest_among(&self, key: &[u8], counts: impl Fn(u32) -> bool) -> Vec<u32> {
        let key = place(key);
        let all = (0..self.places.len() as u32).filter(|peer| counts(*peer));
        let mut all: Vec<_> = all.collect();
        all.sort_by_key(|&peer| distance(&self.places[peer as usize], &key));
        all.truncate(K);
        all
    }

    /// How many of the k closest that run are among those that were found.
    pub(super) fn right(
        &self,
        key: &[u8],
        asked_by: u32,
        found: &[u32],
        runs: impl Fn(u32) -> bool,
    ) -> Verdict {
        let found: HashSet<_> = found.iter().copied().collect();
        let closest = self.closest_among(key, |peer| peer != asked_by && runs(peer));
        Verdict {
            right: closest.iter().filter(|peer| found.contains(peer)).count(),
            of: closest.len(),
        }
    }
}

/// The oracle's verdict on a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Verdict {
    pub(super) right: usize,
    pub(super) of: usize,
}

impl Verdict {
    pub(super) fn is_exact(self) -> bool {
        self.right == self.of
    }
}

fn place(bytes: &[u8]) -> Place {
    Sha256::digest(bytes).into()
}

fn distance(a: &Place, b: &Place) -> Place {
    std::array::from_fn(|byte| a[byte] ^ b[byte])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn oracle() -> Oracle {
        Oracle::new((0..100_u32).map(|id| id.to_be_bytes().to_vec()))
    }

    #[test]
    fn the_closest_are_no_farther_than_any_other() {
        let (oracle, key) = (oracle(), b"a key");
        let closest = oracle.closest(key, 7);
        assert_eq!(closest.len(), K);
        assert!(!closest.contains(&7));
        let far = |peer: u32| distance(&oracle.places[peer as usize], &place(key));
        let farthest = closest.iter().map(|peer| far(*peer)).max().unwrap();
        let others = (0..100).filter(|peer| *peer != 7 && !closest.contains(peer));
        assert!(others.map(far).all(|other| other > farthest));
    }

    #[test]
    fn a_missing_or_wrong_closest_peer_is_found() {
        let (oracle, key) = (oracle(), b"a key");
        let mut found = oracle.closest(key, 7);
        assert!(oracle.right(key, 7, &found, |_| true).is_exact());
        let other = (0..100)
            .find(|peer| *peer != 7 && !found.contains(peer))
            .unwrap();
        found[3] = other;
        assert_eq!(
            oracle.right(key, 7, &found, |_| true),
            Verdict { right: 19, of: 20 }
        );
        found.clear();
        assert_eq!(
            oracle.right(key, 7, &found, |_| true),
            Verdict { right: 0, of: 20 }
        );
    }

    /// The well-known digest of the empty text.
    #[test]
    fn places_are_sha_256() {
        assert_eq!(place(b"")[..4], [0xe3, 0xb0, 0xc4, 0x42]);
    }
}
