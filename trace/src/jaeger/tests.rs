//! Jaeger's forms, byte for byte.

use opentelemetry_proto::tonic::common::v1::any_value::Value as Otlp;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::json;

use super::*;
use crate::otlp::Read;
use crate::store::samples::{self, PING, START};
use crate::store::{Query, Store};

/// The sample's trace, and one span of it.
fn rich() -> (Trace, Span) {
    let data = samples::store().trace(PING).expect("it is there");
    let mut traces = traces(data);
    let trace = traces.remove(0);
    assert_eq!(traces, []);
    let span = trace.spans[0].clone();
    (trace, span)
}

#[test]
fn a_span_has_its_fields_as_tags_and_its_links_as_references() {
    let micros = START / 1000;
    let expected = json!({
        "traceID": "07".repeat(16),
        "spanID": "0000000000000001",
        "flags": 1,
        "operationName": "ping",
        "references": [
            { "refType": "FOLLOWS_FROM", "traceID": "09".repeat(16), "spanID": "09".repeat(8) },
        ],
        "startTime": micros,
        "duration": 0,
        "tags": [
            { "key": "p2p.sequence", "type": "int64", "value": "9223372036854775807" },
            { "key": "negative", "type": "int64", "value": "-9223372036854775808" },
            { "key": "payload", "type": "binary", "value": "AP+A" },
            { "key": "ratio", "type": "float64", "value": 0.1 },
            { "key": "ok", "type": "bool", "value": false },
            {
                "key": "grüße",
                "type": "string",
                "value": "Ω ≠ \u{1F980} \u{0} \" <img src=x onerror=alert(1)>",
            },
            { "key": "list", "type": "string", "value": "[-1,null]" },
            { "key": "empty", "type": "string", "value": "" },
            { "key": "span.kind", "type": "string", "value": "client" },
            { "key": "otel.status_code", "type": "string", "value": "ERROR" },
            { "key": "error", "type": "bool", "value": true },
            { "key": "otel.status_description", "type": "string", "value": "timed out" },
            { "key": "w3c.tracestate", "type": "string", "value": "vendor=1" },
        ],
        "logs": [{
            "timestamp": micros,
            "fields": [
                { "key": "event", "type": "string", "value": "sent" },
                { "key": "to", "type": "string", "value": "peer-1" },
            ],
        }],
        "processID": "p1",
        "warnings": null,
    });
    assert_eq!(serde_json::to_value(rich().1).expect("JSON"), expected);
}

#[test]
fn parents_are_references_and_services_processes() {
    let (trace, _) = rich();
    let parents: Vec<_> = trace
        .spans
        .iter()
        .map(|span| json!(span.references))
        .collect();
    let trace_id = "07".repeat(16);
    let child = |id| json!([{ "refType": "CHILD_OF", "traceID": trace_id, "spanID": id }]);
    assert_eq!(
        parents[1..],
        [child("0000000000000001"), child("000000000000004d")]
    );
    let processes = json!({
        "p1": { "serviceName": "peer-0", "tags": [] },
        "p2": { "serviceName": "peer-1", "tags": [] },
    });
    assert_eq!(json!(trace.processes), processes);
    let users: Vec<_> = trace.spans.iter().map(|span| &*span.process_id).collect();
    assert_eq!(users, ["p1", "p2", "p2"]);
}

#[test]
fn integers_are_text_where_javascript_would_round_them() {
    for (number, written) in [
        (0, json!(0)),
        (-5, json!(-5)),
        (9_007_199_254_740_991, json!(9_007_199_254_740_991_i64)),
        (-9_007_199_254_740_991, json!(-9_007_199_254_740_991_i64)),
        (9_007_199_254_740_992, json!("9007199254740992")),
        (-9_007_199_254_740_992, json!("-9007199254740992")),
        (i64::MIN, json!("-9223372036854775808")),
    ] {
        let tag = KeyValue {
            key: "n".into(),
            value: Value::Int(number),
        };
        let json = serde_json::to_value(&tag).expect("JSON");
        assert_eq!(json["value"], written);
        assert_eq!(serde_json::from_value::<KeyValue>(json).expect("ours"), tag);
    }
}

#[test]
fn services_without_a_name_get_jaegers_default() {
    let name = |value| Resource {
        attributes: vec![samples::attribute("service.name", value)],
        ..Resource::default()
    };
    for (resource, wanted) in [
        (None, "missing-service-name"),
        (Some(Resource::default()), "missing-service-name"),
        (
            Some(name(Otlp::StringValue(String::new()))),
            "empty-service-name",
        ),
        (Some(name(Otlp::IntValue(7))), "service-name-wrong-type"),
        (Some(samples::resource("peer-0")), "peer-0"),
    ] {
        let mut data = samples::store().trace(PING).expect("it is there");
        data.resource_spans.truncate(1);
        data.resource_spans[0].resource = resource;
        let read = Read {
            data: data.clone(),
            ..Read::default()
        };
        let store = Store::filled(read).expect("good spans");
        assert_eq!(traces(data)[0].processes["p1"].service_name, wanted);
        assert_eq!(store.services()[0].name, wanted);
        let query = Query {
            service: Some(wanted.to_owned()),
            ..Query::default()
        };
        let found = store.summaries(&query);
        assert_eq!(found[0].root_service_name, wanted);
        assert_eq!(found[0].services[0].name, wanted);
    }
}

#[test]
fn a_span_that_ends_before_it_starts_has_a_warning() {
    let mut data = samples::store().trace(PING).expect("it is there");
    let span = &mut data.resource_spans[1].scope_spans[0].spans[0];
    span.start_time_unix_nano = START + 999;
    span.end_time_unix_nano = START - 1 - 1_500_000_000;
    let span = &traces(data)[0].spans[2];
    assert_eq!(span.duration, 0);
    let message = "Negative duration detected, sanitizing end timestamp. Original end timestamp: 2023-11-14 22:13:18.5 +0000 UTC, adjusted to: 2023-11-14 22:13:20.000001001 +0000 UTC";
    assert_eq!(span.warnings, Some(vec![message.to_owned()]));
    assert_eq!(rich().1.warnings, None);
}

#[test]
fn empty_bytes_may_be_null() {
    let tag = json!({ "key": "k", "type": "binary", "value": null });
    let tag = serde_json::from_value::<KeyValue>(tag).expect("Jaeger's own");
    assert_eq!(tag.value, Value::Binary(vec![]));
}

#[test]
fn tags_of_another_type_are_rejected() {
    for tag in [
        json!({ "key": "k", "type": "int64", "value": "many" }),
        json!({ "key": "k", "type": "bool", "value": 1 }),
        json!({ "key": "k", "type": "binary", "value": "%" }),
        json!({ "key": "k", "type": "string", "value": {} }),
        json!({ "key": "k", "type": "thing", "value": "x" }),
    ] {
        let error = serde_json::from_value::<KeyValue>(tag.clone());
        let error = error.expect_err("wrong").to_string();
        assert!(error.contains("\"k\""), "{tag}: {error}");
    }
}

#[test]
fn several_traces_are_separated() {
    let mut data = samples::store().trace(PING).expect("it is there");
    let spans = &mut data.resource_spans[1].scope_spans[0].spans;
    spans[1].trace_id = vec![8; 16];
    let found = traces(data);
    let ids: Vec<_> = found
        .iter()
        .map(|trace| (&*trace.trace_id, trace.spans.len()))
        .collect();
    assert_eq!(ids, [(&*"07".repeat(16), 2), (&*"08".repeat(16), 1)]);
    assert_eq!(traces(TracesData::default()), []);
}
