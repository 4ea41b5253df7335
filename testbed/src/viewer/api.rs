//! The query part of Jaeger's v3 HTTP API, and the further queries of the page.
//!
//! The format is that of `jaeger-idl/proto/api_v3/query_service.proto`. Traces are
//! returned as OTLP JSON, each in one piece.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State as Shared};
use axum::http::Uri;
use axum::response::Response;
use opentelemetry_proto::tonic::trace::v1::TracesData;
use serde_json::{Value, json};
use trace::jaeger::kind_name;
use trace::store::hex;

use super::State;
use super::answer::{Refusal, blocking, json_response};
use super::parameters::{first, parameters, span_id, trace_id};
use super::shown::Shown;
use super::{bodies, diagram, search};

type Answer = Result<Response, Refusal>;

/// The most bytes of a file that are read for the page. A guess: some seconds of work
/// for a browser, and far below its longest string (512 MiB).
const MOST_READ: u64 = 64 << 20;

/// The contents of `run.json`. A viewer that collects spans adds the number of evicted
/// ones, as `evicted`.
pub(super) async fn run(shown: Shown) -> Response {
    let Some(evicted) = shown.store.evicted() else {
        return json_response(&*shown.run);
    };
    let mut run = Value::clone(&shown.run);
    run["evicted"] = json!(evicted.spans);
    json_response(&run)
}

/// `{"current":"ID","runs":[…]}`: the runs in the folder of this one.
pub(super) async fn runs(Shared(state): Shared<State>) -> Answer {
    let now = state.viewer.run.borrow().clone();
    let list = blocking(move || state.viewer.runs.list(&now));
    Ok(json_response(&list.await?))
}

/// The run's measurements, as far as they are written.
pub(super) async fn results(shown: Shown) -> Answer {
    let read = move || bodies::results(shown.folder.as_deref(), MOST_READ, MOST_READ);
    let results = blocking(read).await?;
    let results = results.map_err(|error| Refusal::internal(error.to_string()))?;
    Ok(json_response(&results))
}

/// `{"services":["peer-00",…]}`
pub(super) async fn services(shown: Shown) -> Response {
    json_response(&bodies::services(&shown.store))
}

/// `{"operations":[{"name":"PING","spanKind":"consumer"},…]}` of a service. If none is
/// named, of all services, for which Jaeger has no call.
pub(super) async fn operations(shown: Shown, uri: Uri) -> Answer {
    let parameters = parameters(&uri)?;
    let service = first(&parameters, &["service"]);
    let wanted = first(&parameters, &["spanKind", "span_kind"]);
    let operations = shown.store.operations(service.as_deref()).into_iter();
    let named = operations
        .map(|operation| {
            (
                operation.name,
                kind_name(operation.kind).unwrap_or_default(),
            )
        })
        .filter(|(_, kind)| {
            wanted
                .as_ref()
                .is_none_or(|wanted| wanted.eq_ignore_ascii_case(kind))
        })
        .map(|(name, kind)| json!({ "name": name, "spanKind": kind }));
    Ok(json_response(
        &json!({ "operations": named.collect::<Vec<_>>() }),
    ))
}

/// `{"summaries":[…]}`, the newest trace first.
pub(super) async fn summaries(shown: Shown, uri: Uri) -> Answer {
    let query = search::parse(parameters(&uri)?)?;
    blocking(move || json_response(&bodies::summaries(&shown.store, &query))).await
}

/// The traces that match a search, in one piece.
pub(super) async fn search(shown: Shown, uri: Uri) -> Answer {
    let query = search::parse(parameters(&uri)?)?;
    blocking(move || {
        let found = shown.store.find(&query).into_iter();
        let traces = found.filter_map(|id| shown.store.trace(id));
        let resource_spans: Vec<_> = traces.flat_map(|data| data.resource_spans).collect();
        match resource_spans.is_empty() {
            true => Err(Refusal::not_found("no traces found")),
            false => Ok(json_response(&bodies::Trace {
                result: TracesData { resource_spans },
            })),
        }
    })
    .await?
}

/// `{"spans":[{"traceId","spanId"},…],"more":false}`: the spans that match a search,
/// without their traces.
pub(super) async fn spans(shown: Shown, uri: Uri) -> Answer {
    let query = search::parse(parameters(&uri)?)?;
    blocking(move || {
        let (found, more) = shown.store.find_spans(&query);
        let spans: Vec<_> = found
            .into_iter()
            .map(
                |(trace, span)| json!({ "traceId": hex(&trace), "spanId": format!("{span:016x}") }),
            )
            .collect();
        json_response(&json!({ "spans": spans, "more": more }))
    })
    .await
}

/// `{"result":{"resourceSpans":[…]}}`
pub(super) async fn trace(shown: Shown, id: Result<Path<String>, PathRejection>) -> Answer {
    let Path(id) = id.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let id = trace_id(&id)?;
    blocking(move || match bodies::trace(&shown.store, id) {
        Some(trace) => Ok(json_response(&trace)),
        None => Err(Refusal::not_found("there is no such trace")),
    })
    .await?
}

/// One span: `{"result":{"resourceSpans":[…]}}`
pub(super) async fn span(
    shown: Shown,
    ids: Result<Path<(String, String)>, PathRejection>,
) -> Answer {
    let Path((trace, id)) = ids.map_err(|error| Refusal::bad_request(error.body_text()))?;
    let (trace, id) = (trace_id(&trace)?, span_id(&id)?);
    match bodies::span(&shown.store, trace, id) {
        Some(span) => Ok(json_response(&span)),
        None => Err(Refusal::not_found("there is no such span")),
    }
}

/// The steps from a position on, for the space-time diagram.
pub(super) async fn diagram(shown: Shown, uri: Uri) -> Answer {
    let mut asked = diagram::StepsQuery {
        after: 0,
        most: diagram::MOST_SPANS,
        states: false,
    };
    for (name, value) in parameters(&uri)? {
        let wrong = |what| Refusal::bad_request(format!("{name}: {value:?} is not {what}"));
        match name.as_str() {
            "after" => asked.after = value.parse().map_err(|_| wrong("a place"))?,
            "states" => asked.states = value.parse().map_err(|_| wrong("true or false"))?,
            _ => {}
        }
    }
    let answer = move || diagram::diagram(&shown.store, asked);
    blocking(move || json_response(&answer())).await
}

/// `{"cuts":[…]}`: the snapshots of the run.
pub(super) async fn cuts(shown: Shown) -> Answer {
    blocking(move || json_response(&bodies::cuts(&shown.store))).await
}

/// `{"edges":[["peer-00","peer-01"],…],"ways":[…],"faults":[…],"regions":{…}}`: the connections between peers,
/// and the faults that were injected.
pub(super) async fn topology(shown: Shown) -> Answer {
    blocking(move || json_response(&bodies::topology(&shown.store, &shown.run))).await
}
