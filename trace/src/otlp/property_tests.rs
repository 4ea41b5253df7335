//! Random OTLP, as JSON and as protobuf: valid, damaged, or arbitrary.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use property::proptest::collection::vec;
use property::proptest::prelude::{BoxedStrategy, Just, Strategy, any, prop_oneof};
use property::proptest::{num, option, prop_assert, prop_assert_eq};
use property::{check, hostile};
use prost::Message as _;

use super::*;

/// The limit on memory growth: the protobuf of the spans that were read, as a multiple of
/// the document's length. Names are shorter there than in JSON.
const MOST_GROWTH: usize = 4;

fn words() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => "[a-z.]{0,12}",
        1 => vec(any::<char>(), 0..8).prop_map(String::from_iter),
        1 => Just("service.name".to_owned()),
    ]
}

fn value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        words().prop_map(Value::StringValue),
        any::<bool>().prop_map(Value::BoolValue),
        any::<i64>().prop_map(Value::IntValue),
        (num::f64::NORMAL | num::f64::ZERO | num::f64::INFINITE).prop_map(Value::DoubleValue),
        vec(any::<u8>(), 0..12).prop_map(Value::BytesValue),
    ];
    let nested = leaf.prop_recursive(3, 12, 4, |inner| {
        let some = vec(option::of(inner), 0..4);
        let list = some.clone().prop_map(|values| {
            let values = values.into_iter().map(|value| AnyValue { value });
            let values = values.collect();
            Value::ArrayValue(ArrayValue { values })
        });
        let map = (some, words()).prop_map(|(values, key)| {
            let values = values.into_iter().map(|value| key_value(&key, value));
            let values = values.collect();
            Value::KvlistValue(KeyValueList { values })
        });
        prop_oneof![list, map]
    });
    nested.boxed()
}

fn key_value(key: &str, value: Option<Value>) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: value.map(|value| AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

fn attributes() -> impl Strategy<Value = Vec<KeyValue>> {
    let one = (words(), option::of(value()));
    vec(one.prop_map(|(key, value)| key_value(&key, value)), 0..4)
}

fn id(length: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![9 => vec(any::<u8>(), length), 1 => vec(any::<u8>(), 0..20)]
}

fn event() -> impl Strategy<Value = Event> {
    let fields = (any::<u64>(), words(), attributes(), any::<u32>());
    fields.prop_map(
        |(time_unix_nano, name, attributes, dropped_attributes_count)| Event {
            time_unix_nano,
            name,
            attributes,
            dropped_attributes_count,
        },
    )
}

fn link() -> impl Strategy<Value = Link> {
    let ids = (id(16), id(8));
    (ids, words(), attributes(), any::<[u32; 2]>()).prop_map(
        |((trace_id, span_id), trace_state, attributes, [dropped, flags])| Link {
            trace_id,
            span_id,
            trace_state,
            attributes,
            dropped_attributes_count: dropped,
            flags,
        },
    )
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), prop_oneof![Just(vec![]), id(8)]);
    let times = any::<[u64; 2]>();
    let numbers = any::<[u32; 4]>();
    let status = option::of((words(), 0..3_i32));
    let status = status.prop_map(|status| status.map(|(message, code)| Status { message, code }));
    let text = (words(), words(), 0..6_i32);
    let lists = (attributes(), vec(event(), 0..3), vec(link(), 0..3));
    (ids, times, numbers, status, text, lists).prop_map(
        |(ids, times, numbers, status, (name, trace_state, kind), (attributes, events, links))| {
            Span {
                trace_id: ids.0,
                span_id: ids.1,
                parent_span_id: ids.2,
                trace_state,
                flags: numbers[0],
                name,
                kind,
                start_time_unix_nano: times[0],
                end_time_unix_nano: times[1],
                attributes,
                dropped_attributes_count: numbers[1],
                events,
                dropped_events_count: numbers[2],
                links,
                dropped_links_count: numbers[3],
                status,
            }
        },
    )
}

/// Up to two resources of up to two scopes of up to two spans, with everything
/// that OTLP lets a span have.
pub(crate) fn traces() -> impl Strategy<Value = TracesData> {
    let scope = (words(), words(), attributes(), any::<u32>()).prop_map(
        |(name, version, attributes, dropped_attributes_count)| InstrumentationScope {
            name,
            version,
            attributes,
            dropped_attributes_count,
        },
    );
    let scope_spans = (option::of(scope), vec(span(), 0..3), words());
    let scope_spans = scope_spans.prop_map(|(scope, spans, schema_url)| ScopeSpans {
        scope,
        spans,
        schema_url,
    });
    let resource = (attributes(), any::<u32>()).prop_map(|(attributes, dropped)| Resource {
        attributes,
        dropped_attributes_count: dropped,
        entity_refs: vec![],
    });
    let around = (option::of(resource), vec(scope_spans, 0..3), words());
    let around = around.prop_map(|(resource, scope_spans, schema_url)| ResourceSpans {
        resource,
        scope_spans,
        schema_url,
    });
    vec(around, 0..3).prop_map(|resource_spans| TracesData { resource_spans })
}

pub(crate) fn json(data: &TracesData) -> Vec<u8> {
    serde_json::to_vec(&Json(data)).expect("memory takes everything")
}

fn whole(data: TracesData) -> Read {
    let left_out = LeftOut::default();
    Read { data, left_out }
}

#[test]
fn spans_survive_the_round_trip() {
    check(256, traces(), |data| {
        let text = json(&data);
        let read = read(&text).map_err(|error| error.to_string());
        prop_assert_eq!(read, Ok(whole(data.clone())));
        let saved = read_saved(&text, 1).map_err(|error| error.to_string());
        prop_assert_eq!(saved, Ok(whole(data.clone())));
        let protobuf = read_protobuf(data.encode_to_vec().into());
        prop_assert_eq!(protobuf, Ok(whole(data)));
        Ok(())
    });
}

/// Left-out spans are counted, and the first error has its place or its reason.
fn names_what_is_left_out(left_out: &LeftOut) -> bool {
    match &left_out.first {
        None => left_out.spans == 0,
        Some(why) => left_out.spans > 0 && !why.is_empty(),
    }
}

#[test]
fn damaged_json_is_read_or_rejected_with_the_place() {
    let texts = hostile(traces().prop_map(|data| json(&data)));
    check(512, texts, |text| match read(&text) {
        Ok(read) => {
            prop_assert!(names_what_is_left_out(&read.left_out), "{:?}", read);
            let length = read.data.encoded_len();
            prop_assert!(length <= MOST_GROWTH * text.len(), "{} bytes", length);
            let again = super::read(&json(&read.data)).map_err(|error| error.to_string());
            prop_assert_eq!(again.map(|again| again.data.encode_to_vec()), {
                // As bytes: NaN is not equal to itself.
                Ok(read.data.encode_to_vec())
            });
            Ok(())
        }
        Err(error) => {
            let text = error.to_string();
            prop_assert!(text.contains(" at line "), "{}", text);
            Ok(())
        }
    });
}

#[test]
fn damaged_protobuf_is_read_or_rejected() {
    let requests = hostile(traces().prop_map(|data| data.encode_to_vec()));
    check(512, requests, |bytes| {
        match read_protobuf(bytes.clone().into()) {
            Ok(read) => {
                prop_assert!(names_what_is_left_out(&read.left_out), "{:?}", read);
                let length = read.data.encoded_len();
                prop_assert!(length <= MOST_GROWTH * bytes.len(), "{} bytes", length);
            }
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
        Ok(())
    });
}
