//! The store as the place where a run's own spans are kept.

use node::telemetry::Recorder;
use opentelemetry_proto::tonic::{resource, trace};
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use crate::store::{ServiceId, Store};

impl Recorder for Store {
    fn add_service(&self, resource: &Resource) -> u32 {
        let resource = resource::v1::Resource {
            attributes: ResourceAttributesWithSchema::from(resource).attributes.0,
            ..resource::v1::Resource::default()
        };
        Self::add_service(self, resource).0
    }

    fn record(&self, service: u32, span: SpanData) -> bool {
        self.insert(ServiceId(service), &trace::v1::Span::from(span))
            .is_ok()
    }
}
