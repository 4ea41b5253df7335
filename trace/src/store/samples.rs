//! Spans made by hand, for the tests of the store and of the viewer.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};

use super::{Store, TraceId};

/// The trace that [`store`] holds.
pub const PING: TraceId = [7; 16];

/// When its first span starts.
pub const START: u64 = 1_700_000_000_000_000_001;

pub fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::StringValue(value.to_owned()))
}

pub fn texts(texts: &[&str]) -> Value {
    let text = |text: &&str| AnyValue {
        value: Some(Value::StringValue((*text).to_owned())),
    };
    Value::ArrayValue(ArrayValue {
        values: texts.iter().map(text).collect(),
    })
}

pub fn resource(name: &str) -> Resource {
    Resource {
        attributes: vec![text("service.name", name)],
        ..Resource::default()
    }
}

/// A span that starts `start` ns after [`START`] and takes 100 ns.
pub fn span(trace: TraceId, id: u8, parent: u8, name: &str, start: u64) -> Span {
    let span_id = |id: u8| vec![0, 0, 0, 0, 0, 0, 0, id];
    Span {
        trace_id: trace.to_vec(),
        span_id: span_id(id),
        parent_span_id: if parent == 0 {
            Vec::new()
        } else {
            span_id(parent)
        },
        name: name.to_owned(),
        kind: 1,
        start_time_unix_nano: START + start,
        end_time_unix_nano: START + start + 100,
        ..Span::default()
    }
}

/// A span with everything that OTLP lets a span have.
pub fn rich_span() -> Span {
    Span {
        trace_state: "vendor=1".into(),
        flags: 0x101,
        kind: 3,
        attributes: vec![
            attribute("p2p.sequence", Value::IntValue(i64::MAX)),
            attribute("negative", Value::IntValue(i64::MIN)),
            attribute("payload", Value::BytesValue(vec![0, 255, 128])),
            attribute("ratio", Value::DoubleValue(0.1)),
            attribute("ok", Value::BoolValue(false)),
            text(
                "grüße",
                "Ω ≠ \u{1F980} \u{0} \" <img src=x onerror=alert(1)>",
            ),
            attribute(
                "list",
                Value::ArrayValue(ArrayValue {
                    values: vec![
                        AnyValue {
                            value: Some(Value::IntValue(-1)),
                        },
                        AnyValue::default(),
                    ],
                }),
            ),
            KeyValue {
                key: "empty".into(),
                ..KeyValue::default()
            },
        ],
        dropped_attributes_count: 2,
        events: vec![Event {
            time_unix_nano: START + 5,
            name: "sent".into(),
            attributes: vec![text("to", "peer-1")],
            dropped_attributes_count: 1,
        }],
        dropped_events_count: 3,
        links: vec![Link {
            trace_id: vec![9; 16],
            span_id: vec![9; 8],
            trace_state: "a=b".into(),
            attributes: vec![text("why", "fan-in")],
            dropped_attributes_count: 4,
            flags: 1,
        }],
        dropped_links_count: 5,
        status: Some(Status {
            message: "timed out".into(),
            code: 2,
        }),
        ..span(PING, 1, 0, "ping", 0)
    }
}

/// Two peers and one trace: `ping` on peer-0 with an error, `PING` on peer-1,
/// and a span whose parent is nowhere.
pub fn store() -> Store {
    let store = Store::new();
    let first = store.add_service(resource("peer-0"));
    let second = store.add_service(resource("peer-1"));
    store.insert(first, &rich_span()).expect("a good span");
    store
        .insert(second, &span(PING, 2, 1, "PING", 10))
        .expect("a good span");
    store
        .insert(second, &span(PING, 3, 77, "lost", 900))
        .expect("a good span");
    store
}
