//! Which attributes a step's span and its events have.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::SystemTime;

use algorithms::{Field, Fields, Role};
use opentelemetry::trace::SpanRef;
use opentelemetry::{Array, Key, KeyValue, StringValue, Value};

use super::{Clock, Event, MessageRecord, Received, ReceivedRecord, StepRecord};
use crate::channel::unix_nano;

/// The names of attributes.
pub mod key {
    /// The number of a step in its process.
    pub const STEP: &str = "p2p.step";
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
}

/// Stands before the names of a state's fields.
pub const STATE: &str = "state.";
/// Stands before the names of a message's fields.
pub const MESSAGE: &str = "message.";

/// How much of a state, a message or an output goes into a span: so many
/// fields, texts of so many bytes, lists of so many entries. Guesses; what is
/// cut says so.
const MOST_FIELDS: usize = 64;
const LONGEST_TEXT: usize = 1024;
const LONGEST_LIST: usize = 1024;

/// What a step tells of the message that it handles.
pub(super) fn received(
    record: Option<&ReceivedRecord>,
    received: &Received,
    role: Role,
    clock: &Clock,
) -> Vec<KeyValue> {
    let Some(record) = record else {
        return Vec::new();
    };
    // Room for what may follow.
    let mut attributes = Vec::with_capacity(12);
    let remote = Arc::clone(&record.from);
    message(record.message.clone(), remote, &mut attributes);
    attributes.push(KeyValue::new(key::SEQUENCE, integer(record.sequence)));
    attributes.push(KeyValue::new(
        key::INCARNATION,
        i64::from(record.incarnation),
    ));
    if let Some(size) = received.size {
        attributes.push(KeyValue::new("p2p.message.size", integer(size as u64)));
    }
    if role == Role::Request {
        attributes.push(KeyValue::new("rpc.system.name", "libp2p"));
        attributes.push(KeyValue::new(
            "rpc.method",
            text(record.message.kind.clone()),
        ));
    }
    let late = |deadline: u64| deadline < unix_nano(clock.now());
    if received.deadline_unix_nano.is_some_and(late) {
        attributes.push(KeyValue::new("p2p.message.late", true));
    }
    attributes
}

pub(super) fn timer(timer: Option<&str>) -> Vec<KeyValue> {
    let timer = timer.map(|timer| KeyValue::new(key::TIMER, timer.to_owned()));
    timer.into_iter().collect()
}

pub(super) fn lost(id: u64, to: Arc<str>) -> Vec<KeyValue> {
    vec![
        KeyValue::new("error.type", "lost"),
        KeyValue::new(key::REMOTE, to),
        KeyValue::new(key::ID, hex(id)),
    ]
}

/// Notes what the step did, and the state after it.
pub(super) fn finish(span: &SpanRef<'_>, record: StepRecord, now: SystemTime) {
    if !span.is_recording() {
        return;
    }
    for event in record.events {
        match event {
            Event::Sent { to, message: sent } => {
                let mut attributes = Vec::with_capacity(8);
                message(sent, to, &mut attributes);
                span.add_event_with_timestamp("send", now, attributes);
            }
            Event::Said { kind, fields: said } => {
                span.add_event_with_timestamp(kind, now, fields("", said).collect());
            }
        }
    }
    let mut attributes = Vec::with_capacity(8);
    attributes.extend(fields(STATE, record.state));
    attributes.push(KeyValue::new(key::STEP, integer(record.number)));
    span.set_attributes(attributes);
}

fn message(message: MessageRecord, remote: Arc<str>, attributes: &mut Vec<KeyValue>) {
    attributes.push(KeyValue::new(key::KIND, text(message.kind)));
    attributes.push(KeyValue::new(key::REMOTE, remote));
    attributes.push(KeyValue::new(key::ID, hex(message.id)));
    attributes.extend(fields(MESSAGE, message.fields));
}

/// The fields of a value, each name behind `prefix`.
fn fields(prefix: &'static str, fields: Fields) -> impl Iterator<Item = KeyValue> {
    fields
        .into_iter()
        .take(MOST_FIELDS)
        .map(move |(name, field)| KeyValue::new(full_key(prefix, name), to_value(field)))
}

/// A name behind its prefix. Most names stand in the program, so there are few,
/// and each is put together once for each thread.
fn full_key(prefix: &'static str, name: Cow<'static, str>) -> Key {
    thread_local! {
        static KEYS: RefCell<HashMap<(&'static str, &'static str), Key>> = RefCell::default();
    }
    match name {
        Cow::Borrowed(name) if prefix.is_empty() => Key::from_static_str(name),
        Cow::Borrowed(name) => KEYS.with_borrow_mut(|keys| {
            let whole = || Key::from(Arc::<str>::from(format!("{prefix}{name}")));
            keys.entry((prefix, name)).or_insert_with(whole).clone()
        }),
        Cow::Owned(name) => Key::from(format!("{prefix}{name}")),
    }
}

fn to_value(field: Field) -> Value {
    match field {
        Field::Integer(value) => value.into(),
        Field::Flag(value) => value.into(),
        Field::Text(text) => cut(text).into(),
        Field::List(texts) => {
            let left_out = texts.len().saturating_sub(LONGEST_LIST);
            let mut list: Vec<StringValue> = texts
                .into_iter()
                .take(LONGEST_LIST)
                .map(|text| cut(text).into())
                .collect();
            if left_out > 0 {
                list.push(format!("… and {left_out} more").into());
            }
            Value::Array(Array::String(list))
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
