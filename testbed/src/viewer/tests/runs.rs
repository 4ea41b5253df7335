//! The runs of a folder: they are listed and opened, and no request leaves the folder.

use std::fs;
use std::path::Path;

use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::*;

/// A run in `out` with one span of `service`.
fn save(out: &Path, id: &str, started: &str, service: &str) {
    let folder = out.join(id);
    fs::create_dir(&folder).expect("a folder of ours");
    let record = json!({
        "id": id, "started": started, "seconds": 1.5, "seed": 7, "peers": 2,
        "command": ["testbed", "ping"],
        "experiment": { "name": "ping", "options": {} },
        "verdict": { "status": "pass", "reasons": [] },
        "spans": { "started": 1, "stored": 1, "lost": 0, "exported": 0 },
    });
    fs::write(folder.join("run.json"), record.to_string()).expect("a file of ours");
    let store = Store::new();
    let service = store.add_service(samples::resource(service));
    store
        .insert(service, &samples::span([8; 16], 1, 0, "x", 0))
        .expect("a good span");
    let mut spans = Vec::new();
    store
        .write_jsonl(&mut spans)
        .expect("memory takes everything");
    fs::write(folder.join("spans.jsonl"), spans).expect("a file of ours");
}

async fn with_runs() -> (Server, tempfile::TempDir) {
    let server = start().await;
    let around = tempfile::tempdir().expect("a temporary folder");
    let out = around.path().join("runs");
    fs::create_dir(&out).expect("a folder of ours");
    save(&out, "a-ping", "2026-11-20T00:00:00Z", "peer-a");
    save(&out, "b-ping", "2026-11-21T00:00:00Z", "peer-b");
    save(&out, "c-ping", "2026-11-22T00:00:00Z", "peer-c");
    fs::create_dir(out.join("no-run")).expect("a folder of ours");
    fs::write(out.join("b-ping/results.csv"), "a,b\n1,2\n3,").expect("a file of ours");
    fs::write(out.join("b-ping/host.csv"), "seconds\n0.1\n").expect("a file of ours");
    // A run outside the folder, which must not be reached.
    save(around.path(), "outside", "2026-11-23T00:00:00Z", "secret");
    server.runs.saved_in(&out.join("b-ping"));
    let record = fs::read_to_string(out.join("b-ping/run.json")).expect("just written");
    server
        .run
        .send_replace(serde_json::from_str(&record).expect("JSON"));
    (server, around)
}

