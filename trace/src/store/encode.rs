//! Parts of a span as OTLP protobuf, written once into their final place.
//!
//! A step is recorded with this: its attributes, events and status go straight
//! into the bytes that the store keeps, without a value of the SDK in between. The
//! other spans of a run are made with the OpenTelemetry API and written here when
//! they end (`own.rs`).

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use opentelemetry::trace::{SpanContext, Status};
use opentelemetry_proto::tonic::trace::v1::SpanFlags;
use opentelemetry_sdk::trace::SpanLimits;

use super::keys;

/// The limits of one span. The SDK's 128 events are too few for a step that sends to every
/// peer of a large network, and its 128 attributes of an event too few for an output with
/// a field for each of them.
pub(crate) const LIMITS: SpanLimits = SpanLimits {
    max_events_per_span: 65_536,
    max_attributes_per_span: 128,
    max_links_per_span: 65_536,
    max_attributes_per_event: 1040,
    max_attributes_per_link: 128,
};

/// The keys of fields (number << 3 | wire type), from
/// opentelemetry/proto/trace/v1/trace.proto and common/v1/common.proto.
pub(super) mod key {
    pub(in crate::store) const TRACE_STATE: u8 = 3 << 3 | 2;
    pub(in crate::store) const ATTRIBUTE: u8 = 9 << 3 | 2;
    pub(in crate::store) const DROPPED_ATTRIBUTES: u8 = 10 << 3;
    pub(in crate::store) const EVENT: u8 = 11 << 3 | 2;
    pub(in crate::store) const DROPPED_EVENTS: u8 = 12 << 3;
    pub(in crate::store) const LINK: u8 = 13 << 3 | 2;
    pub(in crate::store) const DROPPED_LINKS: u8 = 14 << 3;
    pub(in crate::store) const STATUS: u8 = 15 << 3 | 2;
    /// Number 16, whose key has two bytes.
    pub(in crate::store) const FLAGS: [u8; 2] = [0x80 | (16 << 3 | 5) as u8 & 0x7f, 1];
    pub(in crate::store) const EVENT_TIME: u8 = 1 << 3 | 1;
    pub(in crate::store) const EVENT_NAME: u8 = 2 << 3 | 2;
    pub(in crate::store) const EVENT_ATTRIBUTE: u8 = 3 << 3 | 2;
    pub(in crate::store) const EVENT_DROPPED: u8 = 4 << 3;
    pub(in crate::store) const LINK_TRACE: u8 = 1 << 3 | 2;
    pub(in crate::store) const LINK_SPAN: u8 = 2 << 3 | 2;
    pub(in crate::store) const LINK_STATE: u8 = 3 << 3 | 2;
    pub(in crate::store) const LINK_FLAGS: u8 = 6 << 3 | 5;
    pub(in crate::store) const STATUS_MESSAGE: u8 = 2 << 3 | 2;
    pub(in crate::store) const STATUS_CODE: u8 = 3 << 3;
    pub(in crate::store) const NAME: u8 = 1 << 3 | 2;
    pub(in crate::store) const VALUE: u8 = 2 << 3 | 2;
    pub(in crate::store) const NAME_NUMBER: u8 = 3 << 3;
    pub(in crate::store) const STRING: u8 = 1 << 3 | 2;
    pub(in crate::store) const BOOL: u8 = 2 << 3;
    pub(in crate::store) const INT: u8 = 3 << 3;
    pub(in crate::store) const LIST: u8 = 5 << 3 | 2;
    pub(in crate::store) const ENTRY: u8 = 1 << 3 | 2;
}

/// Marks a span whose attribute names are written as numbers. It is the first field of
/// the span, and one that OTLP does not have: decoding drops it.
const NUMBERED: [u8; 3] = [0x80 | (31 << 3) as u8, (31 << 3 >> 7) as u8, 1];

/// How long a text of an algorithm's may be, in bytes; one that is cut ends with
/// an ellipsis. Guess.
const LONGEST_TEXT: usize = 1024;

/// A buffer that is larger is not kept for the next span.
const LARGEST_SPARE: usize = 64 << 10;

