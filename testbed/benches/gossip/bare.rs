//! The floor: a bare rust-libp2p program over gossipsub. Each peer is a swarm
//! in a task; what comes is counted, and nothing is traced.

use std::collections::HashMap;
use std::env;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use lab::stats::Times;
use lab::topology::Topology;
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, MemoryTransport};
use libp2p::core::upgrade::Version;
use libp2p::gossipsub::{
    self, DataTransform, Message, MessageAuthenticity, RawMessage, TopicHash, ValidationMode,
};
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Swarm, Transport, noise, plaintext, yamux};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use testbed::host;
use tokio::sync::{mpsc, oneshot};

use crate::BARE;
use crate::work::{Done, SEED, TOPOLOGY, Work};

/// As many dials at a time as ours.
const AT_A_TIME: usize = 32;

/// No connection is closed for being idle, or takes long to open.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3600);
const TIMEOUT: Duration = Duration::from_secs(30);

/// What a message may have besides its body.
const SPARE: usize = 16 * 1024;

/// What is counted.
#[derive(Default)]
struct Counts {
    copies: AtomicU64,
}

struct Counting(Arc<Counts>);

impl DataTransform for Counting {
    fn inbound_transform(&self, raw: RawMessage) -> std::io::Result<Message> {
        self.0.copies.fetch_add(1, Ordering::Relaxed);
        Ok(Message {
            source: raw.source,
            data: raw.data,
            sequence_number: raw.sequence_number,
            topic: raw.topic,
        })
    }

    fn outbound_transform(&self, _: &TopicHash, data: Vec<u8>) -> std::io::Result<Vec<u8>> {
        Ok(data)
    }
}

type Behaviour = gossipsub::Behaviour<Counting>;

enum Order {
    Dial(PeerId, Multiaddr, oneshot::Sender<()>),
    Mesh(oneshot::Sender<usize>),
    Publish(Vec<u8>),
}

/// Which message came, and when.
type Arrival = (u32, Instant);

/// Does the work in a process of its own.
pub(crate) fn child(work: &Work) -> Done {
    let this = env::current_exe().expect("the path of this program");
    let work = serde_json::to_string(work).expect("plain numbers");
    let output = Command::new(this).args([BARE, &work]).output();
    let output = output.expect("a program to start");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Does the work.
pub(crate) fn run(work: Work) -> Done {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    runtime.block_on(async { tokio::spawn(session(work)).await.expect("no panic") })
}

async fn session(work: Work) -> Done {
    let began = Instant::now();
    let counts = Arc::new(Counts::default());
    let (arrived, mut arrivals) = mpsc::unbounded_channel::<Arrival>();
    let peers: Vec<_> = stream::iter(0..work.peers)
        .map(|_| start(&work, Arc::clone(&counts), arrived.clone()))
        .buffered(AT_A_TIME)
        .collect()
        .await;
    connect(&work, &peers).await;
    meshes(&peers).await;
    let setup_seconds = began.elapsed().as_secs_f64();
    let (cpu, copies) = (cpu_seconds(), counts.copies.load(Ordering::Relaxed));
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let start = Instant::now();
    let interval = Duration::from_millis(work.interval_ms);
    let (mut last, mut there) = (HashMap::new(), HashMap::<u32, u32>::new());
    let mut delivered = 0;
    let mut take = |(message, at): Arrival| {
        delivered += 1;
        last.insert(message, at);
        *there.entry(message).or_default() += 1;
        delivered
    };
    for message in 0..work.messages {
        let due = start + interval * message;
        while let Ok(arrival) = tokio::time::timeout_at(due.into(), arrivals.recv()).await {
            take(arrival.expect("peers that run"));
        }
        let publisher = &peers[rng.random_range(0..peers.len())];
        let mut data = vec![0; work.size];
        data[..4].copy_from_slice(&message.to_be_bytes());
        let order = Order::Publish(data);
        publisher
            .orders
            .send(order)
            .await
            .expect("a peer that runs");
    }
    let expected = u64::from(work.messages) * u64::from(work.peers - 1);
    let patience = Duration::from_secs(120);
    while let Ok(arrival) = tokio::time::timeout(patience, arrivals.recv()).await {
        if take(arrival.expect("peers that run")) == expected {
            break;
        }
    }
    let mut all = Times::new();
    for (message, at) in last
        .iter()
        .filter(|(message, _)| there[message] == work.peers - 1)
    {
        all.record(at.saturating_duration_since(start + interval * *message));
    }
    let all = all.summary();
    Done {
        expected,
        delivered,
        copies: counts.copies.load(Ordering::Relaxed) - copies,
        setup_seconds,
        cpu_seconds: cpu_seconds() - cpu,
        memory_bytes: lab::memory::resident().unwrap_or_default(),
        all_p50_ns: all.map_or(0, |all| all.p50),
        all_p99_ns: all.map_or(0, |all| all.p99),
        remark: String::new(),
    }
}

struct Peer {
    id: PeerId,
    address: Multiaddr,
    orders: mpsc::Sender<Order>,
}

async fn start(work: &Work, counts: Arc<Counts>, arrived: mpsc::UnboundedSender<Arrival>) -> Peer {
    let key = Keypair::generate_ed25519();
    let id = PeerId::from(key.public());
    let config = Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    let behaviour = behaviour(work, &key, counts);
    let mut swarm = Swarm::new(transport(work, &key), behaviour, id, config);
    let address = "/memory/0".parse().expect("a constant address");
    swarm.listen_on(address).expect("a free address");
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
            break address;
        }
    };
    let (orders, receiver) = mpsc::channel(AT_A_TIME);
    tokio::spawn(peer(swarm, receiver, arrived));
    Peer {
        id,
        address,
        orders,
    }
}

