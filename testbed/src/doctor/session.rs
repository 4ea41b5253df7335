//! The connection, and what is tried over it.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::StreamExt as _;
use libp2p::identity::Keypair;
use libp2p::swarm::{NetworkBehaviour, StreamUpgradeError, Swarm, SwarmEvent};
use libp2p::{PeerId, identify};
use libp2p_stream::Control;
use tokio::sync::{oneshot, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::task::AbortOnDropHandle;

use super::advice::{self, escaped, shown};
use super::circuit;
use super::protocols::{self, CHANNEL, HOP, Tried};
use super::report::{Diagnosis, Identity, Step};
use super::target::Target;

/// How long the end of a connection may come after the error of a stream of it. A guess.
const SOON: Duration = Duration::from_millis(300);

/// What the doctor's peer speaks by itself.
#[derive(NetworkBehaviour)]
pub(super) struct Behaviour {
    identify: identify::Behaviour,
    streams: libp2p_stream::Behaviour,
}

impl Behaviour {
    pub(super) fn new(key: &Keypair) -> Self {
        let identify = identify::Config::new("testbed/1.0.0".into(), key.public())
            .with_agent_version(concat!("testbed-doctor/", env!("CARGO_PKG_VERSION")).into());
        Self {
            identify: identify::Behaviour::new(identify),
            streams: libp2p_stream::Behaviour::new(),
        }
    }
}

/// A connection to the peer.
pub(super) struct Session {
    peer: PeerId,
    key: Keypair,
    end: Instant,
    control: Control,
    identified: oneshot::Receiver<Identified>,
    /// Why the connection was closed, once it is.
    closed: watch::Receiver<Option<String>>,
    _driver: AbortOnDropHandle<()>,
}

/// What came of identify.
enum Identified {
    As(Box<identify::Info>),
    NotOffered,
    Failed(String),
}

impl Session {
    pub(super) fn start(swarm: Swarm<Behaviour>, peer: PeerId, key: Keypair, end: Instant) -> Self {
        let control = swarm.behaviour().streams.new_control();
        let (identified_sender, identified) = oneshot::channel();
        let (closed_sender, closed) = watch::channel(None);
        let driver = tokio::spawn(drive(swarm, identified_sender, closed_sender));
        Self {
            peer,
            key,
            end,
            control,
            identified,
            closed,
            _driver: AbortOnDropHandle::new(driver),
        }
    }

    /// Tries one protocol after the other, and adds a step for each.
    pub(super) async fn examine(&mut self, target: &Target, diagnosis: &mut Diagnosis) {
        diagnosis.peer = Some(self.peer);
        if !self.identify(diagnosis).await {
            return;
        }
        let (peer, deadline) = (self.peer, self.share(4));
        let ping = protocols::ping(self.control.clone(), peer);
        self.step("ping", deadline, ping, diagnosis).await;
        let deadline = self.share(3);
        let channel = protocols::offers(self.control.clone(), peer, CHANNEL);
        self.step("channel", deadline, channel, diagnosis).await;
        match target.circuit {
            None => {
                let deadline = self.share(1);
                let relay = protocols::offers(self.control.clone(), peer, HOP);
                self.step("relay", deadline, relay, diagnosis).await;
            }
            Some(behind) => self.relay(behind.peer, diagnosis).await,
        }
    }

    /// Waits for what the peer says of itself. Returns `false` if it has closed the
    /// connection.
    async fn identify(&mut self, diagnosis: &mut Diagnosis) -> bool {
        let began = Instant::now();
        let deadline = self.share(5);
        let identified = tokio::select! {
            biased;
            // The sender lives as long as the connection.
            Ok(identified) = timeout_at(deadline, &mut self.identified) => identified.ok(),
            reason = closed(&mut self.closed) => return self.lost(began, &reason, diagnosis),
            () = tokio::time::sleep_until(deadline) => None,
        };
        let took = began.elapsed();
        if !matches!(identified, Some(Identified::As(_)))
            && let Ok(reason) = timeout(SOON, closed(&mut self.closed)).await
        {
            return self.lost(began, &reason, diagnosis);
        }
        let open = "the connection stays open".to_owned();
        diagnosis.add(Step::ok("admission", took, open));
        let step = match identified {
            Some(Identified::As(info)) => {
                let identity = identity(*info);
                let detail = told(&identity);
                diagnosis.identity = Some(identity);
                Step::ok("identify", took, detail)
            }
            Some(Identified::NotOffered) => {
                let detail = format!("it does not speak {}", identify::PROTOCOL_NAME);
                Step::skipped("identify", Some(took), detail)
            }
            Some(Identified::Failed(reason)) => Step::failed("identify", took, shown(&reason)),
            None => Step::failed("identify", took, "no answer".into()),
        };
        diagnosis.add(step);
        true
    }

    fn lost(&self, began: Instant, reason: &str, diagnosis: &mut Diagnosis) -> bool {
        let (why, advice) = advice::closed(reason);
        diagnosis.add(Step::failed("admission", began.elapsed(), why).advise(advice));
        false
    }

    /// Connects to the peer behind the relay.
    async fn relay(&mut self, behind: Option<PeerId>, diagnosis: &mut Diagnosis) {
        let mut hop = None;
        let deadline = self.share(3);
        let relay = protocols::begin(self.control.clone(), self.peer, HOP, &mut hop);
        self.step("relay", deadline, relay, diagnosis).await;
        let (Some(hop), Some(behind)) = (hop, behind) else {
            return;
        };
        let mut circuit = None;
        let connected = circuit::connect(hop, behind, &mut circuit);
        self.step("circuit", self.share(2), connected, diagnosis)
            .await;
        if let Some(stream) = circuit {
            let key = self.key.clone();
            let secured = circuit::secure(stream, &key, behind);
            self.step("target", self.share(1), secured, diagnosis).await;
        }
    }

    /// Adds a step.
    async fn step(
        &mut self,
        name: &'static str,
        deadline: Instant,
        work: impl Future<Output = Tried>,
        diagnosis: &mut Diagnosis,
    ) {
        let (tried, took) = protocols::tried(deadline, work).await;
        diagnosis.add(match tried {
            Tried::Ok(detail) => Step::ok(name, took, detail),
            Tried::NotOffered(detail) => Step::skipped(name, Some(took), detail),
            Tried::Failed(detail, Some(advice)) => Step::failed(name, took, detail).advise(advice),
            Tried::Failed(detail, None) => match timeout(SOON, closed(&mut self.closed)).await {
                Ok(reason) => {
                    let detail = format!("{detail}; the connection was closed: {reason}");
                    Step::failed(name, took, detail)
                }
                Err(_) => Step::failed(name, took, detail),
            },
        });
    }

    /// Until when one of so many steps may take: a peer that leaves one unanswered does not
    /// keep the others from being tried.
    fn share(&self, steps: u32) -> Instant {
        let now = Instant::now();
        now + self.end.saturating_duration_since(now) / steps
    }
}

/// Waits until the connection is closed. Returns why it was.
async fn closed(closed: &mut watch::Receiver<Option<String>>) -> String {
    // An error means that the swarm is gone, and its connections with it.
    let reason = closed.wait_for(Option::is_some).await;
    reason
        .ok()
        .and_then(|reason| reason.clone())
        .unwrap_or_default()
}

/// Runs the swarm until the connection closes.
async fn drive(
    mut swarm: Swarm<Behaviour>,
    identified: oneshot::Sender<Identified>,
    closed: watch::Sender<Option<String>>,
) {
    let mut identified = Some(identified);
    loop {
        let found = match swarm.select_next_some().await {
            SwarmEvent::Behaviour(BehaviourEvent::Identify(event)) => outcome(event),
            SwarmEvent::ConnectionClosed { cause, .. } => {
                let reason = cause.map(|cause| cause.to_string());
                let reason = reason.unwrap_or_else(|| "in order".into());
                let _ = closed.send(Some(shown(&reason)));
                return;
            }
            _ => None,
        };
        if let Some(found) = found
            && let Some(sender) = identified.take()
        {
            let _ = sender.send(found);
        }
    }
}

fn outcome(event: identify::Event) -> Option<Identified> {
    match event {
        identify::Event::Received { info, .. } => Some(Identified::As(Box::new(info))),
        identify::Event::Error { error, .. } => Some(match error {
            StreamUpgradeError::NegotiationFailed => Identified::NotOffered,
            error => Identified::Failed(error.to_string()),
        }),
        identify::Event::Sent { .. } | identify::Event::Pushed { .. } => None,
    }
}

fn identity(info: identify::Info) -> Identity {
    Identity {
        agent: info.agent_version,
        protocol_version: info.protocol_version,
        protocols: sorted(info.protocols.iter().map(ToString::to_string)),
        listen: sorted(info.listen_addrs),
        observed: (!info.observed_addr.is_empty()).then_some(info.observed_addr),
    }
}

/// It has no order on the wire.
fn sorted<T: Ord>(list: impl IntoIterator<Item = T>) -> Vec<T> {
    BTreeSet::from_iter(list).into_iter().collect()
}

/// On one line.
fn told(identity: &Identity) -> String {
    let protocols: Vec<_> = identity.protocols.iter().map(|name| shown(name)).collect();
    let listen: Vec<_> = identity.listen.iter().map(escaped).collect();
    let or_none = |list: String| {
        if list.is_empty() {
            "nothing".to_owned()
        } else {
            list
        }
    };
    let observed = identity.observed.as_ref().map(escaped);
    format!(
        "{} of {}; it speaks {}; it listens on {}; it sees us at {}",
        shown(&identity.agent),
        shown(&identity.protocol_version),
        or_none(protocols.join(", ")),
        or_none(listen.join(", ")),
        observed.unwrap_or_else(|| "no address".into()),
    )
}
