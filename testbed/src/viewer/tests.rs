//! The viewer over a real socket on loopback, as a browser uses it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{oneshot, watch};

mod receive;
mod runs;
mod v1;
mod wide;

use trace::jaeger;
use trace::store::samples;

use super::*;
use crate::control;

/// The longest that a test waits before it fails.
const DEADLINE: Duration = Duration::from_secs(10);

struct Server {
    address: SocketAddr,
    store: Arc<Store>,
    run: watch::Sender<Value>,
    runs: Arc<Runs>,
    stop: oneshot::Sender<()>,
    served: tokio::task::JoinHandle<()>,
}

async fn start() -> Server {
    serving(samples::store(), Takes::Nothing).await
}

async fn serving(store: Store, takes: Takes) -> Server {
    let listener = bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    serving_at(listener, store, takes)
}

fn serving_at(listener: Listener, store: Store, takes: Takes) -> Server {
    let store = Arc::new(store);
    let (run, seen) = watch::channel(json!({ "seed": 7 }));
    let address = listener.address;
    let (stop, stopped) = oneshot::channel();
    let runs = Arc::new(Runs::default());
    let viewer = Viewer {
        store: store.clone(),
        run: seen,
        runs: Arc::clone(&runs),
        takes,
    };
    let served = tokio::spawn(serve(listener, viewer, async {
        let _ = stopped.await;
    }));
    Server {
        address,
        store,
        run,
        runs,
        stop,
        served,
    }
}

fn send(address: SocketAddr, request: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    stream
        .set_read_timeout(Some(DEADLINE))
        .expect("a deadline can be set");
    stream
        .write_all(request.as_bytes())
        .expect("the server reads");
    stream
}

/// One request, and the answer's status, head and body.
async fn ask(address: SocketAddr, line: &str, host: &str) -> (u16, String, String) {
    request(address, line, host, "", "").await
}

/// One request with more headers and a body.
async fn request(
    address: SocketAddr,
    line: &str,
    host: &str,
    headers: &str,
    body: &str,
) -> (u16, String, String) {
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    let answer = tokio::task::spawn_blocking(move || {
        let mut answer = String::new();
        send(address, &request)
            .read_to_string(&mut answer)
            .expect("an answer in text");
        answer
    });
    let answer = answer.await.expect("the client lives");
    let (head, body) = answer.split_once("\r\n\r\n").expect("a head and a body");
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .expect("a status");
    (status, head.to_owned(), body.to_owned())
}

