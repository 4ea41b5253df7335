//! The connections of an overlay that routes by the distance of ids: each peer with a few of each
//! length of a common prefix.
//!
//! Any peer then has a neighbour that is nearer to any key than itself, unless it is the nearest
//! of all, so greedy routing over all neighbours always arrives, and the network is connected.

use std::collections::BTreeSet;
use std::ops::Range;

use algorithms::NodeId;
use algorithms::route::id;
use rand::SeedableRng as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;

use super::Edges;

/// Each peer takes so many peers of each group, or all of them. The number of connections is to
/// be known without the seed of the run, so all runs of so many peers have the same ones.
pub(super) fn edges(peers: u32, of_each: u32) -> Edges {
    let mut sorted: Vec<_> = (0..peers).map(|peer| (id(NodeId(peer)), peer)).collect();
    sorted.sort_unstable();
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut edges = BTreeSet::new();
    for &(own, peer) in &sorted {
        for length in 0..u64::BITS {
            let group = group(&sorted, own, length);
            let count = group.len().min(of_each as usize);
            for place in index::sample(&mut rng, group.len(), count) {
                let (_, other) = sorted[group.start + place];
                edges.insert((peer.min(other), peer.max(other)));
            }
            // Nobody has a longer prefix in common.
            if is_alone(&sorted, own, length + 1) {
                break;
            }
        }
    }
    edges.into_iter().collect()
}

/// The places of those that have a prefix of exactly that length in common with `own`.
fn group(sorted: &[(u64, u32)], own: u64, length: u32) -> Range<usize> {
    let bit = 1_u64 << (u64::BITS - 1 - length);
    let first = (own ^ bit) & !(bit - 1);
    let last = first | (bit - 1);
    let from = sorted.partition_point(|(id, _)| *id < first);
    let to = sorted.partition_point(|(id, _)| *id <= last);
    from..to
}

/// Whether no other has a prefix of at least that length in common with `own`.
fn is_alone(sorted: &[(u64, u32)], own: u64, length: u32) -> bool {
    let rest = u64::MAX.checked_shr(length).unwrap_or(0);
    let from = sorted.partition_point(|(id, _)| *id < own & !rest);
    let to = sorted.partition_point(|(id, _)| *id <= own | rest);
    to - from <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A peer that is not the nearest to a key has a neighbour that is nearer to it.
    #[test]
    fn greedy_routing_never_ends_before_the_nearest() {
        for (peers, of_each) in [(2, 1), (20, 1), (200, 1), (200, 3)] {
            let neighbours = crate::topology::neighbours(peers, &edges(peers, of_each));
            for key in (0..300).map(|key| id(NodeId(1_000_000 + key))) {
                let distance = |peer: u32| id(NodeId(peer)) ^ key;
                let nearest = (0..peers).map(distance).min();
                for peer in 0..peers {
                    let of_peer = &neighbours[peer as usize];
                    let next = of_peer.iter().map(|other| distance(*other)).min();
                    let arrives = Some(distance(peer)) == nearest || next < Some(distance(peer));
                    assert!(
                        arrives,
                        "{peers} peers, {of_each} of each: {peer} for {key:x}"
                    );
                }
            }
        }
    }

    #[test]
    fn degrees_grow_with_the_logarithm() {
        for (peers, of_each, most) in [(100, 1, 30), (1_000, 1, 45), (1_000, 2, 80)] {
            let edges = edges(peers, of_each);
            let mean = 2 * edges.len() / peers as usize;
            let groups = peers.ilog2() as usize;
            assert!(
                mean >= groups && mean <= 3 * groups * of_each as usize,
                "{mean}"
            );
            let neighbours = crate::topology::neighbours(peers, &edges);
            assert!(neighbours.iter().all(|of_one| of_one.len() <= most));
        }
    }
}
