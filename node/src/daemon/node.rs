//! The peer of the daemon, and what it does for its user: PING, and what a hub is for.

use std::sync::Arc;
use std::time::Duration;

use algorithms::{hub, ping_pong};
use libp2p::PeerId;
use opentelemetry::Context;
use proto::Bytes;
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::algorithm::Either;
use super::asking::Asking;
use super::counts::Races;
use super::hubs::Hubs;
use super::race::{Race, Through, refusal};
use super::spans::Spans;
use crate::Handle;
use crate::reach::How;

/// How long PONG, and the hub, are waited for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// How often a PING is sent. One is lost where a second connection, made at the same time,
/// replaces the first.
const PINGS: u32 = 2;

/// The peer, its process, and its hub.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) asking: Arc<Asking>,
    pub(super) spans: Spans,
    /// Its hubs.
    pub(super) hubs: Hubs,
    /// How it got through to others.
    pub(super) races: Races,
}

/// The fields of an answer, or why there is none.
type Answer = Result<Map<String, Value>, String>;

impl Node {
    pub(super) fn handle(&self) -> &Handle {
        self.asking.driver().handle()
    }

    /// Gets through to the peer, if there is no connection, and pings it.
    pub(super) async fn ping(&self, peer: &str) -> Answer {
        let peer = peer_id(peer)?;
        let context = self.spans.begin("ping", peer, &Context::new());
        let answer = self.pinged(peer, &context).await;
        self.spans.end_with(&context, &answer);
        answer
    }

    async fn pinged(&self, peer: PeerId, context: &Context) -> Answer {
        let mut answer = self.connect(peer, context).await?;
        for pings in 1..=PINGS {
            let begun = Instant::now();
            if self.is_there(peer, context).await? {
                answer.insert("seconds".into(), json!(begun.elapsed().as_secs_f64()));
                answer.insert("pings".into(), pings.into());
                return Ok(answer);
            }
        }
        Err(format!("no PONG within {:?}", TIMEOUT * PINGS))
    }

    /// Whether PONG comes in time.
    async fn is_there(&self, peer: PeerId, context: &Context) -> Result<bool, String> {
        let to = self.asking.number(peer).await;
        let command = ping_pong::Command::Ping {
            to: to.map_err(|error| error.to_string())?,
            data: Bytes::new(),
            timeout: TIMEOUT,
        };
        let said = self.asking.ask(Either::Ping(command), context.clone());
        let said = said.await.ok_or("the peer has stopped")?;
        Ok(matches!(
            said,
            Either::Ping(ping_pong::Output::Answered { .. })
        ))
    }

    async fn connect(&self, peer: PeerId, context: &Context) -> Answer {
        if self.hubs.is_empty() {
            return match self.handle().how(peer).await {
                Some(how) => Ok(Map::from_iter([("how".into(), json!(how.way(&[])))])),
                None => {
                    Err("not connected; name its address with --dial, or a hub with --via".into())
                }
            };
        };
        let before = self.handle().how(peer).await;
        let race = Race {
            asking: &self.asking,
            hubs: &self.hubs,
            peer,
            spans: &self.spans,
            context: context.clone(),
        };
        let through = race.run().await;
        // A direct connection that stood before was not raced for.
        if before.is_none_or(|how| how == How::Relayed) {
            let way = through.way.as_ref().ok().copied();
            self.races.on_ended(way, through.took);
        }
        fields(through)
    }

    /// The registered peers that are nearest to this one.
    pub(super) async fn peers(&self) -> Answer {
        let own = hub::place(&self.handle().peer_id().to_string());
        match self.ask_hub("find", hub::Command::Find(own)).await? {
            hub::Output::Found { nodes, .. } => {
                Ok(Map::from_iter([("peers".into(), json!(nodes))]))
            }
            said => Err(refusal(&said)),
        }
    }

    /// Sends data over the hub.
    pub(super) async fn send(&self, peer: &str, data: Vec<u8>) -> Answer {
        let peer = peer_id(peer)?.to_string();
        let forward = hub::Command::Forward(peer, data.into());
        match self.ask_hub("send", forward).await? {
            hub::Output::Sent { .. } => Ok(Map::new()),
            said => Err(refusal(&said)),
        }
    }

    async fn ask_hub(
        &self,
        name: &'static str,
        command: hub::Command,
    ) -> Result<hub::Output, String> {
        let hub = self.hubs.nearest();
        let hub = hub.ok_or("there is no hub; name one with --via")?;
        let context = self.spans.begin(name, hub, &Context::new());
        let asked = self.asking.ask(Either::Hub(command), context.clone());
        let said = match tokio::time::timeout(TIMEOUT, asked).await {
            Ok(Some(Either::Hub(said))) => Ok(said),
            Ok(_) => Err("the peer has stopped".to_owned()),
            Err(_) => Err(format!("the hub has not answered within {TIMEOUT:?}")),
        };
        self.spans.end_with(&context, &said);
        said
    }
}

fn peer_id(text: &str) -> Result<PeerId, String> {
    let wrong = |error| format!("{text:?} is no PeerId like 12D3Koo...: {error}");
    text.parse().map_err(wrong)
}

/// The answer's fields: how the peer was reached, and what was tried.
fn fields(through: Through) -> Answer {
    let legs: Vec<_> = through
        .legs
        .iter()
        .map(|leg| {
            let took = leg.ended.map(|ended| (ended - leg.began).as_secs_f64());
            json!({ "how": leg.way, "seconds": took, "outcome": leg.outcome })
        })
        .collect();
    let relayed = through.relayed.map(|stood| stood.as_secs_f64());
    Ok(Map::from_iter([
        ("how".into(), json!(through.way?)),
        ("connect_seconds".into(), json!(through.took.as_secs_f64())),
        ("relayed_seconds".into(), json!(relayed)),
        ("legs".into(), legs.into()),
    ]))
}
