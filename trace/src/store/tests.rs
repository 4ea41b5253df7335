//! Spans survive the round trip; errors name the place.

mod bounded;
mod searching;

use opentelemetry_proto::tonic::common::v1::any_value;

use super::samples::{self, PING, START};
use super::*;

fn written(store: &Store) -> String {
    let mut bytes = Vec::new();
    store
        .write_jsonl(&mut bytes)
        .expect("memory takes everything");
    String::from_utf8(bytes).expect("JSON is UTF-8")
}

fn spans(store: &Store, id: TraceId) -> Vec<Span> {
    let data = store.trace(id).expect("the trace is there");
    let scopes = data
        .resource_spans
        .into_iter()
        .flat_map(|around| around.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

#[test]
fn a_span_survives_the_round_trip() {
    let strange = Span {
        kind: 77,
        ..samples::span(PING, 9, 0, "", u64::MAX - START - 100)
    };
    for span in [
        samples::rich_span(),
        samples::span(PING, 1, 2, "x", 0),
        strange,
    ] {
        let store = Store::new();
        let service = store.add_service(samples::resource("peer-0"));
        store.insert(service, &span).expect("a good span");
        assert_eq!(spans(&store, PING), std::slice::from_ref(&span));
        let read = Store::read_jsonl(written(&store).as_bytes()).expect("our own file");
        assert_eq!(spans(&read, PING), [span]);
    }
}

#[test]
fn a_file_survives_the_round_trip_byte_for_byte() {
    let store = samples::store();
    store.add_service(samples::resource("peer-2 that says nothing"));
    let text = written(&store);
    let read = Store::read_jsonl(text.as_bytes()).expect("our own file");
    assert_eq!(written(&read), text);
    assert_eq!(read.trace(PING), store.trace(PING));
    assert_eq!(read.services(), store.services());
}

#[test]
fn the_file_does_not_depend_on_the_order_of_reports() {
    let store = |order: &[u8]| {
        let store = Store::new();
        let service = store.add_service(samples::resource("peer-0"));
        for id in order {
            let span = samples::span(PING, *id, 0, "x", u64::from(*id));
            store.insert(service, &span).expect("a good span");
        }
        written(&store)
    };
    assert_eq!(store(&[1, 2, 3]), store(&[3, 1, 2]));
}

#[test]
fn long_services_take_several_lines() {
    let store = Store::new();
    let service = store.add_service(samples::resource("peer-0"));
    for n in 0..1200_u16 {
        let mut span = samples::span(PING, 1, 0, "x", u64::from(n));
        span.span_id[..2].copy_from_slice(&n.to_be_bytes());
        store.insert(service, &span).expect("a good span");
    }
    let text = written(&store);
    assert_eq!(text.lines().count(), 3);
    assert_eq!(
        Store::read_jsonl(text.as_bytes())
            .expect("our own file")
            .len(),
        1200
    );
}

#[test]
fn ids_are_hex_and_large_numbers_are_text() {
    let text = written(&samples::store());
    for wanted in [
        r#""traceId":"07070707070707070707070707070707""#,
        r#""spanId":"0000000000000001""#,
        r#""intValue":"9223372036854775807""#,
        r#""startTimeUnixNano":"1700000000000000001""#,
        r#""bytesValue":"AP+A""#,
        r#""kind":3"#,
    ] {
        assert!(text.contains(wanted), "{wanted} is not in {text}");
    }
}

#[test]
fn nan_and_infinities_survive_the_round_trip() {
    let store = Store::new();
    let service = store.add_service(samples::resource("peer-0"));
    let mut span = samples::span(PING, 1, 0, "x", 0);
    for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        span.attributes.push(samples::attribute(
            "ratio",
            any_value::Value::DoubleValue(value),
        ));
    }
    store.insert(service, &span).expect("a good span");
    let read = Store::read_jsonl(written(&store).as_bytes()).expect("our own file");
    // NaN is not equal to itself: the encodings are compared.
    let encoded = |span: &Span| prost::Message::encode_to_vec(span);
    assert_eq!(encoded(&spans(&read, PING)[0]), encoded(&span));
}

#[test]
fn a_file_cut_anywhere_is_reported_with_the_line() {
    let text = written(&samples::store());
    let first = text.find('\n').expect("two lines") + 1;
    for cut in (first + 1..text.len() - 1).filter(|cut| text.is_char_boundary(*cut)) {
        let store = Store::read_jsonl(&text.as_bytes()[..cut]).expect("a whole line");
        assert_eq!(store.left_out().cut_in_line, Some(2), "cut at {cut}");
        assert!(!store.is_empty(), "cut at {cut}");
    }
    for cut in (1..first - 1).filter(|cut| text.is_char_boundary(*cut)) {
        match Store::read_jsonl(&text.as_bytes()[..cut]) {
            Err(Error::CutShort { line: 1 }) => {}
            other => panic!("cut at {cut}: {other:?}"),
        }
    }
}

#[test]
fn a_malformed_file_is_rejected_with_place_and_reason() {
    let good = written(&samples::store());
    for (line, wanted) in [
        ("{}", "missing field `resourceSpans`"),
        ("[]", "invalid length"),
        ("hello", "not OTLP JSON"),
        ("\u{0}", "not OTLP JSON"),
        (r#"{"resourceSpans":7}"#, "invalid type"),
    ] {
        let file = format!("{good}\n{line}\n{good}");
        let error = Store::read_jsonl(file.as_bytes())
            .expect_err(line)
            .to_string();
        assert!(error.starts_with("line 4: "), "{line}: {error}");
        assert!(error.contains(wanted), "{line}: {error}");
    }
}

#[test]
fn a_malformed_span_is_left_out_and_the_others_are_stored() {
    let around = |resource: &str, ids: &str| {
        format!(
            r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"spans":[{{{ids},"name":"a"}}]}}]}}]}}"#
        )
    };
    let span = |ids: &str| around("{}", ids);
    let deep = format!(
        r#"{{"attributes":[{{"key":"k","value":{}{}}}]}}"#,
        r#"{"arrayValue":{"values":["#.repeat(1000),
        "]}}".repeat(1000),
    );
    let good = written(&samples::store());
    for (line, wanted) in [
        (
            span(r#""traceId":"00","spanId":"0000000000000001""#),
            "line 4: span \"a\": the trace id",
        ),
        (
            span(r#""traceId":"0g","spanId":"0000000000000001""#),
            "line 4, column 72: invalid character",
        ),
        (
            span(&format!(r#""traceId":"{}""#, "0".repeat(32))),
            "line 4: span \"a\": the trace id",
        ),
        (
            span(&format!(r#""traceId":"{}""#, "1".repeat(32))),
            "line 4: span \"a\": the span id",
        ),
        (
            span(&format!(
                r#""traceId":"{}","spanId":"{}","parentSpanId":"11""#,
                "1".repeat(32),
                "1".repeat(16)
            )),
            "line 4: span \"a\": the parent's",
        ),
        (around(&deep, r#""kind":1"#), "recursion"),
    ] {
        let file = format!("{good}\n{line}\n{good}");
        let store = Store::read_jsonl(file.as_bytes()).expect(&line);
        let LeftOut { spans, first, .. } = store.left_out();
        // The three spans of the sample, stored twice: duplicates count here.
        assert_eq!((store.len(), spans), (6, 1), "{line}");
        let message = first.unwrap_or_default();
        assert!(message.contains(wanted), "{line}: {message}");
        // A file of such spans alone is rejected.
        let error = Store::read_jsonl(line.as_bytes()).expect_err(&line);
        let message = error.to_string();
        assert!(
            message.ends_with("; there are no others"),
            "{line}: {message}"
        );
    }
}

#[test]
fn values_nested_as_deep_as_json_may_be_are_read_and_decoded() {
    for (open, close) in [
        (r#"{"arrayValue":{"values":["#, "]}}"),
        (r#"{"kvlistValue":{"values":[{"key":"k","value":"#, "}]}}"),
    ] {
        for depth in 0..200 {
            let line = format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"traceId":"{}","spanId":"{}",
                "attributes":[{{"key":"k","value":{}{{"boolValue":true}}{}}}]}}]}}]}}]}}"#,
                "1".repeat(32),
                "1".repeat(16),
                open.repeat(depth),
                close.repeat(depth),
            );
            if let Ok(store) = Store::read_jsonl(line.replace('\n', "").as_bytes()) {
                assert_eq!(spans(&store, [0x11; 16]).len(), 1);
            }
        }
    }
}

