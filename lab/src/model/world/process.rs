//! One process of a state.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use algorithms::Algorithm;
use opentelemetry::trace::SpanContext;
use trace::steps::{Event, StepRecord, Steps};

use super::identity::{Digests, digest};

#[derive(Clone, Debug)]
pub(super) struct Process<A: Algorithm> {
    pub(super) steps: Steps<A>,
    /// The running timers.
    pub(super) timers: BTreeMap<A::Timer, Timer>,
    /// How many messages it has sent to each other.
    pub(super) sent: BTreeMap<u32, u64>,
    /// How many steps it has taken.
    pub(super) taken: u64,
    /// It has crashed, and takes no steps.
    pub(super) is_down: bool,
    /// The digests of its outputs, in their order.
    pub(super) outputs: Digests,
    /// What it has seen and done. Trails with the same digest count as the same.
    pub(super) seen: Option<Arc<Trail>>,
    pub(super) digests: Digests,
}

/// A running timer.
#[derive(Clone, Debug)]
pub(super) struct Timer {
    pub(super) set_by: SpanContext,
    pub(super) after: Duration,
    /// When it runs out, in a synchronous system.
    pub(super) due: Duration,
    /// The step of its process that set it.
    pub(super) set_at: u64,
}

impl Timer {
    /// Whether this timer of the same process runs out first, however long steps take.
    pub(super) fn is_due_before(&self, other: &Self) -> bool {
        match self.after.cmp(&other.after) {
            std::cmp::Ordering::Less => self.set_at <= other.set_at,
            std::cmp::Ordering::Equal => self.set_at < other.set_at,
            std::cmp::Ordering::Greater => false,
        }
    }
}

#[derive(Debug)]
pub(super) struct Trail {
    pub(super) record: StepRecord,
    pub(super) before: Option<Arc<Self>>,
    /// The last step before that had an output.
    output_before: Option<Arc<Self>>,
    digest: u64,
}

impl<A: Algorithm> Process<A> {
    /// Adds a step to what it has seen.
    pub(super) fn see(&mut self, record: StepRecord) {
        let before = self.seen.take();
        self.seen = Some(Arc::new(Trail {
            digest: digest((before.as_ref().map(|seen| seen.digest), &record)),
            output_before: before.as_ref().and_then(Trail::with_output).cloned(),
            record,
            before,
        }));
    }

    /// Sees the last step again, as one that began at another time.
    pub(super) fn see_at(&mut self, at_unix_nano: u64) {
        if let Some(last) = self.seen.take() {
            self.seen.clone_from(&last.before);
            self.see(StepRecord {
                at_unix_nano,
                ..last.record.clone()
            });
        }
    }

    /// The sequence number of its next message to another.
    pub(super) fn next_sequence(&mut self, to: u32) -> u64 {
        let sent = self.sent.entry(to).or_default();
        *sent += 1;
        *sent - 1
    }

    /// A digest of what it has seen. Its state and its timers follow from that.
    pub(super) fn key(&self) -> u64 {
        digest((self.seen.as_ref().map(|seen| seen.digest), self.is_down))
    }

    /// Its steps, the last one first.
    pub(super) fn steps_seen(&self) -> impl Iterator<Item = &StepRecord> {
        let all = std::iter::successors(self.seen.as_ref(), |seen| seen.before.as_ref());
        all.map(|seen| &seen.record)
    }

    /// Its steps with outputs, the last one first.
    pub(super) fn steps_with_outputs(&self) -> impl Iterator<Item = &StepRecord> {
        let last = self.seen.as_ref().and_then(Trail::with_output);
        let all = std::iter::successors(last, |seen| seen.output_before.as_ref());
        all.map(|seen| &seen.record)
    }
}

impl Trail {
    /// The last step that had an output, this one included.
    fn with_output(seen: &Arc<Self>) -> Option<&Arc<Self>> {
        let is_output = |event: &Event| matches!(event, Event::Output { .. });
        match seen.record.events.iter().any(is_output) {
            true => Some(seen),
            false => seen.output_before.as_ref(),
        }
    }
}

/// The compiler's own drop would recurse for each step.
impl Drop for Trail {
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(mut seen) = before.and_then(Arc::into_inner) {
            before = seen.before.take();
        }
    }
}
