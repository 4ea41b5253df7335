//! Which hub a peer registers at.
//!
//! It begins with the one whose place is the nearest to its own. A hub that leaves
//! [`TRIES`] tries in a row without an answer is left for the next nearest; after the last
//! comes the first again. A peer that was registered begins with the nearest again.
//!
//! A try is a PING, or a message that registers. They are a third of a session's life apart, and
//! the second waits twice as long. So a peer asks the next hub at most four thirds of a session's
//! life after its hub has answered for the last time: one third until it says again that it is
//! there, and 1 + 2 thirds for two tries. Each further hub that does not answer costs 1 + 2
//! thirds.

use super::proof::sort_by_distance;
use super::{Known, Session, place};
use crate::NodeId;

/// After so many tries without an answer the peer asks another hub. A guess: one message may
/// be lost.
const TRIES: u32 = 2;

/// The hubs that a peer knows.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Hubs {
    /// The nearest first, each with the session that the peer has there.
    all: Vec<(Known, Option<Session>)>,
    /// Which of them it registers at.
    at: usize,
    /// Whether it was registered there.
    was_inside: bool,
    /// How often it has tried since that hub was last heard of.
    tries: u32,
}

impl Hubs {
    /// Those hubs, for the peer of that name.
    pub(super) fn new(mut hubs: Vec<Known>, peer: &str) -> Self {
        assert!(!hubs.is_empty(), "a peer of no hub");
        sort_by_distance(&mut hubs, place(peer));
        Self {
            all: hubs.into_iter().map(|hub| (hub, None)).collect(),
            at: 0,
            was_inside: false,
            tries: 0,
        }
    }

    /// The hub that the peer registers at.
    pub(super) fn current(&self) -> NodeId {
        self.all[self.at].0.0
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.all[self.at].0.1
    }

    /// What the peer registers with there.
    pub(super) fn session(&mut self) -> &mut Option<Session> {
        &mut self.all[self.at].1
    }

    /// Whether that is a hub.
    pub(super) fn include(&self, node: NodeId) -> bool {
        self.all.iter().any(|((hub, _), _)| *hub == node)
    }

    /// The peer has sent the hub something that is to be answered.
    pub(super) fn tried(&mut self) {
        self.tries = self.tries.saturating_add(1);
    }

    /// The hub is there.
    pub(super) fn heard(&mut self) {
        self.tries = 0;
    }

    /// The peer is registered.
    pub(super) fn entered(&mut self) {
        self.was_inside = true;
    }

    /// Goes on to the next hub, if there is one and this one does not answer. Returns whether
    /// it did.
    pub(super) fn go_on(&mut self) -> bool {
        if self.tries < TRIES || self.all.len() < 2 {
            return false;
        }
        self.at = match (self.was_inside, self.at) {
            (true, 1..) => 0,
            (_, at) => (at + 1) % self.all.len(),
        };
        (self.was_inside, self.tries) = (false, 0);
        true
    }

    /// Goes to the hub that is the furthest, and stays there: for a mistake.
    pub(super) fn go_to_the_furthest(&mut self) {
        self.at = self.all.len() - 1;
        self.tries = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hubs(count: u32) -> Hubs {
        let all = (0..count).map(|hub| (NodeId(hub), NodeId(hub).to_string()));
        Hubs::new(all.collect(), "peer-07")
    }

    fn try_in_vain(hubs: &mut Hubs) -> bool {
        hubs.tried();
        hubs.go_on()
    }

    #[test]
    fn a_hub_that_does_not_answer_twice_is_left_for_the_next() {
        let mut hubs = hubs(3);
        let order: Vec<_> = hubs.all.iter().map(|((hub, _), _)| *hub).collect();
        let distance = |hub: &NodeId| place(&hub.to_string()) ^ place("peer-07");
        assert!(order.is_sorted_by_key(distance), "{order:?}");
        assert_eq!(hubs.current(), order[0]);
        assert!(!try_in_vain(&mut hubs));
        hubs.heard();
        assert!(!try_in_vain(&mut hubs));
        for next in [1, 2, 0, 1, 2] {
            while !try_in_vain(&mut hubs) {}
            assert_eq!(hubs.current(), order[next]);
            assert!(!try_in_vain(&mut hubs));
        }
        hubs.entered();
        while !try_in_vain(&mut hubs) {}
        assert_eq!(hubs.current(), order[0], "it begins with the nearest again");
    }

    #[test]
    fn the_only_hub_is_not_left() {
        let mut hubs = hubs(1);
        for _ in 0..10 {
            assert!(!try_in_vain(&mut hubs));
        }
    }
}
