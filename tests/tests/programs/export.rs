//! Export of spans to a collector: over HTTP and gRPC, configured by option or variable,
//! and without an effect on the run.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::thread;

use support::collector::{Collector, Manner, Protocol, Received, TOO_OLD};
use support::spans::{self, Reported};
use support::{Runs, ports, run, saved};

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const PROTOCOL: &str = "OTEL_EXPORTER_OTLP_PROTOCOL";
const TRACES_PROTOCOL: &str = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL";
const HEADERS: &str = "OTEL_EXPORTER_OTLP_HEADERS";
const TRACES_HEADERS: &str = "OTEL_EXPORTER_OTLP_TRACES_HEADERS";

/// The identity of a span: its ids, its service and its name.
type Key = (Vec<u8>, Vec<u8>, String, String, String);

fn keys(spans: &[Reported]) -> Vec<Key> {
    let key = |reported: &Reported| {
        let span = &reported.span;
        let ids = (span.trace_id.clone(), span.span_id.clone());
        let who = (reported.service.clone(), reported.instance.clone());
        (ids.0, ids.1, who.0, who.1, span.name.clone())
    };
    let mut keys: Vec<_> = spans.iter().map(key).collect();
    keys.sort_unstable();
    keys
}

/// Checks that the collector has what the run saved: each span once, in few
/// requests.
fn all_arrived(collector: &Collector, folder: &Path) {
    let saved: Vec<_> = spans::saved(folder).into_iter().flatten().collect();
    assert_eq!(keys(&collector.spans()), keys(&saved));
    let spans_record = &saved::record(folder)["spans"];
    assert_eq!(spans_record["exported"], saved.len());
    assert_eq!(spans_record["exported"], spans_record["stored"]);
    assert_eq!(spans_record["not_exported"], 0);
    assert_eq!(spans_record["export_error"], serde_json::Value::Null);
    // A request has 512 spans, or those of a tenth of a second.
    let seconds = saved::record(folder)["seconds"].as_f64().expect("it ended");
    let requests = collector.received().len();
    let most = 2.0 * (saved.len() as f64 / 512.0 + seconds / 0.1) + 2.0;
    assert!(
        requests as f64 <= most,
        "{requests} for {} in {seconds} s",
        saved.len()
    );
}

#[test]
fn all_spans_arrive_once_each_under_its_peer() {
    for (protocol, name) in [(Protocol::Http, "http/protobuf"), (Protocol::Grpc, "grpc")] {
        let runs = Runs::new();
        let collector = Collector::start(protocol, Manner::Takes);
        let mut command = runs.testbed(["--peers=20", "--otlp", &collector.url(), "ping"]);
        let ended = run(command.env(PROTOCOL, name)).exits(0);
        assert!(
            ended.stdout.contains("exported          196 to "),
            "{ended}"
        );
        assert!(ended.stdout.contains(" 0 not exported\n"), "{ended}");
        all_arrived(&collector, &runs.only());
        let mut services = BTreeMap::<_, BTreeSet<_>>::new();
        for span in collector.spans() {
            let instances = services.entry(span.service).or_default();
            instances.insert(span.instance);
        }
        let peers = (0..20).map(|index| format!("peer-{index:02}"));
        let expected: BTreeSet<_> = peers.chain(["testbed".to_owned()]).collect();
        // The last peer dials no other; it reports if it was pinged.
        let missing: Vec<_> = expected
            .iter()
            .filter(|name| !services.contains_key(*name))
            .collect();
        assert!(missing.is_empty() || missing == ["peer-19"], "{missing:?}");
        assert!(services.keys().all(|name| expected.contains(name)));
        assert!(services.values().all(|instances| instances.len() == 1));
    }
}

/// Every pair pings, so that all 21 services report spans.
#[test]
fn every_service_is_a_resource() {
    let runs = Runs::new();
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let args = [
        "--peers=20",
        "ping",
        "--every-pair",
        "--otlp",
        &collector.url(),
    ];
    run(&mut runs.testbed(args)).exits(0);
    all_arrived(&collector, &runs.only());
    let services: BTreeSet<_> = collector
        .spans()
        .into_iter()
        .map(|span| span.service)
        .collect();
    assert_eq!(services.len(), 21, "{services:?}");
}

