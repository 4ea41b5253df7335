//! Jaeger's HTTP API of the first generation, which older versions of Jaeger's page and
//! Grafana's data source speak.
//!
//! Format, parameters and errors: `internal/.../apiserver/http_handler.go` and
//! `query_parser.go` of jaegertracing/jaeger. As in `search`, times may be left out: a
//! run has one beginning and one end.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, PathRejection};
use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde::Serialize;
use trace::store::{Query, Store, check_ids, hex};
use trace::{jaeger, otlp};

use super::State;
use super::answer::{Refusal, blocking, json_response};
use super::parameters::{first, length, parameters, trace_id};
use super::shown::Shown;

/// The default number of traces that are returned (Jaeger's own default).
const DEFAULT_LIMIT: usize = 100;

/// The span kinds that can be queried.
const KINDS: [&str; 5] = ["internal", "server", "client", "producer", "consumer"];

type Answer = Result<Response, Refused>;

/// The envelope of every answer.
#[derive(Serialize)]
struct Envelope<T> {
    data: Option<T>,
    total: usize,
    limit: usize,
    offset: usize,
    errors: Option<Vec<Problem>>,
}

/// An error, and the trace that it concerns.
#[derive(Debug, Serialize)]
struct Problem {
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<u16>,
    msg: String,
    #[serde(rename = "traceID", skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
}

/// A refused request, in the error format of this API.
pub(super) struct Refused(Refusal);

impl<E: Into<Refusal>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, msg) = self.0.into_parts();
        let mut response = json_response(&Envelope::<()> {
            data: None,
            total: 0,
            limit: 0,
            offset: 0,
            errors: Some(vec![Problem {
                code: Some(status.as_u16()),
                msg,
                trace_id: None,
            }]),
        });
        *response.status_mut() = status;
        response
    }
}

/// The run of a request; errors have the format of this API.
pub(super) struct PageQuery(Shown);

impl FromRequestParts<State> for PageQuery {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, state: &State) -> Result<Self, Refused> {
        Ok(Self(Shown::from_request_parts(parts, state).await?))
    }
}

/// `["peer-00",…]`
pub(super) async fn services(PageQuery(shown): PageQuery) -> Response {
    let services = shown.store.services().into_iter();
    list(services.map(|service| service.name).collect())
}

/// `["PING",…]` of `/api/services/{service}/operations`
pub(super) async fn names(
    PageQuery(shown): PageQuery,
    service: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(service) = service?;
    let operations = shown.store.operations(Some(&service)).into_iter();
    let mut names: Vec<_> = operations.map(|operation| operation.name).collect();
    names.dedup(); // Sorted: a name with several kinds occurs repeatedly.
    Ok(list(names))
}

