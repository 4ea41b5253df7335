//! The run's own spans on their short way into the store: from the SDK's
//! `SpanData` to the bytes that [`codec::split`](super::codec::split) makes of
//! an OTLP `Span`, without the `Span` between. That costs an allocation for
//! every text, and a run's own spans have to cost little.

use std::time::{SystemTime, UNIX_EPOCH};

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry::{KeyValue, Value};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{Span, SpanFlags, Status as OtlpStatus, status};
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};

use super::BadSpan;
use super::codec::Head;

/// The numbers of fields, from opentelemetry/proto/trace/v1/trace.proto and
/// common/v1/common.proto.
mod field {
    pub(super) const ATTRIBUTES: u32 = 9;
    pub(super) const EVENTS: u32 = 11;
    pub(super) const LINKS: u32 = 13;
    pub(super) const EVENT_TIME: u32 = 1;
    pub(super) const EVENT_NAME: u32 = 2;
    pub(super) const EVENT_ATTRIBUTES: u32 = 3;
    pub(super) const EVENT_DROPPED: u32 = 4;
    pub(super) const KEY: u32 = 1;
    pub(super) const VALUE: u32 = 2;
    pub(super) const STRING: u32 = 1;
    pub(super) const BOOL: u32 = 2;
    pub(super) const INT: u32 = 3;
}

/// Takes a span apart, and appends what is neither head nor name to `rest`.
pub(super) fn split(span: &SpanData, rest: &mut Vec<u8>) -> Result<Head, BadSpan> {
    let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
    if trace == TraceId::INVALID {
        return Err(BadSpan::TraceId);
    }
    if id == SpanId::INVALID {
        return Err(BadSpan::SpanId);
    }
    single(span).encode(rest).expect("a Vec grows as needed");
    for attribute in &span.attributes {
        key_value(field::ATTRIBUTES, attribute, rest);
    }
    for event in &span.events.events {
        nested(field::EVENTS, rest, |rest| {
            encode_key(field::EVENT_TIME, WireType::SixtyFourBit, rest);
            rest.extend(nanos(event.timestamp).to_le_bytes());
            text(field::EVENT_NAME, &event.name, rest);
            for attribute in &event.attributes {
                key_value(field::EVENT_ATTRIBUTES, attribute, rest);
            }
            if event.dropped_attributes_count > 0 {
                encode_key(field::EVENT_DROPPED, WireType::Varint, rest);
                encode_varint(event.dropped_attributes_count.into(), rest);
            }
        });
    }
    for link in &span.links.links {
        let link = Link::from(link.clone());
        nested(field::LINKS, rest, |rest| {
            link.encode(rest).expect("a Vec grows as needed");
        });
    }
    Ok(Head {
        trace: trace.to_bytes(),
        id: u64::from_be_bytes(id.to_bytes()),
        parent: u64::from_be_bytes(span.parent_span_id.to_bytes()),
        start: nanos(span.start_time),
        end: nanos(span.end_time),
        kind: match span.span_kind {
            SpanKind::Internal => 1,
            SpanKind::Server => 2,
            SpanKind::Client => 3,
            SpanKind::Producer => 4,
            SpanKind::Consumer => 5,
        },
        error: matches!(span.status, Status::Error { .. }),
    })
}

/// What is there once, and allocates nothing but an error's text.
fn single(span: &SpanData) -> Span {
    let remote = span.parent_span_is_remote;
    let is_remote = if remote {
        SpanFlags::ContextIsRemoteMask as u32
    } else {
        0
    };
    Span {
        trace_state: span.span_context.trace_state().header(),
        flags: u32::from(span.span_context.trace_flags().to_u8())
            | SpanFlags::ContextHasIsRemoteMask as u32
            | is_remote,
        dropped_attributes_count: span.dropped_attributes_count,
        dropped_events_count: span.events.dropped_count,
        dropped_links_count: span.links.dropped_count,
        status: Some(OtlpStatus {
            code: status::StatusCode::from(&span.status).into(),
            message: match &span.status {
                Status::Error { description } => description.to_string(),
                Status::Ok | Status::Unset => String::new(),
            },
        }),
        ..Span::default()
    }
}

