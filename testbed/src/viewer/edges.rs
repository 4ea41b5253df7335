//! The edges between the processes of a run, and how their connections came about.
//!
//! A run over real peers records them as dials. A peer of a hub records its session, and the
//! race for each connection with the way that won. A simulated run makes no connections; its
//! edges are those of its topology.

use std::collections::{BTreeMap, BTreeSet};

use algorithms::NodeId;
use lab::topology::Topology;
use node::reach::Way;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;
use trace::history;
use trace::steps::key;
use trace::store::Store;

use super::names::Names;
use crate::network::DIAL;

/// The most planned edges that are shown: `run.json` may contain any number.
const MOST: u64 = 1_000_000;

/// The spans of a peer of a hub: its session there, and the race for a connection.
const SESSION: &str = "session";
const CONNECT: &str = "connect";

/// The attribute of a race: the way that won.
const WAY: &str = "p2p.connection.way";

/// The connections, each once, and the ways of those that are known: the last one of each pair.
pub(super) struct Links {
    pub(super) edges: Vec<(String, String)>,
    pub(super) ways: Vec<(String, String, Way)>,
}

pub(super) fn links(store: &Store, run: &Value) -> Links {
    let names = Names::of(store);
    let mut dialled = BTreeSet::new();
    store.for_each_named(DIAL, |peer, span| dialled.extend(link(peer, &span, &names)));
    store.for_each_named(SESSION, |peer, span| {
        dialled.extend(link(peer, &span, &names).map(in_order));
    });
    let mut ways = BTreeMap::new();
    store.for_each_named(CONNECT, |peer, span| {
        let way = history::text(&span.attributes, WAY).and_then(Way::from_name);
        if let (Some(way), Some(link)) = (way, link(peer, &span, &names)) {
            let ended = span.end_time_unix_nano;
            let last = ways.entry(in_order(link)).or_insert((ended, way));
            *last = (*last).max((ended, way));
        }
    });
    dialled.extend(ways.keys().cloned());
    let edges = match dialled.is_empty() {
        true => planned(run).unwrap_or_default(),
        false => dialled.into_iter().collect(),
    };
    let ways = ways
        .into_iter()
        .map(|((from, to), (_, way))| (from, to, way));
    let ways = ways.collect();
    Links { edges, ways }
}

/// The connection that a span stands for, unless it failed. A span of a laboratory names the
/// other peer, and one of a peer on its own has the PeerId.
fn link(peer: &str, span: &Span, names: &Names) -> Option<(String, String)> {
    let failed = span.status.as_ref().map(|status| status.code()) == Some(StatusCode::Error);
    let to = history::text(&span.attributes, key::REMOTE).filter(|_| !failed)?;
    let to = names.name(to);
    (to != peer).then(|| (peer.to_owned(), to.to_owned()))
}

/// Either peer may have asked for a connection.
fn in_order((one, other): (String, String)) -> (String, String) {
    match one <= other {
        true => (one, other),
        false => (other, one),
    }
}

/// The edges of the topology in `run.json`.
fn planned(run: &Value) -> Option<Vec<(String, String)>> {
    let topology: Topology = run["topology"].as_str()?.parse().ok()?;
    let peers = u32::try_from(run["peers"].as_u64()?).ok()?;
    let few = topology.count(peers).ok()? <= MOST;
    few.then_some(())?;
    let edges = topology.edges(peers, run["seed"].as_u64()?).ok()?;
    let name = |node| NodeId(node).to_string();
    let named = edges.into_iter().map(|(a, b)| (name(a), name(b)));
    Some(named.collect())
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Status;
    use serde_json::json;
    use trace::store::samples::{self, text};

    use super::*;
    use crate::viewer::names::INSTANCE;

    /// A store with that peer's spans: their names, the other peers, and the ways.
    fn add(store: &Store, name: &str, id: &str, spans: &[(&str, &str, &str)]) {
        let mut resource = samples::resource(name);
        resource.attributes.push(text(INSTANCE, id));
        let service = store.add_service(resource);
        let trace = [*id.as_bytes().last().expect("an id"); 16];
        for (at, (span, to, way)) in (1..).zip(spans) {
            let mut span = samples::span(trace, at, 0, span, 100 * u64::from(at));
            span.attributes = vec![text(key::REMOTE, to), text(WAY, way)];
            if way.is_empty() {
                span.status = Some(Status {
                    code: StatusCode::Error.into(),
                    ..Status::default()
                });
            }
            store.insert(service, &span).expect("a span");
        }
    }

    #[test]
    fn the_last_way_of_a_pair_counts() {
        let store = Store::new();
        let ids = ["12D3KooWHub", "12D3KooWa", "12D3KooWb"];
        add(&store, "hub", ids[0], &[]);
        let spans = [
            (SESSION, ids[0], "none"),
            (CONNECT, ids[2], "relayed"),
            (CONNECT, ids[2], "punched"),
            (CONNECT, "12D3KooWunknown", "direct"),
            (CONNECT, "12D3KooWfailed", ""),
            (CONNECT, "12D3KooWodd", "by carrier pigeon"),
        ];
        add(&store, "b", ids[1], &spans);
        add(&store, "a", ids[2], &[(CONNECT, ids[1], "direct")]);
        let Links { edges, ways } = links(&store, &Value::Null);
        let of = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let found = [of("12D3KooWunknown", "b"), of("a", "b"), of("b", "hub")];
        assert_eq!(edges, found);
        let ways = serde_json::to_value(ways).expect("JSON");
        let expected = [["12D3KooWunknown", "b", "direct"], ["a", "b", "punched"]];
        assert_eq!(ways, json!(expected));
    }
}