fn behaviour(work: &Work, key: &Keypair, counts: Arc<Counts>) -> Behaviour {
    let (authenticity, validation) = match work.signed {
        true => (
            MessageAuthenticity::Signed(key.clone()),
            ValidationMode::Strict,
        ),
        false => (
            MessageAuthenticity::Author(PeerId::from(key.public())),
            ValidationMode::Permissive,
        ),
    };
    let mut config = gossipsub::ConfigBuilder::default();
    if let Some(queue) = work.queue_seconds.map(Duration::from_secs) {
        config
            .publish_queue_duration(queue)
            .forward_queue_duration(queue);
    }
    let config = config
        .max_transmit_size(work.size + SPARE)
        .validation_mode(validation)
        .heartbeat_initial_delay(Duration::from_secs(1))
        .build()
        .expect("libp2p's own parameters");
    let counting = Counting(counts);
    let mut behaviour = Behaviour::new_with_transform(authenticity, config, counting)
        .expect("libp2p's own parameters");
    behaviour.subscribe(&topic()).expect("a topic");
    behaviour
}

fn topic() -> gossipsub::IdentTopic {
    gossipsub::IdentTopic::new("floor")
}

fn transport(work: &Work, key: &Keypair) -> Boxed<(PeerId, StreamMuxerBox)> {
    let memory = MemoryTransport::new().upgrade(Version::V1Lazy);
    let yamux = yamux::Config::default();
    match work.secured {
        true => memory
            .authenticate(noise::Config::new(key).expect("an ed25519 key"))
            .multiplex(yamux)
            .timeout(TIMEOUT)
            .boxed(),
        false => memory
            .authenticate(plaintext::Config::new(key))
            .multiplex(yamux)
            .timeout(TIMEOUT)
            .boxed(),
    }
}

/// The peer's task.
async fn peer(
    mut swarm: Swarm<Behaviour>,
    mut orders: mpsc::Receiver<Order>,
    arrived: mpsc::UnboundedSender<Arrival>,
) {
    let mut dialling = HashMap::new();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Order::Dial(peer, address, done)) => {
                    let opts = DialOpts::peer_id(peer).addresses(vec![address]).build();
                    dialling.insert(opts.connection_id(), done);
                    swarm.dial(opts).expect("a peer to dial");
                }
                Some(Order::Mesh(reply)) => {
                    let mesh = swarm.behaviour().mesh_peers(&topic().hash()).count();
                    let _ = reply.send(mesh);
                }
                Some(Order::Publish(data)) => {
                    let published = swarm.behaviour_mut().publish(topic(), data);
                    published.expect("a mesh");
                }
                None => return,
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { connection_id, .. } => {
                    if let Some(done) = dialling.remove(&connection_id) {
                        let _ = done.send(());
                    }
                }
                SwarmEvent::Behaviour(gossipsub::Event::Message { message, .. }) => {
                    let id = message.data.first_chunk().map(|id| u32::from_be_bytes(*id));
                    let _ = arrived.send((id.expect("four bytes"), Instant::now()));
                }
                _ => {}
            },
        }
    }
}

async fn connect(work: &Work, peers: &[Peer]) {
    let topology: Topology = TOPOLOGY.parse().expect("a topology");
    let edges = topology.edges(work.peers, SEED).expect("one that fits");
    let dials = edges.iter().map(|&(a, b)| {
        let orders = peers[a as usize].orders.clone();
        let (to, address) = (peers[b as usize].id, peers[b as usize].address.clone());
        async move {
            let (done, dialled) = oneshot::channel();
            let order = Order::Dial(to, address, done);
            orders.send(order).await.expect("a peer that runs");
            dialled.await.expect("a peer that can be reached");
        }
    });
    let dials: Vec<_> = dials.collect();
    let dialled = stream::iter(dials).buffer_unordered(AT_A_TIME);
    dialled.for_each(|()| async {}).await;
}

/// Waits until no mesh has changed for three heartbeats, as ours does at most.
async fn meshes(peers: &[Peer]) {
    let (mut last, mut since) = (Vec::new(), Instant::now());
    while last.is_empty() || last.contains(&0) || since.elapsed() < Duration::from_secs(3) {
        let mut sizes = Vec::with_capacity(peers.len());
        for peer in peers {
            let (reply, size) = oneshot::channel();
            peer.orders
                .send(Order::Mesh(reply))
                .await
                .expect("a peer that runs");
            sizes.push(size.await.expect("a peer that runs"));
        }
        if sizes != last {
            (last, since) = (sizes, Instant::now());
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Seconds of processors that this process has taken.
fn cpu_seconds() -> f64 {
    host::cpu_seconds().unwrap_or_default()
}
