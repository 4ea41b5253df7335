//! Every form that a reader of OTLP JSON has to accept.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValueList};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use prost::Message as _;
use serde_json::json;

use super::*;
use crate::store::samples::{self, PING};

/// The one span of a request, with these fields.
fn span(fields: &str) -> Result<Span, String> {
    let text = format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{fields}}}]}}]}}]}}"#);
    let Read { mut data, left_out } = read(text.as_bytes()).map_err(|error| error.to_string())?;
    if let Some(why) = left_out.first {
        return Err(why);
    }
    Ok(data.resource_spans[0].scope_spans[0].spans.remove(0))
}

fn value(text: &str) -> Result<Option<Value>, String> {
    let mut span = span(&format!(r#""attributes":[{{"key":"k","value":{text}}}]"#))?;
    Ok(span.attributes.remove(0).value.and_then(|any| any.value))
}

#[test]
fn values_are_accepted_in_every_form_of_protobuf_json() {
    let list = |values| Value::ArrayValue(ArrayValue { values });
    let empty_map = Value::KvlistValue(KeyValueList::default());
    for (text, wanted) in [
        (r#"{"arrayValue":{}}"#, list(vec![])),
        (r#"{"arrayValue":{"values":null}}"#, list(vec![])),
        (
            r#"{"array_value":{"values":[{}]}}"#,
            list(vec![AnyValue::default()]),
        ),
        (r#"{"kvlistValue":{}}"#, empty_map.clone()),
        (r#"{"kvlist_value":{"values":[]}}"#, empty_map),
        (
            r#"{"doubleValue":"Infinity"}"#,
            Value::DoubleValue(f64::INFINITY),
        ),
        (
            r#"{"doubleValue":"-Infinity"}"#,
            Value::DoubleValue(f64::NEG_INFINITY),
        ),
        (r#"{"doubleValue":"1.5"}"#, Value::DoubleValue(1.5)),
        (r#"{"double_value":2}"#, Value::DoubleValue(2.0)),
        (r#"{"intValue":7}"#, Value::IntValue(7)),
        (r#"{"intValue":-7.0}"#, Value::IntValue(-7)),
        (r#"{"int_value":"7"}"#, Value::IntValue(7)),
        (
            r#"{"bytesValue":"-_8="}"#,
            Value::BytesValue(vec![251, 255]),
        ),
        (r#"{"bytesValue":"AAE"}"#, Value::BytesValue(vec![0, 1])),
        (r#"{"boolValue":false}"#, Value::BoolValue(false)),
        (r#"{"stringValue":""}"#, Value::StringValue(String::new())),
    ] {
        assert_eq!(value(text), Ok(Some(wanted)), "{text}");
    }
    let nan = value(r#"{"doubleValue":"NaN"}"#);
    assert!(matches!(nan, Ok(Some(Value::DoubleValue(number))) if number.is_nan()));
    for text in ["{}", "null", r#"{"stringValue":null}"#, r#"{"new":[1]}"#] {
        assert_eq!(value(text), Ok(None), "{text}");
    }
}

#[test]
fn fields_are_accepted_by_either_name_and_in_every_form() {
    let time = 1_700_000_000_000_000_001;
    for (fields, wanted) in [
        (
            r#""kind":"SPAN_KIND_SERVER""#,
            Span {
                kind: 2,
                ..Span::default()
            },
        ),
        (
            r#""kind":"3""#,
            Span {
                kind: 3,
                ..Span::default()
            },
        ),
        (
            r#""kind":99"#,
            Span {
                kind: 99,
                ..Span::default()
            },
        ),
        (
            r#""status":{"code":"STATUS_CODE_ERROR","message":null}"#,
            Span {
                status: Some(Status {
                    code: 2,
                    ..Status::default()
                }),
                ..Span::default()
            },
        ),
        (
            r#""trace_id":"0aff","start_time_unix_nano":1700000000000000001,"flags":"1""#,
            Span {
                trace_id: vec![10, 255],
                start_time_unix_nano: time,
                flags: 1,
                ..Span::default()
            },
        ),
        (
            r#""name":null,"parentSpanId":null,"attributes":null,"events":null,"links":null,
            "status":null,"kind":null,"endTimeUnixNano":null,"new":{"a":[1]}"#,
            Span::default(),
        ),
    ] {
        assert_eq!(span(fields), Ok(wanted), "{fields}");
    }
    for text in [
        "{}",
        r#"{"resourceSpans":null}"#,
        r#"{"resource_spans":[]}"#,
    ] {
        assert_eq!(read(text.as_bytes()).expect(text), Read::default());
    }
    let nothing =
        r#"{"resourceSpans":[{"resource":null,"scopeSpans":[{"scope":null,"spans":null}]},{}]}"#;
    let read = read(nothing.as_bytes()).expect("two resources");
    assert_eq!(read.data.resource_spans.len(), 2);
    let no_key = span(r#""attributes":[{"value":{"boolValue":true}}]"#).expect("a span");
    assert_eq!(no_key.attributes[0].key, "");
}

#[test]
fn malformed_fields_are_rejected_with_the_place() {
    for (fields, part) in [
        (r#""kind":"SPAN_KIND_BOSS""#, "SPAN_KIND_BOSS"),
        (r#""startTimeUnixNano":-1"#, "an integer of 64 bits"),
        (r#""startTimeUnixNano":1.5"#, "an integer of 64 bits"),
        (r#""flags":4294967296"#, "an integer of 32 bits"),
        (r#""traceId":"0g""#, "invalid character 'g'"),
        (r#""traceId":"000""#, "odd number of digits"),
        (
            r#""attributes":[{"key":"k","value":{"doubleValue":"inf"}}]"#,
            "\"inf\"",
        ),
        (
            r#""attributes":[{"key":"k","value":{"bytesValue":"%"}}]"#,
            "Invalid",
        ),
        (
            r#""attributes":[{"key":"k","value":7}]"#,
            "expected an object",
        ),
        (r#""events":{}"#, "expected a sequence"),
        (r#""links":[[]]"#, "expected an object"),
    ] {
        let message = span(fields).expect_err(fields);
        assert!(
            message.contains(part) && message.starts_with("line 1, column "),
            "{fields}: {message}"
        );
    }
    for text in ["[]", "[1]", "7", "null", r#"{"resourceSpans":7}"#, "{} {}"] {
        assert!(read(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn written_spans_are_read_by_other_tools_and_by_this_crate() {
    let mut data = samples::store().trace(PING).expect("it is there");
    let ours = serde_json::to_value(Json(&data)).expect("JSON");
    assert_eq!(ours, serde_json::to_value(&data).expect("JSON"));
    let span = &mut data.resource_spans[0].scope_spans[0].spans[0];
    let double = |number| samples::attribute("n", Value::DoubleValue(number));
    span.attributes = [f64::INFINITY, f64::NEG_INFINITY, f64::NAN]
        .map(double)
        .to_vec();
    let text = serde_json::to_string(&Json(&data)).expect("JSON");
    for word in ["NaN", "Infinity", "-Infinity"] {
        assert!(
            text.contains(&json!({ "doubleValue": word }).to_string()),
            "{text}"
        );
    }
    let again = read(text.as_bytes()).expect("our own");
    let saved = format!(r#"{{"result":{text}}}"#);
    let saved = read_saved(saved.as_bytes(), 1).expect("as the API answers it");
    for read in [again, saved] {
        assert_eq!(read.left_out.spans, 0);
        let mut again = read.data;
        let attributes = &mut again.resource_spans[0].scope_spans[0].spans[0].attributes;
        // NaN is not equal to itself.
        let nan = attributes.pop().and_then(|nan| nan.value?.value);
        assert!(matches!(nan, Some(Value::DoubleValue(number)) if number.is_nan()));
        attributes.push(double(0.0));
        let mut wanted = data.clone();
        wanted.resource_spans[0].scope_spans[0].spans[0].attributes[2] = double(0.0);
        assert_eq!(again, wanted);
    }
}

/// Each of these is the error of one span, or of the spans of one resource or scope.
#[test]
fn a_malformed_part_affects_no_other_span() {
    let good = r#"{"name":"good"}"#;
    let around = |resource: &str, scope: &str, span: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[
            {{"scope":{scope},"spans":[{good},{span},{good}]}},{{"spans":[{good}]}}]}},
            {{"scopeSpans":[{{"spans":[{good}]}}]}}]}}"#
        )
    };
    let cut = r#"{"name":"cut \ud83d"}"#;
    for (resource, scope, span, left_out, good, why) in [
        (
            "{}",
            "{}",
            cut,
            1,
            4,
            "line 2, column 69: a text that is not Unicode",
        ),
        (
            "{}",
            "{}",
            r#"{"name":"\udc00\ud83d"}"#,
            1,
            4,
            "not Unicode",
        ),
        ("{}", "{}", r#"{"startTimeUnixNano":-1}"#, 1, 4, "64 bits"),
        (
            "{}",
            "{}",
            r#"{"startTimeUnixNano":18446744073709551616}"#,
            1,
            4,
            "64 bits",
        ),
        (
            "{}",
            "{}",
            r#"{"endTimeUnixNano":"18446744073709551616"}"#,
            1,
            4,
            "64 bits",
        ),
        (
            "{}",
            "{}",
            r#"{"kind":"SPAN_KIND_BOSS"}"#,
            1,
            4,
            "SPAN_KIND_BOSS",
        ),
        ("{}", "{}", r#"{"kind":4294967296}"#, 1, 4, "32 bits"),
        ("{}", "{}", "null", 1, 4, "an object"),
        ("{}", "{}", "[]", 1, 4, "an object"),
        ("{}", "{}", r#"{"events":{}}"#, 1, 4, "a sequence"),
        (r#"{"attributes":7}"#, "{}", "{}", 4, 1, "a sequence"),
        ("{}", r#"{"name":"\ud83d"}"#, "{}", 3, 2, "not Unicode"),
        ("null", "null", "{}", 0, 5, ""),
    ] {
        let text = around(resource, scope, span);
        let read = read(text.as_bytes()).expect(&text);
        assert_eq!(read.left_out.spans, left_out, "{text}");
        assert_eq!(count(&read.data), good, "{text}");
        let message = read.left_out.first.unwrap_or_default();
        assert!(message.contains(why), "{text}: {message}");
    }
    let mut bytes = around("{}", "{}", r#"{"name":"?"}"#).into_bytes();
    let at = bytes
        .iter()
        .position(|byte| *byte == b'?')
        .expect("it is there");
    bytes[at] = 0xff;
    let read = read(&bytes).expect("JSON but for one text");
    assert_eq!((read.left_out.spans, count(&read.data)), (1, 4));
}

fn count(data: &TracesData) -> usize {
    let groups = data.resource_spans.iter();
    let scopes = groups.flat_map(|around| &around.scope_spans);
    scopes.map(|scope| scope.spans.len()).sum()
}

/// The same over protobuf, where a name is bytes.
#[test]
fn invalid_utf8_affects_no_other_span() {
    let request = |what: &str| {
        let data = samples::store().trace(PING).expect("it is there");
        let mut bytes = data.encode_to_vec();
        let places = bytes
            .windows(what.len())
            .position(|part| part == what.as_bytes());
        bytes[places.expect("it is there")] = 0xff;
        read_protobuf(bytes.into()).expect("it can be read as far as its spans")
    };
    for (what, left_out, good, why) in [
        // A name, a status, an event, an attribute of one, and a resource.
        ("ping", 1, 2, "Span.name"),
        ("timed out", 1, 2, "Status.message"),
        ("sent", 1, 2, "Event.name"),
        ("peer-1", 1, 2, "AnyValue"),
        ("peer-0", 1, 2, "AnyValue"),
    ] {
        let read = request(what);
        let found = (read.left_out.spans, count(&read.data));
        assert_eq!(found, (left_out, good), "{what}: {:?}", read.left_out);
        let message = read.left_out.first.unwrap_or_default();
        assert!(message.contains(why), "{what}: {message}");
    }
    let data = samples::store().trace(PING).expect("it is there");
    let read = read_protobuf(data.encode_to_vec().into()).expect("a request");
    assert_eq!((read.data, read.left_out.spans), (data, 0));
    for wrong in [&[0xff; 100][..], &[0x0a, 2, 0x12], &[0x0a, 0x7f, 0]] {
        assert!(read_protobuf(wrong.to_vec().into()).is_err(), "{wrong:?}");
    }
}
