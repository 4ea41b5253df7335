//! A network of peers in this process: started, connected in order, traced.

mod connect;
mod error;
mod faults;
mod introduce;
mod members;
mod restart;
mod world;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use clap::ValueEnum;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use lab::delay::Delay;
use node::admission::{Admission, Guests};
use node::channel::Inbox;
use node::driver::{self, Directory, Driver, Lateness, Process, Report};
use node::links::{self, Fabric};
use node::lookup::Intervals;
use node::metrics::Metrics;
use node::traffic::Wires;
use node::{Config, Handle, Keypair, Multiaddr, Peer, PeerId, Protocol, Transport, gossip};
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use trace::LABORATORY;
use trace::telemetry::{Sink, Tracer};

pub use error::{Error, FailedDial, FailedDials};
pub use faults::LinkFaults;
pub use members::Members;
use members::Returns;
use restart::Seat;
pub use restart::{Joined, Restarts};
pub use world::REGION;

use crate::host::Footprint;
use crate::progress::Progress;
use crate::run::{Folder, Record, RunOptions, Time};

/// The name of the span of a dial.
pub const DIAL: &str = "DialPeer";

/// How many peers start, or dial, concurrently. More than about 32 concurrent
/// handshakes on 2 cores time out.
const AT_A_TIME: usize = 32;

/// In virtual time, a handshake never waits for a processor; but those of thousands of peers
/// at once would share all lines with each other. A guess.
fn at_a_time(time: Time) -> usize {
    match time {
        Time::Wall => AT_A_TIME,
        Time::Virtual => 1024,
    }
}

/// The capacity of the experiment's queue of reports. A guess; drivers wait while the
/// queue is full.
const REPORTS: usize = 1024;

/// Running peers, connected as the topology says. They stop when it is dropped.
#[derive(Debug)]
pub struct Network<A: Algorithm> {
    /// The processes that run, by their number.
    pub drivers: Vec<Driver<A>>,
    /// Each process's tracer.
    pub tracers: Vec<Tracer>,
    /// Each process's neighbours, in order.
    pub neighbours: Vec<Vec<u32>>,
    /// The reports of the processes.
    pub reports: mpsc::Receiver<Report<A>>,
    /// How late the timers of all processes fired.
    pub lateness: Arc<Lateness>,
    /// Its links.
    pub links: LinkFaults,
    seats: Vec<Seat>,
}

/// A peer of another process, to be dialled like one of the network. Its number
/// follows the last of the network's processes.
#[derive(Clone, Debug)]
pub struct ExternalPeer {
    /// Which of our peers dials it.
    pub dialled_by: u32,
    /// Where it listens.
    pub address: Multiaddr,
    /// Its PeerId.
    pub peer: PeerId,
}

/// A peer that listens and has no algorithm yet.
struct Member {
    handle: Handle,
    config: Config,
    address: Multiaddr,
    tracer: Tracer,
}

/// What a peer starts with.
struct Identity {
    index: u32,
    key: Keypair,
    admission: Arc<Admission>,
}

/// Builds a network, and records its progress.
pub struct Builder<'a> {
    /// What to build.
    pub options: &'a RunOptions,
    /// An external peer that belongs to it.
    pub external: Option<&'a ExternalPeer>,
    /// Where the addresses of peers are saved as soon as they listen.
    pub folder: Option<&'a Folder>,
    /// Where spans go.
    pub sink: &'a Arc<Sink>,
    /// The metrics of all peers together, if they are served.
    pub metrics: Option<&'a Arc<Metrics>>,
    /// Where the processes are counted while they run.
    pub tasks: &'a TaskTracker,
    /// The progress bar.
    pub progress: &'a Progress,
    /// What happens to messages.
    pub links: Option<&'a Links>,
    /// What peers speak.
    pub speaks: Speaks<'a>,
}

