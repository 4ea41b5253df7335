//! Targets, secrets and batches of the export.

use std::time::Duration;

use opentelemetry_proto::tonic::trace::v1::Span;

use super::secrets::{Secrets, redacted_url};
use super::*;

const ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";

fn find(flag: Option<&str>, variables: &[(&str, &str)]) -> Result<Found, Error> {
    Target::find_in(flag, |name| {
        let mut all = variables.iter();
        let (_, value) = all.find(|(key, _)| *key == name)?;
        Some((*value).to_owned())
    })
}

#[test]
fn targets_come_from_the_flag_and_the_variables() {
    let http = |url: &str| Some((url.to_owned(), Protocol::HttpProtobuf));
    let grpc = |url: &str| Some((url.to_owned(), Protocol::Grpc));
    /// The flag, the variables, and the target.
    type Case<'a> = (
        Option<&'a str>,
        &'a [(&'a str, &'a str)],
        Option<(String, Protocol)>,
    );
    let cases: [Case<'_>; 17] = [
        (None, &[], None),
        (None, &[(ALL, "")], None),
        (Some("http://h:1"), &[], http("http://h:1/v1/traces")),
        (Some("http://h:1/"), &[], http("http://h:1/v1/traces")),
        (
            Some("http://h:1/v1/traces"),
            &[],
            http("http://h:1/v1/traces"),
        ),
        (
            Some("http://h:1/v1/traces/"),
            &[],
            http("http://h:1/v1/traces"),
        ),
        (
            Some("http://h:1/v1/traces//"),
            &[],
            http("http://h:1/v1/traces"),
        ),
        (Some("http://h:1/x//"), &[], http("http://h:1/x/v1/traces")),
        (Some("http://h:4317"), &[], grpc("http://h:4317/")),
        (
            Some("http://h:4317/v1/traces"),
            &[],
            http("http://h:4317/v1/traces"),
        ),
        (
            Some("http://a:1"),
            &[(ALL, "http://b:2")],
            http("http://a:1/v1/traces"),
        ),
        (
            None,
            &[(ALL, "http://b:2/x/")],
            http("http://b:2/x/v1/traces"),
        ),
        (
            None,
            &[(ALL, "http://b:2"), (TRACES, "http://c:3/in/")],
            http("http://c:3/in/"),
        ),
        (
            None,
            &[(ALL, "http://b:2"), (PROTOCOL, "grpc")],
            grpc("http://b:2/"),
        ),
        (
            None,
            &[(ALL, "http://b:4317"), (PROTOCOL, "http/protobuf")],
            http("http://b:4317/v1/traces"),
        ),
        (
            Some("http://u:p@h:1/?k=v"),
            &[],
            http("http://h:1/v1/traces?k=v"),
        ),
        (
            Some("http://[::1]:1"),
            &[(ALL, "https://b")],
            http("http://[::1]:1/v1/traces"),
        ),
    ];
    for (flag, variables, expected) in cases {
        let found = find(flag, variables).expect("a URL");
        let target = found.target.map(|t| (t.url.to_string(), t.protocol));
        assert_eq!(target, expected, "{flag:?} {variables:?}");
        assert_eq!(found.warnings, [""; 0], "{flag:?} {variables:?}");
    }
}

#[test]
fn malformed_url_is_rejected_without_revealing_secrets() {
    for url in [
        "",
        "127.0.0.1:4318",
        "ftp://127.0.0.1",
        "https://collector",
        "http://",
        "user:s3cret@127.0.0.1:4318",
        "http://user:s3/cret@127.0.0.1:4318",
        "https://user:s3cret@collector",
        "https://collector/?key=s3cret",
    ] {
        let error = find(Some(url), &[]).expect_err(url).to_string();
        assert!(
            error.contains(&format!("{:?}", redacted_url(url))),
            "{error}"
        );
        assert!(!error.contains("s3"), "{error}");
        assert!(
            error.contains("write for example http://127.0.0.1:4318"),
            "{error}"
        );
    }
}

/// Such variables may be meant for another program.
#[test]
fn invalid_variables_cause_warnings_with_their_names() {
    let flag = Some("http://h:1");
    for (flag, name, value, part) in [
        (
            None,
            ALL,
            "https://u:s3cret@collector",
            "TLS is not built in",
        ),
        (None, TRACES, "unix:///run/otel.sock", "http://"),
        (None, ALL, "collector:4317", "http://"),
        (flag, PROTOCOL, "http/json", "the port decides"),
        (flag, "OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"),
        (
            flag,
            "OTEL_EXPORTER_OTLP_TRACES_TIMEOUT",
            "0",
            "milliseconds",
        ),
        (flag, "OTEL_EXPORTER_OTLP_COMPRESSION", "zstd", "gzip"),
        (flag, HEADERS, "a=b,s3cret", "entry 2"),
        (flag, HEADERS, "a=%0As3cret", "entry 1"),
    ] {
        let found = find(flag, &[(name, value)]).expect(value);
        assert_eq!(found.target.is_some(), flag.is_some(), "{name}={value}");
        let [warning] = &*found.warnings else {
            panic!("{name}={value}: {:?}", found.warnings);
        };
        let named = warning.contains(name) && warning.contains(part);
        assert!(named && !warning.contains("s3cret"), "{warning}");
    }
    // Without an export there is no warning.
    let none = find(None, &[(PROTOCOL, "http/json")]).expect("nothing");
    assert_eq!(none, Found::default());
}

