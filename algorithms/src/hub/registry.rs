//! Who is registered, in the order of their places.

use std::collections::BTreeMap;

use super::place;
use crate::NodeId;

/// The bits of a place.
const BITS: u32 = u64::BITS;

/// The registered peers, by place and name, and the process that each is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Registry(BTreeMap<(u64, String), NodeId>);

impl Registry {
    /// That peer is registered. Returns whether it is new.
    pub fn insert(&mut self, name: &str, node: NodeId) -> bool {
        self.0
            .insert((place(name), name.to_owned()), node)
            .is_none()
    }

    /// That peer is not registered any more.
    pub fn remove(&mut self, name: &str) {
        self.0.remove(&(place(name), name.to_owned()));
    }

    /// The process of that name, if it is registered.
    pub fn get(&self, name: &str) -> Option<NodeId> {
        self.0.get(&(place(name), name.to_owned())).copied()
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.len() as u64
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The names of those who are nearest to the target, the nearest first.
    pub fn nearest(&self, target: u64, count: usize) -> Vec<String> {
        let mut found = Vec::new();
        self.collect((0, BITS), target, count, &mut found);
        found.truncate(count);
        found
    }

    /// The nearest of those whose places are the first one and the 2^bits after it. The half in
    /// which the next bit is the target's is nearer than the other.
    fn collect(
        &self,
        (first, bits): (u64, u32),
        target: u64,
        count: usize,
        found: &mut Vec<String>,
    ) {
        let mut all = self.range(first, bits);
        let Some(one) = all.next() else { return };
        if bits == 0 || all.next().is_none() {
            found.push(one.clone());
            found.extend(self.range(first, bits).skip(1).cloned());
            return;
        }
        let half = 1 << (bits - 1);
        let near = first | target & half;
        self.collect((near, bits - 1), target, count, found);
        if found.len() < count {
            self.collect((near ^ half, bits - 1), target, count, found);
        }
    }

    fn range(&self, first: u64, bits: u32) -> impl Iterator<Item = &String> {
        let last = first | 1_u64.checked_shl(bits).unwrap_or(0).wrapping_sub(1);
        let from = (first, String::new());
        let all = self.0.range(from..);
        let within = all.take_while(move |((place, _), _)| *place <= last);
        within.map(|((_, name), _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_are_those_of_the_smallest_distance() {
        let mut registry = Registry::default();
        let names: Vec<_> = (0..300).map(|node| NodeId(node).to_string()).collect();
        assert_eq!(registry.nearest(7, 3), [""; 0]);
        for (node, name) in (0..).zip(&names) {
            assert!(registry.insert(name, NodeId(node)));
        }
        for target in [0, 1, u64::MAX, place("peer-07"), place("elsewhere")] {
            for count in [0, 1, 20, 400] {
                let mut expected = names.clone();
                expected.sort_by_key(|name| place(name) ^ target);
                expected.truncate(count);
                assert_eq!(registry.nearest(target, count), expected);
            }
        }
        registry.remove("peer-07");
        assert_eq!((registry.get("peer-07"), registry.len()), (None, 299));
        assert_eq!(registry.get("peer-08"), Some(NodeId(8)));
    }
}