/// The protocols that peers speak: only those that their experiment needs.
#[derive(Clone, Copy, Debug)]
pub enum Speaks<'a> {
    /// The channel protocol, or messages on streams of their own.
    Channels,
    /// gossipsub.
    Gossip(&'a Gossip),
    /// Kademlia, and identify, which feeds its tables.
    Kademlia(Tables, Intervals, &'a Wires),
}

/// How routing tables are filled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tables {
    /// By libp2p's own lookups, in which nearly all peers meet
    Bootstrap,
    /// Every peer learns 20 peers of each bucket, as long use would leave
    /// them: for thousands of peers
    Given,
}

/// Peers that gossip.
#[derive(Clone, Debug)]
pub struct Gossip {
    /// The parameters of gossipsub.
    pub parameters: gossip::Parameters,
    /// The topics to which they subscribe.
    pub topics: Vec<String>,
    /// Receives what the peers deliver.
    pub watch: gossip::Watch,
    /// Those that attack in place of it.
    pub attackers: Option<Attackers>,
}

/// The peer that is to be eclipsed.
pub const VICTIM: u32 = 0;

/// The peers that attack: the last ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attackers {
    /// What they do.
    pub attack: gossip::Attack,
    /// The number of the first.
    pub first: u32,
}

/// What is done to messages between processes, in addition to the machine's effects.
#[derive(Clone, Debug)]
pub struct Links {
    /// The delay of each message.
    pub delay: Delay,
    /// Whether messages between two processes keep their order. If not, each message
    /// uses a stream of its own.
    pub in_order: bool,
}

impl Links {
    /// The links to one process. The seed determines its delays.
    fn to(&self, process: NodeId, seed: u64) -> driver::Links {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(process.0) + 1);
        let delay = self.delay.clone();
        let draw = move || delay.draw(&mut rng);
        driver::Links {
            delay: (!self.delay.is_none()).then(|| Box::new(draw) as Box<_>),
            in_order: self.in_order,
        }
    }
}