#[test]
fn headers_are_decoded_and_credentials_become_a_header() {
    let header = |url, variables: &[_], name| {
        let target = find(Some(url), variables).expect(url).target.expect(url);
        let value = target.headers.get(name).cloned();
        let shown = format!("{target:?} {target}");
        assert!(!shown.contains("s3cret"), "{shown}");
        value.map(|value| value.to_str().expect("text").to_owned())
    };
    let given = [(HEADERS, "x-tenant = alice , authorization=Bearer%20s3cret")];
    let basic = Some("Basic dXM6czNjcmV0".to_owned());
    for (url, variables, name, value) in [
        ("http://h", &given[..], "x-tenant", Some("alice".to_owned())),
        (
            "http://h",
            &given,
            "authorization",
            Some("Bearer s3cret".to_owned()),
        ),
        ("http://us:s3cret@h", &[], "authorization", basic.clone()),
        ("http://us:s3%63ret@h:4317", &[], "authorization", basic),
        (
            "http://us:x@h",
            &given,
            "authorization",
            Some("Bearer s3cret".to_owned()),
        ),
        ("http://h", &[], "authorization", None),
    ] {
        assert_eq!(header(url, variables, name), value, "{url} {variables:?}");
    }
}

#[test]
fn credentials_and_queries_are_redacted() {
    for (text, shown) in [
        ("ping", "ping"),
        ("--otlp", "--otlp"),
        ("http://h:1/v1/traces", "http://h:1/v1/traces"),
        ("http://u:p@h:1/x", "http://***@h:1/x"),
        ("http://token@h", "http://***@h"),
        ("--otlp=http://u:p@h", "--otlp=http://***@h"),
        ("http://u:a@b/c@h", "http://***@h"),
        ("http://h/?key=s", "http://h/?***"),
        ("http://h/?", "http://h/?"),
        // Arguments without a URL have no secrets.
        ("--kill=3@150ms", "--kill=3@150ms"),
        ("file:what?", "file:what?"),
    ] {
        assert_eq!(redacted(text), shown, "{text}");
    }
    assert_eq!(redacted_url("u:p@h:4318"), "***@h:4318");
    let mut secrets = Secrets::default();
    ["Bearer abcdef", "abcdefgh", "ab"]
        .iter()
        .for_each(|secret| secrets.add(secret));
    let message = "Bearer is good, ab too; abcdefgh and Bearer abcdef are not: abcdef";
    let struck = "Bearer is good, ab too; *** and *** are not: ***";
    assert_eq!(secrets.strike(message), struck);
}

/// A span with a name of that length.
fn span(id: u64, length: usize) -> EncodedSpan {
    let span = Span {
        trace_id: vec![7; 16],
        span_id: id.to_be_bytes().to_vec(),
        name: "x".repeat(length),
        ..Span::default()
    };
    EncodedSpan::try_from(&span).expect("good ids")
}

#[test]
fn batches_hold_the_spans_of_all_services_within_the_limits() {
    let resource = |name: &'static str| Resource::builder_empty().with_service_name(name).build();
    let services = [resource("a"), resource("b")];
    let sizes = |spans: Vec<(u32, EncodedSpan)>| {
        let batches = Batch::all(spans, &services);
        let shape = batches.iter().map(|batch| {
            let groups = &batch.request.resource_spans;
            let spans = groups.iter().map(|group| group.scope_spans[0].spans.len());
            assert_eq!(batch.spans(), spans.clone().sum::<usize>() as u64);
            spans.collect::<Vec<_>>()
        });
        shape.collect::<Vec<_>>()
    };
    let many = |count: u64, length| (0..count).map(move |id| (id as u32 % 2, span(id + 1, length)));
    for (spans, shape) in [
        (vec![], vec![]),
        (many(3, 1).collect(), vec![vec![2, 1]]),
        (many(513, 1).collect(), vec![vec![256, 256], vec![1]]),
        // Two of a megabyte are too much for one request.
        (
            many(3, 1_100_000).collect(),
            vec![vec![1], vec![1], vec![1]],
        ),
        (many(1, 9_000_000).collect(), vec![vec![1]]),
    ] {
        assert_eq!(sizes(spans), shape);
    }
    let all = Batch::all(many(2, 1).collect(), &services);
    let groups = &all[0].request.resource_spans;
    let names = groups.iter().map(|group| {
        let resource = group.resource.as_ref().expect("a resource");
        assert_eq!(
            group.scope_spans[0].scope.as_ref().expect("one").name,
            "testbed"
        );
        resource.attributes[0].value.clone()
    });
    let names: Vec<_> = names.map(|name| format!("{name:?}")).collect();
    assert!(
        names[0].contains("\"a\"") && names[1].contains("\"b\""),
        "{names:?}"
    );
}

#[test]
fn reasons_are_reported_with_their_counts() {
    let shared = Shared::default();
    assert_eq!(shared.reasons(), None);
    shared.lose(2, "full".into());
    shared.lose(1, "full".into());
    assert_eq!(shared.reasons(), Some("full".into()));
    shared.lose(4, "rejected".into());
    assert_eq!(shared.reasons(), Some("4: rejected; 3: full".into()));
    // A collector that makes up a reason for each batch.
    (0..100).for_each(|number| shared.lose(1, format!("because of {number}")));
    assert_eq!(shared.dropped.load(Ordering::Relaxed), 107);
    assert_eq!(lock(&shared.reasons).len(), MOST_REASONS);
}

#[test]
fn end_waits_for_a_bounded_time() {
    let began = tokio::time::Instant::now();
    let after = |seconds| began + Duration::from_secs(seconds);
    for (progress, over) in [
        (began, began + PATIENCE),
        (after(2), after(2) + PATIENCE),
        (after(9), began + LONGEST),
        (after(60), began + LONGEST),
    ] {
        assert_eq!(end::deadline(began, progress), over);
    }
    // Answers before the end do not count.
    let late = began + Duration::from_secs(60);
    assert_eq!(end::deadline(late, began), late + PATIENCE);
}
