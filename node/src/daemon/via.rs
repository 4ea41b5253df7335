//! A peer of hubs: it registers at one, is reached over it, and comes back when the connection
//! breaks. Which hub that is, the process says.

use std::io::Write as _;
use std::time::Duration;

use algorithms::hub;
use futures::future::join_all;
use libp2p::PeerId;
use opentelemetry::Context;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::algorithm::Either;
use super::node::Node;

/// The pause before the second try, doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// How long a session may take, for each hub: a proof of 32 bits is not worth waiting for. A
/// guess.
const SESSION: Duration = Duration::from_secs(60);

/// How often a reservation is asked for: the relay learns of the session a moment later than
/// the peer.
const RESERVATIONS: u32 = 5;

/// Why a peer is not registered.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Error(String);

/// Where the peer is registered: at the first hub that takes it, and at others later.
pub(super) type Entered = watch::Receiver<Option<PeerId>>;

/// Registers at one of the hubs. Returns which.
pub(super) async fn register(node: &Node, entered: &mut Entered) -> Result<PeerId, Error> {
    let nearest = node.hubs.nearest();
    let nearest = nearest.ok_or_else(|| Error("there is no hub".to_owned()))?;
    dial_all(node).await.map_err(Error)?;
    let context = node.spans.begin("session", nearest, &Context::new());
    let session = join(node, nearest, &context).await;
    node.spans.end_with(&context, &session);
    session.map_err(Error)?;
    let hub = entered.borrow_and_update().unwrap_or(nearest);
    reserve(node, hub).await?;
    Ok(hub)
}

/// Dials all hubs. One has to be there.
async fn dial_all(node: &Node) -> Result<(), String> {
    let dials = node.hubs.iter();
    let dials = dials.map(|(_, address)| node.handle().dial(address.clone()));
    let dialled = join_all(dials).await;
    if dialled.iter().any(Result::is_ok) {
        return Ok(());
    }
    let whys = dialled.into_iter().filter_map(Result::err);
    let whys: Vec<_> = whys.map(|why| why.to_string()).collect();
    Err(whys.join("; "))
}

/// Is reached over that hub from now on.
async fn reserve(node: &Node, hub: PeerId) -> Result<(), Error> {
    let address = node.hubs.address(hub).cloned();
    let address = address.ok_or_else(|| Error(format!("{hub} is none of the hubs")))?;
    let mut pause = FIRST_PAUSE / 10;
    for attempt in 1.. {
        tell_card(node).await;
        match node.handle().reserve(address.clone()).await {
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
    let _ = writeln!(std::io::stdout(), "registered at {hub}");
    Ok(())
}

async fn join(node: &Node, peer: PeerId, context: &Context) -> Result<(), String> {
    let patience = SESSION * node.hubs.len();
    let join = Either::Hub(hub::Command::Join);
    match timeout(patience, node.asking.ask(join, context.clone())).await {
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
            "no session at {peer} within {patience:?}; is it a hub?"
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

/// Registers again whenever the connection to the hub has broken, and is reached over another
/// one when the process has moved there.
pub(super) async fn stay(node: Node, mut entered: Entered, mut hub: PeerId) {
    let mut is_reserved = true;
    let mut pause = FIRST_PAUSE;
    loop {
        let broken = async {
            if is_reserved {
                return node.handle().wait_connection(hub, false).await;
            }
            sleep(pause).await;
            come_back(&node, hub).await;
            true
        };
        tokio::select! {
            biased;
            moved = entered.changed() => {
                let Ok(()) = moved else { return };
                let now = entered.borrow_and_update().unwrap_or(hub);
                if is_reserved && now == hub {
                    continue;
                }
                hub = now;
                let reserved = reserve(&node, hub).await;
                is_reserved = reserved.is_ok();
                match reserved {
                    Ok(()) => pause = FIRST_PAUSE,
                    Err(error) => tracing::warn!(%error, %hub, "not reached over the hub"),
                }
            }
            is_there = broken => {
                if !is_there {
                    return;
                }
                if !std::mem::take(&mut is_reserved) {
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
            }
        }
    }
}

/// Registers again at a hub that can be dialled again.
async fn come_back(node: &Node, hub: PeerId) {
    let Some(address) = node.hubs.address(hub) else {
        return;
    };
    match node.handle().dial(address.clone()).await {
        Ok(_) => node.asking.tell(hub::Command::Join).await,
        Err(error) => tracing::warn!(%error, "the connection to the hub has broken"),
    }
}
