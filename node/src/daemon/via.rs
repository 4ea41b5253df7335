//! A peer of a hub: it registers there, is reached over it, and comes back when the connection
//! breaks.

use std::io::Write as _;
use std::time::Duration;

use algorithms::hub;
use libp2p::{Multiaddr, PeerId};
use opentelemetry::Context;
use tokio::time::{sleep, timeout};

use super::algorithm::Either;
use super::node::Node;

/// The pause before the second try, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a session may take: a proof of 32 bits is not worth waiting for. A guess.
const SESSION: Duration = Duration::from_secs(60);

/// How often a reservation is asked for: the relay learns of the session a moment later than
/// the peer.
const RESERVATIONS: u32 = 5;

/// Why a peer is not registered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Error(String);

/// Registers at the hub.
pub(super) async fn register(node: &Node, hub: &Multiaddr, peer: PeerId) -> Result<(), Error> {
    let dialled = node.handle().dial(hub.clone()).await;
    dialled.map_err(|error| Error(error.to_string()))?;
    let context = node.spans.begin("session", peer, &Context::new());
    let session = join(node, peer, &context).await;
    node.spans.end_with(&context, &session);
    session.map_err(Error)?;
    let mut pause = FIRST_PAUSE / 10;
    for attempt in 1.. {
        tell_card(node).await;
        match node.handle().reserve(hub.clone()).await {
            Ok(_) => break,
            Err(error) if attempt == RESERVATIONS => {
                return Err(Error(format!("no reservation at the hub: {error}")));
            }
            Err(error) => tracing::debug!(%error, attempt, "no reservation yet"),
        }
        sleep(pause).await;
        pause *= 2;
    }
    tell_card(node).await;
    // A closed standard output does not stop a peer.
    let _ = writeln!(std::io::stdout(), "registered at {peer}");
    Ok(())
}

async fn join(node: &Node, peer: PeerId, context: &Context) -> Result<(), String> {
    let join = Either::Hub(hub::Command::Join);
    match timeout(SESSION, node.asking.ask(join, context.clone())).await {
        Ok(Some(Either::Hub(hub::Output::Joined))) => Ok(()),
        Ok(Some(Either::Hub(hub::Output::Refused {
            code: hub::Code::Version { needs },
            ..
        }))) => Err(format!(
            "{peer} needs version {needs} of the messages, and this peer speaks {}; take a newer \
             testbed-node",
            hub::VERSION
        )),
        Ok(said) => Err(format!("{peer} has said {said:?}")),
        Err(_) => Err(format!(
            "no session at {peer} within {SESSION:?}; is it a hub?"
        )),
    }
}

/// What it answers those who ask where it is.
async fn tell_card(node: &Node) {
    if let Some(card) = node.handle().card().await {
        let answer = hub::Command::AnswerWith(card.to_bytes());
        node.asking.tell(answer).await;
    }
}

/// Registers again whenever the connection to the hub has broken.
pub(super) async fn stay(node: Node, hub: Multiaddr, peer: PeerId) {
    while node.handle().wait_connection(peer, false).await {
        let mut pause = FIRST_PAUSE;
        while let Err(error) = register(&node, &hub, peer).await {
            tracing::warn!(%error, "not registered at the hub; trying again in {pause:?}");
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}