#[test]
fn a_collector_is_found_by_the_standard_variables() {
    // `@` stands for the collector's URL.
    for (protocol, flag, variables, path) in [
        (Protocol::Http, Some("@"), &[][..], "/v1/traces"),
        (Protocol::Http, Some("@/v1/traces"), &[], "/v1/traces"),
        (Protocol::Http, None, &[(ENDPOINT, "@")], "/v1/traces"),
        (
            Protocol::Http,
            None,
            &[(ENDPOINT, "@/base/")],
            "/base/v1/traces",
        ),
        (Protocol::Http, None, &[(TRACES_ENDPOINT, "@/in")], "/in"),
        (
            Protocol::Http,
            Some("@"),
            &[(ENDPOINT, "http://127.0.0.1:1")],
            "/v1/traces",
        ),
        (
            Protocol::Http,
            None,
            &[(TRACES_ENDPOINT, "@/in"), (ENDPOINT, "http://127.0.0.1:1")],
            "/in",
        ),
        (Protocol::Grpc, Some("@"), &[(PROTOCOL, "grpc")], ""),
        (
            Protocol::Grpc,
            None,
            &[(ENDPOINT, "@"), (PROTOCOL, "grpc")],
            "",
        ),
        (
            Protocol::Grpc,
            None,
            &[
                (TRACES_ENDPOINT, "@"),
                (TRACES_PROTOCOL, "grpc"),
                (PROTOCOL, "http/protobuf"),
            ],
            "",
        ),
    ] {
        let runs = Runs::new();
        let collector = Collector::start(protocol, Manner::Takes);
        let url = |text: &str| text.replace('@', &collector.url());
        let mut command = runs.testbed(["--peers=3", "ping"]);
        command.args(
            flag.iter()
                .flat_map(|flag| ["--otlp".to_owned(), url(flag)]),
        );
        command.envs(variables.iter().map(|(name, value)| (name, url(value))));
        run(&mut command).exits(0);
        all_arrived(&collector, &runs.only());
        let paths: BTreeSet<_> = collector.received().into_iter().map(|r| r.path).collect();
        assert_eq!(paths, BTreeSet::from([path.to_owned()]), "{variables:?}");
    }
}

/// The name of the protocol in the variables.
fn name(protocol: Protocol) -> &'static str {
    match protocol {
        Protocol::Http => "http/protobuf",
        Protocol::Grpc => "grpc",
    }
}

#[test]
fn spans_of_many_services_share_requests() {
    let runs = Runs::new();
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let args = ["--peers=30", "ping", "--every-pair", "--otlp"];
    run(runs.testbed(args).arg(collector.url())).exits(0);
    all_arrived(&collector, &runs.only());
    let services = |request: &Received| request.request.resource_spans.len();
    let most = collector.received().iter().map(services).max();
    assert!(most > Some(10), "{most:?}");
}

#[test]
fn rejected_spans_are_counted_with_the_message() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let runs = Runs::new();
        let collector = Collector::start(protocol, Manner::Rejects);
        let mut command = runs.testbed(["--peers=20", "--otlp", &collector.url(), "ping"]);
        let ended = run(command.env(PROTOCOL, name(protocol))).exits(0);
        let spans_record = &saved::record(&runs.only())["spans"];
        let (requests, spans) = (collector.received().len(), collector.spans().len());
        assert_eq!(spans_record["exported"], spans, "{ended}");
        assert_eq!(spans_record["not_exported"], requests, "{ended}");
        assert_eq!(spans + requests, 196, "{ended}");
        let line = format!("{requests} not exported: the collector rejected them: {TOO_OLD}");
        assert!(ended.stdout.contains(&line), "{ended}");
    }
}

/// Variables that are meant for other programs neither stop a run nor redirect its spans.
#[test]
fn ignored_variables_cause_a_warning() {
    for (variable, value) in [
        (ENDPOINT, "https://collector.example"),
        (TRACES_ENDPOINT, "unix:///run/otel.sock"),
    ] {
        let runs = Runs::new();
        let mut command = runs.testbed(["--peers=2", "ping"]);
        let ended = run(command.env(variable, value)).exits(0);
        let warning = format!("warning: {variable} is \"{value}\": ");
        assert!(ended.stderr.contains(&warning), "{ended}");
        assert!(!ended.stdout.contains("exported"), "{ended}");
    }
    let runs = Runs::new();
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let mut command = runs.testbed(["--peers=2", "ping", "--otlp", &collector.url()]);
    let nowhere = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
    command.envs(nowhere.map(|name| (name, "http://127.0.0.1:1")));
    let ended = run(command.env(PROTOCOL, "http/json")).exits(0);
    assert!(ended.stderr.contains(PROTOCOL), "{ended}");
    all_arrived(&collector, &runs.only());
}

