//! The end of a run: how long it waits for the collector.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

/// How long the end of a run waits for a collector that takes nothing.
pub const PATIENCE: Duration = Duration::from_secs(3);

/// How long it waits for a slow collector. Shorter than the 30 s for which
/// OpenTelemetry's SDKs wait at their end.
pub const LONGEST: Duration = Duration::from_secs(10);

/// When the end began, and when the collector answered last.
#[derive(Debug)]
pub(super) struct End {
    flush: watch::Receiver<bool>,
    began: Option<Instant>,
    progress: Instant,
}

impl End {
    pub(super) fn new(flush: watch::Receiver<bool>) -> Self {
        Self {
            flush,
            began: None,
            progress: Instant::now(),
        }
    }

    /// The collector has answered.
    pub(super) fn progress(&mut self) {
        self.progress = Instant::now();
    }

    /// Returns the reason once flushing has begun and its time is over.
    pub(super) async fn over(&mut self) -> String {
        if self.flush.wait_for(|flushing| *flushing).await.is_err() {
            // Dropped without an end: `run` notices.
            std::future::pending::<()>().await;
        }
        let began = *self.began.get_or_insert_with(Instant::now);
        sleep_until(deadline(began, self.progress)).await;
        self.why()
    }

    /// Why the remaining spans are not sent.
    fn why(&self) -> String {
        let slow = self.began.is_some_and(|began| self.progress > began);
        match slow {
            true => format!("the collector is slow: not all were sent within {LONGEST:?}"),
            false => format!("no answer within {PATIENCE:?}"),
        }
    }
}

/// When the time after the end is over.
pub(super) fn deadline(began: Instant, progress: Instant) -> Instant {
    let silent = began.max(progress) + PATIENCE;
    silent.min(began + LONGEST)
}
