//! The reading half of Jaeger's v3 HTTP API, and `run.json`.
//!
//! Shapes: `jaeger-idl/proto/api_v3/query_service.proto`. Traces go out as
//! OTLP JSON, each in one piece.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Query, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::json;

use super::State;
use super::answer::{Refusal, json_response};
use super::{diagram, edges, search};
use crate::checkers::snapshot;
use crate::history::History;
use crate::store::TraceId;

type Answer = Result<Response, Refusal>;

/// What stands in `run.json`.
pub(super) async fn run(Shared(state): Shared<State>) -> Response {
    let run = state.viewer.run.borrow().clone();
    json_response(&run)
}

/// `{"services":["peer-00",…]}`
pub(super) async fn services(Shared(state): Shared<State>) -> Response {
    let services = state.viewer.store.services().into_iter();
    json_response(&json!({ "services": services.map(|service| service.name).collect::<Vec<_>>() }))
}

/// `{"operations":[{"name":"PING","spanKind":"consumer"},…]}`
pub(super) async fn operations(Shared(state): Shared<State>, uri: Uri) -> Answer {
    let mut parameters = parameters(&uri)?.into_iter();
    let service = parameters
        .find_map(|(name, value)| (name == "service").then_some(value))
        .ok_or_else(|| Refusal::bad_request("service is missing"))?;
    let operations: Vec<_> = state
        .viewer
        .store
        .operations(&service)
        .into_iter()
        .map(|operation| json!({ "name": operation.name, "spanKind": kind_name(operation.kind) }))
        .collect();
    Ok(json_response(&json!({ "operations": operations })))
}

/// `{"summaries":[…]}`, the newest trace first.
pub(super) async fn summaries(Shared(state): Shared<State>, uri: Uri) -> Answer {
    let query = search::parse(parameters(&uri)?)?;
    blocking(move || {
        let summaries = state.viewer.store.summaries(&query);
        json_response(&json!({ "summaries": summaries }))
    })
    .await
}

/// `{"result":{"resourceSpans":[…]}}`
pub(super) async fn trace(
    Shared(state): Shared<State>,
    id: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(id) = id.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let id = trace_id(&id)?;
    blocking(move || match state.viewer.store.trace(id) {
        Some(data) => Ok(json_response(&Wrapped { result: data })),
        None => Err(Refusal::not_found("there is no such trace")),
    })
    .await?
}

/// A struct and not `json!`, which would hold the trace a second time.
#[derive(serde::Serialize)]
struct Wrapped<T> {
    result: T,
}

/// One span: `{"result":{"resourceSpans":[…]}}`
pub(super) async fn span(
    Shared(state): Shared<State>,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Answer {
    let Path((trace, id)) = ids.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let (trace, id) = (trace_id(&trace)?, span_id(&id)?);
    match state.viewer.store.span(trace, id) {
        Some(data) => Ok(json_response(&Wrapped { result: data })),
        None => Err(Refusal::not_found("there is no such span")),
    }
}

/// The steps from a place on, for the space-time diagram.
pub(super) async fn diagram(Shared(state): Shared<State>, uri: Uri) -> Answer {
    let mut after = 0;
    for (name, value) in parameters(&uri)? {
        if name == "after" {
            let wrong = |_| Refusal::bad_request(format!("after: {value:?} is not a place"));
            after = value.parse().map_err(wrong)?;
        }
    }
    blocking(move || json_response(&diagram::diagram(&state.viewer.store, after))).await
}

/// `{"cuts":[…]}`: the snapshots of the run.
pub(super) async fn cuts(Shared(state): Shared<State>) -> Answer {
    blocking(move || {
        let history = History::read(&state.viewer.store);
        json_response(&json!({ "cuts": snapshot::drawn(&history) }))
    })
    .await
}

/// `{"edges":[["peer-00","peer-01"],…]}`: who is connected with whom.
pub(super) async fn topology(Shared(state): Shared<State>) -> Answer {
    let run = state.viewer.run.borrow().clone();
    blocking(move || {
        let edges = edges::edges(&state.viewer.store, &run);
        json_response(&json!({ "edges": edges }))
    })
    .await
}

fn span_id(text: &str) -> Result<u64, Refusal> {
    let malformed = || Refusal::bad_request("a span id is 16 hexadecimal digits, not all zero");
    match (text.len(), u64::from_str_radix(text, 16)) {
        (16, Ok(id)) if id != 0 => Ok(id),
        _ => Err(malformed()),
    }
}

fn trace_id(text: &str) -> Result<TraceId, Refusal> {
    let malformed = || Refusal::bad_request("a trace id is 32 hexadecimal digits, not all zero");
    if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(malformed());
    }
    let id = u128::from_str_radix(text, 16).map_err(|_| malformed())?;
    if id == 0 {
        Err(malformed())
    } else {
        Ok(id.to_be_bytes())
    }
}

/// Runs what takes long for large runs where it holds up no other answer.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refusal> {
    let failed = |error: tokio::task::JoinError| Refusal::internal(error.to_string());
    tokio::task::spawn_blocking(work).await.map_err(failed)
}

fn parameters(uri: &Uri) -> Result<Vec<(String, String)>, Refusal> {
    let parsed = Query::try_from_uri(uri);
    parsed
        .map(|Query(pairs)| pairs)
        .map_err(|error| Refusal::bad_request(error.body_text()))
}

/// As Jaeger writes kinds.
fn kind_name(kind: i32) -> &'static str {
    match SpanKind::try_from(kind) {
        Ok(SpanKind::Internal) => "internal",
        Ok(SpanKind::Server) => "server",
        Ok(SpanKind::Client) => "client",
        Ok(SpanKind::Producer) => "producer",
        Ok(SpanKind::Consumer) => "consumer",
        Ok(SpanKind::Unspecified) | Err(_) => "",
    }
}