/// The value of an attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Value<'a> {
    Text(Text<'a>),
    Integer(i64),
    Flag(bool),
    /// An id, written as 16 hexadecimal digits: it is a name, and not an amount.
    Id(u64),
    /// The entries of a list, each cut if it is too long.
    List(&'a [Arc<str>]),
}

/// A text, and its suffix.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) text: &'a str,
    pub(crate) end: &'static str,
}

impl<'a> Text<'a> {
    /// All of it.
    pub(crate) fn whole(text: &'a str) -> Self {
        Self { text, end: "" }
    }

    /// Its beginning, where it is too long.
    pub(crate) fn cut(text: &'a str) -> Self {
        if text.len() <= LONGEST_TEXT {
            return Self::whole(text);
        }
        let end = (LONGEST_TEXT..text.len()).find(|at| text.is_char_boundary(*at));
        match end {
            Some(at) => Self {
                text: &text[..at],
                end: "…",
            },
            None => Self::whole(text),
        }
    }

    fn len(self) -> usize {
        self.text.len() + self.end.len()
    }
}

impl Value<'_> {
    /// The bytes that it takes as an `AnyValue`.
    fn len(self) -> usize {
        match self {
            Self::Text(text) => length(text.len()),
            Self::Integer(value) => 1 + varint_length(value.cast_unsigned()),
            Self::Flag(_) => 2,
            Self::Id(_) => length(16),
            Self::List(texts) => length(entries(texts)),
        }
    }

    fn write(self, out: &mut Vec<u8>) {
        match self {
            Self::Text(text) => write_text(text, out),
            Self::Integer(value) => {
                out.push(key::INT);
                varint(value.cast_unsigned(), out);
            }
            Self::Flag(value) => out.extend_from_slice(&[key::BOOL, value.into()]),
            Self::Id(id) => {
                out.extend_from_slice(&[key::STRING, 16]);
                out.extend_from_slice(&digits(id));
            }
            Self::List(texts) => {
                head(key::LIST, entries(texts), out);
                for text in texts.iter().map(|text| Text::cut(text)) {
                    head(key::ENTRY, length(text.len()), out);
                    write_text(text, out);
                }
            }
        }
    }
}

