//! The attributes of a step's span and of its events.

use std::sync::Arc;
use std::time::SystemTime;

use algorithms::{Field, Fields, Role};

use super::{Loss, Received, RequestRecord};
use crate::store::encode::{Attributes, Text, Value};
use crate::time::unix_nano;

/// The names of attributes.
pub mod key {
    /// The number of a step in its process.
    pub const STEP: &str = "p2p.step";
    /// How many nanoseconds later than due an operation began. Set by its initiator.
    pub const LATE: &str = "p2p.operation.late_ns";
    /// The timer that ran out.
    pub const TIMER: &str = "p2p.timer";
    /// The operation that a client asked for.
    pub const REQUEST: &str = "p2p.request";
    /// The random choices of the step that the model checker made.
    pub const CHOICES: &str = "p2p.choices";
    /// The process at the other end.
    pub const REMOTE: &str = "p2p.remote";
    /// The kind of a message.
    pub const KIND: &str = "p2p.message.kind";
    /// The id of a message.
    pub const ID: &str = "p2p.message.id";
    /// A message's sequence number in its channel.
    pub const SEQUENCE: &str = "p2p.channel.sequence";
    /// The number of the channel's opening.
    pub const INCARNATION: &str = "p2p.channel.incarnation";
    /// The bytes of a message's payload, where they were counted.
    pub const SIZE: &str = "p2p.message.size";
    /// The class of an error, by OpenTelemetry's conventions; of a lost message, the
    /// [`Loss`](super::Loss).
    pub const ERROR: &str = "error.type";
    /// How many fields and list entries of a state, a message or an output were left
    /// out as too long. Has the prefix of their names.
    pub const LEFT_OUT: &str = "p2p.left_out";
}

/// The prefix of the names of a state's fields.
pub const STATE: &str = "state.";
/// The prefix of the names of a message's fields.
pub const MESSAGE: &str = "message.";
/// The prefix of the names of a request's fields.
pub const REQUEST: &str = "request.";

/// The limits of a value in a span: the number of fields, and of entries of a list. The
/// rest is left out and counted.
#[derive(Clone, Copy)]
struct Most {
    fields: usize,
    entries: usize,
}

/// How many entries a list of a state or of a message has in a span at most. A guess.
pub const ENTRIES: usize = 1024;

/// The limits of a state, which each step records, and of a message. Guesses.
const OF_A_STEP: Most = Most {
    fields: 64,
    entries: ENTRIES,
};

/// The limits of an output. Outputs are few; one of a snapshot has a field for each
/// neighbour, with all messages in that channel. Guesses.
const OF_AN_OUTPUT: Most = Most {
    fields: 1024,
    entries: 16_384,
};

/// The attributes of a received message, and of its delivery.
pub(super) fn received(
    received: &Received,
    from: &str,
    kind: &str,
    fields: Fields,
    to: &mut impl Attributes,
) {
    message(kind, from, received.id, fields, to);
    to.set(key::SEQUENCE, integer(received.sequence));
    let incarnation = i64::from(received.incarnation);
    to.set(key::INCARNATION, Value::Integer(incarnation));
}

/// The attributes of a received message that a checker does not need.
pub(super) fn remarks(
    received: &Received,
    kind: &str,
    role: Role,
    at: SystemTime,
    to: &mut impl Attributes,
) {
    if let Some(size) = received.size {
        to.set(key::SIZE, integer(size as u64));
    }
    if role == Role::Request {
        to.set("rpc.system.name", Value::Text(Text::whole("libp2p")));
        to.set("rpc.method", Value::Text(Text::whole(kind)));
    }
    let late = |deadline: u64| deadline < unix_nano(at);
    if received.deadline_unix_nano.is_some_and(late) {
        to.set("p2p.message.late", Value::Flag(true));
    }
}

/// The attributes of a timer that ran out.
pub(super) fn timer(timer: &str, to: &mut impl Attributes) {
    to.set(key::TIMER, Value::Text(Text::whole(timer)));
}

/// The attributes of a client's request.
pub(super) fn request(request: &RequestRecord, to: &mut impl Attributes) {
    let operation = Text::whole(&request.operation);
    to.set(key::REQUEST, Value::Text(operation));
    fields(REQUEST, request.fields.clone(), OF_AN_OUTPUT, to);
}

/// The attributes of a message that will not arrive.
pub(super) fn lost(loss: Loss, id: u64, remote: &str, to: &mut impl Attributes) {
    to.set(key::ERROR, Value::Text(Text::whole(loss.name())));
    to.set(key::REMOTE, Value::Text(Text::whole(remote)));
    to.set(key::ID, Value::Id(id));
}

