//! `testbed view --collect`: what other processes report, over HTTP and gRPC,
//! to the address of the page.

use serde_json::Value;
use support::{Running, Runs, http, run, saved};

/// What the server at `address` answers.
fn get(address: &str, path: &str) -> Value {
    http::get(address, path).json()
}

#[test]
fn runs_report_to_a_viewer() {
    let mut view = support::testbed();
    view.args(["view", "--collect", "--listen", "127.0.0.1:0"]);
    let mut view = Running::start(&mut view);
    let line = view.line("http://");
    let address = http::address(&line);
    let url = format!("http://{address}");
    let mut stored = 0;
    for protocol in ["http/protobuf", "grpc"] {
        let runs = Runs::new();
        let mut command = runs.testbed(["--peers=5", "--otlp", &url, "ping"]);
        run(command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol)).exits(0);
        let spans = &saved::record(&runs.only())["spans"];
        assert_eq!(spans["exported"], spans["stored"], "{protocol}: {spans}");
        stored += spans["stored"].as_u64().expect("a number");
        let summaries = get(address, "/api/v3/trace-summaries");
        let summaries = summaries["summaries"].as_array().expect("a list");
        let counts = summaries
            .iter()
            .map(|summary| summary["spanCount"].as_u64());
        let counted: u64 = counts.map(Option::unwrap_or_default).sum();
        assert_eq!(counted, stored, "{protocol}");
    }
    let services = get(address, "/api/services");
    assert_eq!(services["data"][0], "peer-00", "{services}");
    assert_eq!(get(address, "/api/run")["evicted"], 0);
    view.signal("INT");
    view.end().exits(0);
}

/// Other machines can reach it: a client that reports has to send the token.
#[test]
fn a_collector_for_others_wants_its_token() {
    let mut view = support::testbed();
    view.args(["view", "--collect", "--listen", "0.0.0.0:0"]);
    let mut view = Running::start(&mut view);
    let line = view.line("OTLP over HTTP");
    let (address, token) = http::address(&line)
        .split_once("/?token=")
        .expect("a token");
    let url = format!("http://{address}");
    assert_eq!(http::get(address, "/api/services").status, 401);
    for protocol in ["http/protobuf", "grpc"] {
        for (token, taken) in [(token, true), ("0", false)] {
            let runs = Runs::new();
            let mut command = runs.testbed(["--peers=2", "--otlp", &url, "ping"]);
            command.env("OTEL_EXPORTER_OTLP_PROTOCOL", protocol);
            let headers = format!("authorization=Bearer%20{token}");
            run(command.env("OTEL_EXPORTER_OTLP_HEADERS", headers)).exits(0);
            let spans = &saved::record(&runs.only())["spans"];
            let exported = spans["exported"] == spans["stored"];
            assert_eq!(exported, taken, "{protocol}: {spans}");
        }
    }
    view.signal("INT");
    let ended = view.end();
    ended.exits(0);
}