/// A receiver of attributes, whose names have two parts.
pub(crate) trait Attributes {
    /// Adds one.
    fn add(&mut self, prefix: &'static str, name: Cow<'static, str>, value: Value<'_>);

    /// Adds one whose name has no prefix.
    fn set(&mut self, name: &'static str, value: Value<'_>) {
        self.add("", Cow::Borrowed(name), value);
    }
}

/// A counter with a limit.
#[derive(Clone, Copy, Debug, Default)]
struct Count {
    kept: u32,
    dropped: u32,
}

impl Count {
    /// Counts one more, and returns whether it is within the limit.
    fn take(&mut self, most: u32) -> bool {
        let room = self.kept < most;
        *if room {
            &mut self.kept
        } else {
            &mut self.dropped
        } += 1;
        room
    }
}

/// A span that is being written: all of it but its head and its name. It keeps to
/// the same limits as spans of the API.
#[derive(Debug)]
pub(crate) struct SpanEncoder {
    bytes: Vec<u8>,
    attributes: Count,
    events: Count,
}

thread_local! {
    /// Kept from one span to the next, so that none costs an allocation.
    static SPARE: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl SpanEncoder {
    /// An empty span.
    pub(crate) fn new() -> Self {
        let mut bytes = SPARE.take();
        bytes.clear();
        bytes.extend_from_slice(&NUMBERED);
        Self {
            bytes,
            attributes: Count::default(),
            events: Count::default(),
        }
    }

    /// Adds an event at a time in nanoseconds since 1970.
    pub(crate) fn event(&mut self, time: u64, name: &str, add: impl FnOnce(&mut EventEncoder<'_>)) {
        if !self.events.take(LIMITS.max_events_per_span) {
            return;
        }
        nested(key::EVENT, &mut self.bytes, |bytes| {
            bytes.push(key::EVENT_TIME);
            bytes.extend_from_slice(&time.to_le_bytes());
            string(key::EVENT_NAME, name, bytes);
            let mut event = EventEncoder {
                bytes,
                attributes: Count::default(),
            };
            add(&mut event);
            let dropped = event.attributes.dropped;
            number(key::EVENT_DROPPED, dropped.into(), bytes);
        });
    }

    /// Adds a link without attributes.
    pub(crate) fn link(&mut self, to: &SpanContext) {
        nested(key::LINK, &mut self.bytes, |bytes| {
            bytes.extend_from_slice(&[key::LINK_TRACE, 16]);
            bytes.extend_from_slice(&to.trace_id().to_bytes());
            bytes.extend_from_slice(&[key::LINK_SPAN, 8]);
            bytes.extend_from_slice(&to.span_id().to_bytes());
            state(key::LINK_STATE, to, bytes);
            bytes.push(key::LINK_FLAGS);
            bytes.extend_from_slice(&flags(to, to.is_remote()).to_le_bytes());
        });
    }

    /// Adds the fields that occur once. Returns the whole encoding.
    pub(crate) fn end(
        &mut self,
        context: &SpanContext,
        parent_is_remote: bool,
        status: &Status,
    ) -> &[u8] {
        let bytes = &mut self.bytes;
        number(
            key::DROPPED_ATTRIBUTES,
            self.attributes.dropped.into(),
            bytes,
        );
        number(key::DROPPED_EVENTS, self.events.dropped.into(), bytes);
        single(context, parent_is_remote, status, bytes);
        bytes
    }
}

impl Attributes for SpanEncoder {
    fn add(&mut self, prefix: &'static str, name: Cow<'static, str>, value: Value<'_>) {
        if self.attributes.take(LIMITS.max_attributes_per_span) {
            attribute(key::ATTRIBUTE, prefix, name, value, &mut self.bytes);
        }
    }
}

/// Keeps the buffer for the next span.
impl Drop for SpanEncoder {
    fn drop(&mut self) {
        if self.bytes.capacity() <= LARGEST_SPARE {
            SPARE.set(std::mem::take(&mut self.bytes));
        }
    }
}

/// An event that is being written.
#[derive(Debug)]
pub(crate) struct EventEncoder<'a> {
    bytes: &'a mut Vec<u8>,
    attributes: Count,
}

impl Attributes for EventEncoder<'_> {
    fn add(&mut self, prefix: &'static str, name: Cow<'static, str>, value: Value<'_>) {
        if self.attributes.take(LIMITS.max_attributes_per_event) {
            attribute(key::EVENT_ATTRIBUTE, prefix, name, value, self.bytes);
        }
    }
}

/// The state of the trace, the flags and the status.
pub(super) fn single(
    context: &SpanContext,
    parent_is_remote: bool,
    status: &Status,
    out: &mut Vec<u8>,
) {
    state(key::TRACE_STATE, context, out);
    match status {
        Status::Unset => out.extend_from_slice(&[key::STATUS, 0]),
        Status::Ok => out.extend_from_slice(&[key::STATUS, 2, key::STATUS_CODE, 1]),
        Status::Error { description } => nested(key::STATUS, out, |out| {
            if !description.is_empty() {
                string(key::STATUS_MESSAGE, description, out);
            }
            out.extend_from_slice(&[key::STATUS_CODE, 2]);
        }),
    }
    out.extend_from_slice(&key::FLAGS);
    out.extend_from_slice(&flags(context, parent_is_remote).to_le_bytes());
}

fn flags(context: &SpanContext, is_remote: bool) -> u32 {
    let remote = match is_remote {
        true => SpanFlags::ContextIsRemoteMask as u32,
        false => 0,
    };
    u32::from(context.trace_flags().to_u8()) | SpanFlags::ContextHasIsRemoteMask as u32 | remote
}

fn state(key: u8, context: &SpanContext, out: &mut Vec<u8>) {
    let state = context.trace_state().header();
    if !state.is_empty() {
        string(key, &state, out);
    }
}

/// Whether the attribute names of this span are written as numbers.
pub(super) fn is_numbered(rest: &[u8]) -> bool {
    rest.starts_with(&NUMBERED)
}

/// An attribute. Its lengths are known before it is written.
fn attribute(
    key: u8,
    prefix: &'static str,
    name: Cow<'static, str>,
    value: Value<'_>,
    out: &mut Vec<u8>,
) {
    let number = match name {
        Cow::Borrowed(name) => keys::number(prefix, name),
        Cow::Owned(_) => None,
    };
    match number {
        Some(number @ ..0x4000) => numbered(key, number, value, out),
        Some(0x4000..) | None => {
            let (name_length, value_length) = (prefix.len() + name.len(), value.len());
            head(key, length(name_length) + length(value_length), out);
            head(key::NAME, name_length, out);
            out.extend_from_slice(prefix.as_bytes());
            out.extend_from_slice(name.as_bytes());
            head(key::VALUE, value_length, out);
            value.write(out);
        }
    }
}

/// An attribute whose name is written as a number, of two bytes. If all lengths have one byte,
/// everything before the value is written at once.
fn numbered(key: u8, name: u32, value: Value<'_>, out: &mut Vec<u8>) {
    let length = value.len();
    let [low, high] = [name as u8 | 0x80, (name >> 7) as u8];
    if length < 0x80 - 5 {
        let inner = length as u8 + 5;
        let around = [
            key,
            inner,
            key::NAME_NUMBER,
            low,
            high,
            key::VALUE,
            length as u8,
        ];
        out.extend_from_slice(&around);
    } else {
        head(key, 3 + self::length(length), out);
        out.extend_from_slice(&[key::NAME_NUMBER, low, high]);
        head(key::VALUE, length, out);
    }
    value.write(out);
}

/// A number that is left out when it is zero.
pub(super) fn number(key: u8, value: u64, out: &mut Vec<u8>) {
    if value > 0 {
        out.push(key);
        varint(value, out);
    }
}

pub(super) fn string(key: u8, text: &str, out: &mut Vec<u8>) {
    head(key, text.len(), out);
    out.extend_from_slice(text.as_bytes());
}

fn write_text(text: Text<'_>, out: &mut Vec<u8>) {
    head(key::STRING, text.len(), out);
    out.extend_from_slice(text.text.as_bytes());
    out.extend_from_slice(text.end.as_bytes());
}

/// Writes a nested message. Its length comes first and is known last: most lengths fit
/// in the two bytes that are reserved for them.
pub(super) fn nested(key: u8, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&[key, 0, 0]);
    let from = out.len();
    write(out);
    let end = out.len();
    let length = end - from;
    let mut bytes = [0; 10];
    let needs = put_varint(length as u64, &mut bytes);
    let to = from - 2 + needs;
    if to > from {
        out.resize(end + to - from, 0);
    }
    if to != from {
        out.copy_within(from..end, to);
        out.truncate(to + length);
    }
    out[from - 2..to].copy_from_slice(&bytes[..needs]);
}

