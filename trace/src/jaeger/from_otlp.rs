//! From OTLP to Jaeger's JSON, as Jaeger's own translator does it
//! (`pkg/translator/jaeger/traces_to_jaegerproto.go` of
//! opentelemetry-collector-contrib): the parent is a reference, links are
//! references, and some fields of OTLP are tags.

use std::collections::{BTreeMap, HashMap};

use indexmap::IndexMap;
use jiff::Timestamp;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Otlp;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, InstrumentationScope, KeyValue as OtlpKeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span as OtlpSpan, Status, TracesData};

use super::{KeyValue, Log, Process, RefType, Reference, Span, Trace, Value, tag};
use crate::history;
use crate::store::{hex, leads_somewhere};

/// Nanoseconds in a microsecond.
const MICRO: u64 = 1000;

/// The traces in `data`, in the order of their first appearance. The spans of each
/// are in the order of their start.
#[must_use]
pub fn traces(data: TracesData) -> Vec<Trace> {
    let mut building = IndexMap::<Vec<u8>, Building>::new();
    for around in data.resource_spans {
        let process = process(around.resource);
        for scope in around.scope_spans {
            let library = library(scope.scope);
            for span in scope.spans {
                let trace = match building.get_mut(&span.trace_id) {
                    Some(trace) => trace,
                    None => building.entry(span.trace_id.clone()).or_default(),
                };
                let process_id = trace.process(&process);
                let start = span.start_time_unix_nano;
                trace
                    .spans
                    .push((start, translate(span, &library, process_id)));
            }
        }
    }
    building
        .into_iter()
        .map(|(id, trace)| trace.build(&id))
        .collect()
}

#[derive(Default)]
struct Building {
    spans: Vec<(u64, Span)>,
    processes: Vec<Process>,
    /// Indices into `processes`, by name: pairwise comparison would take minutes
    /// where there are thousands.
    by_name: HashMap<String, Vec<usize>>,
}

impl Building {
    /// The key of that process. Equal processes share one key.
    fn process(&mut self, process: &Process) -> String {
        let (known, processes) = (self.by_name.get(&process.service_name), &self.processes);
        let mut known = known.into_iter().flatten();
        let place = match known.find(|place| processes[**place] == *process) {
            Some(place) => *place,
            None => {
                self.processes.push(process.clone());
                let place = self.processes.len() - 1;
                let name = process.service_name.clone();
                self.by_name.entry(name).or_default().push(place);
                place
            }
        };
        format!("p{}", place + 1)
    }

    fn build(mut self, id: &[u8]) -> Trace {
        self.spans.sort_by_key(|(start, _)| *start);
        let keys = (1..).map(|number| format!("p{number}"));
        Trace {
            trace_id: hex(id),
            spans: self.spans.into_iter().map(|(_, span)| span).collect(),
            processes: keys.zip(self.processes).collect::<BTreeMap<_, _>>(),
            warnings: None,
        }
    }
}

fn process(resource: Option<Resource>) -> Process {
    let attributes = resource.unwrap_or_default().attributes;
    let service_name = service_name(&attributes).to_owned();
    let others = attributes
        .into_iter()
        .filter(|attribute| attribute.key != tag::SERVICE);
    Process {
        service_name,
        tags: others.map(KeyValue::from).collect(),
    }
}

/// The name of a service, with Jaeger's default where its resource has none:
/// `internal/jptrace/sanitizer/emptyservicename.go` of jaegertracing/jaeger.
pub fn service_name(attributes: &[OtlpKeyValue]) -> &str {
    let mut names = attributes.iter().filter(|one| one.key == tag::SERVICE);
    match names.next().map(|one| one.value.as_ref()) {
        None => "missing-service-name",
        Some(Some(AnyValue {
            value: Some(Otlp::StringValue(name)),
        })) => match &**name {
            "" => "empty-service-name",
            name => name,
        },
        Some(_) => "service-name-wrong-type",
    }
}

/// The tags that name the instrumentation.
fn library(scope: Option<InstrumentationScope>) -> Vec<KeyValue> {
    let InstrumentationScope { name, version, .. } = scope.unwrap_or_default();
    [(tag::SCOPE, name), (tag::SCOPE_VERSION, version)]
        .into_iter()
        .filter(|(_, text)| !text.is_empty())
        .map(|(key, text)| KeyValue::text(key, text))
        .collect()
}