async fn get(server: &Server, path: &str) -> (u16, Value) {
    let (status, _, body) = ask(server.address, &format!("GET {path}"), "localhost").await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

async fn post(server: &Server, path: &str, headers: &str, body: &str) -> (u16, Value) {
    let line = format!("POST {path}");
    let (status, _, body) = request(server.address, &line, "localhost", headers, body).await;
    (status, serde_json::from_str(&body).expect("JSON"))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_answers_in_jaegers_shapes() {
    let server = start().await;
    let trace = "07".repeat(16);
    assert_eq!(get(&server, "/api/run").await, (200, json!({ "seed": 7 })));
    let services = json!({ "services": ["peer-0", "peer-1"] });
    assert_eq!(get(&server, "/api/v3/services").await, (200, services));
    let operations = json!({ "operations": [{ "name": "ping", "spanKind": "client" }] });
    assert_eq!(
        get(&server, "/api/v3/operations?service=peer-0").await,
        (200, operations)
    );
    let (_, all) = get(&server, "/api/v3/operations").await;
    let all = all["operations"].as_array().expect("a list");
    let names: Vec<_> = all.iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["PING", "lost", "ping"]);
    let summaries = json!({ "summaries": [{
        "traceId": trace,
        "rootServiceName": "peer-0",
        "rootOperationName": "ping",
        "minStartTimeUnixNano": samples::START.to_string(),
        "maxEndTimeUnixNano": (samples::START + 1000).to_string(),
        "spanCount": 3,
        "errorSpanCount": 1,
        "orphanSpanCount": 1,
        "unendedSpanCount": 0,
        "services": [
            { "name": "peer-0", "spanCount": 1, "errorSpanCount": 1 },
            { "name": "peer-1", "spanCount": 2, "errorSpanCount": 0 },
        ],
    }], "total": 1 });
    assert_eq!(
        get(&server, "/api/v3/trace-summaries").await,
        (200, summaries)
    );
    let (status, body) = get(&server, &format!("/api/v3/traces/{trace}")).await;
    assert_eq!(status, 200);
    let data: opentelemetry_proto::tonic::trace::v1::TracesData =
        serde_json::from_value(body["result"].clone()).expect("OTLP JSON");
    assert_eq!(Some(data), server.store.trace(samples::PING));
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_take_jaegers_parameters() {
    let server = start().await;
    for (query, found) in [
        (
            "query.serviceName=peer-1&query.startTimeMin=2020-01-01T00:00:00Z",
            1,
        ),
        ("query.service_name=peer-1&query.operation_name=PING", 1),
        ("query.serviceName=nobody", 0),
        ("query.startTimeMax=2020-01-01T00:00:00.5%2B02:00", 0),
        ("query.durationMin=1.2s", 0),
        ("query.durationMax=100ns&query.searchDepth=5", 1),
        ("query.attributes=%7B%22to%22%3A%22peer-1%22%7D", 1),
        ("query.searchDepth=0", 0),
        ("query.num_traces=0", 0),
        ("query.numTraces=1", 1),
        ("query.durationMax=0s", 1),
        ("query.serviceName=&query.unknown=1", 1),
    ] {
        let (status, body) = get(&server, &format!("/api/v3/trace-summaries?{query}")).await;
        assert_eq!(status, 200, "{query}");
        assert_eq!(
            body["summaries"].as_array().map(Vec::len),
            Some(found),
            "{query}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_requests_are_answered_with_errors_in_json() {
    let server = start().await;
    let unknown = "1".repeat(32);
    let (zero, long) = ("0".repeat(32), "1".repeat(33));
    let not_hex = format!("+{}", "1".repeat(31));
    for (path, wanted) in [
        (format!("/api/v3/traces/{unknown}"), 404),
        (format!("/api/v3/traces/{zero}"), 400),
        (format!("/api/v3/traces/{long}"), 400),
        (format!("/api/v3/traces/{not_hex}"), 400),
        ("/api/v3/traces/%FF".to_owned(), 400),
        (
            "/api/v3/trace-summaries?query.startTimeMin=yesterday".to_owned(),
            400,
        ),
        (
            "/api/v3/trace-summaries?query.durationMin=-1s".to_owned(),
            400,
        ),
        (
            "/api/v3/trace-summaries?query.searchDepth=-1".to_owned(),
            400,
        ),
        (
            "/api/v3/trace-summaries?query.attributes=%5B%5D".to_owned(),
            400,
        ),
        ("/api/nothing".to_owned(), 404),
        ("/../Cargo.toml".to_owned(), 404),
        ("/%2e%2e/%2e%2e/Cargo.toml".to_owned(), 404),
        ("/vendor/".to_owned(), 404),
    ] {
        let (status, body) = get(&server, &path).await;
        assert_eq!(status, wanted, "{path}");
        assert_eq!(body["error"]["httpCode"], wanted, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_comes_with_headers_that_keep_scripts_out() {
    let server = start().await;
    for (path, kind) in [
        ("/", "text/html"),
        ("/app.js", "text/javascript"),
        ("/style.css", "text/css"),
        ("/api/run", "application/json"),
    ] {
        let (status, head, body) = ask(server.address, &format!("GET {path}"), "[::1]:1").await;
        let head = head.to_lowercase();
        assert_eq!(status, 200, "{path}");
        assert!(!body.is_empty(), "{path}");
        assert!(
            head.contains(&format!("content-type: {kind}")),
            "{path}: {head}"
        );
        assert!(
            head.contains("content-security-policy: default-src 'none';"),
            "{path}: {head}"
        );
        assert!(!head.contains("unsafe"), "{path}: {head}");
        assert!(
            head.contains("x-content-type-options: nosniff"),
            "{path}: {head}"
        );
        assert!(head.contains("cache-control: no-store"), "{path}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn other_sites_and_other_methods_are_refused() {
    let server = start().await;
    for (line, host, wanted) in [
        ("GET /api/run", "evil.example", 403),
        ("GET /", "evil.example:8700", 403),
        ("POST /api/run", "evil.example", 403),
        ("POST /api/run", "localhost", 405),
        ("DELETE /", "localhost", 405),
        ("HEAD /api/run", "localhost", 200),
    ] {
        assert_eq!(
            ask(server.address, line, host).await.0,
            wanted,
            "{line} to {host}"
        );
    }
}

/// Reads events from the stream until one meets the condition.
fn wait_for(lines: &mut impl BufRead, wanted: impl Fn(&Value) -> bool) {
    loop {
        let mut line = String::new();
        assert_ne!(
            lines.read_line(&mut line).expect("an event in time"),
            0,
            "the stream ended"
        );
        let data = line.strip_prefix("data: ").map(serde_json::from_str);
        if data.is_some_and(|data| wanted(&data.expect("JSON"))) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn events_report_changes_and_end_with_the_server() {
    let Server {
        address,
        store,
        run,
        stop,
        served,
        ..
    } = start().await;
    let client = tokio::task::spawn_blocking(move || {
        let request = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut lines = BufReader::new(send(address, request));
        wait_for(&mut lines, |data| {
            data["spans"] == 3 && data["live"] == true
        });
        let service = store.add_service(samples::resource("peer-2"));
        store
            .insert(service, &samples::span([8; 16], 1, 0, "x", 0))
            .expect("a good span");
        wait_for(&mut lines, |data| data["spans"] == 4 && data["traces"] == 2);
        run.send_replace(json!({ "seed": 8 }));
        wait_for(&mut lines, |data| data["run"] == 1);
        drop(run);
        wait_for(&mut lines, |data| data["live"] == false);
        stop.send(()).expect("the server runs");
        lines.read_to_end(&mut Vec::new()).expect("the stream ends");
    });
    client.await.expect("the client got all it waited for");
    served.await.expect("no panic");
}

/// Every page shows that a run is paused, whichever page paused it.
#[tokio::test(flavor = "multi_thread")]
async fn events_list_the_possible_faults() {
    let (fault_sender, fault_requests) = control::control();
    let server = serving(samples::store(), Takes::Faults(fault_sender)).await;
    let client = tokio::task::spawn_blocking(move || {
        let request = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut lines = BufReader::new(send(server.address, request));
        let nothing = json!({ "allowed": [], "paused": false });
        wait_for(&mut lines, |data| data["control"] == nothing);
        fault_requests.allow(vec!["pause"]);
        wait_for(&mut lines, |data| {
            data["control"]["allowed"] == json!(["pause"])
        });
        for paused in [true, false, true] {
            fault_requests.pause(paused);
            wait_for(&mut lines, |data| data["control"]["paused"] == paused);
        }
        drop(fault_requests);
        wait_for(&mut lines, |data| data["control"] == nothing);
        server.stop.send(()).expect("the server runs");
        server.served
    });
    let served = client.await.expect("the client got all it waited for");
    served.await.expect("no panic");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_client_does_not_delay_the_shutdown() {
    let Server {
        address,
        stop,
        served,
        ..
    } = start().await;
    let _silent = send(address, "GET / HTTP/1.1\r\n");
    stop.send(()).expect("the server runs");
    let served = tokio::time::timeout(DEADLINE, served)
        .await
        .expect("it stops in time");
    served.expect("no panic");
}

#[tokio::test]
async fn a_port_in_use_is_named_with_the_way_out() {
    let taken = bind(([127, 0, 0, 1], 0).into()).await.expect("a free port");
    let address = taken.address;
    let error = bind(address).await.expect_err("it is taken");
    assert!(
        matches!(error, Error::InUse(named) if named == address),
        "{error}"
    );
    let (error, way_out) = (error.to_string(), "for example 127.0.0.1:");
    assert!(error.contains(way_out), "{error}");
}