/// The key and the length before a text or a message.
fn head(key: u8, length: usize, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(length @ ..0x80) => out.extend_from_slice(&[key, length]),
        Ok(0x80..) | Err(_) => {
            out.push(key);
            varint(length as u64, out);
        }
    }
}

/// The size of a text or a message of that length, with its key and length.
fn length(length: usize) -> usize {
    1 + varint_length(length as u64) + length
}

/// The bytes of the entries of a list.
fn entries(texts: &[Arc<str>]) -> usize {
    let texts = texts.iter().map(|text| Text::cut(text).len());
    texts.map(|text| length(length(text))).sum()
}

fn varint_length(value: u64) -> usize {
    // Seven bits to a byte, and one byte at least: as `prost` divides by seven.
    (((value | 1).ilog2() * 9 + 73) / 64) as usize
}

pub(super) fn varint(value: u64, out: &mut Vec<u8>) {
    let mut bytes = [0; 10];
    let end = out.len() + put_varint(value, &mut bytes);
    // Copying all of them is faster than copying some.
    out.extend_from_slice(&bytes);
    out.truncate(end);
}

fn put_varint(mut value: u64, bytes: &mut [u8; 10]) -> usize {
    let mut count = 0;
    while value >= 0x80 {
        bytes[count] = value as u8 | 0x80;
        value >>= 7;
        count += 1;
    }
    bytes[count] = value as u8;
    count + 1
}

fn digits(id: u64) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    std::array::from_fn(|place| DIGITS[(id >> (60 - 4 * place)) as usize & 0xf])
}
