//! The floor: a bare rust-libp2p program.
//!
//! Each peer is a swarm in a task, on the same transports as ours, with
//! `libp2p_stream` as its only protocol. A program that connects peers in
//! order needs to tell a swarm whom to dial and to learn when it is done; it
//! has nothing more than that.

use std::collections::HashMap;
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite, StreamExt as _, stream};
use lab::topology::{Edges, Topology};
use libp2p::core::muxing::StreamMuxerBox;
use libp2p::core::transport::{Boxed, MemoryTransport};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm, Transport, noise, tcp, yamux};
use libp2p_stream::{Behaviour, Control};
use testbed::host;
use tokio::sync::{mpsc, oneshot, watch};

use crate::ours;

/// As many dials at a time as ours.
const AT_A_TIME: usize = 32;

/// As long as ours.
const TIMEOUT: Duration = Duration::from_secs(30);

/// No connection is closed for being idle.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// Descriptors that are no connections.
const SPARE: u64 = 64;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/floor/1.0.0");

/// One peer, as seen from outside its task.
pub(crate) struct Peer {
    id: PeerId,
    address: Multiaddr,
    dials: mpsc::Sender<Dial>,
    connected: watch::Receiver<usize>,
    control: Control,
}

#[derive(Debug)]
struct Dial {
    peer: PeerId,
    address: Multiaddr,
    done: oneshot::Sender<()>,
}

/// Starts `count` peers on `transport` and connects them as `edges` says.
/// Returns when both sides of every connection have seen it.
pub(crate) async fn network(transport: &str, count: u32, edges: &[(u32, u32)]) -> Vec<Peer> {
    let peers: Vec<Peer> = stream::iter(0..count)
        .map(|_| Peer::start(transport))
        .buffered(AT_A_TIME)
        .collect()
        .await;
    let dials: Vec<_> = edges
        .iter()
        .map(|&(a, b)| peers[a as usize].dial(&peers[b as usize]))
        .collect();
    stream::iter(dials)
        .buffer_unordered(AT_A_TIME)
        .for_each(|()| async {})
        .await;
    let mut degrees = vec![0; peers.len()];
    for &(a, b) in edges {
        degrees[a as usize] += 1;
        degrees[b as usize] += 1;
    }
    for (peer, degree) in peers.iter().zip(degrees) {
        let mut connected = peer.connected.clone();
        let seen = connected.wait_for(|now| *now >= degree).await;
        seen.expect("a peer that runs");
    }
    peers
}

/// The dials, as in ours. Raises the limit of descriptors for them.
pub(crate) fn edges(topology: &str, peers: u32) -> Edges {
    let topology: Topology = topology.parse().expect("a topology");
    let edges = topology.edges(peers, ours::SEED).expect("one that fits");
    host::raise_descriptors(2 * edges.len() as u64 + u64::from(peers) + SPARE);
    edges
}

/// Opens a stream from the first peer to the second. Returns both its ends.
pub(crate) async fn open_stream(peers: &[Peer]) -> (Stream, Stream) {
    let [near, far] = peers else {
        panic!("a stream has two ends");
    };
    let mut incoming = far.control.clone().accept(PROTOCOL).expect("the first");
    let mut control = near.control.clone();
    let (opened, accepted) = futures::join!(control.open_stream(far.id, PROTOCOL), incoming.next());
    (
        opened.expect("a stream"),
        accepted.expect("a peer that runs").1,
    )
}

impl Peer {
    async fn start(transport: &str) -> Self {
        let key = Keypair::generate_ed25519();
        let id = PeerId::from(key.public());
        let (transport, address) = match transport {
            "tcp" => {
                let tcp = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true));
                (secured(tcp, &key), "/ip4/127.0.0.1/tcp/0")
            }
            "memory" => (secured(MemoryTransport::new(), &key), "/memory/0"),
            other => panic!("{other}: no such transport"),
        };
        let config = Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
        let mut swarm = Swarm::new(transport, Behaviour::new(), id, config);
        let control = swarm.behaviour().new_control();
        let address = address.parse().expect("a constant address");
        swarm.listen_on(address).expect("a free address");
        let address = loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                break address;
            }
        };
        let (dials, orders) = mpsc::channel(AT_A_TIME);
        let (seen, connected) = watch::channel(0);
        tokio::spawn(run(swarm, orders, seen));
        Self {
            id,
            address,
            dials,
            connected,
            control,
        }
    }

    fn dial(&self, other: &Self) -> impl Future<Output = ()> + use<> {
        let dials = self.dials.clone();
        let (peer, address) = (other.id, other.address.clone());
        async move {
            let (done, dialled) = oneshot::channel();
            let dial = Dial {
                peer,
                address,
                done,
            };
            dials.send(dial).await.expect("a peer that runs");
            dialled.await.expect("a peer that can be reached");
        }
    }
}

/// The peer's task. A dial that fails drops its sender, which wakes the caller.
async fn run(
    mut swarm: Swarm<Behaviour>,
    mut orders: mpsc::Receiver<Dial>,
    seen: watch::Sender<usize>,
) {
    let mut dialling = HashMap::new();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(Dial { peer, address, done }) => {
                    let opts = DialOpts::peer_id(peer).addresses(vec![address]).build();
                    dialling.insert(opts.connection_id(), done);
                    swarm.dial(opts).expect("a peer to dial");
                }
                None => return,
            },
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { connection_id, .. } => {
                    seen.send_modify(|count| *count += 1);
                    if let Some(done) = dialling.remove(&connection_id) {
                        let _ = done.send(());
                    }
                }
                SwarmEvent::OutgoingConnectionError { connection_id, .. } => {
                    dialling.remove(&connection_id);
                }
                _ => {}
            },
        }
    }
}

fn secured<T>(transport: T, key: &Keypair) -> Boxed<(PeerId, StreamMuxerBox)>
where
    T: Transport + Send + Unpin + 'static,
    T::Output: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    T::Error: Send + Sync + 'static,
    T::Dial: Send + 'static,
    T::ListenerUpgrade: Send + 'static,
{
    transport
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(key).expect("an ed25519 key"))
        .multiplex(yamux::Config::default())
        .timeout(TIMEOUT)
        .boxed()
}