#[test]
fn overlong_line_is_rejected() {
    let endless = std::io::BufReader::new(std::io::repeat(b' '));
    let error = Store::read_jsonl(endless).expect_err("no end").to_string();
    assert_eq!(error, "line 1: longer than 64 MiB");
}

#[test]
fn a_summary_counts_spans_errors_orphans_and_services() {
    let store = samples::store();
    let service = |name: &str, span_count, error_span_count| ServiceSummary {
        name: name.to_owned(),
        span_count,
        error_span_count,
    };
    let wanted = Summary {
        trace_id: "07".repeat(16),
        root_service_name: "peer-0".into(),
        root_operation_name: "ping".into(),
        min_start_time_unix_nano: START,
        max_end_time_unix_nano: START + 1000,
        span_count: 3,
        error_span_count: 1,
        orphan_span_count: 1,
        unended_span_count: 0,
        services: vec![service("peer-0", 1, 1), service("peer-1", 2, 0)],
    };
    assert_eq!(store.summaries(&Query::default()), [wanted]);
    assert_eq!(store.orphan_count(), 1);
    assert_eq!(Store::new().orphan_count(), 0);
}

/// Such spans come from a program that crashed, or whose clock was set back.
#[test]
fn a_span_without_an_end_or_with_one_before_its_start_takes_no_time() {
    for (ends, end, unended) in [
        (vec![0], 0, 1),
        (vec![START - 1_000_000_000], 0, 1),
        (vec![0, START + 70], 70, 1),
        (vec![START + 70], 70, 0),
        (vec![START], 0, 0),
    ] {
        let store = Store::new();
        let service = store.add_service(samples::resource("peer-0"));
        for (id, end) in (1..).zip(&ends) {
            let mut span = samples::span([8; 16], id, 0, "x", 0);
            span.end_time_unix_nano = *end;
            store.insert(service, &span).expect("a good span");
        }
        let [summary] = &store.summaries(&Query::default())[..] else {
            panic!("one trace")
        };
        let message = (
            summary.max_end_time_unix_nano - summary.min_start_time_unix_nano,
            summary.unended_span_count,
        );
        assert_eq!(message, (end, unended), "{ends:?}");
    }
}

