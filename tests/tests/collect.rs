//! `testbed view --collect`: what other processes report, over HTTP and gRPC,
//! to the address of the page.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use support::{Running, Runs, run, saved};

/// What the server at `address` answers.
fn get(address: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

#[test]
fn runs_report_to_a_viewer() {
    let mut view = support::testbed();
    view.args(["view", "--collect", "--listen", "127.0.0.1:0"]);
    let mut view = Running::start(&mut view);
    let line = view.line("http://");
    let address = line
        .split(' ')
        .find_map(|word| word.strip_prefix("http://"));
    let address = address.expect("just seen");
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
