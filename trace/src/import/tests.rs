//! Complete files of every known tool are read; the error of any other names the place.

use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::*;
use crate::export;
use crate::export::ExportFormat;
use crate::store::samples::{self, PING};

fn exported(format: ExportFormat) -> String {
    let mut bytes = Vec::new();
    export::write(&samples::store(), format, &mut bytes).expect("memory takes everything");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn refusal(text: &str) -> String {
    read(text.as_bytes())
        .map(|_| ())
        .expect_err(text)
        .to_string()
}

/// Times are in microseconds, and lists of anything but texts are text: all else
/// survives the round trip.
#[test]
fn a_jaeger_file_survives_the_round_trip() {
    let text = exported(ExportFormat::Jaeger);
    let store = read(text.as_bytes()).expect("our own file");
    let mut again = Vec::new();
    export::write(&store, ExportFormat::Jaeger, &mut again).expect("memory takes everything");
    assert_eq!(String::from_utf8(again).expect("UTF-8"), text);
    let span = |store: &Store| {
        let data = store.span(PING, 1).expect("it is there");
        data.resource_spans[0].scope_spans[0].spans[0].clone()
    };
    let (mut old, new) = (span(&samples::store()), span(&store));
    let micros = |nanos: &mut u64| *nanos -= *nanos % 1000;
    micros(&mut old.start_time_unix_nano);
    old.end_time_unix_nano = old.start_time_unix_nano;
    micros(&mut old.events[0].time_unix_nano);
    // Fields that Jaeger's form lacks.
    old.flags &= 0xff;
    old.attributes[6] = samples::text("list", "[-1,null]");
    old.attributes[7] = samples::text("empty", "");
    (
        old.dropped_attributes_count,
        old.dropped_events_count,
        old.dropped_links_count,
    ) = (0, 0, 0);
    old.events[0].dropped_attributes_count = 0;
    old.links[0] = opentelemetry_proto::tonic::trace::v1::span::Link {
        trace_id: old.links[0].trace_id.clone(),
        span_id: old.links[0].span_id.clone(),
        ..Default::default()
    };
    assert_eq!(new, old);
}

/// The channel states of a snapshot are lists of texts.
#[test]
fn lists_of_texts_survive_jaegers_form() {
    let tag = |value: &str| {
        let key = "channel.1".to_owned();
        let value = jaeger::Value::Text(value.to_owned());
        opentelemetry_proto::tonic::common::v1::KeyValue::from(jaeger::KeyValue { key, value })
    };
    let list = |texts: &[&str]| samples::attribute("channel.1", samples::texts(texts));
    for (text, expected) in [
        (
            r#"["id=0/1 amount=5","a \"b\""]"#,
            list(&["id=0/1 amount=5", "a \"b\""]),
        ),
        ("[]", list(&[])),
        ("[1,2]", samples::text("channel.1", "[1,2]")),
        (r#"["a",null]"#, samples::text("channel.1", r#"["a",null]"#)),
        (r#"["a""#, samples::text("channel.1", r#"["a""#)),
        ("a", samples::text("channel.1", "a")),
    ] {
        assert_eq!(tag(text), expected, "{text}");
    }
}

#[test]
fn every_form_is_recognized_by_its_beginning() {
    let lines = exported(ExportFormat::Otlp);
    let jaeger = exported(ExportFormat::Jaeger);
    let value: serde_json::Value = serde_json::from_str(&jaeger).expect("JSON");
    let line = lines.lines().next().expect("a line");
    let document: serde_json::Value = serde_json::from_str(line).expect("JSON");
    for (text, spans) in [
        (lines.clone(), 3),
        (format!("\u{feff}{lines}"), 3),
        (format!("{document:#}"), 1),
        (jaeger.clone(), 3),
        (format!("{value:#}"), 3),
        (value["data"].to_string(), 3),
        (value["data"][0].to_string(), 3),
        (format!("\n\n {jaeger}"), 3),
        // Jaeger's v3 API.
        (format!(r#"{{"result":{line}}}"#), 1),
        (format!("{{\"result\":{line}}}\n{{\"result\":{line}}}\n"), 2),
        (
            format!("{:#}", serde_json::json!({ "result": document })),
            1,
        ),
        (line.replace("resourceSpans", "resource_spans"), 1),
        (r#"{"data":[]}"#.to_owned(), 0),
        ("[]".to_owned(), 0),
    ] {
        let store = read(text.as_bytes()).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert_eq!(store.len(), spans, "{text}");
    }
}

#[test]
fn a_file_cut_anywhere_is_rejected_with_the_place() {
    let jaeger = exported(ExportFormat::Jaeger);
    let last = jaeger.rfind('}').expect("its end");
    for cut in (10..last).filter(|cut| jaeger.is_char_boundary(*cut)) {
        let message = refusal(&jaeger[..cut]);
        let line = jaeger[..cut].lines().count();
        assert!(
            message.contains("cut short here: save it again"),
            "cut at {cut}: {message}"
        );
        // A cut after a line's end is reported as one of the line before.
        let at = |line: usize| message.starts_with(&format!("line {line}, column "));
        assert!(at(line) || at(line + 1), "cut at {cut}: {message}");
    }
}

#[test]
fn malformed_files_are_rejected_with_the_place() {
    let span = |fields: &str| {
        format!(
            r#"{{"data":[{{"traceID":"1","processes":{{"p1":{{"serviceName":"s"}}}},"spans":[
            {{"traceID":"1","operationName":"x","startTime":1,"duration":1,"processID":"p1",{fields}}}]}}]}}"#
        )
    };
    for (text, parts) in [
        ("", &["line 1"][..]),
        ("hello", &["line 1", "neither"]),
        ("{}", &["line 1", "neither"]),
        (r#"{"name":1}"#, &["neither", "run's folder"]),
        (r#"{"data":7}"#, &["not Jaeger's JSON", "line 1 column"]),
        (
            r#"{"total":7}"#,
            &["not Jaeger's JSON", "neither `data` nor `spans`"],
        ),
        (r#"{"resourceSpans":7}"#, &["line 1", "OTLP"]),
        (
            &span(r#""spanID":"xyz""#),
            &["data[0].spans[0]", "spanID \"xyz\"", "16 hexadecimal"],
        ),
        (&span(r#""spanID":"0""#), &["data[0].spans[0]", "spanID"]),
        (
            &span(r#""spanID":"1","references":[{"refType":"BOSS","traceID":"1","spanID":"1"}]"#),
            &["line 2", "BOSS"],
        ),
        (
            &span(
                r#""spanID":"1","references":[{"refType":"CHILD_OF","traceID":"1","spanID":""}]"#,
            ),
            &["data[0].spans[0]", "reference's spanID"],
        ),
        (
            &span(r#""spanID":"1","tags":[{"key":"k","type":"int64","value":"many"}]"#),
            &["line 2", "tag \"k\"", "int64"],
        ),
        (
            &span(r#""spanID":"1","logs":[{"timestamp":18446744073709551615}]"#),
            &["data[0].spans[0]", "no time"],
        ),
        (
            &span(r#""spanID":"1""#).replace("\"p1\":", "\"p2\":"),
            &["data[0].spans[0]", "no process \"p1\""],
        ),
    ] {
        let message = refusal(text);
        for part in parts {
            assert!(
                message.contains(part),
                "{part:?} is not in the error of {text}: {message}"
            );
        }
    }
}

/// Files that Jaeger's page saves have passed through JavaScript.
#[test]
fn numbers_and_texts_damaged_by_javascript_are_accepted() {
    let file = |fields: &str| {
        format!(
            r#"{{"data":[{{"traceID":"1","processes":{{"p1":{{"serviceName":"s"}}}},"spans":[
            {{"traceID":"1","spanID":"1","operationName":"x","processID":"p1",{fields}}}]}}]}}"#
        )
    };
    let tag = |kind: &str, value: &str| {
        let fields = format!(
            r#""startTime":1,"duration":1,"tags":[{{"key":"n","type":"{kind}","value":{value}}}]"#
        );
        let store = read(file(&fields).as_bytes()).expect(value);
        let mut found = None;
        store.for_each(|_, span| found = span.attributes[0].value.clone());
        found.and_then(|any| any.value)
    };
    let (int, float) = (
        |n| Some(Value::IntValue(n)),
        |n| Some(Value::DoubleValue(n)),
    );
    for (kind, value, wanted) in [
        ("int64", "9223372036854776000", int(i64::MAX)),
        ("int64", "-9223372036854776000", int(i64::MIN)),
        ("int64", "\"9223372036854776000\"", int(i64::MAX)),
        ("int64", "\"9223372036854775807\"", int(i64::MAX)),
        ("int64", "1e3", int(1000)),
        ("int64", "-1.5E1", int(-15)),
        ("int64", "1e300", int(i64::MAX)),
        ("int64", "7.0", int(7)),
        ("int64", "1.5", float(1.5)),
        ("float64", "1e3", float(1000.0)),
    ] {
        assert_eq!(tag(kind, value), wanted, "{kind} {value}");
    }
    for (text, wanted) in [
        (r#""cut \ud83d""#, "cut \u{fffd}"),
        (r#""\ud83e\udd80""#, "\u{1F980}"),
    ] {
        let wanted = Some(Value::StringValue(wanted.to_owned()));
        assert_eq!(tag("string", text), wanted, "{text}");
    }
    for (fields, start, end) in [
        (
            r#""startTime":1.7e15,"duration":2.0"#,
            1_700_000_000_000_000,
            1_700_000_000_000_002,
        ),
        (r#""startTime":1.6,"duration":1e1"#, 2, 12),
        (
            r#""startTime":5,"duration":-2,"tags":null,"references":null,"logs":null"#,
            5,
            3,
        ),
    ] {
        let store = read(file(fields).as_bytes()).expect(fields);
        let mut times = None;
        store.for_each(|_, span| {
            times = Some((span.start_time_unix_nano, span.end_time_unix_nano));
        });
        assert_eq!(times, Some((start * 1000, end * 1000)), "{fields}");
    }
}

#[test]
fn malformed_spans_of_a_jaeger_file_are_left_out() {
    let good = r#"{"traceID":"1","spanID":"1","operationName":"good","startTime":1,"duration":1,"processID":"p1"}"#;
    let file = |bad: &str, bad_process: &str| {
        let processes = format!(r#"{{"p1":{{"serviceName":"s"}},"p2":{bad_process}}}"#);
        format!(r#"[{{"spans":[{good},{bad}],"processes":{processes}}}]"#)
    };
    let p2 = good.replace("\"p1\"", "\"p2\"");
    for (bad, process, part) in [
        ("7", "{}", "invalid type"),
        (
            &*good.replace("\"spanID\":\"1\"", "\"spanID\":\"g\""),
            "{}",
            "spanID \"g\"",
        ),
        (
            &good.replace("\"startTime\":1", "\"startTime\":-1"),
            "{}",
            "not negative",
        ),
        (
            &good.replace("\"startTime\":1", "\"startTime\":1e300"),
            "{}",
            "no time",
        ),
        (&p2, "7", "its process \"p2\""),
        (&p2.replace("p2", "p3"), "{}", "no process \"p3\""),
    ] {
        let store = read(file(bad, process).as_bytes()).expect(bad);
        let left_out = store.left_out();
        assert_eq!((store.len(), left_out.spans), (1, 1), "{bad}");
        let message = left_out.to_string();
        let wanted = "1 span was left out: data[0].spans[1]: ";
        assert!(
            message.starts_with(wanted) && message.contains(part),
            "{bad}: {message}"
        );
    }
}

/// Parents in a ring, and one that is its own.
#[test]
fn a_cycle_of_parents_is_read_and_written() {
    let span = |id: u32, parent: u32| {
        format!(
            r#"{{"traceID":"a01","spanID":"{id}","operationName":"x","startTime":{id},"duration":1,
            "processID":"p1","references":[
            {{"refType":"CHILD_OF","traceID":"a01","spanID":"{parent}"}}]}}"#
        )
    };
    let spans = [span(1, 2), span(2, 1), span(3, 3)].join(",");
    let text = format!(r#"{{"spans":[{spans}],"processes":{{"p1":{{"serviceName":"s"}}}}}}"#);
    let store = read(text.as_bytes()).expect("a trace");
    let summary = store.summaries(&crate::store::Query::default()).remove(0);
    assert_eq!((summary.span_count, summary.orphan_span_count), (3, 0));
    assert_eq!(store.dependencies(0..=u64::MAX), []);
    for format in [
        ExportFormat::Jaeger,
        ExportFormat::Otlp,
        ExportFormat::Perfetto,
    ] {
        let mut bytes = Vec::new();
        export::write(&store, format, &mut bytes).expect("memory takes everything");
    }
}
