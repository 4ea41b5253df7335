//! The edges between the processes of a run.
//!
//! A run over real peers records them as dials. A simulated run makes no connections;
//! its edges are those of its topology.

use std::collections::BTreeSet;

use algorithms::NodeId;
use lab::topology::Topology;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;
use trace::history;
use trace::steps::key;
use trace::store::Store;

use crate::network::DIAL;

/// The most planned edges that are shown: `run.json` may contain any number.
const MOST: u64 = 1_000_000;

/// The connections, each once.
pub(super) fn edges(store: &Store, run: &Value) -> Vec<(String, String)> {
    let mut dialled = BTreeSet::new();
    store.for_each_named(DIAL, |peer, span| {
        let failed = span.status.as_ref().map(|status| status.code()) == Some(StatusCode::Error);
        if !failed && let Some(to) = history::text(&span.attributes, key::REMOTE) {
            dialled.insert((peer.to_owned(), to.to_owned()));
        }
    });
    match dialled.is_empty() {
        true => planned(run).unwrap_or_default(),
        false => dialled.into_iter().collect(),
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
