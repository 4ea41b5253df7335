//! Spans into the store over OTLP/HTTP: requests of protobuf on loopback, by
//! two connections, to the viewer as it collects.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message as _;
use testbed::viewer::{self, Runs, Takes, Viewer};
use tokio::runtime::Runtime;
use tokio::sync::watch;
use trace::store::Store;

use crate::figures::{median, rate, thousands};
use crate::filled;

/// As an exporter's batch, but larger than the SDK's default of 512.
const BATCH: u64 = 2048;

/// Requests on each connection.
const REQUESTS: u64 = 100;

const CONNECTIONS: u64 = 2;

pub(crate) fn ingest(rounds: usize) -> String {
    let rates = (0..rounds).map(|_| round()).collect();
    format!(
        "{} spans a second (target 150,000) over {CONNECTIONS} connections, senders on the same two cores; medians of {rounds} rounds of {} spans with 8 attributes, {BATCH} a request",
        thousands(median(rates)),
        thousands((BATCH * REQUESTS * CONNECTIONS) as f64)
    )
}

fn round() -> f64 {
    let runtime = Runtime::new().expect("a machine that can run threads");
    let store = Arc::new(Store::with_limit(4 << 30));
    let (run, seen) = watch::channel(serde_json::Value::Null);
    let viewer = Viewer {
        store: Arc::clone(&store),
        run: seen,
        runs: Arc::new(Runs::default()),
        takes: Takes::Spans,
    };
    let listener = runtime.block_on(viewer::bind(([127, 0, 0, 1], 0).into()));
    let listener = listener.expect("a free port");
    let address = listener.address();
    runtime.spawn(viewer::serve(listener, viewer, std::future::pending()));
    let bodies: Vec<_> = (0..CONNECTIONS).map(bodies).collect();
    let began = Instant::now();
    thread::scope(|scope| {
        for bodies in &bodies {
            scope.spawn(move || send(address, bodies));
        }
    });
    let took = began.elapsed();
    drop(run);
    let sent = BATCH * REQUESTS * CONNECTIONS;
    assert_eq!(store.len() as u64, sent);
    runtime.shutdown_background();
    rate(sent, took)
}

fn bodies(peer: u64) -> Vec<Vec<u8>> {
    let body = |request: u64| {
        let numbers = (0..BATCH).map(|span| (peer * REQUESTS + request) * BATCH + span);
        let request = ExportTraceServiceRequest {
            resource_spans: vec![ResourceSpans {
                resource: Some(filled::resource(peer)),
                scope_spans: vec![ScopeSpans {
                    spans: numbers
                        .map(|number| filled::step(number, number / 10))
                        .collect(),
                    ..ScopeSpans::default()
                }],
                ..ResourceSpans::default()
            }],
        };
        request.encode_to_vec()
    };
    (0..REQUESTS).map(body).collect()
}

/// One request after the other; each waits for its answer.
fn send(address: SocketAddr, bodies: &[Vec<u8>]) {
    let mut stream = TcpStream::connect(address).expect("the server listens");
    let mut answer = [0; 4096];
    for body in bodies {
        let head = format!(
            "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-protobuf\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).expect("the server reads");
        stream.write_all(body).expect("the server reads");
        let read = stream.read(&mut answer).expect("the server answers");
        assert!(answer[..read].starts_with(b"HTTP/1.1 200"), "it takes them");
    }
}
