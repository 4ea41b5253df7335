//! The content of one request: the spans of all services that have some.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource as OtlpResource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use prost::Message as _;
use trace::store::EncodedSpan;
use trace::telemetry::SCOPE;

use super::BATCH;

/// The limit on the bytes of spans in one request, which a single span may exceed:
/// gRPC servers accept 4 MiB by default. Resources are not counted.
const LONGEST: usize = 2 << 20;

/// Spans that are sent together.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Batch {
    spans: u64,
    /// The request.
    pub(super) request: ExportTraceServiceRequest,
}

impl Batch {
    /// Groups the spans into batches within the limits. `services` has the resources
    /// by the service numbers of the spans.
    pub(super) fn all(spans: Vec<(u32, EncodedSpan)>, services: &[Resource]) -> Vec<Self> {
        let mut batches = Vec::new();
        let mut next = Open::default();
        for (service, span) in spans {
            let span = span.decode();
            let length = span.encoded_len();
            if next.spans > 0 && next.bytes + length > LONGEST {
                batches.push(std::mem::take(&mut next).close(services));
            }
            next.spans += 1;
            next.bytes += length;
            next.by_service.entry(service).or_default().push(span);
            if next.spans == BATCH {
                batches.push(std::mem::take(&mut next).close(services));
            }
        }
        if next.spans > 0 {
            batches.push(next.close(services));
        }
        batches
    }

    /// How many spans.
    pub(super) fn spans(&self) -> u64 {
        self.spans
    }
}

/// A batch to which spans are still added.
#[derive(Default)]
struct Open {
    spans: usize,
    bytes: usize,
    by_service: BTreeMap<u32, Vec<Span>>,
}

impl Open {
    fn close(self, services: &[Resource]) -> Batch {
        let group = |(service, spans)| resource_spans(services.get(service as usize), spans);
        let resource_spans = self.by_service.into_iter().map(group).collect();
        Batch {
            spans: self.spans as u64,
            request: ExportTraceServiceRequest { resource_spans },
        }
    }
}

fn resource_spans(resource: Option<&Resource>, spans: Vec<Span>) -> ResourceSpans {
    let resource = resource.map(ResourceAttributesWithSchema::from);
    let resource = resource.unwrap_or_default();
    ResourceSpans {
        resource: Some(OtlpResource {
            attributes: resource.attributes.0,
            ..OtlpResource::default()
        }),
        scope_spans: vec![ScopeSpans {
            scope: Some(InstrumentationScope {
                name: SCOPE.to_owned(),
                ..InstrumentationScope::default()
            }),
            spans,
            schema_url: String::new(),
        }],
        schema_url: resource.schema_url.unwrap_or_default(),
    }
}
