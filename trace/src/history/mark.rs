//! Planned faults as spans of the laboratory.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use opentelemetry::trace::{Span as _, Tracer as _};
use opentelemetry::{Array, KeyValue, StringValue, Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use serde::Serialize;

use super::faults::{GROUP, HEAL, KILL, OTHERS, PARTITION, PEER, RESTART, Sides};
use super::text;
use crate::LABORATORY;
use crate::telemetry::Tracer;

/// The name of the span that records that a peer takes no steps.
const PAUSE: &str = "pause";
/// The name of the span that records that it takes steps again.
const RESUME: &str = "resume";
/// The name of the span that records that what reaches a peer arrives later.
const SLOW: &str = "slow";
/// The name of the span that records that it arrives as usual again.
const USUAL: &str = "usual";
/// The name of the span that records that the links are others.
const LINKS: &str = "links";

/// The attribute of a slow peer: how much later, in seconds.
const BY: &str = "p2p.by_seconds";
/// The attribute of other links: their name.
const NETWORK: &str = "p2p.network";
/// The attribute of a partition in one direction: `from` the group, or `to` it.
const ONE_WAY: &str = "p2p.one_way";

/// A fault, or its end, as a span of the laboratory. It lasts no time.
#[derive(Clone, Debug)]
pub struct Mark {
    name: &'static str,
    attributes: Vec<KeyValue>,
}

impl Mark {
    /// A peer stops.
    pub fn kill(peer: String) -> Self {
        Self::of(KILL, peer)
    }

    /// A peer restarts.
    pub fn restart(peer: String) -> Self {
        Self::of(RESTART, peer)
    }

    /// A peer takes no steps.
    pub fn pause(peer: String) -> Self {
        Self::of(PAUSE, peer)
    }

    /// A peer takes steps again.
    pub fn resume(peer: String) -> Self {
        Self::of(RESUME, peer)
    }

    /// What reaches a peer arrives so much later.
    pub fn slow(peer: String, by: Duration) -> Self {
        let mut mark = Self::of(SLOW, peer);
        mark.attributes.push(KeyValue::new(BY, by.as_secs_f64()));
        mark
    }

    /// What reaches a peer arrives as usual.
    pub fn usual(peer: String) -> Self {
        Self::of(USUAL, peer)
    }

    /// The links are others.
    pub fn links(network: String) -> Self {
        Self {
            name: LINKS,
            attributes: vec![KeyValue::new(NETWORK, network)],
        }
    }

    /// Messages between two sides are lost, or wait; or, at its end, arrive again. In one
    /// direction alone, if that is named.
    pub fn separation(sides: &Sides, one_way: Option<String>, ends: bool) -> Self {
        let named = [GROUP, OTHERS].into_iter().zip(sides);
        let sides = named.map(|(name, side)| KeyValue::new(name, list(side)));
        let one_way = one_way.map(|direction| KeyValue::new(ONE_WAY, direction));
        Self {
            name: if ends { HEAL } else { PARTITION },
            attributes: sides.chain(one_way).collect(),
        }
    }

    fn of(name: &'static str, peer: String) -> Self {
        Self {
            name,
            attributes: vec![KeyValue::new(PEER, peer)],
        }
    }

    /// Records it as a span at that time.
    pub fn record(self, tracer: &Tracer, at: SystemTime) {
        let builder = tracer.span_builder(self.name).with_start_time(at);
        let mut span = builder.with_attributes(self.attributes).start(tracer);
        span.end_with_timestamp(at);
    }
}

/// How a peer is hindered, or not any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Hindrance {
    /// It takes no steps.
    Pause,
    /// It takes steps again.
    Resume,
    /// What reaches it arrives later.
    Slow,
    /// It arrives as usual again.
    Usual,
}

/// The hindrance of a peer that a span records, or its end. `None` for any other span.
pub fn hindrance(service: &str, span: &Span) -> Option<(Arc<str>, Hindrance)> {
    let hindrance = match span.name.as_str() {
        PAUSE => Hindrance::Pause,
        RESUME => Hindrance::Resume,
        SLOW => Hindrance::Slow,
        USUAL => Hindrance::Usual,
        _ => return None,
    };
    let peer = text(&span.attributes, PEER).filter(|_| service == LABORATORY)?;
    Some((peer.into(), hindrance))
}

/// The name of the links that a span records as those from then on. `None` for any other span.
pub fn new_links<'a>(service: &str, span: &'a Span) -> Option<&'a str> {
    let is_it = span.name == LINKS && service == LABORATORY;
    text(&span.attributes, NETWORK).filter(|_| is_it)
}

fn list(names: &[Arc<str>]) -> Value {
    let names = names.iter().map(|name| StringValue::from(Arc::clone(name)));
    Value::Array(Array::String(names.collect()))
}
