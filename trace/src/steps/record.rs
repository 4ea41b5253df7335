//! What a step tells: all that a checker, a diagram or a person gets to know
//! of it.

use std::borrow::Cow;
use std::sync::Arc;

use algorithms::Fields;

/// A step of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct StepRecord {
    /// Its number in its process, from 1.
    pub number: u64,
    /// When it began, in nanoseconds since the Unix epoch.
    pub at_unix_nano: u64,
    /// How much earlier the operation was to begin that it is the first step of,
    /// in nanoseconds.
    pub late_nano: u64,
    /// The message that it handled, if it did.
    pub received: Option<ReceivedRecord>,
    /// The timer that ran out, if it handled one.
    pub timer: Option<String>,
    /// What it sent and said, in order.
    pub events: Vec<Event>,
    /// The state after it.
    pub state: Fields,
}

/// A message that came.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceivedRecord {
    /// Who sent it.
    pub from: Arc<str>,
    /// What it is.
    pub message: MessageRecord,
    /// Its place in the channel.
    pub sequence: u64,
    /// Which opening of the channel it was.
    pub incarnation: u32,
}

/// A message, as its sender and its receiver tell of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageRecord {
    /// Unique in the run.
    pub id: u64,
    /// Its kind.
    pub kind: Cow<'static, str>,
    /// What it says.
    pub fields: Fields,
}

/// What a step did.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It sent a message.
    Sent {
        /// To whom.
        to: Arc<str>,
        /// What.
        message: MessageRecord,
    },
    /// It told the world outside.
    Said {
        /// The kind of the output.
        kind: Cow<'static, str>,
        /// What it says.
        fields: Fields,
    },
}
