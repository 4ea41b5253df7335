//! Which attributes a step's span and its events have.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use algorithms::{Field, Fields, Role};
use opentelemetry::trace::{SpanBuilder, SpanRef};
use opentelemetry::{Array, Key, KeyValue, StringValue, Value};
use rustc_hash::FxBuildHasher;

use super::clock::unix_nano;
use super::{Event, MessageRecord, Received, StepRecord};

/// The names of attributes.
pub mod key {
    /// The number of a step in its process.
    pub const STEP: &str = "p2p.step";
    /// How many nanoseconds after it was to begin an operation began. Who began
    /// it tells.
    pub const LATE: &str = "p2p.operation.late_ns";
    /// The timer that ran out.
    pub const TIMER: &str = "p2p.timer";
    /// The process at the other end.
    pub const REMOTE: &str = "p2p.remote";
    /// The kind of a message.
    pub const KIND: &str = "p2p.message.kind";
    /// The id of a message.
    pub const ID: &str = "p2p.message.id";
    /// A message's place in its channel.
    pub const SEQUENCE: &str = "p2p.channel.sequence";
    /// Which opening of the channel it was.
    pub const INCARNATION: &str = "p2p.channel.incarnation";
    /// How much of a state, a message or an output was too long to record:
    /// fields, and entries of lists. Stands behind the same prefix as these.
    pub const LEFT_OUT: &str = "p2p.left_out";
}

/// Stands before the names of a state's fields.
pub const STATE: &str = "state.";
/// Stands before the names of a message's fields.
pub const MESSAGE: &str = "message.";

/// How much of a value goes into a span: so many fields, and lists of so many
/// entries. What is left out is counted.
#[derive(Clone, Copy)]
struct Most {
    fields: usize,
    entries: usize,
}

/// Of a state, which each step tells, and of a message. Guesses.
const OF_A_STEP: Most = Most {
    fields: 64,
    entries: 1024,
};

/// Of an output, of which there are few: one of a snapshot has a field for each
/// neighbour, and in it all that was under way. Guesses.
const OF_AN_OUTPUT: Most = Most {
    fields: 1024,
    entries: 16_384,
};

/// Texts have at most so many bytes, and an ellipsis where they are cut. Guess.
const LONGEST_TEXT: usize = 1024;

/// What a span tells of a message beside what a checker needs.
pub(super) fn remarks(
    received: &Received,
    kind: &'static str,
    role: Role,
    at: SystemTime,
) -> Vec<KeyValue> {
    let mut remarks = Vec::new();
    if let Some(size) = received.size {
        remarks.push(KeyValue::new("p2p.message.size", integer(size as u64)));
    }
    if role == Role::Request {
        remarks.push(KeyValue::new("rpc.system.name", "libp2p"));
        remarks.push(KeyValue::new("rpc.method", kind));
    }
    let late = |deadline: u64| deadline < unix_nano(at);
    if received.deadline_unix_nano.is_some_and(late) {
        remarks.push(KeyValue::new("p2p.message.late", true));
    }
    remarks
}

pub(super) fn lost(id: u64, to: Arc<str>) -> Vec<KeyValue> {
    vec![
        KeyValue::new("error.type", "lost"),
        KeyValue::new(key::REMOTE, to),
        KeyValue::new(key::ID, hex(id)),
    ]
}

/// Puts all that is known of a step into the span that is made for it.
pub(super) fn fill(
    builder: &mut SpanBuilder,
    record: StepRecord,
    remarks: Vec<KeyValue>,
    now: SystemTime,
) {
    let mut attributes = Vec::with_capacity(16);
    if let Some(received) = record.received {
        message(received.message, received.from, &mut attributes);
        attributes.push(KeyValue::new(key::SEQUENCE, integer(received.sequence)));
        let incarnation = i64::from(received.incarnation);
        attributes.push(KeyValue::new(key::INCARNATION, incarnation));
    }
    if let Some(timer) = record.timer {
        attributes.push(KeyValue::new(key::TIMER, timer));
    }
    attributes.extend(remarks);
    attributes.extend(after(record.state, record.number));
    builder.attributes = Some(attributes);
    if !record.events.is_empty() {
        let events = record.events.into_iter().map(|event| {
            let (name, attributes) = event_of(event);
            opentelemetry::trace::Event::new(name, now, attributes, 0)
        });
        builder.events = Some(events.collect());
    }
}

/// Adds what a step did, and the state after it, to the span of an operation.
pub(super) fn add(span: &SpanRef<'_>, record: StepRecord, now: SystemTime) {
    if !span.is_recording() {
        return;
    }
    for event in record.events {
        let (name, attributes) = event_of(event);
        span.add_event_with_timestamp(name, now, attributes);
    }
    span.set_attributes(after(record.state, record.number));
}

