//! The OTLP receiver, over HTTP and gRPC: received spans are served, and hostile
//! requests change nothing.

use std::io::Write as _;

use axum::body::{Body, HttpBody as _};
use axum::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use prost::Message as _;
use tonic::Code;
use tonic::codec::CompressionEncoding;
use tonic::codegen::Service as _;
use tonic::transport::Channel;
use trace::export::ExportFormat;
use trace::{export, import};

use super::*;

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

async fn collecting() -> Server {
    serving(Store::with_limit(1 << 30), Takes::Spans).await
}

/// The spans of the sample store, as a request.
fn sample() -> ExportTraceServiceRequest {
    let data = samples::store().trace(samples::PING).expect("it is there");
    ExportTraceServiceRequest {
        resource_spans: data.resource_spans,
    }
}

/// A request with these spans.
fn with(spans: Vec<Span>) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans {
            resource: Some(samples::resource("peer-0")),
            scope_spans: vec![ScopeSpans {
                spans,
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        }],
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory takes everything");
    encoder.finish().expect("memory takes everything")
}

/// Sends one request with these bytes. Returns the answer's status and body.
async fn send_bytes(server: &Server, headers: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    let (address, length) = (server.address, body.len());
    let head = format!(
        "POST /v1/traces HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    let sent = tokio::task::spawn_blocking(move || {
        let mut stream = send(address, &head);
        // A server that refuses a request need not read all of it.
        let _ = stream.write_all(&body);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        answer
    });
    let answer = sent.await.expect("the client lives");
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("a head");
    let head = String::from_utf8_lossy(&answer[..end]);
    let status = head.split(' ').nth(1).and_then(|code| code.parse().ok());
    (status.expect("a status"), answer[end + 4..].to_vec())
}

async fn send_as(server: &Server, kind: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    send_bytes(server, &format!("Content-Type: {kind}\r\n"), body).await
}

async fn client(server: &Server) -> TraceServiceClient<Channel> {
    let address = format!("http://{}", server.address);
    let channel = Channel::from_shared(address)
        .expect("an address")
        .connect()
        .await;
    TraceServiceClient::new(channel.expect("the server listens"))
}

