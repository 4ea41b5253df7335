//! How often a peer may ask.
//!
//! A request costs its sender a packet, and the hub a step. So each peer has a bucket of
//! requests beside that of bytes. A request that does not fit is refused with the time until
//! one does, and is counted as well: a peer that goes on is served nothing, until it pauses.
//! What fits not even into a second bucket is not answered, or a flood of requests would
//! become a flood of refusals.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Code, Terms};

/// How many requests of one peer are served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Pace {
    /// How many at once, of a peer that was quiet: the bucket.
    pub burst: u64,
    /// How many more with each tick.
    pub fill: u64,
}

/// Why a request is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TooMany {
    /// The peer gets a refusal.
    Refused(Code),
    /// The peer gets no answer.
    Ignored,
}

/// What is missing in the buckets that are not full, in requests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Requests(BTreeMap<String, u64>);

impl Requests {
    /// Counts a request of that peer.
    pub(super) fn count(&mut self, peer: &str, terms: &Terms) -> Result<(), TooMany> {
        let Some(Pace { burst, fill }) = terms.pace else {
            return Ok(());
        };
        if !self.0.contains_key(peer) {
            self.0.insert(peer.to_owned(), 0);
        }
        let asked = self.0.get_mut(peer).expect("just inserted");
        if *asked >= burst.saturating_mul(2) {
            return Err(TooMany::Ignored);
        }
        *asked += 1;
        match asked.checked_sub(burst).filter(|over| *over > 0) {
            None => Ok(()),
            // The next one is served when it fits into the bucket as well.
            Some(over) => {
                let ticks = (over + 1).div_ceil(fill.max(1));
                let wait = wait(terms.tick, ticks);
                Err(TooMany::Refused(Code::Pace { wait }))
            }
        }
    }

    /// A tick. A bucket that is full again is not kept.
    pub(super) fn fill(&mut self, terms: &Terms) {
        let fill = terms.pace.map_or(0, |pace| pace.fill).max(1);
        self.0.retain(|_, asked| {
            *asked = asked.saturating_sub(fill);
            *asked > 0
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As if that peer had not asked yet.
    pub(super) fn forget(&mut self, peer: &str) {
        self.0.remove(peer);
    }
}

/// The time of so many ticks.
pub(super) fn wait(tick: Duration, ticks: u64) -> Duration {
    tick.saturating_mul(u32::try_from(ticks).unwrap_or(u32::MAX))
}