#[test]
fn a_span_that_was_sent_twice_is_returned_and_counted_once() {
    let (store, twice) = (samples::store(), samples::store());
    for data in [twice.trace(PING), twice.trace(PING)] {
        for around in data.expect("it is there").resource_spans {
            twice.insert_all(around);
        }
    }
    assert_eq!(twice.len(), 9);
    assert_eq!(twice.trace(PING), store.trace(PING));
    let all = Query::default();
    assert_eq!(twice.summaries(&all), store.summaries(&all));
    assert_eq!(twice.orphan_count(), 1);
    assert_eq!(
        twice.dependencies(0..=u64::MAX),
        store.dependencies(0..=u64::MAX)
    );
    // A client's and a server's may have the same id.
    let server = twice.add_service(samples::resource("peer-2"));
    let mut shared = samples::span(PING, 2, 1, "PING", 10);
    twice.insert(server, &shared).expect("a good span");
    shared.attributes.push(samples::text("k", "v"));
    twice.insert(server, &shared).expect("a good span");
    assert_eq!(twice.summaries(&all)[0].span_count, 5);
}

#[test]
fn queries_find_the_matching_spans() {
    let store = samples::store();
    let later = store.add_service(samples::resource("peer-2"));
    store
        .insert(later, &samples::span([8; 16], 1, 0, "other", 5000))
        .expect("a good span");
    let attributes = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let any = Query::default;
    for (query, wanted) in [
        (any(), vec![8, 7]),
        (
            Query {
                limit: Some(1),
                ..any()
            },
            vec![8],
        ),
        (
            Query {
                service: Some("peer-1".into()),
                ..any()
            },
            vec![7],
        ),
        (
            Query {
                service: Some("nobody".into()),
                ..any()
            },
            vec![],
        ),
        (
            Query {
                operation: Some("other".into()),
                ..any()
            },
            vec![8],
        ),
        (
            Query {
                operation: Some("nothing".into()),
                ..any()
            },
            vec![],
        ),
        // One and the same span has to meet all conditions.
        (
            Query {
                service: Some("peer-1".into()),
                operation: Some("ping".into()),
                ..any()
            },
            vec![],
        ),
        (
            Query {
                start_min: Some(START + 901),
                ..any()
            },
            vec![8],
        ),
        (
            Query {
                start_max: Some(START + 899),
                ..any()
            },
            vec![7],
        ),
        (
            Query {
                duration_min: Some(101),
                ..any()
            },
            vec![],
        ),
        (
            Query {
                duration_max: Some(100),
                ..any()
            },
            vec![8, 7],
        ),
        (
            Query {
                attributes: attributes("p2p.sequence", &i64::MAX.to_string()),
                ..any()
            },
            vec![7],
        ),
        (
            Query {
                attributes: attributes("to", "peer-1"),
                ..any()
            },
            vec![7],
        ),
        (
            Query {
                attributes: attributes("service.name", "peer-2"),
                ..any()
            },
            vec![8],
        ),
        (
            Query {
                attributes: attributes("ok", "true"),
                ..any()
            },
            vec![],
        ),
    ] {
        let found: Vec<_> = store
            .summaries(&query)
            .into_iter()
            .map(|s| s.trace_id)
            .collect();
        let wanted: Vec<_> = wanted
            .iter()
            .map(|n: &u8| format!("{n:02x}").repeat(16))
            .collect();
        assert_eq!(found, wanted, "{query:?}");
    }
}

