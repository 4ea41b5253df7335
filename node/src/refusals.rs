//! Reports refused incoming connections at intervals, not one by one: the other side
//! decides how many there are.

use std::error::Error as _;
use std::time::Duration;

use libp2p::Multiaddr;
use libp2p::swarm::ListenError;
use tokio::time::Instant;

use crate::one_connection::OneTooMany;

/// The least time between two reports. A guess.
const PAUSE: Duration = Duration::from_secs(10);

/// The refusals that were not reported yet.
#[derive(Debug)]
pub(crate) struct Refusals {
    /// Whether refusals are reported; a laboratory counts them itself.
    reporting: bool,
    waiting: u64,
    reported: Option<Instant>,
}

impl Refusals {
    pub(crate) fn new(reporting: bool) -> Self {
        Self {
            reporting,
            waiting: 0,
            reported: None,
        }
    }

    /// An incoming connection from `address` has failed.
    pub(crate) fn on_failed(&mut self, address: &Multiaddr, error: &ListenError) {
        let ListenError::Denied { cause } = error else {
            tracing::debug!(from = %address, %error, "incoming connection failed");
            return;
        };
        let why = cause.source().map(ToString::to_string).unwrap_or_default();
        tracing::debug!(from = %address, why, "incoming connection refused");
        // Of two peers that dial each other, one is refused as a matter of course.
        if !self.reporting || cause.downcast_ref::<OneTooMany>().is_some() {
            return;
        }
        if let Some(count) = self.add(Instant::now()) {
            tracing::warn!(count, last = %address, why, "incoming connections refused");
        }
    }

    /// How many to report now, if it is time.
    fn add(&mut self, now: Instant) -> Option<u64> {
        self.waiting += 1;
        let soon = |reported| now.saturating_duration_since(reported) < PAUSE;
        if self.reported.is_some_and(soon) {
            return None;
        }
        self.reported = Some(now);
        Some(std::mem::take(&mut self.waiting))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_refusals_is_reported_at_intervals() {
        let mut refusals = Refusals::new(true);
        let start = Instant::now();
        assert_eq!(refusals.add(start), Some(1));
        for _ in 0..1000 {
            assert_eq!(refusals.add(start + PAUSE / 2), None);
        }
        assert_eq!(refusals.add(start + PAUSE), Some(1001));
        assert_eq!(refusals.add(start + PAUSE), None);
    }
}
