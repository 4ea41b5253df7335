//! What the process of the daemon reports.

use std::sync::Arc;

use algorithms::hub;
use libp2p::PeerId;
use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, TraceContextExt as _};
use proto::Bytes;
use serde_json::json;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use super::algorithm::{Both, Either};
use super::commands::Data;
use super::node::Node;
use crate::driver::Report;
use crate::reach::{Card, Sessions};

/// How many peers are dialled back at once. Others may name any addresses. A guess.
const DIALS_BACK: usize = 8;

/// Follows the reports until it is aborted. `sessions` are those of a hub, `entered` says where
/// the peer is registered, `events` are the lines on standard output.
pub(super) async fn follow(
    mut reports: mpsc::Receiver<Report<Both>>,
    node: Node,
    sessions: Option<Arc<Sessions>>,
    entered: watch::Sender<Option<PeerId>>,
    events: Option<mpsc::Sender<String>>,
) {
    // Aborted with the follower: each keeps the peer alive.
    let mut dials = JoinSet::new();
    while let Some(report) = reports.recv().await {
        while dials.try_join_next().is_some() {}
        match report {
            Report::Output {
                output: Either::Hub(hub::Output::DialBack { node: peer, data }),
                step,
                ..
            } => {
                if let (Ok(peer), true) = (peer.parse(), dials.len() < DIALS_BACK) {
                    dials.spawn(dial_back(node.clone(), peer, data, step));
                }
            }
            Report::Output {
                output: Either::Hub(hub::Output::Entered { hub }),
                ..
            } => {
                let _ = entered.send_replace(hub.parse().ok());
            }
            Report::Output {
                output: Either::Hub(said),
                ..
            } => on_hub(said, &node, sessions.as_deref(), events.as_ref()).await,
            Report::Output { output, .. } => node.asking.on_output(output),
            report => tracing::debug!(?report, "process"),
        }
    }
}

async fn on_hub(
    said: hub::Output,
    node: &Node,
    sessions: Option<&Sessions>,
    events: Option<&mpsc::Sender<String>>,
) {
    match said {
        hub::Output::SessionBegan { node } => on_session(&node, sessions, Sessions::begin),
        hub::Output::SessionEnded { node } => on_session(&node, sessions, Sessions::end),
        hub::Output::Vouched { node } => on_session(&node, sessions, Sessions::vouch),
        hub::Output::Received { node: from, data } => {
            let data = Data(data.to_vec());
            let line = json!({ "event": "data", "from": from, "data": data });
            if let Some(events) = events {
                // An error means that standard output is closed.
                let _ = events.send(line.to_string()).await;
            }
        }
        said => node.asking.on_output(Either::Hub(said)),
    }
}

fn on_session(node: &str, sessions: Option<&Sessions>, change: fn(&Sessions, PeerId)) {
    if let (Some(sessions), Ok(peer)) = (sessions, node.parse()) {
        change(sessions, peer);
    }
}

/// Dials a peer that cannot dial this one. Part of the step in which it was asked to.
async fn dial_back(node: Node, peer: PeerId, card: Bytes, step: SpanContext) {
    let card = Card::from_bytes(&card);
    if card.addresses.is_empty() {
        return;
    }
    let parent = Context::new().with_remote_span_context(step);
    let context = node.spans.begin("dial back", peer, &parent);
    let reached = node.handle().reach(peer, card.addresses).await;
    node.spans.end_with(&context, &reached);
}
