//! What a schedule may take, and how it ends.
//!
//! A system of timers that set each other has schedules without an end. Each
//! would go on until the memory is full of what is recorded of it. So a schedule
//! is bounded, by what does not depend on the machine: the same seed meets the
//! same limit everywhere.

use std::fmt;
use std::time::Duration;

use algorithms::Fields;
use trace::steps::{Event, MessageRecord, StepRecord};

use crate::stats::{show, thousands};

/// What a schedule may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands, messages and timers that are handled, or dropped.
    pub events: u64,
    /// Its own time.
    pub time: Duration,
    /// What is recorded of it and what is under way, in bytes, as estimated.
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
            time: Self::TIME,
            memory: Self::MEMORY,
        }
    }
}

/// How a schedule ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All endings of the system were there.
    Decided,
    /// Nothing is left to happen.
    Quiet,
    /// A step has a fault.
    Fault,
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
    /// Of its own time.
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

/// About how many bytes a record takes, and its judge for it, among so many
/// processes: judges keep a vector clock for each step.
pub(super) fn weight(record: &StepRecord, processes: usize) -> u64 {
    let events = record.events.iter().map(|event| match event {
        Event::Sent { message, .. } => weight_of_message(message),
        Event::Output { fields, .. } => weight_of(fields),
    });
    let received = record.received.as_ref();
    let received = received.map_or(0, |received| weight_of_message(&received.message));
    let inside = events.sum::<usize>() + received + weight_of(&record.state);
    let own = size_of::<StepRecord>() + record.events.len() * size_of::<Event>();
    (own + inside + processes * size_of::<u32>()) as u64
}

fn weight_of_message(message: &MessageRecord) -> usize {
    weight_of(&message.fields)
}

/// A field is a name, and a value with its text.
fn weight_of(fields: &Fields) -> usize {
    const FIELD: usize = 64;
    let texts = fields.iter().map(|(_, field)| match field {
        algorithms::Field::Text(text) => text.len(),
        algorithms::Field::List(texts) => {
            let all = texts.iter().map(|text| text.len() + size_of::<String>());
            all.sum()
        }
        algorithms::Field::Records(records) => records.iter().map(weight_of).sum(),
        algorithms::Field::Integer(_) | algorithms::Field::Flag(_) => 0,
    });
    texts.map(|text| text + FIELD).sum()
}
