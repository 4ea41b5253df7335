//! The floor of `virtual_gossip_1000`: rust-libp2p's swarms with gossipsub on tokio's paused
//! clock, over the memory transport with a latency, without anything of the testbed. It runs
//! in a process of its own, so that its processor time can be told apart.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::{AsyncRead, AsyncWrite, FutureExt as _, StreamExt as _};
use libp2p::core::transport::MemoryTransport;
use libp2p::core::upgrade::Version;
use libp2p::gossipsub::{self, IdentTopic, MessageAuthenticity, ValidationMode};
use libp2p::identity::Keypair;
use libp2p::swarm::SwarmEvent;
use libp2p::{Multiaddr, Swarm, SwarmBuilder, Transport as _, plaintext, yamux};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep, timeout};

const TOPIC: &str = "bare";

/// How long meshes get to form.
const SETUP: Duration = Duration::from_secs(15);

/// A connection whose bytes arrive later.
struct Later<S> {
    inner: S,
    latency: Duration,
    waiting: VecDeque<(Instant, Vec<u8>)>,
    sleep: Pin<Box<Sleep>>,
    has_ended: bool,
}

impl<S: AsyncRead + Unpin> Later<S> {
    fn new(inner: S, latency: Duration) -> Self {
        Self {
            inner,
            latency,
            waiting: VecDeque::new(),
            sleep: Box::pin(sleep(Duration::ZERO)),
            has_ended: false,
        }
    }

    /// Reads what is there, and notes when it arrives.
    fn fill(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let mut bytes = [0; 16 * 1024];
        while !self.has_ended {
            match Pin::new(&mut self.inner).poll_read(context, &mut bytes) {
                Poll::Pending => return Ok(()),
                Poll::Ready(read) => match read? {
                    0 => self.has_ended = true,
                    read => {
                        let at = Instant::now() + self.latency;
                        self.waiting.push_back((at, bytes[..read].to_vec()));
                    }
                },
            }
        }
        Ok(())
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Later<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = &mut *self;
        this.fill(context)?;
        let Some((at, bytes)) = this.waiting.front_mut() else {
            return match this.has_ended {
                true => Poll::Ready(Ok(0)),
                false => Poll::Pending,
            };
        };
        if *at > Instant::now() {
            this.sleep.as_mut().reset(*at);
            ready!(this.sleep.poll_unpin(context));
        }
        let taken = buffer.len().min(bytes.len());
        buffer[..taken].copy_from_slice(&bytes[..taken]);
        bytes.drain(..taken);
        if bytes.is_empty() {
            this.waiting.pop_front();
        }
        Poll::Ready(Ok(taken))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Later<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_close(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_close(context)
    }
}

fn swarm(number: u64) -> Swarm<gossipsub::Behaviour> {
    let mut rng = ChaCha8Rng::seed_from_u64(number);
    let key = Keypair::ed25519_from_bytes(rng.random::<[u8; 32]>()).expect("32 bytes");
    let transport = move |key: &Keypair| {
        let delayed = MemoryTransport::new().map(move |inner, _| {
            let latency = Duration::from_millis(rng.random_range(20..100));
            Later::new(inner, latency)
        });
        let secured = delayed.upgrade(Version::V1Lazy);
        let secured = secured.authenticate(plaintext::Config::new(key));
        secured.multiplex(yamux::Config::default()).boxed()
    };
    let behaviour = |_: &Keypair| {
        let config = gossipsub::ConfigBuilder::default()
            .validation_mode(ValidationMode::Anonymous)
            .flood_publish(false)
            .message_id_fn(|message| gossipsub::MessageId::from(&message.data[..8]))
            .build()
            .expect("a valid configuration");
        let mut gossip: gossipsub::Behaviour =
            gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).expect("it fits");
        gossip.subscribe(&IdentTopic::new(TOPIC)).expect("a topic");
        gossip
    };
    SwarmBuilder::with_existing_identity(key)
        .with_tokio()
        .with_other_transport(transport)
        .expect("a transport")
        .with_behaviour(behaviour)
        .expect("a behaviour")
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build()
}

/// So many peers, and messages of 1 KiB with 100 ms between them. Returns how many deliveries
/// there were.
pub(crate) fn run(peers: usize, degree: usize, messages: usize) -> usize {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build();
    runtime
        .expect("a runtime")
        .block_on(gossip(peers, degree, messages))
}

async fn gossip(peers: usize, degree: usize, messages: usize) -> usize {
    let (mut swarms, mut addresses) = (Vec::new(), Vec::<Multiaddr>::new());
    for number in 0..peers {
        let mut swarm = swarm(number as u64);
        let address = format!("/memory/{}", number + 1)
            .parse()
            .expect("an address");
        swarm.listen_on(address).expect("it is free");
        loop {
            if let SwarmEvent::NewListenAddr { address, .. } = swarm.select_next_some().await {
                addresses.push(address);
                break;
            }
        }
        swarms.push(swarm);
    }
    let edges = edges(peers, degree);
    let (delivered, mut deliveries) = mpsc::unbounded_channel();
    let mut publish = Vec::new();
    for (number, mut swarm) in swarms.into_iter().enumerate() {
        let dials = edges.iter().filter(|(from, _)| *from == number);
        for (_, to) in dials {
            swarm.dial(addresses[*to].clone()).expect("an address");
        }
        let (sender, mut orders) = mpsc::unbounded_channel::<Vec<u8>>();
        publish.push(sender);
        let delivered = delivered.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    biased;
                    event = swarm.select_next_some() => {
                        if let SwarmEvent::Behaviour(gossipsub::Event::Message { .. }) = event {
                            let _ = delivered.send(());
                        }
                    }
                    Some(data) = orders.recv() => {
                        let topic = IdentTopic::new(TOPIC);
                        swarm.behaviour_mut().publish(topic, data).expect("a mesh");
                    }
                }
            }
        });
    }
    sleep(SETUP).await;
    for number in 0..messages {
        let mut data = vec![0; 1024];
        data[..8].copy_from_slice(&(number as u64).to_be_bytes());
        publish[(number * 7919) % peers]
            .send(data)
            .expect("it runs");
        sleep(Duration::from_millis(100)).await;
    }
    let mut count = 0;
    while let Ok(Some(())) = timeout(Duration::from_secs(5), deliveries.recv()).await {
        count += 1;
    }
    count
}

/// A ring, and edges at random.
fn edges(peers: usize, degree: usize) -> BTreeSet<(usize, usize)> {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let between = |one: usize, other: usize| (one.min(other), one.max(other));
    let ring = (0..peers).map(|peer| between(peer, (peer + 1) % peers));
    let mut edges: BTreeSet<_> = ring.collect();
    while edges.len() < peers * degree / 2 {
        let [one, other] = [0, 1].map(|_| rng.random_range(0..peers));
        if one != other {
            edges.insert(between(one, other));
        }
    }
    edges
}