#[test]
fn credentials_reach_the_collector_alone() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        let runs = Runs::new();
        let collector = Collector::start(protocol, Manner::Takes);
        let url = collector.url().replace("//", "//user:s3cret@");
        let mut command = runs.testbed(["--peers=3", "ping", "-vvv"]);
        command.arg(format!("--otlp={url}/?token=t0ken"));
        command.env(PROTOCOL, name(protocol));
        let ended = run(&mut command).exits(0);
        let received = collector.received();
        assert!(!received.is_empty(), "{ended}");
        for received in &received {
            let header = received.headers.get("authorization");
            assert_eq!(header.map(String::as_str), Some("Basic dXNlcjpzM2NyZXQ="));
        }
        let folder = runs.only();
        let files = std::fs::read_dir(&folder)
            .expect("the run's folder")
            .flatten();
        let texts = files.map(|file| std::fs::read_to_string(file.path()).expect("text"));
        for text in texts.chain([ended.stdout.clone(), ended.stderr.clone()]) {
            for secret in ["s3cret", "t0ken", "dXNlcjpzM2NyZXQ"] {
                let at = text.find(secret);
                let around = at.map(|at| &text[at.saturating_sub(200)..at + 20]);
                assert_eq!(around, None, "{protocol:?}: {secret}");
            }
        }
        let record = saved::record(&folder);
        let shown = collector.url().replace("//", "//***@") + "/?***";
        let command = record["command"].as_array().expect("a list");
        assert_eq!(
            command.last().expect("an argument"),
            &format!("--otlp={shown}")
        );
    }
}

#[test]
fn headers_go_with_every_request() {
    for protocol in [Protocol::Http, Protocol::Grpc] {
        for variable in [HEADERS, TRACES_HEADERS] {
            let runs = Runs::new();
            let collector = Collector::start(protocol, Manner::Takes);
            let mut command = runs.testbed(["--peers=3", "ping", "--otlp", &collector.url()]);
            if protocol == Protocol::Grpc {
                command.env(PROTOCOL, "grpc");
            }
            command.env(variable, "x-tenant=alice,authorization=Bearer%20secret");
            let ended = run(&mut command).exits(0);
            assert!(!collector.received().is_empty(), "{ended}");
            for received in collector.received() {
                let header = |name: &str| received.headers.get(name).map(String::as_str);
                assert_eq!(header("x-tenant"), Some("alice"), "{protocol:?} {variable}");
                assert_eq!(header("authorization"), Some("Bearer secret"));
            }
            // Secrets are neither saved nor printed.
            let record = saved::record(&runs.only()).to_string();
            assert!(!record.contains("secret") && !ended.stdout.contains("secret"));
        }
    }
}

#[test]
fn a_run_passes_without_its_collector() {
    let cases = [
        (Protocol::Http, None, "refused"),
        (Protocol::Http, Some(Manner::Refuses), "503"),
        (Protocol::Http, Some(Manner::IsSilent), "no answer within"),
        (Protocol::Grpc, None, "refused"),
        (Protocol::Grpc, Some(Manner::Refuses), "unavailable"),
        (Protocol::Grpc, Some(Manner::IsSilent), "no answer within"),
    ];
    // Each waits for its collector, so they do it together.
    thread::scope(|scope| {
        for (protocol, manner, why) in cases {
            scope.spawn(move || passes_without(protocol, manner, why));
        }
    });
}

fn passes_without(protocol: Protocol, manner: Option<Manner>, why: &str) {
    let name = name(protocol);
    let runs = Runs::new();
    let collector = manner.map(|manner| Collector::start(protocol, manner));
    let (_nobody, address) = ports::refusing();
    let nowhere = format!("http://{address}");
    let url = collector.as_ref().map_or(nowhere, Collector::url);
    let mut command = runs.testbed(["--peers=20", "ping", "--otlp", &url]);
    let ended = run(command.env(PROTOCOL, name)).exits(0);
    let case = format!("{name} {manner:?}: {ended}");
    for part in [
        "196 started, 196 stored, 0 lost",
        "196 not exported: ",
        "verdict           pass",
    ] {
        assert!(ended.stdout.contains(part), "{case}");
    }
    let spans_record = &saved::record(&runs.only())["spans"];
    assert_eq!(spans_record["exported"], 0, "{case}");
    assert_eq!(spans_record["not_exported"], 196, "{case}");
    let error = spans_record["export_error"].as_str().unwrap_or_default();
    assert!(error.to_lowercase().contains(why), "{case}");
}
