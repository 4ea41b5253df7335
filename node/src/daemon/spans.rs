//! The spans of the daemon's operations: sessions, connections and their legs.

use std::time::SystemTime;

use libp2p::PeerId;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use tokio::time::Instant;
use trace::telemetry::Tracer;

use super::race::{CONNECTED, Leg};
use crate::reach::Way;

/// Where spans go; nowhere without a tracer.
#[derive(Clone, Debug)]
pub(super) struct Spans(pub(super) Option<Tracer>);

impl Spans {
    /// A span under that one, about that peer.
    pub(super) fn begin(&self, name: &'static str, peer: PeerId, parent: &Context) -> Context {
        let Some(tracer) = &self.0 else {
            return Context::new();
        };
        let span = tracer
            .span_builder(name)
            .with_kind(SpanKind::Client)
            .with_attributes([KeyValue::new("p2p.remote", peer.to_string())])
            .start_with_context(tracer, parent);
        Context::new().with_span(span)
    }

    pub(super) fn end(&self, context: &Context) {
        context.span().end();
    }

    /// Ends the span with the error, if there is one.
    pub(super) fn end_with<T>(&self, context: &Context, result: &Result<T, String>) {
        if let Err(why) = result {
            context.span().set_status(Status::error(why.clone()));
        }
        context.span().end();
    }

    /// Ends the span of a race with the way that has won.
    pub(super) fn end_connect(&self, context: &Context, way: &Result<Way, String>) {
        if let Ok(way) = way {
            let way = KeyValue::new("p2p.connection.way", way.to_string());
            context.span().set_attribute(way);
        }
        self.end_with(context, way);
    }

    /// The span of one way of a race.
    pub(super) fn leg(&self, leg: &Leg, connect: &Context) {
        let Some(tracer) = &self.0 else { return };
        let (now, wall) = (Instant::now(), SystemTime::now());
        let at = |instant: Instant| wall - now.saturating_duration_since(instant);
        let mut span = tracer
            .span_builder(leg.way.to_string())
            .with_kind(SpanKind::Client)
            .with_start_time(at(leg.began))
            .with_attributes([KeyValue::new("p2p.connection.outcome", leg.outcome.clone())])
            .start_with_context(tracer, connect);
        if leg.outcome != CONNECTED {
            span.set_status(Status::error(leg.outcome.clone()));
        }
        span.end_with_timestamp(at(leg.ended.unwrap_or(now)));
    }
}