/// Checks that the received spans are served by the API and by each export.
async fn comes_out(server: &Server, name: &str) {
    let sent = TracesData {
        resource_spans: sample().resource_spans,
    };
    assert_eq!(
        server.store.trace(samples::PING),
        Some(sent.clone()),
        "{name}"
    );
    let id = "07".repeat(16);
    let (_, v3) = get(server, &format!("/api/v3/traces/{id}")).await;
    let v3: TracesData = serde_json::from_value(v3["result"].clone()).expect("OTLP JSON");
    assert_eq!(v3, sent, "{name}");
    let (_, v1) = get(server, &format!("/api/traces/{id}")).await;
    let wanted = serde_json::to_value(jaeger::traces(sent)).expect("JSON");
    assert_eq!(v1["data"], wanted, "{name}");
    for format in [
        ExportFormat::Otlp,
        ExportFormat::Jaeger,
        ExportFormat::Perfetto,
    ] {
        let export = |store: &Store| {
            let mut bytes = Vec::new();
            export::write(store, format, &mut bytes).expect("memory takes everything");
            bytes
        };
        let bytes = export(&server.store);
        assert_eq!(bytes, export(&samples::store()), "{name} {format:?}");
        if format != ExportFormat::Perfetto {
            assert_eq!(
                import::read(&bytes).expect("our own file").len(),
                3,
                "{name}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_received_over_http_are_served() {
    let protobuf = sample().encode_to_vec();
    let json = serde_json::to_vec(&TracesData {
        resource_spans: sample().resource_spans,
    });
    let json = json.expect("JSON");
    for (kind, encoding, body) in [
        (PROTOBUF, "", protobuf.clone()),
        (PROTOBUF, "Content-Encoding: gzip\r\n", gzip(&protobuf)),
        (JSON, "", json.clone()),
        (
            "application/json; charset=utf-8",
            "Content-Encoding: gzip\r\n",
            gzip(&json),
        ),
    ] {
        let server = collecting().await;
        let headers = format!("Content-Type: {kind}\r\n{encoding}");
        let (status, body) = send_bytes(&server, &headers, body).await;
        let nothing: &[u8] = if kind == PROTOBUF { b"" } else { b"{}" };
        assert_eq!((status, &*body), (200, nothing), "{headers}");
        comes_out(&server, &headers).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_received_over_grpc_are_served() {
    for gzipped in [false, true] {
        let server = collecting().await;
        let mut client = client(&server).await;
        if gzipped {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        let answer = client.export(sample()).await.expect("it is taken");
        assert_eq!(answer.into_inner().partial_success, None);
        comes_out(&server, &format!("gzipped {gzipped}")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn spans_that_break_a_limit_are_counted_and_the_others_stored() {
    let good = samples::span(samples::PING, 1, 0, "x", 0);
    let long = "x".repeat(70_000);
    let edit = |change: &dyn Fn(&mut Span)| {
        let mut span = good.clone();
        change(&mut span);
        span
    };
    let cases = [
        edit(&|span| span.trace_id = vec![1; 15]),
        edit(&|span| span.trace_id = vec![0; 16]),
        edit(&|span| span.span_id = vec![]),
        edit(&|span| span.parent_span_id = vec![1; 7]),
        edit(&|span| span.name = long.clone()),
        edit(&|span| span.attributes = vec![samples::text("k", &long)]),
        edit(&|span| span.attributes = vec![samples::text(&long, "v")]),
        edit(&|span| span.attributes = vec![samples::text("k", "v"); 1025]),
        edit(&|span| span.events = vec![Default::default(); 4097]),
        edit(&|span| span.links = vec![samples::rich_span().links[0].clone(); 1025]),
        edit(&|span| span.status.get_or_insert_default().message = long.clone()),
    ];
    for (number, bad) in cases.iter().enumerate() {
        let server = collecting().await;
        let request = with(vec![bad.clone(), good.clone(), bad.clone()]);
        let (status, body) = send_as(&server, PROTOBUF, request.encode_to_vec()).await;
        let answer = ExportTraceServiceResponse::decode(&*body).expect("an answer");
        let partial = answer.partial_success.expect("some were rejected");
        assert_eq!((status, partial.rejected_spans), (200, 2), "{number}");
        assert!(!partial.error_message.is_empty(), "{number}");
        assert_eq!(server.store.len(), 1, "{number}");
        let answer = client(&server)
            .await
            .export(request)
            .await
            .expect("it is taken");
        assert_eq!(
            answer.into_inner().partial_success,
            Some(partial),
            "{number}"
        );
    }
    let server = collecting().await;
    let mut request = with(vec![good]);
    let around = request.resource_spans[0].resource.get_or_insert_default();
    around.attributes.push(samples::text("k", &long));
    let json = serde_json::to_vec(&TracesData {
        resource_spans: request.resource_spans,
    });
    let (status, body) = send_as(&server, JSON, json.expect("JSON")).await;
    let answer: Value = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(
        (status, &answer["partialSuccess"]["rejectedSpans"]),
        (200, &json!("1"))
    );
    assert!(server.store.is_empty());
}

/// A span with invalid UTF-8 is rejected and counted.
#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_span_affects_no_other() {
    let mut protobuf = sample().encode_to_vec();
    let name = protobuf.windows(4).position(|part| part == b"ping");
    protobuf[name.expect("it is there")] = 0xff;
    let json = serde_json::to_string(&TracesData {
        resource_spans: sample().resource_spans,
    });
    let json = json.expect("JSON");
    let cut = json.replace("\"ping\"", "\"cut \\ud83d\"");
    let early = json.replace(
        "\"startTimeUnixNano\":\"1700000000000000001\"",
        "\"startTimeUnixNano\":-1",
    );
    for (kind, body) in [
        (PROTOBUF, protobuf.clone()),
        (JSON, cut.into_bytes()),
        (JSON, early.into_bytes()),
    ] {
        let server = collecting().await;
        let (status, body) = send_as(&server, kind, body).await;
        let (rejected, why) = match kind {
            PROTOBUF => {
                let answer = ExportTraceServiceResponse::decode(&*body).expect("an answer");
                let partial = answer.partial_success.expect("one was rejected");
                (partial.rejected_spans.to_string(), partial.error_message)
            }
            _ => {
                let answer: Value = serde_json::from_slice(&body).expect("JSON");
                let partial = &answer["partialSuccess"];
                let text = |key: &str| partial[key].as_str().expect("a text").to_owned();
                (text("rejectedSpans"), text("errorMessage"))
            }
        };
        assert_eq!((status, &*rejected), (200, "1"), "{kind}: {why}");
        assert!(
            why.starts_with("of the spans rejected, the first: "),
            "{why}"
        );
        assert_eq!((server.store.len(), server.store.left_out().spans), (2, 1));
    }
    // Over gRPC the request is framed by hand: the client can send only valid texts.
    let server = collecting().await;
    let mut framed = vec![0];
    framed.extend((protobuf.len() as u32).to_be_bytes());
    framed.extend(protobuf);
    let (code, answer) = call(&server, guard::OTLP_GRPC, framed).await;
    let answer = ExportTraceServiceResponse::decode(&answer[5..]).expect("an answer");
    assert_eq!(code, Code::Ok);
    assert_eq!(answer.partial_success.expect("one").rejected_spans, 1);
    assert_eq!(server.store.len(), 2);
}

/// One gRPC call with these bytes. Returns its status and the answer.
async fn call(server: &Server, path: &'static str, body: Vec<u8>) -> (Code, Vec<u8>) {
    let address = format!("http://{}", server.address);
    let channel = Channel::from_shared(address).expect("an address");
    let mut channel = channel.connect().await.expect("the server listens");
    let request = Request::post(format!("http://{}{path}", server.address))
        .header("content-type", "application/grpc")
        .header("te", "trailers")
        .body(tonic::body::Body::new(Body::from(body)))
        .expect("a request");
    std::future::poll_fn(|context| channel.poll_ready(context))
        .await
        .expect("the server listens");
    let response = channel.call(request).await.expect("an answer");
    let mut status = tonic::Status::from_header_map(response.headers());
    let mut body = std::pin::pin!(response.into_body());
    let mut bytes = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await
    {
        match frame.expect("a whole answer").into_data() {
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => {
                let trailers = frame.into_trailers().unwrap_or_default();
                status = status.or(tonic::Status::from_header_map(&trailers));
            }
        }
    }
    (status.expect("a status").code(), bytes)
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_grpc_services_are_unimplemented() {
    let server = collecting().await;
    for path in [
        "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
        "/opentelemetry.proto.collector.trace.v1.TraceService/Import",
        "/grpc.health.v1.Health/Check",
    ] {
        let (code, _) = call(&server, path, vec![0; 5]).await;
        assert_eq!(code, Code::Unimplemented, "{path}");
    }
}

/// Valid OTLP JSON in forms that other writers use, but not this program's.
const LENIENT: &str = r#"{"resource_spans":[{"resource":null,"scopeSpans":[{"spans":[{
    "traceId":"07070707070707070707070707070707","spanId":"0000000000000001","name":null,
    "kind":"SPAN_KIND_SERVER","status":{"code":"STATUS_CODE_ERROR"},"attributes":[
        {"key":"none","value":{"arrayValue":{}}},{"key":"nan","value":{"doubleValue":"NaN"}},
        {"key":"map","value":{"kvlistValue":{}}},{"value":{"intValue":7}}],
    "links":[{},{"traceId":"0909","spanId":""},{
        "traceId":"09090909090909090909090909090909","spanId":"0909090909090909"}]}]}]}]}"#;

#[tokio::test(flavor = "multi_thread")]
async fn every_receiver_accepts_the_same_otlp_json() {
    let server = collecting().await;
    for nothing in ["{}", r#"{"resourceSpans":null}"#] {
        let answer = send_as(&server, JSON, nothing.into()).await;
        assert_eq!(answer, (200, b"{}".to_vec()), "{nothing}");
    }
    let answer = send_as(&server, JSON, LENIENT.into()).await;
    assert_eq!(answer, (200, b"{}".to_vec()));
    let id = "07".repeat(16);
    let (_, v3) = get(&server, &format!("/api/v3/traces/{id}")).await;
    let span = &v3["result"]["resourceSpans"][0]["scopeSpans"][0]["spans"][0];
    assert_eq!(
        (&span["kind"], &span["droppedLinksCount"]),
        (&json!(2), &json!(2))
    );
    assert_eq!(span["links"].as_array().map(Vec::len), Some(1));
    let values = span["attributes"].as_array().expect("a list");
    let values: Vec<_> = values.iter().map(|attribute| &attribute["value"]).collect();
    let nan = json!({ "doubleValue": "NaN" });
    assert_eq!(values[1], &nan);
    let (_, v1) = get(&server, &format!("/api/traces/{id}")).await;
    let references = &v1["data"][0]["spans"][0]["references"];
    assert_eq!(references.as_array().map(Vec::len), Some(1), "{references}");
    let transformed = post(&server, "/api/transform", "", LENIENT).await;
    assert_eq!(transformed, (200, v1.clone()));
    for text in [LENIENT.replace('\n', ""), v3.to_string(), format!("{v3:#}")] {
        let store = import::read(text.as_bytes()).expect("what the API answers");
        let again = jaeger::traces(store.trace(samples::PING).expect("it is there"));
        assert_eq!(json!(again), v1["data"], "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_requests_change_nothing() {
    let server = collecting().await;
    let spans = with(vec![samples::span(samples::PING, 1, 0, "x", 0); 65_537]);
    let whole = sample().encode_to_vec();
    // 100 MiB of zeros, and ten million empty parts.
    let bomb = gzip(&vec![0; 100 << 20]);
    let empty = [0x0a, 0x00].repeat(5_000_000);
    let braces = [
        &b"{\"resourceSpans\":["[..],
        &b"{},".repeat(2_500_000),
        b"{}]}",
    ]
    .concat();
    let gzipped = "Content-Encoding: gzip\r\n";
    for (name, headers, body, wanted) in [
        (
            "too many spans",
            format!("Content-Type: {PROTOBUF}\r\n"),
            spans.encode_to_vec(),
            413,
        ),
        (
            "a gzip bomb",
            format!("Content-Type: {PROTOBUF}\r\n{gzipped}"),
            bomb,
            413,
        ),
        (
            "no gzip",
            format!("Content-Type: {PROTOBUF}\r\n{gzipped}"),
            whole.clone(),
            400,
        ),
        (
            "gzip cut short",
            format!("Content-Type: {PROTOBUF}\r\n{gzipped}"),
            gzip(&whole)[..40].to_vec(),
            400,
        ),
        (
            "another encoding",
            format!("Content-Type: {PROTOBUF}\r\nContent-Encoding: br\r\n"),
            whole.clone(),
            415,
        ),
        (
            "cut short",
            format!("Content-Type: {PROTOBUF}\r\n"),
            whole[..whole.len() - 1].to_vec(),
            400,
        ),
        (
            "garbage",
            format!("Content-Type: {PROTOBUF}\r\n"),
            vec![0xff; 100],
            400,
        ),
        (
            "empty parts",
            format!("Content-Type: {PROTOBUF}\r\n"),
            empty,
            413,
        ),
        (
            "no JSON",
            format!("Content-Type: {JSON}\r\n"),
            b"{".to_vec(),
            400,
        ),
        (
            "empty objects",
            format!("Content-Type: {JSON}\r\n"),
            braces,
            413,
        ),
        (
            "no OTLP",
            format!("Content-Type: {JSON}\r\n"),
            b"[1]".to_vec(),
            400,
        ),
        (
            "a form",
            "Content-Type: text/plain\r\n".to_owned(),
            whole.clone(),
            415,
        ),
        ("no form", String::new(), whole.clone(), 415),
        (
            "too long",
            format!("Content-Type: {PROTOBUF}\r\n"),
            vec![0; LONGEST_BODY + 1],
            413,
        ),
        (
            "long for OTLP",
            format!("Content-Type: {JSON}\r\n"),
            vec![b' '; 17 << 20],
            413,
        ),
    ] {
        let (status, body) = send_bytes(&server, &headers, body).await;
        assert_eq!(status, wanted, "{name}");
        assert!(!body.is_empty(), "{name}");
        assert!(server.store.is_empty(), "{name}");
    }
    let mut client = client(&server).await.max_encoding_message_size(1 << 30);
    let mut gzipped = client.clone().send_compressed(CompressionEncoding::Gzip);
    let large = with(vec![Span {
        name: "x".repeat(5 << 20),
        ..Span::default()
    }]);
    let over = client
        .export(large.clone())
        .await
        .expect_err("it is too long");
    assert_eq!(over.code(), Code::OutOfRange);
    let over = gzipped.export(large).await.expect_err("it is too long");
    assert_eq!(over.code(), Code::ResourceExhausted);
    assert!(server.store.is_empty());
    // The server is alive, and accepts a valid request.
    assert_eq!(send_as(&server, PROTOBUF, whole).await.0, 200);
    assert_eq!(server.store.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_other_pages_and_hosts_are_rejected() {
    let server = collecting().await;
    let body = sample().encode_to_vec();
    for (headers, wanted) in [
        ("Origin: http://evil.example\r\n", 403),
        ("Origin: null\r\n", 403),
        ("Host: evil.example\r\n", 403),
        ("Origin: http://localhost\r\n", 200),
    ] {
        let headers = format!("Content-Type: {PROTOBUF}\r\n{headers}");
        let (status, _) = send_bytes(&server, &headers, body.clone()).await;
        assert_eq!(status, wanted, "{headers}");
        assert_eq!(server.store.is_empty(), wanted == 403, "{headers}");
    }
    let address = Channel::from_shared(format!("http://{}", server.address));
    let origin = "http://evil.example".parse().expect("an address");
    let channel = address.expect("an address").origin(origin).connect().await;
    let mut elsewhere = TraceServiceClient::new(channel.expect("the server listens"));
    let refused = elsewhere.export(sample()).await;
    refused.expect_err("it is for another host");
    assert_eq!(server.store.len(), 3, "those of this server's own page");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_viewer_of_a_run_rejects_spans() {
    let server = start().await;
    let (status, body) = send_as(&server, JSON, b"{}".to_vec()).await;
    let message = String::from_utf8_lossy(&body);
    assert!(
        status == 403 && message.contains("testbed view --collect"),
        "{status} {message}"
    );
    let refused = client(&server)
        .await
        .export(sample())
        .await
        .expect_err("one run");
    assert_eq!(refused.code(), Code::PermissionDenied);
    assert_eq!(server.store.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn evicted_spans_are_reported() {
    let server = serving(Store::with_limit(4 << 20), Takes::Spans).await;
    let spans = (0..40_000_u32).map(|number| {
        let mut span = samples::span(samples::PING, 1, 0, "x", u64::from(number));
        span.span_id[..4].copy_from_slice(&number.to_be_bytes());
        span.attributes = vec![samples::text("padding", &"x".repeat(150))];
        span
    });
    let (status, _) = send_as(&server, PROTOBUF, with(spans.collect()).encode_to_vec()).await;
    assert_eq!(status, 200);
    let evicted = server.store.evicted().expect("it has a limit").spans;
    assert_eq!(evicted + server.store.len() as u64, 40_000);
    assert_eq!(get(&server, "/api/run").await.1["evicted"], json!(evicted));
    assert_eq!(
        get(&server, "/api/diagram").await.1["evicted"],
        json!(evicted)
    );
    let address = server.address;
    let event = tokio::task::spawn_blocking(move || {
        let request = "GET /api/events HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let mut lines = BufReader::new(send(address, request));
        wait_for(&mut lines, |data| data["evicted"] == evicted);
    });
    event.await.expect("it is told");
}
