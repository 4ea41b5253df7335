//! The timers of one process.
//!
//! A timer that is set in the step of another timer runs from the due time of that
//! timer, as in the simulator: a process that acts periodically keeps its pace, however
//! late its steps are.
//!
//! Most timers are cancelled long before they run out, because a message was
//! answered. So the entry in tokio's queue is kept when its timer is cancelled: a new
//! entry costs a system call, and wakes a thread.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry::trace::SpanContext;
use tokio::time::{Instant, Sleep, sleep_until};

/// The longest that a timer runs: tokio's queue takes no more than some two
/// years.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3600);

/// When a timer is due, and how many were set before it.
type Place = (Instant, u64);

/// A timer that has run out.
pub(super) struct Expired<T> {
    pub(super) timer: T,
    /// The step that set it.
    pub(super) set_by: SpanContext,
    pub(super) due: Instant,
}

/// Timers that run, each with the step that set it.
pub(super) struct Timers<T> {
    queue: BTreeMap<Place, (T, SpanContext)>,
    places: BTreeMap<T, Place>,
    set: u64,
    /// While [`next`](Self::next) waits, this ends when the first timer is due, or
    /// earlier.
    sleep: Pin<Box<Sleep>>,
}

impl<T: Clone + Ord> Timers<T> {
    pub(super) fn new() -> Self {
        Self {
            queue: BTreeMap::new(),
            places: BTreeMap::new(),
            set: 0,
            sleep: Box::pin(sleep_until(Instant::now())),
        }
    }

    /// Starts or restarts `timer`, which is due at `from + after`.
    pub(super) fn set(&mut self, timer: T, from: Instant, after: Duration, set_by: SpanContext) {
        self.cancel(&timer);
        let place = (from + after.min(LONGEST), self.set);
        self.set += 1;
        self.queue.insert(place, (timer.clone(), set_by));
        self.places.insert(timer, place);
    }

    pub(super) fn cancel(&mut self, timer: &T) {
        if let Some(place) = self.places.remove(timer) {
            self.queue.remove(&place);
        }
    }

    /// Postpones all timers.
    pub(super) fn postpone(&mut self, by: Duration) {
        for (due, _) in self.places.values_mut() {
            *due += by;
        }
        let queue = std::mem::take(&mut self.queue).into_iter();
        let later = queue.map(|((due, number), timer)| ((due + by, number), timer));
        self.queue = later.collect();
    }

    /// The next timer that runs out; pending while none runs.
    pub(super) async fn next(&mut self) -> Expired<T> {
        loop {
            let Some(first) = self.queue.first_entry() else {
                return std::future::pending().await;
            };
            let (due, _) = *first.key();
            if due < self.sleep.deadline() || self.sleep.is_elapsed() {
                if due <= Instant::now() {
                    let (timer, set_by) = first.remove();
                    self.places.remove(&timer);
                    return Expired { timer, set_by, due };
                }
                self.sleep.as_mut().reset(due);
            }
            self.sleep.as_mut().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[tokio::test]
    async fn timers_run_out_in_their_order() {
        let mut timers = Timers::new();
        let now = Instant::now();
        let mut set = |timer, after| timers.set(timer, now, after, SpanContext::NONE);
        set(1, 9 * MS);
        set(2, 3 * MS);
        set(3, 3 * MS);
        set(4, 2 * MS);
        set(5, Duration::MAX);
        set(1, 6 * MS);
        timers.cancel(&4);
        let (first, second) = (timers.next().await, timers.next().await);
        assert_eq!((first.timer, second.timer), (2, 3));
        timers.postpone(2 * MS);
        timers.set(6, now, 7 * MS, SpanContext::NONE);
        let (third, fourth) = (timers.next().await, timers.next().await);
        assert_eq!((third.timer, third.due - now), (6, 7 * MS));
        assert_eq!((fourth.timer, fourth.due - now), (1, 8 * MS));
        assert!(now.elapsed() >= 8 * MS);
    }

    #[tokio::test]
    async fn a_late_process_keeps_its_pace() {
        let mut timers = Timers::new();
        let start = Instant::now() - 100 * MS;
        timers.set(0, start, 10 * MS, SpanContext::NONE);
        for round in 1..10 {
            let expired = timers.next().await;
            assert_eq!(expired.due, start + round * 10 * MS);
            timers.set(0, expired.due, 10 * MS, SpanContext::NONE);
        }
    }
}
