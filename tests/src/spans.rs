//! Spans as OTLP carries them, each with the peer that reported it.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use trace::store::{Query, Store};

/// A span, and the service that reported it.
#[derive(Clone, Debug)]
pub struct Reported {
    /// `service.name`.
    pub service: String,
    /// `service.instance.id`.
    pub instance: String,
    /// What was reported.
    pub span: Span,
}

impl Reported {
    /// The span's text attribute `key`, or nothing.
    #[must_use]
    pub fn attribute(&self, key: &str) -> String {
        text(&self.span.attributes, key)
    }
}

/// All spans, one after the other.
pub fn reported(all: impl IntoIterator<Item = ResourceSpans>) -> Vec<Reported> {
    let mut spans = Vec::new();
    for around in all {
        let resource = around.resource.unwrap_or_default();
        let service = text(&resource.attributes, "service.name");
        let instance = text(&resource.attributes, "service.instance.id");
        let inside = around.scope_spans.into_iter().flat_map(|scope| scope.spans);
        spans.extend(inside.map(|span| Reported {
            service: service.clone(),
            instance: instance.clone(),
            span,
        }));
    }
    spans
}

/// The spans that the run at `path` saved, by trace, the oldest trace first.
///
/// # Panics
/// When they cannot be read.
#[must_use]
pub fn saved(path: &Path) -> Vec<Vec<Reported>> {
    let file = File::open(path.join("spans.jsonl")).expect("spans.jsonl");
    let store = Store::read_jsonl(BufReader::new(file)).expect("spans");
    let summaries = store.summaries(&Query::default()).into_iter().rev();
    let ids = summaries.map(|summary| {
        let id = u128::from_str_radix(&summary.trace_id, 16);
        id.expect("32 hexadecimal digits").to_be_bytes()
    });
    ids.map(|id| reported(store.trace(id).expect("it is listed").resource_spans))
        .collect()
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let mut all = attributes.iter();
    let found = all.find(|attribute| attribute.key == key);
    match found.and_then(|found| found.value.clone()) {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }) => text,
        _ => String::new(),
    }
}