#[test]
fn services_and_operations_are_listed_in_order() {
    let store = samples::store();
    let again = store.add_service(samples::resource("peer-0"));
    assert_eq!(again, ServiceId(0));
    let services: Vec<_> = store
        .services()
        .into_iter()
        .map(|s| (s.name, s.spans))
        .collect();
    assert_eq!(
        services,
        [("peer-0".to_owned(), 1), ("peer-1".to_owned(), 2)]
    );
    let operation = |name: &str| Operation {
        name: name.to_owned(),
        kind: 1,
    };
    assert_eq!(
        store.operations(Some("peer-1")),
        [operation("PING"), operation("lost")]
    );
    assert_eq!(store.operations(Some("nobody")), []);
}

#[test]
fn spans_with_malformed_ids_are_rejected() {
    let store = Store::new();
    let service = store.add_service(samples::resource("peer-0"));
    let good = samples::span(PING, 1, 0, "x", 0);
    let cases = [
        (
            Span {
                trace_id: vec![1; 15],
                ..good.clone()
            },
            BadSpan::TraceId,
        ),
        (
            Span {
                trace_id: vec![0; 16],
                ..good.clone()
            },
            BadSpan::TraceId,
        ),
        (
            Span {
                span_id: vec![],
                ..good.clone()
            },
            BadSpan::SpanId,
        ),
        (
            Span {
                span_id: vec![0; 8],
                ..good.clone()
            },
            BadSpan::SpanId,
        ),
        (
            Span {
                parent_span_id: vec![1; 9],
                ..good.clone()
            },
            BadSpan::ParentId,
        ),
    ];
    for (span, wanted) in cases {
        assert_eq!(store.insert(service, &span), Err(wanted));
    }
    assert_eq!(store.insert(ServiceId(1), &good), Err(BadSpan::Service));
    assert!(store.is_empty());
    assert_eq!(store.trace(PING), None);
}

#[tokio::test]
async fn a_waiter_is_woken_by_a_change() {
    let store = std::sync::Arc::new(Store::new());
    let seen = store.revision();
    let waiter = tokio::spawn({
        let store = store.clone();
        async move { store.changed_since(seen).await }
    });
    store.add_service(samples::resource("peer-0"));
    assert!(waiter.await.expect("the waiter ends") > seen);
}

#[test]
fn spans_are_stored_concurrently() {
    let store = Store::new();
    std::thread::scope(|scope| {
        for peer in 0..4_u8 {
            let store = &store;
            scope.spawn(move || {
                let service = store.add_service(samples::resource(&format!("peer-{peer}")));
                for n in 1..=250 {
                    let span = samples::span([peer + 1; 16], n, 0, "x", u64::from(n));
                    store.insert(service, &span).expect("a good span");
                }
            });
        }
    });
    assert_eq!((store.len(), store.trace_count()), (1000, 4));
}