/// `[{"name":"PING","spanKind":"server"},…]` of `/api/operations?service=`
pub(super) async fn operations(PageQuery(shown): PageQuery, uri: Uri) -> Answer {
    let parameters = parameters(&uri)?;
    let service = first(&parameters, &["service"]).ok_or_else(|| missing("service"))?;
    let wanted = first(&parameters, &["spanKind"]).map(|kind| kind.to_lowercase());
    if let Some(kind) = wanted.as_ref().filter(|kind| !KINDS.contains(&&***kind)) {
        let message = format!("unsupported span kind: {kind:?} is none of {KINDS:?}");
        return Err(Refusal::bad_request(message).into());
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Operation {
        name: String,
        span_kind: &'static str,
    }
    let operations = shown.store.operations(Some(&service)).into_iter();
    let operations = operations.map(|operation| Operation {
        name: operation.name,
        span_kind: jaeger::kind_name(operation.kind).unwrap_or_default(),
    });
    let asked = |kind: &str| wanted.as_ref().is_none_or(|wanted| wanted == kind);
    Ok(list(
        operations
            .filter(|operation| asked(operation.span_kind))
            .collect(),
    ))
}

/// The traces that match a search, or those with the given ids.
pub(super) async fn search(PageQuery(shown): PageQuery, uri: Uri) -> Answer {
    let parameters = parameters(&uri)?;
    let named: Vec<_> = parameters
        .iter()
        .filter(|(name, _)| name == "traceID")
        .collect();
    if !named.is_empty() {
        let ids: Result<Vec<_>, _> = named.iter().map(|(_, id)| trace_id(id)).collect();
        let ids = ids?;
        return Ok(blocking(move || some(&shown.store, &ids, true)).await?);
    }
    let query = query(&parameters)?;
    Ok(blocking(move || some(&shown.store, &shown.store.find(&query), false)).await?)
}

/// One trace.
pub(super) async fn trace(
    PageQuery(shown): PageQuery,
    id: Result<Path<String>, PathRejection>,
) -> Answer {
    let Path(id) = id?;
    let id = trace_id(&id)?;
    let found = blocking(move || {
        let data = shown.store.trace(id)?;
        Some(found(jaeger::traces(data)))
    });
    found
        .await?
        .ok_or_else(|| Refusal::not_found("trace not found").into())
}

/// `[{"parent":"peer-00","child":"peer-01","callCount":3},…]`, all or those of one
/// service. A lookback is counted from `endTs`, or from now.
pub(super) async fn dependencies(PageQuery(shown): PageQuery, uri: Uri) -> Answer {
    let parameters = parameters(&uri)?;
    let millis = |name: &str| {
        let value = first(&parameters, &[name]);
        let wrong = |_| unable(name, value.as_deref().unwrap_or_default(), "milliseconds");
        value
            .as_ref()
            .map(|text| text.parse::<u64>().map_err(wrong))
            .transpose()
    };
    let (end, lookback) = (millis("endTs")?, millis("lookback")?);
    let now = || u64::try_from(Timestamp::now().as_millisecond()).unwrap_or(0);
    let end = end.or_else(|| lookback.map(|_| now()));
    let end = end.map_or(u64::MAX, |end| {
        end.saturating_mul(1_000_000).saturating_add(999_999)
    });
    let lookback = lookback.map_or(u64::MAX, |back| back.saturating_mul(1_000_000));
    let range = end.saturating_sub(lookback)..=end;
    let service = first(&parameters, &["service"]);
    let work = move || {
        let mut all = shown.store.dependencies(range);
        if let Some(service) = service {
            all.retain(|calls| calls.parent == service || calls.child == service);
        }
        found(all)
    };
    Ok(blocking(work).await?)
}

/// Translates OTLP JSON, as reported or as the v3 API answers it, to Jaeger's JSON.
/// Nothing is stored. Invalid spans are reported as an error beside the valid ones; if
/// there are no valid ones, the request is refused.
pub(super) async fn transform(body: Result<Bytes, BytesRejection>) -> Answer {
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let wrong = |what: String| Refusal::bad_request(format!("cannot unmarshal OTLP: {what}"));
    let transformed = blocking(move || {
        let read = otlp::read_saved(&body, 1).map_err(|e| wrong(e.to_string()))?;
        let (mut data, mut left_out) = (read.data, read.left_out);
        let groups = data.resource_spans.iter_mut();
        for scope in groups.flat_map(|around| &mut around.scope_spans) {
            scope.spans.retain(|span| {
                let good = check_ids(span);
                let leave_out = |why| left_out.add(|| format!("span {:?}: {why}", span.name));
                good.map_err(leave_out).is_ok()
            });
        }
        let traces = jaeger::traces(data);
        match left_out.spans {
            0 => Ok::<_, Refusal>(found(traces)),
            _ if traces.is_empty() => Err(wrong(left_out.to_string())),
            _ => {
                let problem = Problem {
                    code: None,
                    msg: left_out.to_string(),
                    trace_id: None,
                };
                Ok(envelope(traces, 0, Some(vec![problem])))
            }
        }
    });
    Ok(transformed.await??)
}

/// The parameters of a search.
pub(super) fn query(parameters: &[(String, String)]) -> Result<Query, Refusal> {
    let mut query = Query {
        limit: Some(DEFAULT_LIMIT),
        ..Query::default()
    };
    for (name, value) in parameters {
        let micros = || {
            value
                .parse::<u64>()
                .map_err(|_| unable(name, value, "microseconds"))
        };
        let duration = || length(value).ok_or_else(|| unable(name, value, "a duration"));
        match &**name {
            "service" => query.service = Some(value.clone()),
            "operation" => query.operation = Some(value.clone()),
            "start" => query.start_min = Some(micros()?.saturating_mul(1000)),
            "end" => query.start_max = Some(micros()?.saturating_mul(1000).saturating_add(999)),
            "minDuration" => query.duration_min = Some(duration()?),
            "maxDuration" => query.duration_max = Some(duration()?).filter(|most| *most > 0),
            "limit" => {
                let limit = value.parse().map_err(|_| unable(name, value, "a number"))?;
                query.limit = Some(limit);
            }
            "tag" => {
                let (key, value) = value.split_once(':').ok_or_else(|| {
                    let message = "malformed 'tag' parameter, expecting key:value, received";
                    Refusal::bad_request(format!("{message}: {value}"))
                })?;
                query.attributes.insert(key.to_owned(), value.to_owned());
            }
            "tags" => {
                let tags: Result<BTreeMap<_, _>, _> = serde_json::from_str(value);
                query.attributes.extend(tags.map_err(|error| {
                    let message = "malformed 'tags' parameter, cannot unmarshal JSON";
                    Refusal::bad_request(format!("{message}: {error}"))
                })?);
            }
            _ => {}
        }
    }
    let longest = query.duration_max.unwrap_or(u64::MAX);
    if query
        .duration_min
        .is_some_and(|shortest| shortest > longest)
    {
        let message = "'maxDuration' should be greater than 'minDuration'";
        return Err(Refusal::bad_request(message));
    }
    query
        .service
        .is_some()
        .then_some(query)
        .ok_or_else(|| missing("service"))
}

fn missing(name: &str) -> Refusal {
    Refusal::bad_request(format!("parameter '{name}' is required"))
}

fn unable(name: &str, value: &str, what: &str) -> Refusal {
    Refusal::bad_request(format!(
        "unable to parse param '{name}': {value:?} is not {what}"
    ))
}

/// These traces in Jaeger's format. If the traces were `named`, a missing one is reported
/// as an error beside the others.
fn some(store: &Store, ids: &[[u8; 16]], named: bool) -> Response {
    let (mut data, mut problems) = (Vec::new(), Vec::new());
    for id in ids {
        match store.trace(*id) {
            Some(trace) => data.extend(jaeger::traces(trace)),
            // A trace that the search found has been evicted since.
            None if !named => {}
            None => problems.push(Problem {
                code: None,
                msg: "trace not found".to_owned(),
                trace_id: Some(hex(id)),
            }),
        }
    }
    let problems = (!problems.is_empty()).then_some(problems);
    envelope(data, 0, problems)
}

/// A list whose envelope states its length.
fn list<T: Serialize>(data: Vec<T>) -> Response {
    let total = data.len();
    envelope(data, total, None)
}

/// A list whose envelope states a length of 0, as Jaeger's does.
fn found<T: Serialize>(data: Vec<T>) -> Response {
    envelope(data, 0, None)
}

fn envelope<T: Serialize>(data: Vec<T>, total: usize, errors: Option<Vec<Problem>>) -> Response {
    json_response(&Envelope {
        data: Some(data),
        total,
        limit: 0,
        offset: 0,
        errors,
    })
}

impl From<PathRejection> for Refusal {
    fn from(error: PathRejection) -> Self {
        Self::new(StatusCode::BAD_REQUEST, error.body_text())
    }
}
