//! Direct encoding of spans made with the OpenTelemetry API: from the SDK's `SpanData`
//! to the bytes that [`codec::split`](super::codec::split) makes of an OTLP `Span`,
//! without an intermediate `Span`, which costs an allocation for every text.

use opentelemetry::trace::{SpanId, SpanKind, Status, TraceId};
use opentelemetry::{KeyValue, Value};
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;

use super::BadSpan;
use super::codec::Head;
use super::encode::{key, nested, number, single, string, varint};
use crate::time::unix_nano;

/// Splits a span, and appends all but its head and name to `rest`.
pub(crate) fn split(span: &SpanData, rest: &mut Vec<u8>) -> Result<Head, BadSpan> {
    let (trace, id) = (span.span_context.trace_id(), span.span_context.span_id());
    if trace == TraceId::INVALID {
        return Err(BadSpan::TraceId);
    }
    if id == SpanId::INVALID {
        return Err(BadSpan::SpanId);
    }
    single(
        &span.span_context,
        span.parent_span_is_remote,
        &span.status,
        rest,
    );
    number(
        key::DROPPED_ATTRIBUTES,
        span.dropped_attributes_count.into(),
        rest,
    );
    number(key::DROPPED_EVENTS, span.events.dropped_count.into(), rest);
    number(key::DROPPED_LINKS, span.links.dropped_count.into(), rest);
    for attribute in &span.attributes {
        key_value(key::ATTRIBUTE, attribute, rest);
    }
    for event in &span.events.events {
        nested(key::EVENT, rest, |rest| {
            rest.push(key::EVENT_TIME);
            rest.extend(unix_nano(event.timestamp).to_le_bytes());
            string(key::EVENT_NAME, &event.name, rest);
            for attribute in &event.attributes {
                key_value(key::EVENT_ATTRIBUTE, attribute, rest);
            }
            number(
                key::EVENT_DROPPED,
                event.dropped_attributes_count.into(),
                rest,
            );
        });
    }
    for link in &span.links.links {
        let link = Link::from(link.clone());
        nested(key::LINK, rest, |rest| {
            link.encode(rest).expect("a Vec grows as needed");
        });
    }
    Ok(Head {
        trace: trace.to_bytes(),
        id: u64::from_be_bytes(id.to_bytes()),
        parent: u64::from_be_bytes(span.parent_span_id.to_bytes()),
        start: unix_nano(span.start_time),
        end: unix_nano(span.end_time),
        kind: kind_number(&span.span_kind),
        error: matches!(span.status, Status::Error { .. }),
    })
}

/// As OTLP numbers them.
pub(crate) fn kind_number(kind: &SpanKind) -> u8 {
    match kind {
        SpanKind::Internal => 1,
        SpanKind::Server => 2,
        SpanKind::Client => 3,
        SpanKind::Producer => 4,
        SpanKind::Consumer => 5,
    }
}

fn key_value(tag: u8, attribute: &KeyValue, out: &mut Vec<u8>) {
    nested(tag, out, |out| {
        string(key::NAME, attribute.key.as_str(), out);
        nested(key::VALUE, out, |out| value(&attribute.value, out));
    });
}

fn value(value: &Value, out: &mut Vec<u8>) {
    match value {
        // Inside a oneof, even zero is written.
        Value::String(text) => string(key::STRING, text.as_str(), out),
        Value::Bool(flag) => out.extend_from_slice(&[key::BOOL, u8::from(*flag)]),
        Value::I64(number) => {
            out.push(key::INT);
            varint(number.cast_unsigned(), out);
        }
        other => {
            let other = AnyValue::from(other.clone());
            other.encode(out).expect("a Vec grows as needed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::time::{Duration, UNIX_EPOCH};

    use opentelemetry::trace::{Event, SpanContext, TraceFlags, TraceState};
    use opentelemetry::{Array, InstrumentationScope, StringValue};
    use opentelemetry_sdk::trace::{SpanEvents, SpanLinks};

    use opentelemetry_proto::tonic::trace::v1::Span;

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
    fn the_direct_encoding_equals_the_one_of_the_otlp_span() {
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
    fn a_span_without_ids_is_rejected() {
        let span = SpanData {
            span_context: SpanContext::NONE,
            ..span()
        };
        assert_eq!(split(&span, &mut Vec::new()), Err(BadSpan::TraceId));
    }
}
