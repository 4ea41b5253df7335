//! A store with a million steps of twenty peers, ten to a trace.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Span;
use trace::store::{ServiceId, Store};

use crate::figures::thousands;
use crate::resident::resident;

/// How many spans are held.
pub(crate) const SPANS: u64 = 1_000_000;

/// How many peers report.
pub(crate) const PEERS: u64 = 20;

/// How many spans are one trace.
const TRACE: u64 = 10;

pub(crate) fn resource(peer: u64) -> Resource {
    Resource {
        attributes: vec![text("service.name", format!("peer-{peer:02}"))],
        ..Resource::default()
    }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn integer(key: &str, value: u64) -> KeyValue {
    attribute(key, Value::IntValue(value.cast_signed()))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

/// A step as an engine records it: 8 attributes under the names of a run.
pub(crate) fn step(number: u64, trace: u64) -> Span {
    let id = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
    let trace = u128::from(trace + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    let start = 1_700_000_000_000_000_000 + number * 1000;
    Span {
        trace_id: trace.to_be_bytes().to_vec(),
        span_id: id.to_be_bytes().to_vec(),
        name: ["TRANSFER", "MARKER", "REPORT"][(number % 3) as usize].to_owned(),
        kind: 5,
        start_time_unix_nano: start,
        end_time_unix_nano: start + 900,
        attributes: vec![
            text(
                "p2p.message.kind",
                ["TRANSFER", "MARKER", "REPORT"][(number % 3) as usize],
            ),
            text("p2p.remote", format!("peer-{:02}", number / 7 % PEERS)),
            text("p2p.message.id", format!("{id:016x}")),
            integer("message.amount", number % 97),
            integer("p2p.channel.sequence", number / PEERS),
            integer("p2p.channel.incarnation", 1),
            integer("state.balance", 1000 + number % 211),
            integer("p2p.step", number / PEERS),
        ],
        ..Span::default()
    }
}

/// A store with all of them.
pub(crate) fn store() -> Store {
    let store = Store::new();
    let services: Vec<ServiceId> = (0..PEERS)
        .map(|peer| store.add_service(resource(peer)))
        .collect();
    for number in 0..SPANS {
        let service = services[(number % PEERS) as usize];
        let stored = store.insert(service, &step(number, number / TRACE));
        stored.expect("a good span");
    }
    store
}

/// The memory by which the process grows.
pub(crate) fn bytes_per_span() -> String {
    let before = resident();
    let store = store();
    let grown = resident().saturating_sub(before) as f64;
    let counted = store.bytes() as f64;
    let spans = store.len() as f64;
    format!(
        "{:.0} bytes resident a span (target 400): {} spans with 8 attributes, {TRACE} to a trace, {PEERS} services; {:.0} by the store's own count",
        grown / spans,
        thousands(spans),
        counted / spans,
    )
}
