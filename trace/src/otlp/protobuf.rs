//! Reading protobuf a span at a time: a malformed span does not affect the others.
//!
//! A nested message is encoded like bytes. So a request is first read down to the
//! bytes of its spans, and then each of these alone: a name that is not UTF-8 is the
//! error of one span.

use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use prost::bytes::Bytes;
use prost::{DecodeError, Message};

use super::Read;
use crate::store::LeftOut;

/// `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest`
#[derive(Clone, PartialEq, Message)]
struct Request {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<Around>,
}

/// `opentelemetry.proto.trace.v1.ResourceSpans`
#[derive(Clone, PartialEq, Message)]
struct Around {
    #[prost(bytes = "bytes", optional, tag = "1")]
    resource: Option<Bytes>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<Scope>,
    #[prost(bytes = "bytes", tag = "3")]
    schema_url: Bytes,
}

/// `opentelemetry.proto.trace.v1.ScopeSpans`
#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(bytes = "bytes", optional, tag = "1")]
    scope: Option<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    spans: Vec<Bytes>,
    #[prost(bytes = "bytes", tag = "3")]
    schema_url: Bytes,
}

/// The spans of a request.
///
/// # Errors
/// It is malformed outside of its spans.
pub fn read_protobuf(request: Bytes) -> Result<Read, DecodeError> {
    let Request { resource_spans } = Request::decode(request)?;
    let mut left_out = LeftOut::default();
    let groups = resource_spans.into_iter();
    let groups = groups.filter_map(|around| group(around, &mut left_out));
    let resource_spans = groups.collect();
    Ok(Read {
        data: TracesData { resource_spans },
        left_out,
    })
}

/// `None` if the resource is malformed, and with it all its spans.
fn group(around: Around, left_out: &mut LeftOut) -> Option<ResourceSpans> {
    let scopes = around.scope_spans.into_iter();
    match around.resource.map(Resource::decode).transpose() {
        Ok(resource) => Some(ResourceSpans {
            resource,
            scope_spans: scopes
                .filter_map(|around| scope(around, left_out))
                .collect(),
            schema_url: text(&around.schema_url),
        }),
        Err(why) => {
            let spans = scopes.flat_map(|scope| scope.spans);
            spans.for_each(|_| left_out.add(|| why.to_string()));
            None
        }
    }
}

/// `None` if the scope is malformed.
fn scope(around: Scope, left_out: &mut LeftOut) -> Option<ScopeSpans> {
    let spans = around.spans.into_iter();
    match around.scope.map(InstrumentationScope::decode).transpose() {
        Ok(scope) => Some(ScopeSpans {
            scope,
            spans: spans.filter_map(|bytes| span(bytes, left_out)).collect(),
            schema_url: text(&around.schema_url),
        }),
        Err(why) => {
            spans.for_each(|_| left_out.add(|| why.to_string()));
            None
        }
    }
}

fn span(bytes: Bytes, left_out: &mut LeftOut) -> Option<Span> {
    let span = Span::decode(bytes);
    span.map_err(|why| left_out.add(|| why.to_string())).ok()
}

/// The address of a schema, which no span depends on.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
