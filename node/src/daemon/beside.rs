//! A hub beside others: it stays connected with them, so that what is handed over does not wait
//! for a handshake.

use std::time::Duration;

use futures::future::join_all;
use libp2p::{Multiaddr, PeerId};
use tokio::time::sleep;

use super::node::Node;

/// The pause before another hub is dialled again, doubled up to the longest. Guesses: a hub
/// that starts with the others is there a moment later.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Stays connected with each other hub.
pub(super) async fn stay(node: Node) {
    let hubs = node.hubs.iter().map(|hub| stay_with(&node, hub));
    join_all(hubs).await;
}

/// One of the two dials: where both do, one of two connections has to be closed again. If the
/// other one is wrong about this hub, what is handed over dials all the same.
async fn stay_with(node: &Node, (hub, address): &(PeerId, Multiaddr)) {
    if node.handle().peer_id() > *hub {
        return;
    }
    let mut pause = FIRST_PAUSE;
    loop {
        match node.handle().dial(address.clone()).await {
            Ok(_) => {
                pause = FIRST_PAUSE;
                if !node.handle().wait_connection(*hub, false).await {
                    return;
                }
                tracing::warn!(%hub, "the connection to that hub has broken");
            }
            Err(error) => tracing::debug!(%error, %hub, "that hub is not there"),
        }
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}
