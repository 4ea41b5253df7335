//! Jaeger's own JSON: the answers of its first-generation HTTP API, and the files that
//! its page saves and opens.
//!
//! Shapes: `internal/uimodel/model.go` of jaegertracing/jaeger. Times are
//! microseconds: finer parts of OTLP's times are not in this form.

mod from_otlp;
mod number;
mod read;
mod to_otlp;
mod value;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::json::or_default;
use number::nearest;

pub use from_otlp::traces;
pub use from_otlp::{kind_name, service_name};
pub use read::read;
pub use value::{KeyValue, Value};

/// A trace: its spans, and the services that they name by their keys.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Trace {
    /// 32 hexadecimal digits.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// In the order of their start.
    pub spans: Vec<Span>,
    /// The processes that reported them, by [`Span::process_id`].
    pub processes: BTreeMap<String, Process>,
    /// Jaeger's warnings about the trace.
    pub warnings: Option<Vec<String>>,
}

/// A span.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Span {
    /// The id of its trace.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// 16 hexadecimal digits.
    #[serde(rename = "spanID")]
    pub span_id: String,
    /// The parent's id, which old files have in place of a reference.
    #[serde(
        rename = "parentSpanID",
        default,
        skip_serializing_if = "String::is_empty"
    )]
    pub parent_span_id: String,
    /// The W3C flags of its context.
    #[serde(
        default,
        deserialize_with = "or_default",
        skip_serializing_if = "is_zero"
    )]
    pub flags: u32,
    /// Its name.
    #[serde(default, deserialize_with = "or_default")]
    pub operation_name: String,
    /// Its parent, and its links.
    #[serde(default, deserialize_with = "or_default")]
    pub references: Vec<Reference>,
    /// In microseconds since 1970.
    #[serde(deserialize_with = "nearest")]
    pub start_time: u64,
    /// In microseconds; negative if the span ends before it starts.
    #[serde(deserialize_with = "nearest")]
    pub duration: i64,
    /// Its attributes, and some fields of OTLP.
    #[serde(default, deserialize_with = "or_default")]
    pub tags: Vec<KeyValue>,
    /// Its events.
    #[serde(default)]
    pub logs: Option<Vec<Log>>,
    /// The process that reported it: a key of [`Trace::processes`].
    #[serde(rename = "processID", default)]
    pub process_id: String,
    /// Jaeger's warnings about it.
    #[serde(default)]
    pub warnings: Option<Vec<String>>,
}

/// How a span follows from another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reference {
    /// Child or follower.
    pub ref_type: RefType,
    /// The other's trace.
    #[serde(rename = "traceID")]
    pub trace_id: String,
    /// The other.
    #[serde(rename = "spanID")]
    pub span_id: String,
}

/// The type of a reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefType {
    /// The other is the parent.
    ChildOf,
    /// The other is linked to.
    FollowsFrom,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// In microseconds since 1970.
    #[serde(deserialize_with = "nearest")]
    pub timestamp: u64,
    /// Its name, as `event`, and its attributes.
    #[serde(default, deserialize_with = "or_default")]
    pub fields: Vec<KeyValue>,
}

/// The reporting process: a resource.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Process {
    /// Its `service.name`.
    pub service_name: String,
    /// Its other attributes.
    #[serde(default, deserialize_with = "or_default")]
    pub tags: Vec<KeyValue>,
}

/// Tags for which OTLP has fields.
mod tag {
    pub(super) const KIND: &str = "span.kind";
    pub(super) const ERROR: &str = "error";
    pub(super) const STATUS: &str = "otel.status_code";
    pub(super) const DESCRIPTION: &str = "otel.status_description";
    pub(super) const SCOPE: &str = "otel.scope.name";
    pub(super) const SCOPE_VERSION: &str = "otel.scope.version";
    pub(super) const STATE: &str = "w3c.tracestate";
    pub(super) const REF_TYPE: &str = "opentracing.ref_type";
    pub(super) const EVENT: &str = "event";
    pub(super) const SERVICE: &str = "service.name";
}

fn is_zero(number: &u32) -> bool {
    *number == 0
}

#[cfg(test)]
pub(crate) mod property_tests;
#[cfg(test)]
mod tests;
