//! The clock of a run, which stops while the run is paused.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The time since a run began.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clock {
    /// When the run began, shifted by the time for which it was paused.
    start: Instant,
    paused: Option<Instant>,
}

impl Clock {
    /// A clock of a run that begins now.
    pub(super) fn start() -> Self {
        Self {
            start: Instant::now(),
            paused: None,
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.paused.is_some()
    }

    /// Stops the clock.
    pub(super) fn pause(&mut self) {
        self.paused.get_or_insert_with(Instant::now);
    }

    /// Lets the clock go on.
    pub(super) fn resume(&mut self) {
        if let Some(since) = self.paused.take() {
            self.start += since.elapsed();
        }
    }

    /// How long the run has gone on, without pauses.
    pub(super) fn now(&self) -> Duration {
        let now = self.paused.unwrap_or_else(Instant::now);
        now.saturating_duration_since(self.start)
    }

    /// Waits until the run has gone on for `at`; forever if it is paused, or if that is beyond all time.
    pub(super) async fn reaches(self, at: Duration) {
        match self.start.checked_add(at) {
            Some(at) if self.paused.is_none() => sleep_until(at).await,
            Some(_) | None => std::future::pending().await,
        }
    }
}
