//! Jaeger's API of the first generation, as its page and Grafana use it.

use opentelemetry_proto::tonic::trace::v1::TracesData;

use super::*;

/// The envelope of an answer.
fn envelope(data: Value, total: usize) -> Value {
    json!({ "data": data, "total": total, "limit": 0, "offset": 0, "errors": null })
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_have_jaegers_envelope() {
    let server = start().await;
    let operations = json!([
        { "name": "PING", "spanKind": "internal" },
        { "name": "lost", "spanKind": "internal" },
    ]);
    let calls = json!([{ "parent": "peer-0", "child": "peer-1", "callCount": 1 }]);
    let start = samples::START / 1_000_000;
    for (path, data, total) in [
        ("/api/services", json!(["peer-0", "peer-1"]), 2),
        (
            "/api/services/peer-1/operations",
            json!(["PING", "lost"]),
            2,
        ),
        ("/api/services/nobody/operations", json!([]), 0),
        ("/api/operations?service=peer-1", operations.clone(), 2),
        (
            "/api/operations?service=peer-1&spanKind=internal",
            operations,
            2,
        ),
        (
            "/api/operations?service=peer-1&spanKind=server",
            json!([]),
            0,
        ),
        ("/api/dependencies", calls.clone(), 0),
        (
            &format!("/api/dependencies?endTs={start}&lookback=1000"),
            calls.clone(),
            0,
        ),
        ("/api/dependencies?endTs=1000&lookback=1000", json!([]), 0),
        // The lookback is counted from now.
        ("/api/dependencies?lookback=1000", json!([]), 0),
        (
            "/api/dependencies?lookback=1000000000000000",
            calls.clone(),
            0,
        ),
        ("/api/dependencies?service=peer-0", calls.clone(), 0),
        ("/api/dependencies?service=peer-1", calls, 0),
        ("/api/dependencies?service=nobody", json!([]), 0),
    ] {
        assert_eq!(
            get(&server, path).await,
            (200, envelope(data, total)),
            "{path}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_accept_the_parameters_of_jaegers_page_and_grafana() {
    let server = start().await;
    let start = samples::START / 1000;
    for (query, found) in [
        ("service=peer-1".to_owned(), 1),
        (
            "service=peer-1&limit=20&lookback=1h&operation=".to_owned(),
            1,
        ),
        ("service=peer-1&operation=PING".to_owned(), 1),
        ("service=peer-1&operation=ping".to_owned(), 0),
        ("service=nobody".to_owned(), 0),
        ("service=peer-0&limit=0".to_owned(), 0),
        (format!("service=peer-0&start={start}&end={start}"), 1),
        (format!("service=peer-0&start={}", start + 1), 0),
        (format!("service=peer-0&end={}", start - 1), 0),
        (
            "service=peer-0&minDuration=100ns&maxDuration=1.2s".to_owned(),
            1,
        ),
        ("service=peer-0&minDuration=1ms".to_owned(), 0),
        ("service=peer-0&maxDuration=99ns".to_owned(), 0),
        ("service=peer-0&minDuration=0&maxDuration=0s".to_owned(), 1),
        ("service=peer-0&minDuration=.1%CE%BCs".to_owned(), 1),
        ("service=peer-0&minDuration=.101%C2%B5s".to_owned(), 0),
        ("service=peer-0&minDuration=1ns&maxDuration=0".to_owned(), 1),
        ("service=peer-0&tag=list:%5B-1,null%5D".to_owned(), 1),
        ("service=peer-0&tag=payload:AP%2BA".to_owned(), 1),
        ("service=peer-0&tag=list:%5B-1%5D".to_owned(), 0),
        ("service=peer-0&tag=ok:false&tag=ratio:0.1".to_owned(), 1),
        ("service=peer-0&tag=ok:true".to_owned(), 0),
        // Fields of OTLP that are searched for as tags.
        (
            "service=peer-0&tags=%7B%22error%22%3A%22true%22%7D".to_owned(),
            1,
        ),
        (
            "service=peer-1&tags=%7B%22error%22%3A%22true%22%7D".to_owned(),
            0,
        ),
        ("service=peer-0&tag=span.kind:client".to_owned(), 1),
        ("service=peer-1&tag=span.kind:client".to_owned(), 0),
        (format!("traceID={}", "07".repeat(16)), 1),
        (format!("traceID={}", "7070707070707070707070707070707"), 1),
    ] {
        let (status, body) = get(&server, &format!("/api/traces?{query}")).await;
        let list = body["data"].as_array().expect("a list");
        assert_eq!((status, list.len()), (200, found), "{query}");
        assert_eq!(body, envelope(body["data"].clone(), 0), "{query}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trace_is_returned_or_not_found() {
    let server = start().await;
    let known = "07".repeat(16);
    let trace = server.store.trace(samples::PING).expect("it is there");
    let trace = serde_json::to_value(jaeger::traces(trace)).expect("JSON");
    let found = get(&server, &format!("/api/traces/{known}")).await;
    assert_eq!(found, (200, envelope(trace.clone(), 0)));
    let unknown = "1".repeat(32);
    let error = |code: u16, msg: &str| {
        let errors = json!([{ "code": code, "msg": msg }]);
        json!({ "data": null, "total": 0, "limit": 0, "offset": 0, "errors": errors })
    };
    let missing = get(&server, &format!("/api/traces/{unknown}")).await;
    assert_eq!(missing, (404, error(404, "trace not found")));
    let path = format!("/api/traces?traceID={known}&traceID={unknown}");
    let mut both = envelope(trace, 0);
    both["errors"] = json!([{ "msg": "trace not found", "traceID": unknown }]);
    assert_eq!(get(&server, &path).await, (200, both));
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_requests_are_answered_with_errors_in_the_envelope() {
    let server = start().await;
    for (path, message) in [
        ("/api/traces", "parameter 'service' is required"),
        ("/api/traces?service=", "parameter 'service' is required"),
        ("/api/operations", "parameter 'service' is required"),
        (
            "/api/operations?service=a&spanKind=boss",
            "unsupported span kind",
        ),
        (
            "/api/traces?service=a&start=now",
            "unable to parse param 'start'",
        ),
        (
            "/api/traces?service=a&end=-1",
            "unable to parse param 'end'",
        ),
        (
            "/api/traces?service=a&limit=-1",
            "unable to parse param 'limit'",
        ),
        (
            "/api/traces?service=a&minDuration=5",
            "unable to parse param 'minDuration'",
        ),
        (
            "/api/traces?service=a&minDuration=2s&maxDuration=1s",
            "'maxDuration' should be",
        ),
        ("/api/traces?service=a&tag=k", "malformed 'tag' parameter"),
        ("/api/traces?service=a&tags=k", "malformed 'tags' parameter"),
        ("/api/traces?traceID=xyz", "trace id"),
        ("/api/traces/0", "trace id"),
        ("/api/traces/%FF", "UTF-8"),
        (
            "/api/dependencies?endTs=now",
            "unable to parse param 'endTs'",
        ),
        ("/api/services?run=..%2F..", "run: a run is named"),
    ] {
        let (status, body) = get(&server, path).await;
        assert_eq!(
            (status, &body["errors"][0]["code"]),
            (400, &json!(400)),
            "{path}"
        );
        let answer = body["errors"][0]["msg"].as_str().expect("a text");
        assert!(answer.contains(message), "{path}: {answer}");
        assert_eq!(body["data"], Value::Null, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn translated_otlp_is_not_stored() {
    let server = start().await;
    let data = server.store.trace(samples::PING).expect("it is there");
    let body = serde_json::to_string(&data).expect("JSON");
    let expected = serde_json::to_value(jaeger::traces(data)).expect("JSON");
    let translated = post(&server, "/api/transform", "", &body).await;
    assert_eq!(translated, (200, envelope(expected, 0)));
    // In the form in which the v3 API answers.
    let answered = format!(r#"{{"result":{body}}}"#);
    let again = post(&server, "/api/transform", "", &answered).await;
    assert_eq!(again, translated);
    assert_eq!(server.store.len(), 3);
    let bad = r#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x","traceId":"00"}]}]}]}"#;
    for (body, part) in [
        ("{", "EOF"),
        ("[1]", "cannot unmarshal OTLP"),
        ("{}", "missing field `resourceSpans`"),
        (r#"{"data":[]}"#, "missing field `resourceSpans`"),
        (bad, "trace id"),
    ] {
        let (status, answer) = post(&server, "/api/transform", "", body).await;
        let message = answer["errors"][0]["msg"].as_str().expect("a text");
        assert!(
            status == 400 && message.contains(part),
            "{status} {message}"
        );
    }
    // Valid spans beside an invalid one are translated; the answer reports the invalid one.
    let good =
        r#"{"name":"y","traceId":"07070707070707070707070707070707","spanId":"0000000000000001"}"#;
    let both = bad.replace("[{\"name\"", &format!("[{good},{{\"name\""));
    let (status, answer) = post(&server, "/api/transform", "", &both).await;
    assert_eq!(
        (status, &answer["data"][0]["spans"][1]),
        (200, &Value::Null)
    );
    let message = answer["errors"][0]["msg"].as_str().expect("a text");
    assert!(message.starts_with("1 span was left out: "), "{message}");
    let long = " ".repeat(LONGEST_BODY + 1);
    assert_eq!(post(&server, "/api/transform", "", &long).await.0, 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_of_other_pages_are_rejected() {
    let server = start().await;
    let body = serde_json::to_string(&TracesData::default()).expect("JSON");
    for (headers, wanted) in [
        ("Origin: http://localhost\r\n", 200),
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: https://localhost\r\n", 403),
        ("Origin: http://localhost:1\r\n", 403),
        ("Origin: null\r\n", 403),
        (
            "Origin: http://localhost\r\nOrigin: http://evil.example\r\n",
            403,
        ),
    ] {
        let (status, _) = post(&server, "/api/transform", headers, &body).await;
        assert_eq!(status, wanted, "{headers}");
    }
}
