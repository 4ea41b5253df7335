//! The limits of a schedule, and how it ends.
//!
//! A system whose timers set each other has schedules without an end, whose
//! records would fill the memory. So a schedule is bounded, by quantities that do
//! not depend on the machine: the same seed meets the same limit everywhere.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use algorithms::Fields;
use trace::steps::{Event, MessageRecord, StepRecord};

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

/// About how many bytes a record takes, together with what a judge keeps for it: a vector clock with
/// so many entries.
pub(super) fn weight(record: &StepRecord, entries: usize) -> u64 {
    let events = record.events.iter().map(|event| match event {
        Event::Sent { message, .. } => weight_of_message(message),
        Event::Output { fields, .. } => weight_of(fields),
    });
    let received = record.received.as_ref();
    let received = received.map_or(0, |received| weight_of_message(&received.message));
    let inside = events.sum::<usize>() + received + weight_of(&record.state);
    let own = size_of::<StepRecord>() + record.events.len() * size_of::<Event>();
    (own + inside + entries * size_of::<u32>()) as u64
}

fn weight_of_message(message: &MessageRecord) -> usize {
    weight_of(&message.fields)
}

/// What the counters and the allocator take of a text. A guess.
const ALLOCATED: usize = 32;

/// A field is a name, and a value with its text. A text or a list that a record before it has as
/// well was counted there.
fn weight_of(fields: &Fields) -> usize {
    const FIELD: usize = 64;
    let texts = fields.iter().map(|(_, field)| match field {
        algorithms::Field::Text(text) => text.len(),
        algorithms::Field::List(texts) if Arc::strong_count(texts) > 1 => 0,
        algorithms::Field::List(texts) => texts.iter().map(weight_of_entry).sum(),
        algorithms::Field::Records(records) => records.iter().map(weight_of).sum(),
        algorithms::Field::Integer(_) | algorithms::Field::Flag(_) => 0,
    });
    texts.map(|text| text + FIELD).sum()
}

fn weight_of_entry(text: &Arc<str>) -> usize {
    let own = match Arc::strong_count(text) {
        1 => text.len() + ALLOCATED,
        _ => 0,
    };
    own + size_of::<Arc<str>>()
}
