//! Starts the peer of the daemon, and its process.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use algorithms::NodeId;
use algorithms::hub::{self, Hub, Pace, Server, Terms};
use libp2p::PeerId;
use libp2p::identity::Keypair;
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use trace::telemetry::Sink;

use super::algorithm::Both;
use super::counts::HubCounts;
use super::hubs::Hubs;
use super::{Cli, Error};
use crate::database::Database;
use crate::driver::{Directory, Driver, Process, Report};
use crate::gossip::Watch;
use crate::mdns;
use crate::metrics::Metrics;
use crate::reach::{self, Sessions};
use crate::{Config, Limits, Transport, keys};

/// How many reports wait.
const REPORTS: usize = 64;

/// How long an epoch lasts. With [`KEPT`] a session is good for an hour.
const EPOCH: Duration = Duration::from_secs(60);
const KEPT: u64 = 60;

/// The ration: 300 kB a minute, in 300 portions, and 64 KiB at once.
const TICK: Duration = Duration::from_millis(200);
const FILL: u64 = 1_000;
const BURST: u64 = 64 << 10;
const LARGEST: u64 = 32 << 10;

/// 600 requests a minute, and 60 at once. A guess: a peer that does nothing asks three times.
const PACE: Pace = Pace { burst: 60, fill: 2 };

/// After so many sessions of an epoch a proof takes twice as much. A guess.
const CROWD: u64 = 1024;

/// Kademlia's k.
const NEAREST: usize = 20;

/// How long a dial may take. A hole that is not open after a few round trips will not be; DCUtR
/// tries again then.
const DIAL: Duration = Duration::from_secs(5);

/// How long another hub has to answer: less than the three seconds for which a peer waits for
/// an answer, so that the next one is asked in time. A guess.
const PATIENCE: Duration = Duration::from_secs(1);

/// How much is asked of other hubs for a peer at once. A guess.
const ERRANDS: usize = 16;

/// The number of the own process. Those of the hubs come after it.
const OWN: NodeId = NodeId(0);

/// What the peer is to a hub's sessions.
pub(super) struct Role {
    /// Where it reports the peers of the local network, if it looks for them.
    pub(super) mdns: Option<mdns::Watch>,
    /// Its hubs, or as a hub the others.
    pub(super) hubs: Hubs,
    /// As a hub: who has a session.
    pub(super) sessions: Option<Arc<Sessions>>,
    /// As a hub: what it counts.
    pub(super) counts: Option<HubCounts>,
    /// Where it keeps the peers that it knows.
    pub(super) database: Option<Database>,
}

/// Starts it.
///
/// # Errors
/// [`Error::Key`] and [`Error::Start`].
pub(super) fn start(
    cli: &Cli,
    sink: &Arc<Sink>,
    tracing: bool,
    metrics: Option<Arc<Metrics>>,
    watch: Watch,
    tasks: &TaskTracker,
    role: Role,
) -> Result<(Driver<Both>, mpsc::Receiver<Report<Both>>), Error> {
    let key = match (&cli.key, cli.seed) {
        (Some(path), _) => keys::from_file(path)?,
        (None, Some(seed)) => keys::of_daemon(seed),
        (None, None) => Keypair::generate_ed25519(),
    };
    let own = PeerId::from(key.public());
    let role = Role {
        hubs: role.hubs.seen_from(own),
        ..role
    };
    let algorithm = Both::new(hub_process(cli, &key, &role), role.counts.clone());
    let mut config = config(cli, key, &role);
    config.watch = Some(watch);
    config.metrics = metrics;
    let peer = crate::start(config)?;
    let id = peer.handle.peer_id();
    let (reports, receiver) = mpsc::channel(REPORTS);
    let process = Process {
        algorithm,
        id: OWN,
        directory: Directory::with_guests(vec![id], role.hubs.peers()),
        tracer: tracing.then(|| sink.tracer(&cli.name, &id.to_string())),
        links: None,
        seed: cli.seed.unwrap_or_else(rand::random),
        admission: None,
        lateness: Arc::default(),
        peer,
        tasks: tasks.clone(),
    };
    Ok((Driver::start(process, reports), receiver))
}

fn config(cli: &Cli, key: Keypair, role: &Role) -> Config {
    let mut config = Config::new(key);
    config.transports = [Transport::Tcp, Transport::WebSocket, Transport::Quic].into();
    config.protocols = cli.protocols.iter().copied().collect();
    config.limits = Some(Limits {
        established_incoming: cli.connections,
        established_per_address: cli.per_address,
        per_address_a_minute: cli.per_minute,
        ..Limits::default()
    });
    config.gossip.queue = cli.queue;
    config.topics.clone_from(&cli.topic);
    config.reach = match &role.sessions {
        Some(sessions) => Some(reach::Role::Hub(Arc::clone(sessions))),
        None => (!role.hubs.is_empty()).then_some(reach::Role::Peer {
            punches: !cli.no_punching,
            maps: cli.upnp,
        }),
    };
    if !role.hubs.is_empty() {
        config.connection_timeout = DIAL;
    }
    config.mdns.clone_from(&role.mdns);
    config.database = role.database.as_ref().map(Database::recorder);
    config.addresses = role.hubs.iter().cloned().collect();
    config
}

/// The process of a hub, or of a peer of one.
fn hub_process(cli: &Cli, key: &Keypair, role: &Role) -> Option<Hub> {
    let own = PeerId::from(key.public()).to_string();
    let hubs = (1..).map(NodeId).zip(role.hubs.peers());
    let hubs: Vec<_> = hubs.map(|(hub, peer)| (hub, peer.to_string())).collect();
    if role.sessions.is_some() {
        let secret = key.derive_secret(b"p2p testbed hub");
        let secret = secret.expect("an Ed25519 key has one");
        let hub = Server::new(own, terms(cli), secret);
        return Some(Hub::Server(hub.after_epoch(epoch()).beside(hubs)));
    }
    let alive = Some(cli.life / 3);
    (!hubs.is_empty()).then(|| Hub::Node(hub::Node::new(own, hubs, hub::VERSION, alive)))
}

fn terms(cli: &Cli) -> Terms {
    Terms {
        bits: cli.bits,
        crowd: CROWD,
        epoch: Some(EPOCH),
        kept: KEPT,
        life: Some(cli.life),
        nearest: NEAREST,
        burst: BURST,
        tick: TICK,
        fill: FILL,
        largest: LARGEST,
        patience: PATIENCE,
        errands: ERRANDS,
        pace: Some(PACE),
    }
}

/// Epochs are counted by the clock, so those of a hub that restarts come after those before.
fn epoch() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.unwrap_or_default().as_secs() / EPOCH.as_secs()
}
