//! The record of a step: everything that a checker, a diagram or a person learns of it.

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
    /// If it is the first step of an operation, how much earlier the operation was due,
    /// in nanoseconds.
    pub late_nano: u64,
    /// The message that it handled, if it did.
    pub received: Option<ReceivedRecord>,
    /// The timer that ran out, if it handled one.
    pub timer: Option<String>,
    /// The request of a client, if it took one.
    pub request: Option<RequestRecord>,
    /// The process restarted with it after a crash, without the memory of open operations.
    pub restarts: bool,
    /// The random choices that the model checker made for it, in order: `3 of 0..=5`.
    pub choices: Vec<String>,
    /// The messages it sent and its outputs, in order.
    pub events: Vec<Event>,
    /// The state after it.
    pub state: Fields,
}

/// What a client asked of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct RequestRecord {
    /// The name of the operation.
    pub operation: Cow<'static, str>,
    /// The fields of the command.
    pub fields: Fields,
}

/// A received message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ReceivedRecord {
    /// The sender.
    pub from: Arc<str>,
    /// The message.
    pub message: MessageRecord,
    /// Its sequence number in the channel.
    pub sequence: u64,
    /// The number of the channel's opening.
    pub incarnation: u32,
    /// The bytes of its payload, where they were counted.
    pub size: Option<u64>,
}

/// A message, as its sender and its receiver record it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MessageRecord {
    /// Unique in the run.
    pub id: u64,
    /// Its kind.
    pub kind: Cow<'static, str>,
    /// Its fields.
    pub fields: Fields,
}

/// An event of a step.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Event {
    /// It sent a message.
    Sent {
        /// The receiver.
        to: Arc<str>,
        /// The message.
        message: MessageRecord,
    },
    /// It output a value to the environment.
    Output {
        /// The kind of the output.
        kind: Cow<'static, str>,
        /// Its fields.
        fields: Fields,
    },
}
