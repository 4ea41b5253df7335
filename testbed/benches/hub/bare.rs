//! The floor: a bare rust-libp2p program. Its peers ask, and it answers with as many bytes
//! as the hub: over a stream that stays open, or over one for each question, as
//! `libp2p-request-response` has it.

use std::io::{self, Write as _};
use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::core::upgrade::Version;
use libp2p::identity::Keypair;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use libp2p::swarm::{Config, SwarmEvent};
use libp2p::{Multiaddr, PeerId, Stream, StreamProtocol, Swarm, Transport as _, noise, tcp, yamux};
use libp2p_stream::{Behaviour, Control};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinHandle;
use tokio::time::sleep;

const PROTOCOL: StreamProtocol = StreamProtocol::new("/floor/1.0.0");

/// A tag, a number and a place.
const QUESTION: usize = 16;

/// NEIGHBOURS with 20 PeerIds.
const ANSWER: usize = 1_100;

/// As long as ours.
const TIMEOUT: Duration = Duration::from_secs(30);

/// No connection is closed for being idle.
const IDLE: Duration = Duration::from_secs(365 * 24 * 3600);

/// As long as ours.
const PAUSE: Duration = Duration::from_millis(500);

fn swarm(key: Keypair) -> Swarm<Behaviour> {
    let id = PeerId::from(key.public());
    let transport = tcp::tokio::Transport::new(tcp::Config::new().nodelay(true))
        .upgrade(Version::V1Lazy)
        .authenticate(noise::Config::new(&key).expect("an ed25519 key"))
        .multiplex(yamux::Config::default())
        .timeout(TIMEOUT)
        .boxed();
    let config = Config::with_tokio_executor().with_idle_connection_timeout(IDLE);
    Swarm::new(transport, Behaviour::new(), id, config)
}

/// Answers until it is killed. The key is of the file's name, so that it stays.
pub(crate) fn serve(key: &str, listen: &str) -> io::Result<()> {
    Runtime::new()?.block_on(async {
        let mut seed = [7; 32];
        for (at, byte) in key.bytes().enumerate() {
            seed[at % 32] ^= byte;
        }
        let key = Keypair::ed25519_from_bytes(seed).expect("32 bytes");
        let mut swarm = swarm(key);
        let mut incoming = swarm
            .behaviour()
            .new_control()
            .accept(PROTOCOL)
            .expect("once");
        tokio::spawn(async move {
            while let Some((_, stream)) = incoming.next().await {
                tokio::spawn(answer(stream));
            }
        });
        swarm
            .listen_on(listen.parse().map_err(io::Error::other)?)
            .map_err(io::Error::other)?;
        loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                let full = address.with_p2p(*swarm.local_peer_id()).expect("no peer");
                writeln!(io::stdout(), "listening on {full}")?;
            }
        }
    })
}

async fn answer(mut stream: Stream) {
    let mut question = [0; QUESTION];
    while stream.read_exact(&mut question).await.is_ok() {
        let written = stream.write_all(&[7; ANSWER]).await;
        if written.is_err() || stream.flush().await.is_err() {
            return;
        }
    }
    let _ = stream.close().await;
}

/// A bare peer.
pub(crate) struct Client {
    server: PeerId,
    control: Control,
    connected: watch::Receiver<bool>,
    dials: watch::Sender<u64>,
    kept: Option<Stream>,
    task: JoinHandle<()>,
}

impl Client {
    pub(crate) fn new(address: Multiaddr) -> Self {
        let server = node::address::peer(&address).expect("a full address");
        let swarm = swarm(Keypair::generate_ed25519());
        let control = swarm.behaviour().new_control();
        let (sender, connected) = watch::channel(false);
        let (dials, orders) = watch::channel(0);
        Self {
            server,
            control,
            connected,
            dials,
            kept: None,
            task: tokio::spawn(run(swarm, server, address, orders, sender)),
        }
    }

    /// Dials until there is a connection.
    pub(crate) async fn connect(&mut self, at_a_time: &Semaphore) {
        loop {
            let place = at_a_time.acquire().await.expect("never closed");
            self.connected.mark_unchanged();
            self.dials.send_modify(|dials| *dials += 1);
            self.connected.changed().await.expect("a peer that runs");
            if *self.connected.borrow() {
                return;
            }
            drop(place);
            sleep(PAUSE).await;
        }
    }

    /// Waits until the connection is gone.
    pub(crate) async fn gone(&mut self) {
        self.kept = None;
        let gone = self.connected.wait_for(|connected| !connected).await;
        gone.expect("a peer that runs");
    }

    /// Asks on a stream that stays open. `libp2p_stream` drops a stream that comes while many
    /// others wait to be accepted, so it is opened again.
    pub(crate) async fn ask(&mut self) {
        loop {
            let mut stream = match self.kept.take() {
                Some(stream) => stream,
                None => self.open().await,
            };
            if exchange(&mut stream).await.is_ok() {
                self.kept = Some(stream);
                return;
            }
        }
    }

    /// Asks on a stream of its own.
    pub(crate) async fn request(&mut self) {
        let mut stream = self.open().await;
        exchange(&mut stream).await.expect("an answer");
        let _ = stream.close().await;
    }

    async fn open(&mut self) -> Stream {
        let opened = self.control.open_stream(self.server, PROTOCOL).await;
        opened.expect("a stream")
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn exchange(stream: &mut Stream) -> io::Result<()> {
    stream.write_all(&[7; QUESTION]).await?;
    stream.flush().await?;
    stream.read_exact(&mut [0; ANSWER]).await
}

/// The peer's task. Whether it is connected is said after each dial.
async fn run(
    mut swarm: Swarm<Behaviour>,
    server: PeerId,
    address: Multiaddr,
    mut orders: watch::Receiver<u64>,
    connected: watch::Sender<bool>,
) {
    loop {
        tokio::select! {
            order = orders.changed() => {
                if order.is_err() {
                    return;
                }
                let dial = DialOpts::peer_id(server)
                    .condition(PeerCondition::Always)
                    .addresses(vec![address.clone()])
                    .build();
                swarm.dial(dial).expect("a peer to dial");
            }
            event = swarm.select_next_some() => match event {
                SwarmEvent::ConnectionEstablished { .. } => {
                    connected.send_replace(true);
                }
                SwarmEvent::ConnectionClosed { .. } | SwarmEvent::OutgoingConnectionError { .. } => {
                    connected.send_replace(false);
                }
                _ => {}
            },
        }
    }
}