fn translate(span: OtlpSpan, library: &[KeyValue], process_id: String) -> Span {
    let trace_id = hex(&span.trace_id);
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    let mut tags = Vec::with_capacity(library.len() + span.attributes.len() + 4);
    tags.extend_from_slice(library);
    tags.extend(span.attributes.into_iter().map(KeyValue::from));
    tags.extend(kind_name(span.kind).map(|kind| KeyValue::text(tag::KIND, kind)));
    tags.extend(status(span.status));
    if !span.trace_state.is_empty() {
        tags.push(KeyValue::text(tag::STATE, span.trace_state));
    }
    let parent = (!span.parent_span_id.is_empty()).then(|| Reference {
        ref_type: RefType::ChildOf,
        trace_id: trace_id.clone(),
        span_id: hex(&span.parent_span_id),
    });
    let links = span.links.into_iter().filter(leads_somewhere);
    Span {
        span_id: hex(&span.span_id),
        parent_span_id: String::new(),
        // The other bits are OTLP's own.
        flags: span.flags & 0xff,
        operation_name: span.name,
        references: parent.into_iter().chain(links.map(reference)).collect(),
        start_time: start / MICRO,
        // Jaeger's own sanitizer sets it to zero, too.
        duration: (end.saturating_sub(start) / MICRO).cast_signed(),
        tags,
        logs: Some(span.events.into_iter().map(log).collect()),
        process_id,
        warnings: (end < start).then(|| vec![ends_before_it_starts(start, end)]),
        trace_id,
    }
}

/// Jaeger's warning about such a span, which then gets a duration of one nanosecond:
/// `negative_duration_santizer.go`, beside the other sanitizer.
fn ends_before_it_starts(start: u64, end: u64) -> String {
    let time = |nanos: u64| {
        let time = Timestamp::from_nanosecond(nanos.into()).unwrap_or(Timestamp::MAX);
        time.strftime("%F %T%.f +0000 UTC").to_string()
    };
    let (end, adjusted) = (time(end), time(start.saturating_add(1)));
    format!(
        "Negative duration detected, sanitizing end timestamp. Original end timestamp: {end}, adjusted to: {adjusted}"
    )
}

fn reference(link: Link) -> Reference {
    let child = history::text(&link.attributes, tag::REF_TYPE) == Some("child_of");
    Reference {
        ref_type: if child {
            RefType::ChildOf
        } else {
            RefType::FollowsFrom
        },
        trace_id: hex(&link.trace_id),
        span_id: hex(&link.span_id),
    }
}

/// Jaeger's name of a kind; `None` if the kind is unspecified.
pub fn kind_name(kind: i32) -> Option<&'static str> {
    match SpanKind::try_from(kind) {
        Ok(SpanKind::Internal) => Some("internal"),
        Ok(SpanKind::Server) => Some("server"),
        Ok(SpanKind::Client) => Some("client"),
        Ok(SpanKind::Producer) => Some("producer"),
        Ok(SpanKind::Consumer) => Some("consumer"),
        Ok(SpanKind::Unspecified) | Err(_) => None,
    }
}

fn status(status: Option<Status>) -> Vec<KeyValue> {
    let status = status.unwrap_or_default();
    let mut tags = match status.code() {
        StatusCode::Unset => vec![],
        StatusCode::Ok => vec![KeyValue::text(tag::STATUS, "OK")],
        StatusCode::Error => vec![
            KeyValue::text(tag::STATUS, "ERROR"),
            KeyValue {
                key: tag::ERROR.to_owned(),
                value: Value::Bool(true),
            },
        ],
    };
    if !status.message.is_empty() {
        tags.push(KeyValue::text(tag::DESCRIPTION, status.message));
    }
    tags
}

fn log(event: Event) -> Log {
    let has_name = event
        .attributes
        .iter()
        .any(|attribute| attribute.key == tag::EVENT);
    let mut fields = Vec::with_capacity(event.attributes.len() + 1);
    if !event.name.is_empty() && !has_name {
        fields.push(KeyValue::text(tag::EVENT, event.name));
    }
    fields.extend(event.attributes.into_iter().map(KeyValue::from));
    Log {
        timestamp: event.time_unix_nano / MICRO,
        fields,
    }
}
