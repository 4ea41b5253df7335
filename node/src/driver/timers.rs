//! The timers of one process.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use opentelemetry::trace::SpanContext;
use tokio_util::time::DelayQueue;
use tokio_util::time::delay_queue::Key;

/// The longest that a timer runs: tokio's queue takes no more than some two
/// years.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// Timers that run, each with the step that set it.
pub(super) struct Timers<T> {
    queue: DelayQueue<(T, SpanContext)>,
    keys: BTreeMap<T, Key>,
}

impl<T: Clone + Ord> Timers<T> {
    pub(super) fn new() -> Self {
        Self {
            queue: DelayQueue::new(),
            keys: BTreeMap::new(),
        }
    }

    /// Starts `timer`, or starts it anew.
    pub(super) fn set(&mut self, timer: T, after: Duration, set_by: SpanContext) {
        self.cancel(&timer);
        let entry = (timer.clone(), set_by);
        let key = self.queue.insert(entry, after.min(LONGEST));
        self.keys.insert(timer, key);
    }

    pub(super) fn cancel(&mut self, timer: &T) {
        if let Some(key) = self.keys.remove(timer) {
            self.queue.remove(&key);
        }
    }

    /// Lets all timers run so much longer.
    pub(super) fn postpone(&mut self, by: Duration) {
        for key in self.keys.values() {
            let due = self.queue.deadline(key) + by;
            self.queue.reset_at(key, due);
        }
    }

    /// The next timer that runs out; never done while none runs.
    pub(super) async fn next(&mut self) -> (T, SpanContext) {
        match self.queue.next().await {
            Some(expired) => {
                let entry = expired.into_inner();
                self.keys.remove(&entry.0);
                entry
            }
            None => std::future::pending().await,
        }
    }
}
