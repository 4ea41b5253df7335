//! From Jaeger's JSON back to OTLP: tags for which OTLP has a field become that field
//! again, and lists of texts, for which tags have no type, become lists.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Otlp;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue as OtlpKeyValue,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as OtlpSpan, Status};

use super::{KeyValue, Log, Process, RefType, Reference, Span, Value, tag};

/// Nanoseconds in a microsecond.
const MICRO: u64 = 1000;

/// The spans of a trace, those of one service and one scope together.
#[derive(Debug)]
pub(super) struct Groups {
    /// The processes by their keys, or the error of each.
    processes: BTreeMap<String, Result<Process, String>>,
    spans: BTreeMap<(String, [String; 2]), Vec<OtlpSpan>>,
}

impl Groups {
    pub(super) fn new(processes: BTreeMap<String, Result<Process, String>>) -> Self {
        let spans = BTreeMap::new();
        Self { processes, spans }
    }

    /// Adds a span.
    ///
    /// # Errors
    /// The span has a value that an OTLP span cannot have.
    pub(super) fn add(&mut self, span: Span) -> Result<(), String> {
        let name: String = span.operation_name.chars().take(80).collect();
        let wrong = |what: String| format!("span {name:?}: {what}");
        let process = span.process_id.clone();
        match self.processes.get(&process) {
            Some(Ok(_)) => {}
            Some(Err(why)) => return Err(wrong(format!("its process {process:?}: {why}"))),
            None => {
                let what = format!("there is no process {process:?} in this trace");
                return Err(wrong(what));
            }
        }
        let (scope, span) = translate(span).map_err(wrong)?;
        self.spans.entry((process, scope)).or_default().push(span);
        Ok(())
    }

    pub(super) fn into_resource_spans(self) -> impl Iterator<Item = ResourceSpans> {
        let Self { processes, spans } = self;
        spans.into_iter().filter_map(move |(place, spans)| {
            let (process, [name, version]) = place;
            let scope = InstrumentationScope {
                name,
                version,
                ..InstrumentationScope::default()
            };
            Some(ResourceSpans {
                resource: Some(resource(processes.get(&process)?.clone().ok()?)),
                scope_spans: vec![ScopeSpans {
                    scope: (scope != InstrumentationScope::default()).then_some(scope),
                    spans,
                    schema_url: String::new(),
                }],
                schema_url: String::new(),
            })
        })
    }
}

fn resource(process: Process) -> Resource {
    let name = KeyValue::text(tag::SERVICE, process.service_name);
    let all = std::iter::once(name).chain(process.tags);
    Resource {
        attributes: all.map(OtlpKeyValue::from).collect(),
        ..Resource::default()
    }
}

/// A span, and the name and version of its scope.
fn translate(span: Span) -> Result<([String; 2], OtlpSpan), String> {
    let mut otlp = OtlpSpan {
        trace_id: id("traceID", &span.trace_id, 16)?,
        span_id: id("spanID", &span.span_id, 8)?,
        flags: span.flags,
        name: span.operation_name,
        start_time_unix_nano: nanos(span.start_time)?,
        end_time_unix_nano: nanos(span.start_time.saturating_add_signed(span.duration))?,
        ..OtlpSpan::default()
    };
    if !span.parent_span_id.is_empty() {
        otlp.parent_span_id = id("parentSpanID", &span.parent_span_id, 8)?;
    }
    for reference in span.references {
        refer(&mut otlp, &reference)?;
    }
    let mut scope = [String::new(), String::new()];
    for tag in span.tags {
        take(&mut otlp, &mut scope, tag);
    }
    for log in span.logs.unwrap_or_default() {
        otlp.events.push(event(log)?);
    }
    Ok((scope, otlp))
}

/// The first parent in the same trace is the parent; all others are links.
fn refer(span: &mut OtlpSpan, reference: &Reference) -> Result<(), String> {
    let (trace_id, span_id) = (
        id("a reference's traceID", &reference.trace_id, 16)?,
        id("a reference's spanID", &reference.span_id, 8)?,
    );
    let child = reference.ref_type == RefType::ChildOf;
    let parent = &span.parent_span_id;
    if child && trace_id == span.trace_id && (parent.is_empty() || *parent == span_id) {
        span.parent_span_id = span_id;
        return Ok(());
    }
    let child = child.then(|| KeyValue::text(tag::REF_TYPE, "child_of").into());
    span.links.push(Link {
        trace_id,
        span_id,
        attributes: child.into_iter().collect(),
        ..Link::default()
    });
    Ok(())
}

