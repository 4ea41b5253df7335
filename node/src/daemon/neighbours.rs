//! The peers of the local network: each that mDNS finds is reported, and dialled while there
//! is no direct connection to it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;

use libp2p::PeerId;
use libp2p::multiaddr::{Multiaddr, Protocol};
use serde_json::json;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::Cli;
use crate::mdns::{Event, Neighbour};
use crate::reach::{How, Reached};
use crate::{Handle, stderr};

/// How many events wait: one for each peer that is remembered.
pub(super) const ROOM: usize = 64;

/// How many neighbours are dialled at once. A guess, as for peers of the database.
const DIALS: usize = 8;

/// Warns of a node that finds others, and is not found by them.
pub(super) fn warn_unfound(cli: &Cli) {
    if cli.mdns && cli.listen.iter().all(is_loopback) {
        stderr::note(format_args!(
            "warning: --mdns: the node listens on loopback alone, so no other finds it; add \
             --listen /ip4/0.0.0.0/tcp/0"
        ));
    }
}

fn is_loopback(address: &Multiaddr) -> bool {
    match address.iter().next() {
        Some(Protocol::Ip4(ip)) => ip.is_loopback(),
        Some(Protocol::Ip6(ip)) => ip.is_loopback(),
        _ => false,
    }
}

/// Follows the events until it is aborted. `lines` are those on standard output, if they are
/// JSON.
pub(super) async fn follow(
    mut events: mpsc::Receiver<Event>,
    handle: Handle,
    lines: Option<mpsc::Sender<String>>,
) {
    let mut dials = Dials::new(handle);
    loop {
        tokio::select! {
            event = events.recv() => {
                let Some(event) = event else { return };
                report(&event, lines.as_ref()).await;
                dials.on_event(event);
            }
            Some(ended) = dials.running.join_next() => {
                if let Ok((peer, reached)) = ended {
                    dials.on_ended(peer, reached);
                }
            }
        }
    }
}

/// The dials of neighbours: one of each at a time.
struct Dials {
    handle: Handle,
    /// Aborted with the follower: each keeps the peer alive.
    running: JoinSet<(PeerId, Option<Reached>)>,
    dialled: BTreeSet<PeerId>,
    /// Those to be dialled next. At most as many as mDNS remembers.
    waiting: BTreeMap<PeerId, Neighbour>,
}

impl Dials {
    fn new(handle: Handle) -> Self {
        Self {
            handle,
            running: JoinSet::new(),
            dialled: BTreeSet::new(),
            waiting: BTreeMap::new(),
        }
    }

    fn on_event(&mut self, event: Event) {
        match event {
            Event::Found(neighbour) | Event::Heard(neighbour) => {
                self.waiting.insert(neighbour.peer, neighbour);
            }
            Event::Lost(peer) => drop(self.waiting.remove(&peer)),
        }
        self.begin();
    }

    fn begin(&mut self) {
        while self.running.len() < DIALS {
            let mut peers = self.waiting.keys();
            let next = peers.find(|peer| !self.dialled.contains(peer)).copied();
            let Some((peer, neighbour)) = next.and_then(|peer| self.waiting.remove_entry(&peer))
            else {
                return;
            };
            self.dialled.insert(peer);
            self.running.spawn(dial(self.handle.clone(), neighbour));
        }
    }

    fn on_ended(&mut self, peer: PeerId, reached: Option<Reached>) {
        self.dialled.remove(&peer);
        match reached {
            None => {}
            Some(Ok(())) => {
                // A closed standard output does not stop a peer.
                let _ = writeln!(
                    std::io::stdout(),
                    "connected to {peer} of the local network"
                );
            }
            Some(Err(why)) => tracing::debug!(%peer, why, "a neighbour was not reached"),
        }
        self.begin();
    }
}

/// `None` where there is a direct connection.
async fn dial(handle: Handle, neighbour: Neighbour) -> (PeerId, Option<Reached>) {
    let peer = neighbour.peer;
    match handle.how(peer).await {
        Some(How::Dialled | How::Neighbour | How::Accepted(_) | How::Punched) => (peer, None),
        Some(How::Relayed) | None => (peer, Some(handle.dial_neighbour(neighbour).await)),
    }
}

async fn report(event: &Event, lines: Option<&mpsc::Sender<String>>) {
    match (event, lines) {
        (Event::Heard(_), _) => {}
        // An error means that standard output is closed.
        (event, Some(lines)) => drop(lines.send(as_json(event)).await),
        (event, None) => drop(writeln!(std::io::stdout(), "{}", as_text(event))),
    }
}

fn as_json(event: &Event) -> String {
    let line = match event {
        Event::Found(Neighbour { peer, addresses })
        | Event::Heard(Neighbour { peer, addresses }) => {
            json!({ "event": "found", "peer": peer.to_string(), "addresses": addresses })
        }
        Event::Lost(peer) => json!({ "event": "lost", "peer": peer.to_string() }),
    };
    line.to_string()
}

fn as_text(event: &Event) -> String {
    match event {
        Event::Found(Neighbour { peer, addresses })
        | Event::Heard(Neighbour { peer, addresses }) => {
            let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
            format!(
                "found {peer} in the local network at {}",
                addresses.join(", ")
            )
        }
        Event::Lost(peer) => format!("lost {peer} in the local network"),
    }
}