/// The lock that a run's process holds shows whether the run goes on.
#[tokio::test(flavor = "multi_thread")]
async fn a_run_without_an_end_is_running_or_dead() {
    let (server, around) = with_runs().await;
    let folder = around.path().join("runs/a-ping");
    let text = fs::read_to_string(folder.join("run.json")).expect("a file of ours");
    let mut record: Value = serde_json::from_str(&text).expect("JSON");
    record["seconds"] = Value::Null;
    record["verdict"] = json!({ "status": "unknown", "reasons": ["the run has not ended"] });
    fs::write(folder.join("run.json"), record.to_string()).expect("a file of ours");
    let died = async || {
        let (_, body) = get(&server, "/api/runs").await;
        let runs = body["runs"].as_array().expect("runs").clone();
        let run = runs.into_iter().find(|run| run["id"] == "a-ping");
        run.expect("it is listed")["died"].clone()
    };
    let held = fs::File::open(&folder).expect("the folder");
    held.lock().expect("a lock");
    assert_eq!(died().await, false);
    drop(held);
    assert_eq!(died().await, true);
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_the_newest_first() {
    let (server, _around) = with_runs().await;
    let (status, body) = get(&server, "/api/runs").await;
    assert_eq!((status, &body["current"]), (200, &json!("b-ping")));
    let run = |id: &str, started: &str| {
        json!({
            "id": id, "experiment": "ping", "started": started, "seconds": 1.5,
            "verdict": "pass", "died": false, "peers": 2, "command": ["testbed", "ping"], "seed": 7,
            "spans": { "started": 1, "stored": 1, "lost": 0 },
        })
    };
    let runs = json!([
        run("c-ping", "2026-11-22T00:00:00Z"),
        run("b-ping", "2026-11-21T00:00:00Z"),
        run("a-ping", "2026-11-20T00:00:00Z"),
    ]);
    assert_eq!(body["runs"], runs);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_endpoint_accepts_another_run() {
    let (server, _around) = with_runs().await;
    for (path, part) in [
        ("/api/run?run=a-ping", "a-ping"),
        ("/api/v3/services?run=a-ping", "peer-a"),
        ("/api/v3/services?run=c-ping", "peer-c"),
        // The shown run by its id: it is served from memory, not from its file.
        ("/api/v3/services?run=b-ping", "peer-0"),
        ("/api/v3/services", "peer-0"),
        ("/api/services?run=a-ping", "peer-a"),
        ("/api/v3/trace-summaries?run=a-ping", "peer-a"),
        ("/api/v3/traces?run=a-ping", "peer-a"),
        ("/api/traces?service=peer-a&run=a-ping", "peer-a"),
        ("/api/topology?run=a-ping", "edges"),
        ("/api/cuts?run=a-ping", "cuts"),
        ("/api/diagram?run=a-ping", "steps"),
        ("/api/spans?run=a-ping", "0000000000000001"),
    ] {
        let (status, body) = get(&server, path).await;
        assert!(
            status == 200 && body.to_string().contains(part),
            "{path}: {status} {body}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_request_leaves_the_folder() {
    let (server, _around) = with_runs().await;
    for (id, wanted) in [
        ("nothing", 404),
        ("no-run", 404),
        ("outside", 404),
        ("..", 400),
        ("../outside", 400),
        ("..%2Foutside", 400),
        ("%2Fetc", 400),
        ("a-ping%2F..%2F..%2Foutside", 400),
        (".hidden", 400),
        ("a%00", 400),
        ("%5Coutside", 400),
        (&"a".repeat(256), 400),
    ] {
        let (status, body) = get(&server, &format!("/api/run?run={id}")).await;
        assert_eq!(status, wanted, "{id}: {body}");
        assert!(!body.to_string().contains("secret"), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_run_is_read_again_and_a_malformed_one_names_the_place() {
    let (server, around) = with_runs().await;
    assert_eq!(get(&server, "/api/v3/services?run=a-ping").await.0, 200);
    let folder = around.path().join("runs/a-ping");
    fs::write(folder.join("spans.jsonl"), "{}\n").expect("a file of ours");
    let record = fs::File::options()
        .append(true)
        .open(folder.join("run.json"));
    let later = std::time::SystemTime::now() + Duration::from_secs(60);
    record
        .and_then(|file| file.set_modified(later))
        .expect("a file of ours");
    let (status, body) = get(&server, "/api/v3/services?run=a-ping").await;
    let message = body["error"]["message"].as_str().expect("a text");
    assert!(
        status == 500 && message.contains("spans.jsonl: line 1"),
        "{status} {message}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn measurements_are_served_as_they_are_written() {
    let (server, _around) = with_runs().await;
    let body =
        |csv: &str, host: &str| json!({ "csv": csv, "csv_rest": 0, "host": host, "host_rest": 0 });
    for (path, csv, host) in [
        ("/api/results", "a,b\n1,2\n", "seconds\n0.1\n"),
        ("/api/results?run=a-ping", "", ""),
    ] {
        assert_eq!(get(&server, path).await, (200, body(csv, host)), "{path}");
    }
    let without = start().await;
    assert_eq!(get(&without, "/api/results").await, (200, body("", "")));
    let none = json!({ "current": null, "runs": [] });
    assert_eq!(get(&without, "/api/runs").await, (200, none));
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_are_found_one_by_one() {
    let server = start().await;
    let trace = "07".repeat(16);
    for (query, spans, more) in [
        ("query.operationName=PING", &["0000000000000002"][..], false),
        (
            "query.serviceName=peer-1&query.searchDepth=1",
            &["0000000000000003"],
            true,
        ),
        (
            "query.attributes=%7B%22to%22%3A%22peer-1%22%7D",
            &["0000000000000001"],
            false,
        ),
        ("query.serviceName=nobody", &[], false),
        ("query.searchDepth=0", &[], true),
    ] {
        let spans: Vec<_> = spans
            .iter()
            .map(|id| json!({ "traceId": trace, "spanId": id }))
            .collect();
        let wanted = json!({ "spans": spans, "more": more });
        assert_eq!(
            get(&server, &format!("/api/spans?{query}")).await,
            (200, wanted),
            "{query}"
        );
    }
}

/// The first step of a peer, with the balance after it.
fn step(peer: u8, balance: Option<&str>) -> Span {
    let mut span = samples::span([9; 16], peer, 0, "start", u64::from(peer));
    span.attributes = vec![samples::attribute("p2p.step", AnyValue::IntValue(1))];
    let balance = balance.map(|balance| samples::text("state.balance", balance));
    span.attributes.extend(balance);
    span
}

#[tokio::test(flavor = "multi_thread")]
async fn states_are_separated_on_request() {
    let store = Store::new();
    let service = store.add_service(samples::resource("peer-a"));
    for (peer, balance) in (1..).zip([Some("90"), Some("100"), Some("90"), None]) {
        let inserted = store.insert(service, &step(peer, balance));
        inserted.expect("a good span");
    }
    let server = serving(store, Takes::Nothing).await;
    let (_, body) = get(&server, "/api/diagram").await;
    assert_eq!(body["states"], Value::Null);
    let (_, body) = get(&server, "/api/diagram?after=0&states=true").await;
    let states = &body["states"];
    assert_eq!(states.as_array().map(Vec::len), Some(4), "{states}");
    assert_eq!(states[0], states[2]);
    assert_ne!(states[0], states[1]);
    assert_eq!(states[3], 0);
    let (status, body) = get(&server, "/api/diagram?states=yes").await;
    let why = body["error"]["message"].as_str().expect("a reason");
    assert!(status == 400 && why.contains("not true or false"), "{why}");
}