/// The state after a step, its number, and its random choices.
pub(super) fn after(state: Fields, number: u64, choices: &[String], to: &mut impl Attributes) {
    fields(STATE, state, OF_A_STEP, to);
    to.set(key::STEP, integer(number));
    if !choices.is_empty() {
        let texts: Vec<_> = choices
            .iter()
            .map(|choice| choice.as_str().into())
            .collect();
        to.set(key::CHOICES, Value::List(&texts));
    }
}

/// The name of the event of a message that is sent.
pub(super) const SENT: &str = "send";

/// The attributes of the message, the same at its sender and its receiver.
pub(super) fn message(kind: &str, remote: &str, id: u64, said: Fields, to: &mut impl Attributes) {
    to.set(key::KIND, Value::Text(Text::whole(kind)));
    to.set(key::REMOTE, Value::Text(Text::whole(remote)));
    to.set(key::ID, Value::Id(id));
    fields(MESSAGE, said, OF_A_STEP, to);
}

/// The attributes of an output.
pub(super) fn output(said: Fields, to: &mut impl Attributes) {
    fields("", said, OF_AN_OUTPUT, to);
}

/// The first fields of a value, with prefixed names, and how much of the value is left
/// out.
fn fields(prefix: &'static str, fields: Fields, most: Most, to: &mut impl Attributes) {
    let left_out = left_out(&fields, most);
    for (name, field) in fields.into_iter().take(most.fields) {
        let mut texts = Vec::new();
        to.add(prefix, name, value(&field, most, &mut texts));
    }
    if left_out > 0 {
        to.add(prefix, key::LEFT_OUT.into(), Value::Integer(left_out));
    }
}

/// The value of a field; `texts` holds its rendered parts.
fn value<'a>(field: &'a Field, most: Most, texts: &'a mut Vec<Arc<str>>) -> Value<'a> {
    match field {
        Field::Integer(value) => Value::Integer(*value),
        Field::Flag(value) => Value::Flag(*value),
        Field::Text(text) => Value::Text(Text::cut(text)),
        Field::List(texts) => Value::List(&texts[..texts.len().min(most.entries)]),
        Field::Records(records) => {
            let records = records.iter().take(most.entries);
            texts.extend(records.map(|record| record.to_record().into()));
            Value::List(texts)
        }
    }
}

fn left_out(fields: &Fields, most: Most) -> i64 {
    let (mut count, mut left_out) = (0_usize, 0);
    for (_, field) in fields.iter() {
        count += 1;
        let entries = match field {
            Field::List(texts) => texts.len(),
            Field::Records(records) => records.len(),
            Field::Integer(_) | Field::Flag(_) | Field::Text(_) => 0,
        };
        left_out += entries.saturating_sub(most.entries);
    }
    left_out += count.saturating_sub(most.fields);
    i64::try_from(left_out).unwrap_or(i64::MAX)
}

fn integer(value: u64) -> Value<'static> {
    Value::Integer(i64::try_from(value).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    /// Counts attributes, and keeps the reported number left out.
    #[derive(Default)]
    struct Counted {
        attributes: usize,
        left_out: Option<i64>,
    }

    impl Attributes for Counted {
        fn add(&mut self, _: &'static str, name: Cow<'static, str>, value: Value<'_>) {
            match value {
                Value::Integer(number) if name == key::LEFT_OUT => self.left_out = Some(number),
                Value::Integer(_)
                | Value::Text(_)
                | Value::Flag(_)
                | Value::Id(_)
                | Value::List(_) => self.attributes += 1,
            }
        }
    }

    /// The number of attributes of an output, and the reported number left out.
    fn recorded(fields: Fields) -> (usize, Option<i64>) {
        let mut counted = Counted::default();
        output(fields, &mut counted);
        (counted.attributes, counted.left_out)
    }

    fn fields(count: usize) -> Fields {
        (0..count)
            .map(|number| (format!("f{number}").into(), Field::Flag(true)))
            .collect()
    }

    #[test]
    fn fields_beyond_the_limits_are_counted() {
        let list = |count: usize| {
            let mut fields = Fields::default();
            fields.list("list", 0..count);
            fields
        };
        for (said, expected) in [
            (fields(3), (3, None)),
            (fields(1024), (1024, None)),
            (fields(1030), (1024, Some(6))),
            (list(16_384), (1, None)),
            (list(16_391), (1, Some(7))),
        ] {
            assert_eq!(recorded(said), expected);
        }
    }
}
