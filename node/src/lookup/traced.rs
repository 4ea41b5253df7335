//! A lookup as a trace: the operation, and below it each message that it sent and
//! the answer that came.

use std::borrow::Cow;
use std::time::SystemTime;

use libp2p::PeerId;
use opentelemetry::trace::{Span as _, SpanKind, Status, TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use trace::store::hex;
use trace::telemetry::Tracer;
use trace::time;

use super::{Error, Found, Lookup};
use crate::Handle;

/// The request that is not answered.
pub(crate) const ADD_PROVIDER: &str = "ADD_PROVIDER";

/// A request of a lookup, and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exchange {
    /// The peer that was asked.
    pub peer: PeerId,
    /// Which message of the protocol it was, for example `FIND_NODE`.
    pub message: &'static str,
    /// When it was sent; if the peer had to be dialled first, when the dial began.
    pub sent: SystemTime,
    /// When its answer came.
    pub answered: Option<SystemTime>,
    /// How many peers the answer named.
    pub named: usize,
    /// Whether the peer had to be dialled first.
    pub dialled: bool,
}

/// Carries out a lookup as a trace named `name`.
///
/// A request to a peer that is not connected is recorded when its answer comes:
/// libp2p hands it to the new connection directly. If no answer comes, only the
/// attribute `p2p.kad.requests` counts it.
///
/// # Errors
/// Those of [`Handle::look_up`].
pub async fn traced(
    handle: &Handle,
    tracer: &Tracer,
    name: &'static str,
    lookup: Lookup,
) -> Result<Found, Error> {
    let context = begin(tracer, name, &lookup);
    let (found, exchanges) = handle.look_up_recorded(lookup).await;
    let now = time::now();
    for exchange in exchanges {
        record(tracer, &context, exchange, now);
    }
    end(&context, &found);
    found
}

/// The span of a lookup in the table, with its key.
pub fn begin(tracer: &Tracer, name: impl Into<Cow<'static, str>>, lookup: &Lookup) -> Context {
    let key = hex(lookup.key());
    let span = tracer
        .span_builder(name)
        .with_kind(SpanKind::Client)
        .with_attributes([KeyValue::new("p2p.kad.key", key)])
        .start_with_context(tracer, &Context::new());
    Context::new().with_span(span)
}

/// Ends the span of a lookup, with what came of it.
pub fn end(lookup: &Context, found: &Result<Found, Error>) {
    let span = lookup.span();
    match found {
        Ok(found) => {
            span.set_attribute(KeyValue::new("p2p.kad.requests", i64::from(found.requests)));
            if let Some(hops) = found.hops {
                span.set_attribute(KeyValue::new("p2p.kad.hops", i64::from(hops)));
            }
        }
        Err(why) => {
            span.set_attribute(KeyValue::new("error.type", "lookup"));
            span.set_status(Status::error(why.to_string()));
        }
    }
    span.end();
}

/// The span of one request. Without an answer it ends with the lookup; no answer
/// comes to ADD_PROVIDER.
fn record(tracer: &Tracer, lookup: &Context, exchange: Exchange, now: SystemTime) {
    let mut span = tracer
        .span_builder(exchange.message)
        .with_kind(SpanKind::Client)
        .with_start_time(exchange.sent)
        .with_attributes([
            KeyValue::new("p2p.remote", exchange.peer.to_string()),
            KeyValue::new("p2p.kad.answered", exchange.answered.is_some()),
            KeyValue::new("p2p.kad.named", exchange.named as i64),
            KeyValue::new("p2p.kad.dialled", exchange.dialled),
        ])
        .start_with_context(tracer, lookup);
    let end = match exchange.message {
        ADD_PROVIDER => exchange.sent,
        _ => exchange.answered.unwrap_or(now),
    };
    span.end_with_timestamp(end);
}