impl Builder<'_> {
    /// Starts all peers, connects them in order, and starts `algorithm` on
    /// each. Everything is connected, seen from both sides, when it returns.
    ///
    /// # Errors
    /// [`Error`] when a peer cannot start or be reached.
    pub async fn build<A: Algorithm>(
        &self,
        record: &mut Record,
        algorithm: impl Fn(NodeId) -> A,
    ) -> Result<Network<A>, Error> {
        let links = LinkFaults::new(self.options);
        let members = self.set_up(record, &links).await?;
        let admission = record.membership.admission.clone();
        Ok(self.start_drivers(members, links, admission, algorithm))
    }

    /// Starts all peers and connects them in order, like [`build`](Self::build), but
    /// starts no algorithm. Also returns the inboxes of their channels, by the peers'
    /// number.
    ///
    /// # Errors
    /// [`Error`] when a peer cannot start or be reached.
    pub async fn connect(&self, record: &mut Record) -> Result<(Members, Vec<Inbox>), Error> {
        let links = LinkFaults::new(self.options);
        let (members, inboxes) = self.set_up(record, &links).await?;
        let ids = members.iter().map(|member| member.handle.peer_id());
        let numbers = ids.zip(0..).collect();
        let (mut handles, mut tracers) = (BTreeMap::new(), Vec::new());
        let mut seats = Vec::new();
        for (number, member) in (0..).zip(members) {
            handles.insert(number, member.handle);
            tracers.push(member.tracer);
            seats.push(Seat::new(member.config, member.address));
        }
        let members = Members {
            handles,
            tracers,
            neighbours: neighbours(self.options),
            numbers,
            links,
            seats,
            returns: Returns::default(),
            paused: BTreeSet::new(),
        };
        Ok((members, inboxes))
    }

    async fn set_up(
        &self,
        record: &mut Record,
        links: &LinkFaults,
    ) -> Result<(Vec<Member>, Vec<Inbox>), Error> {
        let laboratory = self
            .sink
            .tracer_among_others(LABORATORY, &record.instance());
        let span = laboratory
            .span_builder("Setup")
            .with_attributes([
                KeyValue::new("p2p.peers", i64::from(self.options.peers)),
                KeyValue::new("p2p.connections", self.options.edges.len() as i64),
                KeyValue::new("p2p.topology", self.options.topology.clone()),
            ])
            .start_with_context(&laboratory, &Context::new());
        let setup = Context::new().with_span(span);
        record.footprint = Footprint::start();
        let fabric = links.fabric();
        let new = self.new_network(record, fabric, &laboratory, &setup);
        let (members, inboxes) = new.await?;
        self.announce(record, &members)?;
        if let Speaks::Kademlia(Tables::Given, ..) = self.speaks {
            self.introduce_peers(record, &laboratory, &setup, &members)
                .await;
        }
        record.footprint.listening(members.len() as u64);
        self.connect_peers(record, &laboratory, &setup, &members)
            .await?;
        record.footprint.connected(record.connections);
        setup.span().end();
        Ok((members, inboxes))
    }

    /// Starts the peers, each with its key, and waits until they listen.
    async fn new_network(
        &self,
        record: &mut Record,
        fabric: Option<&Arc<Fabric>>,
        laboratory: &Tracer,
        setup: &Context,
    ) -> Result<(Vec<Member>, Vec<Inbox>), Error> {
        let span = laboratory.start_with_context("NewNetwork", setup);
        let context = setup.with_span(span);
        let began = Instant::now();
        let bar = self
            .progress
            .bar("starting peers", u64::from(self.options.peers));
        let identities = self.identities(record);
        let members = stream::iter(identities)
            .map(|identity| self.new_member(identity, fabric))
            .buffered(at_a_time(self.options.time))
            .inspect(|_| bar.step())
            .try_collect::<Vec<_>>()
            .await?
            .into_iter()
            .unzip();
        context.span().end();
        record.phase("NewNetwork", began.elapsed());
        Ok(members)
    }

    /// The identities of all peers: their keys, and the admission of these keys.
    fn identities(&self, record: &mut Record) -> Vec<Identity> {
        let keys =
            (0..self.options.peers).map(|index| node::keys::from_seed(self.options.seed, index));
        let keys: Vec<_> = keys.collect();
        let members = keys.iter().map(|key| key.public().to_peer_id());
        let members = members.chain(self.external.map(|external| external.peer));
        let admission = Arc::new(Admission::new(members, self.options.guests.clone()));
        record.membership.admission = Some(Arc::clone(&admission));
        let identity = |(index, key)| Identity {
            index,
            key,
            admission: Arc::clone(&admission),
        };
        (0..).zip(keys).map(identity).collect()
    }

    /// Saves the addresses of the peers, so that guests can find them.
    fn announce(&self, record: &mut Record, members: &[Member]) -> Result<(), Error> {
        if self.options.transport == Transport::Memory {
            return Ok(());
        }
        let addresses = members.iter().map(|member| member.address.clone());
        record.membership.addresses = addresses.collect();
        let Some(folder) = self.folder else {
            return Ok(());
        };
        folder.save(record)?;
        if let (true, Some(first)) = (self.options.guests != Guests::None, members.first()) {
            self.progress.say(&format!(
                "peer-00 listens on {}; the addresses of all are in {}",
                first.address,
                folder.record_path().display()
            ));
        }
        Ok(())
    }

    async fn new_member(
        &self,
        identity: Identity,
        fabric: Option<&Arc<Fabric>>,
    ) -> Result<(Member, Inbox), Error> {
        let Identity {
            index,
            key,
            admission,
        } = identity;
        let peer = NodeId(index);
        let mut config = Config::new(key);
        config.admission = Some(admission);
        config.transports = [self.options.transport].into();
        config.security = self.options.security;
        if self.links.is_some_and(|links| !links.in_order) {
            config.protocols = [Protocol::Message].into();
        }
        match self.speaks {
            Speaks::Channels => {}
            Speaks::Kademlia(_, intervals, wires) => {
                config.traffic = Some(wires.clone());
                config.kademlia = intervals;
                config.protocols = [Protocol::Identify, Protocol::Kademlia].into()
            }
            Speaks::Gossip(gossip) => {
                config.protocols = [Protocol::Gossipsub].into();
                config.topics = gossip.topics.clone();
                config.gossip = gossip.parameters;
                config.watch = Some(gossip.watch.clone());
                let attackers = gossip
                    .attackers
                    .filter(|attackers| index >= attackers.first);
                if let Some(attackers) = attackers {
                    config.protocols.clear();
                    config.attack = Some(attackers.attack);
                }
            }
        }
        config.connection_timeout = self.options.dial_timeout;
        if self.external.is_some_and(|o| o.dialled_by == index) {
            // For an external peer that does not support channels.
            config.protocols.insert(Protocol::Ping);
            config.regular_pings = false;
        }
        config.metrics = self.metrics.cloned();
        config.links = fabric.map(|fabric| links::Links {
            peer: index,
            fabric: Arc::clone(fabric),
        });
        let Peer { handle, inbound } =
            node::start(config.clone()).map_err(|source| Error::Start { peer, source })?;
        let address = handle.listen(any_address(self.options.transport)).await;
        let address = address.map_err(|source| Error::Listen {
            peer,
            source: Box::new(source),
        })?;
        let id = handle.peer_id();
        let place = self.options.network.as_ref();
        let place = place.map_or_else(Vec::new, |settled| world::place(settled, index));
        let tracer = self
            .sink
            .tracer_in(&peer.to_string(), &id.to_string(), place);
        let address = address.with_p2p(id).expect("an address without a peer");
        let member = Member {
            handle,
            config,
            address,
            tracer,
        };
        Ok((member, inbound))
    }

    fn start_drivers<A: Algorithm>(
        &self,
        (members, inboxes): (Vec<Member>, Vec<Inbox>),
        links: LinkFaults,
        admission: Option<Arc<Admission>>,
        algorithm: impl Fn(NodeId) -> A,
    ) -> Network<A> {
        let ids = members.iter().map(|member| member.handle.peer_id());
        let external = self.external.map(|external| external.peer);
        let mut connected = neighbours(self.options);
        if let Some(external) = self.external {
            connected[external.dialled_by as usize].push(self.options.peers);
            connected.push(vec![external.dialled_by]);
        }
        let directory = Directory::with_guests(ids.collect(), external);
        let directory = directory.with_neighbours(connected);
        let (sender, reports) = mpsc::channel(REPORTS);
        let (mut drivers, mut tracers) = (Vec::new(), Vec::new());
        let mut seats = Vec::new();
        let lateness = Arc::<Lateness>::default();
        let members = members.into_iter().zip(inboxes);
        for (id, (member, inbound)) in (0..).map(NodeId).zip(members) {
            let process = Process {
                algorithm: algorithm(id),
                id,
                directory: directory.clone(),
                peer: Peer {
                    handle: member.handle,
                    inbound,
                },
                tracer: Some(member.tracer.clone()),
                links: self.links.map(|links| links.to(id, self.options.seed)),
                seed: self.options.seed,
                admission: admission.clone(),
                lateness: Arc::clone(&lateness),
                tasks: self.tasks.clone(),
            };
            drivers.push(Driver::start(process, sender.clone()));
            tracers.push(member.tracer);
            seats.push(Seat::new(member.config, member.address));
        }
        Network {
            drivers,
            tracers,
            neighbours: neighbours(self.options),
            reports,
            lateness,
            links,
            seats,
        }
    }
}

/// An address for a peer that is free, and chosen by the system.
fn any_address(transport: Transport) -> Multiaddr {
    let address = match transport {
        Transport::Tcp => "/ip4/127.0.0.1/tcp/0",
        Transport::WebSocket => "/ip4/127.0.0.1/tcp/0/ws",
        Transport::Quic => "/ip4/127.0.0.1/udp/0/quic-v1",
        Transport::Memory => "/memory/0",
    };
    address.parse().expect("a constant address")
}

/// The neighbours of each process, by its number.
pub fn neighbours(options: &RunOptions) -> Vec<Vec<u32>> {
    lab::topology::neighbours(options.peers, &options.edges)
}

/// How long a peer may take to see a connection that its other side has established.
const BARRIER: Duration = Duration::from_secs(30);
