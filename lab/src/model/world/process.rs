//! One process of a state, and the channels between processes.

use std::collections::{BTreeMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use algorithms::Algorithm;
use opentelemetry::trace::SpanContext;
use trace::steps::{Received, StepRecord, Steps};

#[derive(Clone, Debug)]
pub(super) struct Process<A: Algorithm> {
    pub(super) steps: Steps<A>,
    /// The running timers.
    pub(super) timers: BTreeMap<A::Timer, Timer>,
    /// How many steps it has taken.
    pub(super) taken: u64,
    /// It has crashed, and takes no steps.
    pub(super) is_down: bool,
    /// A hash of its outputs, in their order.
    pub(super) outputs: u64,
    /// What it has seen and done. Trails with the same digest count as the same.
    pub(super) seen: Option<Arc<Trail>>,
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
    pub(super) before: Option<Arc<Trail>>,
    pub(super) digest: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Channel<M> {
    pub(super) next_sequence: u64,
    pub(super) messages: VecDeque<Sent<M>>,
}

#[derive(Clone, Debug)]
pub(super) struct Sent<M> {
    pub(super) message: M,
    pub(super) received: Received,
    /// Whether it has come already.
    pub(super) again: bool,
}

impl<A: Algorithm> Process<A> {
    pub(super) fn see(&mut self, record: StepRecord) {
        let before = self.seen.take();
        let mut hasher = DefaultHasher::new();
        before.as_ref().map(|seen| seen.digest).hash(&mut hasher);
        record.hash(&mut hasher);
        self.seen = Some(Arc::new(Trail {
            digest: hasher.finish(),
            record,
            before,
        }));
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
