//! How many turns the tasks of each peer take, for when a paused clock does not move.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::PeerId;

thread_local! {
    static FOLLOWED: RefCell<Option<Turns>> = const { RefCell::new(None) };
}

/// Counts the turns of the tasks that run on one thread.
#[derive(Clone, Debug, Default)]
pub struct Turns(Arc<State>);

#[derive(Debug, Default)]
struct State {
    counts: AtomicBool,
    peers: Mutex<HashMap<PeerId, u64>>,
}

impl Turns {
    /// Follows the tasks of this thread, for as long as the thread runs.
    pub fn follow(&self) {
        FOLLOWED.set(Some(self.clone()));
    }

    /// Counts from now on.
    pub fn begin(&self) {
        self.0.counts.store(true, Ordering::Release);
    }

    /// Counts no more. Returns the peers that took turns, those with the most first.
    pub fn end(&self) -> Vec<(PeerId, u64)> {
        self.0.counts.store(false, Ordering::Release);
        let mut peers = self.0.peers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut peers: Vec<_> = peers.drain().collect();
        peers.sort_unstable_by_key(|(peer, turns)| (u64::MAX - turns, *peer));
        peers
    }
}

/// A task of this peer has a turn.
pub(crate) fn count(peer: PeerId) {
    FOLLOWED.with_borrow(|followed| {
        let followed = followed.as_ref().map(|turns| &turns.0);
        if let Some(state) = followed.filter(|state| state.counts.load(Ordering::Acquire)) {
            let mut peers = state.peers.lock().unwrap_or_else(PoisonError::into_inner);
            *peers.entry(peer).or_default() += 1;
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_turns_between_begin_and_end_count() {
        let [busy, idle] = [(); 2].map(|()| PeerId::random());
        let turns = Turns::default();
        count(busy);
        turns.follow();
        count(busy);
        assert_eq!(turns.end(), []);
        turns.begin();
        for peer in [idle, busy, busy] {
            count(peer);
        }
        assert_eq!(turns.end(), [(busy, 2), (idle, 1)]);
        count(busy);
        assert_eq!(turns.end(), []);
    }
}