/// A tag becomes a field if there is one, and an attribute if not.
fn take(span: &mut OtlpSpan, scope: &mut [String; 2], tag: KeyValue) {
    let status = |span: &mut OtlpSpan, code: StatusCode| {
        span.status.get_or_insert_default().code = code.into();
    };
    match (&*tag.key, &tag.value) {
        (tag::KIND, Value::Text(name)) if kind(name).is_some() => {
            span.kind = kind(name).map_or(0, i32::from);
        }
        (tag::STATUS, Value::Text(code)) if code == "ERROR" => status(span, StatusCode::Error),
        (tag::STATUS, Value::Text(code)) if code == "OK" => status(span, StatusCode::Ok),
        (tag::ERROR, Value::Bool(true)) => status(span, StatusCode::Error),
        (tag::DESCRIPTION, Value::Text(text)) => {
            span.status.get_or_insert_with(Status::default).message = text.clone();
        }
        (tag::STATE, Value::Text(text)) => span.trace_state = text.clone(),
        (tag::SCOPE, Value::Text(text)) => scope[0] = text.clone(),
        (tag::SCOPE_VERSION, Value::Text(text)) => scope[1] = text.clone(),
        _ => span.attributes.push(tag.into()),
    }
}

fn kind(name: &str) -> Option<SpanKind> {
    Some(match name {
        "internal" => SpanKind::Internal,
        "server" => SpanKind::Server,
        "client" => SpanKind::Client,
        "producer" => SpanKind::Producer,
        "consumer" => SpanKind::Consumer,
        _ => return None,
    })
}

/// The first field that is called `event` is the name.
fn event(log: Log) -> Result<Event, String> {
    let mut event = Event {
        time_unix_nano: nanos(log.timestamp)?,
        ..Event::default()
    };
    for field in log.fields {
        match field.value {
            Value::Text(name) if field.key == tag::EVENT && event.name.is_empty() => {
                event.name = name;
            }
            Value::Text(_)
            | Value::Bool(_)
            | Value::Int(_)
            | Value::Float(_)
            | Value::Binary(_) => {
                event.attributes.push(field.into());
            }
        }
    }
    Ok(event)
}

/// Old files leave out leading zeros.
fn id(what: &str, text: &str, bytes: usize) -> Result<Vec<u8>, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    match u128::from_str_radix(text, 16) {
        Ok(id) if digits && text.len() <= 2 * bytes && id != 0 => {
            Ok(id.to_be_bytes()[16 - bytes..].to_vec())
        }
        _ => {
            let text: String = text.chars().take(80).collect();
            let digits = 2 * bytes;
            Err(format!(
                "{what} {text:?} is not {digits} hexadecimal digits, not all zero"
            ))
        }
    }
}

fn nanos(micros: u64) -> Result<u64, String> {
    let nanos = micros.checked_mul(MICRO);
    nanos.ok_or_else(|| format!("{micros} µs after 1970 is no time: it is after the year 2554"))
}

/// The list of texts that a tag holds as JSON, as this crate and Jaeger's own translator
/// write one. A text that only looks like a list becomes one: the opposite error would
/// hide the channel states of a snapshot from a checker.
fn list(text: &str) -> Option<Otlp> {
    let texts: Vec<String> = (text.starts_with('['))
        .then(|| serde_json::from_str(text).ok())
        .flatten()?;
    let values = texts.into_iter().map(|text| AnyValue {
        value: Some(Otlp::StringValue(text)),
    });
    Some(Otlp::ArrayValue(ArrayValue {
        values: values.collect(),
    }))
}

impl From<KeyValue> for OtlpKeyValue {
    fn from(tag: KeyValue) -> Self {
        let value = match tag.value {
            Value::Text(text) => list(&text).unwrap_or(Otlp::StringValue(text)),
            Value::Bool(flag) => Otlp::BoolValue(flag),
            Value::Int(number) => Otlp::IntValue(number),
            Value::Float(number) => Otlp::DoubleValue(number),
            Value::Binary(bytes) => Otlp::BytesValue(bytes),
        };
        Self {
            key: tag.key,
            value: Some(AnyValue { value: Some(value) }),
            ..Self::default()
        }
    }
}