fn key_value(tag: u32, attribute: &KeyValue, out: &mut Vec<u8>) {
    nested(tag, out, |out| {
        text(field::KEY, attribute.key.as_str(), out);
        nested(field::VALUE, out, |out| value(&attribute.value, out));
    });
}

fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        // Inside a oneof, even zero is written.
        Value::String(string) => text(field::STRING, string.as_str(), out),
        Value::Bool(flag) => {
            encode_key(field::BOOL, WireType::Varint, out);
            encode_varint(u64::from(*flag), out);
        }
        Value::I64(number) => {
            encode_key(field::INT, WireType::Varint, out);
            encode_varint(number.cast_unsigned(), out);
        }
        other => {
            let other = AnyValue::from(other.clone());
            other.encode(out).expect("a Vec grows as needed");
        }
    }
}

fn text(tag: u32, text: &str, out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Writes a message inside another. Its length stands before it and is known
/// after it: most fit in the one byte that is kept free for it.
fn nested(tag: u32, out: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) {
    encode_key(tag, WireType::LengthDelimited, out);
    let at = out.len();
    out.push(0);
    write(out);
    let length = out.len() - at - 1;
    if length < 0x80 {
        out[at] = length as u8;
    } else {
        let mut bytes = Vec::new();
        encode_varint(length as u64, &mut bytes);
        out.splice(at..=at, bytes);
    }
}

/// Nanoseconds since 1970; zero for what was before.
fn nanos(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::Duration;

    use opentelemetry::trace::{Event, SpanContext, TraceFlags, TraceState};
    use opentelemetry::{Array, InstrumentationScope, StringValue};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use super::*;
    use crate::store::codec;

    fn attributes() -> Vec<KeyValue> {
        vec![
            KeyValue::new("empty", ""),
            KeyValue::new("long", "x".repeat(300)),
            KeyValue::new("no", false),
            KeyValue::new("zero", 0),
            KeyValue::new("negative", -1),
            KeyValue::new("real", 0.5),
            KeyValue::new(
                "list",
                Value::Array(Array::String(vec![StringValue::from("a")])),
            ),
        ]
    }

    fn span() -> SpanData {
        let state = TraceState::from_key_value([("vendor", "1")]).expect("a valid state");
        let context = |id| {
            let id = SpanId::from(id);
            SpanContext::new(
                TraceId::from(7),
                id,
                TraceFlags::SAMPLED,
                true,
                state.clone(),
            )
        };
        let time = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001);
        let mut events = SpanEvents::default();
        events
            .events
            .push(Event::new("send", time, attributes(), 2));
        let mut links = SpanLinks::default();
        let link = opentelemetry::trace::Link::new(context(3), attributes(), 1);
        links.links.push(link);
        SpanData {
            span_context: context(9),
            parent_span_id: SpanId::from(8),
            parent_span_is_remote: true,
            span_kind: SpanKind::Consumer,
            name: Cow::Borrowed("MARKER"),
            start_time: time,
            end_time: time + Duration::from_nanos(5),
            attributes: attributes(),
            dropped_attributes_count: 4,
            events,
            links,
            status: Status::error("lost"),
            instrumentation_scope: InstrumentationScope::default(),
        }
    }

    #[test]
    fn the_short_way_says_what_the_long_way_says() {
        let bare = SpanData {
            parent_span_id: SpanId::INVALID,
            parent_span_is_remote: false,
            attributes: vec![],
            status: Status::Unset,
            ..span()
        };
        for span in [span(), bare] {
            let mut rest = Vec::new();
            let head = split(&span, &mut rest).expect("a good span");
            let long = Span::from(span);
            assert_eq!(codec::split(&long, &mut Vec::new()), Ok(head));
            assert_eq!(codec::join(&head, "MARKER", &rest), long);
        }
    }

    #[test]
    fn a_span_without_ids_is_refused() {
        let span = SpanData {
            span_context: SpanContext::NONE,
            ..span()
        };
        assert_eq!(split(&span, &mut Vec::new()), Err(BadSpan::TraceId));
    }
}
