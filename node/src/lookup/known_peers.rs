//! Preloaded routing tables.

use std::collections::BTreeMap;

use libp2p::kad::{K_VALUE, KBucketKey};
use libp2p::{Multiaddr, PeerId};
use rand::Rng;
use rand::seq::SliceRandom as _;

/// All peers of a network, from which routing tables can be made as they are after
/// infinitely many lookups.
#[derive(Clone, Debug)]
pub struct KnownPeers(Vec<Known>);

#[derive(Clone, Debug)]
struct Known {
    key: KBucketKey<PeerId>,
    address: Multiaddr,
}

impl KnownPeers {
    /// The peers, with the address of each.
    pub fn new(peers: impl IntoIterator<Item = (PeerId, Multiaddr)>) -> Self {
        let known = |(peer, address)| Known {
            key: KBucketKey::from(peer),
            address,
        };
        Self(peers.into_iter().map(known).collect())
    }

    /// The table of `peer`: k of each bucket, chosen at random, or all where
    /// there are fewer.
    pub fn table(&self, peer: PeerId, rng: &mut impl Rng) -> Vec<(PeerId, Multiaddr)> {
        let own = KBucketKey::from(peer);
        let mut buckets = BTreeMap::<u32, Vec<&Known>>::new();
        for known in &self.0 {
            // A peer never appears in its own table.
            if let Some(bucket) = own.distance(&known.key).ilog2() {
                buckets.entry(bucket).or_default().push(known);
            }
        }
        let mut table = Vec::new();
        for mut bucket in buckets.into_values() {
            let (chosen, _) = bucket.partial_shuffle(rng, K_VALUE.get());
            let chosen = chosen.iter();
            table.extend(chosen.map(|known| (*known.key.preimage(), known.address.clone())));
        }
        table
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn table_has_up_to_k_peers_of_each_bucket() {
        let peers: Vec<_> = (0..100).map(|_| PeerId::random()).collect();
        let known = KnownPeers::new(peers.iter().map(|peer| (*peer, Multiaddr::empty())));
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let table = known.table(peers[0], &mut rng);
        let known: HashSet<_> = table.iter().map(|(peer, _)| *peer).collect();
        assert_eq!(known.len(), table.len(), "no duplicates");
        assert!(!known.contains(&peers[0]));
        let own = KBucketKey::from(peers[0]);
        let bucket = |peer: &PeerId| own.distance(&KBucketKey::from(*peer)).ilog2();
        let size = |of: &mut dyn Iterator<Item = &PeerId>, wanted| {
            of.filter(|peer| bucket(peer) == Some(wanted)).count()
        };
        for wanted in 0..256 {
            let there = size(&mut peers.iter(), wanted);
            let chosen = size(&mut known.iter(), wanted);
            assert_eq!(chosen, there.min(K_VALUE.get()), "bucket {wanted}");
        }
    }
}
