//! The limits of a schedule, and how it ends.
//!
//! A system whose timers set each other has schedules without an end, whose
//! records would fill the memory. So a schedule is bounded, by quantities that do
//! not depend on the machine: the same seed meets the same limit everywhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use algorithms::{Field, Fields};
use trace::steps::{Event, StepRecord};

use crate::stats::{show, thousands};

/// The limits of a schedule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands, messages and timers that are handled, or dropped.
    pub events: u64,
    /// Its virtual time; without it [`Self::TIME`] after the last command and the last planned
    /// fault.
    pub time: Option<Duration>,
    /// The size of its records and of what is under way, in bytes, as estimated.
    pub memory: u64,
}

impl Limits {
    /// A guess: some minutes of two processors, more than any lesson takes.
    pub const EVENTS: u64 = 10_000_000;
    /// A guess: far beyond any timeout of a lesson.
    pub const TIME: Duration = Duration::from_secs(600);
    /// A guess: a million steps of a hundred processes.
    pub const MEMORY: u64 = 2 << 30;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            events: Self::EVENTS,
            time: None,
            memory: Self::MEMORY,
        }
    }
}

/// How a schedule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All endings of the system have occurred.
    Decided,
    /// Nothing is left to happen.
    Quiet,
    /// A step has a fault.
    Fault,
    /// The scenario ends it after so many steps.
    Cut(u64),
    /// It goes on, but not within that limit.
    Limit(Limit),
    /// It was interrupted.
    Stopped,
}

/// A limit that a schedule met.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Of events.
    Events(u64),
    /// Of its virtual time.
    Time(Duration),
    /// Of memory, in bytes.
    Memory(u64),
}

/// `10,000,000 events (--max-events)`
impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Events(events) => write!(f, "{} events (--max-events)", thousands(*events)),
            Self::Time(time) => write!(f, "{} of its own time (--max-time)", show(*time)),
            Self::Memory(bytes) => write!(f, "{} MiB of memory (--max-memory)", bytes >> 20),
        }
    }
}

/// About how many bytes a record takes beside the one before it in its process, together with what a
/// judge keeps for it: a vector clock with so many entries.
pub(super) fn weight(record: &StepRecord, before: Option<&Fields>, entries: usize) -> u64 {
    let events = record.events.iter().map(|event| match event {
        Event::Sent { message, .. } => weight_of(&message.fields, None),
        Event::Output { fields, .. } => weight_of(fields, None),
    });
    let received = record.received.as_ref();
    let received = received.map_or(0, |received| weight_of(&received.message.fields, None));
    let inside = events.sum::<usize>() + received + weight_of(&record.state, before);
    let own = size_of::<StepRecord>() + record.events.len() * size_of::<Event>();
    (own + inside + entries * size_of::<u32>()) as u64
}

/// What the counters and the allocator take of a text. A guess.
const ALLOCATED: usize = 32;

/// A field is a name, and a value with its text. A text or a list that the record before has as
/// well ([`Fields::share`]) was counted there.
fn weight_of(fields: &Fields, before: Option<&Fields>) -> usize {
    const FIELD: usize = 64;
    let texts = fields.iter().map(|(name, field)| match field {
        Field::Text(text) => text.len(),
        Field::List(texts) => {
            let known = before.and_then(|before| before.get_list(name));
            weight_of_list(texts, known.unwrap_or_default())
        }
        Field::Records(records) => records.iter().map(|one| weight_of(one, None)).sum(),
        Field::Integer(_) | Field::Flag(_) => 0,
    });
    texts.map(|text| text + FIELD).sum()
}

/// Looks for each text where [`Fields::share`] did.
fn weight_of_list(texts: &[Arc<str>], before: &[Arc<str>]) -> usize {
    if std::ptr::eq(texts, before) {
        return 0;
    }
    let grows = texts.len() > before.len();
    let mut rest = before;
    let own = texts.iter().filter(|text| {
        let place = rest
            .iter()
            .take(2)
            .position(|known| Arc::ptr_eq(known, text));
        let passed = place.map_or(usize::from(!grows), |place| place + 1);
        rest = rest.get(passed..).unwrap_or_default();
        place.is_none()
    });
    let own = own.map(|text| text.len() + ALLOCATED).sum::<usize>();
    own + size_of_val(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(texts: impl IntoIterator<Item = Arc<str>>) -> Fields {
        let texts: Vec<_> = texts.into_iter().collect();
        [("routes".into(), Field::List(texts.into()))]
            .into_iter()
            .collect()
    }

    fn weigh(state: &Fields, before: Option<&Fields>) -> u64 {
        let record = StepRecord {
            state: state.clone(),
            ..StepRecord::default()
        };
        weight(&record, before, 0)
    }

    #[test]
    fn what_a_record_shares_with_the_one_before_is_counted_there() {
        let texts: Vec<Arc<str>> = (0..100).map(|to| format!("peer-{to:03}").into()).collect();
        let first = state(texts.iter().cloned());
        let mut changed = texts;
        changed[40] = "another".into();
        changed.remove(70);
        let second = state(changed);
        // An algorithm that keeps its list holds it, too.
        let kept = (first.clone(), second.clone());
        let nothing = weigh(&state([]), None);
        let list = |count: u64| count * size_of::<Arc<str>>() as u64;
        let texts = |bytes: u64, count: u64| bytes + count * ALLOCATED as u64;
        assert_eq!(weigh(&first, None), nothing + list(100) + texts(800, 100));
        assert_eq!(weigh(&first, Some(&kept.0)), nothing, "the same list");
        assert_eq!(
            weigh(&second, Some(&first)),
            nothing + list(99) + texts(7, 1)
        );
    }
}