fn event_of(event: Event) -> (Cow<'static, str>, Vec<KeyValue>) {
    match event {
        Event::Sent { to, message: sent } => {
            let mut attributes = Vec::with_capacity(8);
            message(sent, to, &mut attributes);
            ("send".into(), attributes)
        }
        Event::Said { kind, fields: said } => (kind, fields("", said, OF_AN_OUTPUT).collect()),
    }
}

/// The state after a step, and its number.
fn after(state: Fields, number: u64) -> impl Iterator<Item = KeyValue> {
    let number = KeyValue::new(key::STEP, integer(number));
    fields(STATE, state, OF_A_STEP).chain([number])
}

fn message(message: MessageRecord, remote: Arc<str>, attributes: &mut Vec<KeyValue>) {
    attributes.push(KeyValue::new(key::KIND, text(message.kind)));
    attributes.push(KeyValue::new(key::REMOTE, remote));
    attributes.push(KeyValue::new(key::ID, hex(message.id)));
    attributes.extend(fields(MESSAGE, message.fields, OF_A_STEP));
}

/// The first fields of a value, each name behind `prefix`, and how much is left
/// out of them.
fn fields(prefix: &'static str, fields: Fields, most: Most) -> impl Iterator<Item = KeyValue> {
    let left_out = left_out(&fields, most);
    let left_out = (left_out > 0).then(|| (key::LEFT_OUT.into(), Field::Integer(left_out)));
    let fields = fields.into_iter().take(most.fields).chain(left_out);
    fields.map(move |(name, field)| KeyValue::new(full_key(prefix, name), to_value(field, most)))
}

fn left_out(fields: &Fields, most: Most) -> i64 {
    let (mut count, mut left_out) = (0_usize, 0);
    for (_, field) in fields.iter() {
        count += 1;
        if let Field::List(texts) = field {
            left_out += texts.len().saturating_sub(most.entries);
        }
    }
    left_out += count.saturating_sub(most.fields);
    i64::try_from(left_out).unwrap_or(i64::MAX)
}

/// A name behind its prefix. Most names stand in the program, so there are few,
/// and each is put together once for each thread. It is found again by where it
/// stands, which is quicker than by what it says.
fn full_key(prefix: &'static str, name: Cow<'static, str>) -> Key {
    type Place = (*const u8, usize, *const u8, usize);
    thread_local! {
        static KEYS: RefCell<HashMap<Place, Key, FxBuildHasher>> = RefCell::default();
    }
    match name {
        Cow::Borrowed(name) if prefix.is_empty() => Key::from_static_str(name),
        Cow::Borrowed(name) => KEYS.with_borrow_mut(|keys| {
            let place = (prefix.as_ptr(), prefix.len(), name.as_ptr(), name.len());
            let whole = || Key::from(Arc::<str>::from(format!("{prefix}{name}")));
            keys.entry(place).or_insert_with(whole).clone()
        }),
        Cow::Owned(name) => Key::from(format!("{prefix}{name}")),
    }
}

fn to_value(field: Field, most: Most) -> Value {
    match field {
        Field::Integer(value) => value.into(),
        Field::Flag(value) => value.into(),
        Field::Text(text) => cut(text).into(),
        Field::List(texts) => {
            let texts = texts.into_iter().take(most.entries);
            let list = texts.map(|text| StringValue::from(cut(text)));
            Value::Array(Array::String(list.collect()))
        }
    }
}

fn cut(text: String) -> String {
    match text.char_indices().find(|(at, _)| *at >= LONGEST_TEXT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text,
    }
}

fn text(text: Cow<'static, str>) -> StringValue {
    match text {
        Cow::Borrowed(text) => StringValue::from(text),
        Cow::Owned(text) => StringValue::from(text),
    }
}

/// Ids are names, not amounts.
fn hex(id: u64) -> String {
    format!("{id:016x}")
}

fn integer(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Attributes of an output, and what is said to be left out of it.
    fn recorded(fields: Fields) -> (usize, Option<i64>) {
        let (_, attributes) = event_of(Event::Said {
            kind: "Said".into(),
            fields,
        });
        let left_out = attributes
            .iter()
            .find(|one| one.key.as_str() == key::LEFT_OUT);
        let number = left_out.map(|one| match one.value {
            Value::I64(number) => number,
            ref other => panic!("{other:?}"),
        });
        (attributes.len() - usize::from(number.is_some()), number)
    }

    fn fields(count: usize) -> Fields {
        (0..count)
            .map(|number| (format!("f{number}").into(), Field::Flag(true)))
            .collect()
    }

    #[test]
    fn what_is_too_long_to_record_is_counted() {
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
