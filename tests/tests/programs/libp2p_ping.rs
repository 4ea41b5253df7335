//! `/ipfs/ping/1.0.0`: answers to a foreign peer, and pings on request.

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::PeerId;
use libp2p::swarm::{Stream, SwarmEvent};
use libp2p_stream::Control;
use node::ping::{Error, PROTOCOL, SIZE, STREAMS};
use node::{Config, Multiaddr, Protocol, Transport};
use support::peers::{bare_swarm, config, listening, within};
use tokio::task::JoinHandle;

const PINGS: u8 = 4;

/// Between two pings the connection's task goes to sleep, so only the ping can wake it.
const PAUSE: Duration = Duration::from_secs(1);

const TRANSPORTS: [Transport; 2] = [Transport::Tcp, Transport::Quic];

/// A peer of ours that answers pings.
fn answering(transport: Transport, index: u32) -> Config {
    let mut config = config(transport, index);
    config.protocols = [Protocol::Ping].into();
    config
}

/// A foreign libp2p peer. It answers no pings, like many tools that only send them, and
/// writes to its streams what the test needs.
struct Foreign {
    control: Control,
    to: PeerId,
    swarm: JoinHandle<()>,
}

impl Foreign {
    async fn connect(to: PeerId, address: &Multiaddr) -> Self {
        let mut swarm = bare_swarm();
        let control = swarm.behaviour().new_control();
        swarm.dial(address.clone()).expect("an address");
        let connected = async {
            while !matches!(
                swarm.select_next_some().await,
                SwarmEvent::ConnectionEstablished { .. }
            ) {}
        };
        within("connect", connected).await;
        let swarm = tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        Self { control, to, swarm }
    }

    async fn stream(&mut self) -> Stream {
        let stream = self.control.open_stream(self.to, PROTOCOL);
        within("open a stream", stream).await.expect("it is spoken")
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.swarm.abort();
    }
}

/// Whether a ping on that stream is answered, and rightly.
async fn is_answered(stream: &mut Stream, number: u8) -> bool {
    let (ping, mut pong) = ([number; SIZE], [0; SIZE]);
    let answer = async {
        stream.write_all(&ping).await?;
        stream.flush().await?;
        stream.read_exact(&mut pong).await
    };
    let answered = within("answer a ping", answer).await.is_ok();
    assert!(!answered || pong == ping, "other bytes came back");
    answered
}

/// Once, only the first ping over QUIC was answered at once: those of go-libp2p, a
/// second apart, took 14 s.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pings_are_answered_after_pauses() {
    for transport in TRANSPORTS {
        let (peer, address) = listening(answering(transport, 1)).await;
        let mut foreign = Foreign::connect(peer.handle.peer_id(), &address).await;
        let mut stream = foreign.stream().await;
        for number in 0..PINGS {
            let answered = is_answered(&mut stream, number).await;
            assert!(answered, "ping {number} over {transport:?}");
            tokio::time::sleep(PAUSE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_streams_of_a_peer_are_answered_and_no_third() {
    for transport in TRANSPORTS {
        let (peer, address) = listening(answering(transport, 1)).await;
        let mut foreign = Foreign::connect(peer.handle.peer_id(), &address).await;
        let mut streams = Vec::new();
        for _ in 0..STREAMS {
            streams.push(foreign.stream().await);
        }
        for number in 0..PINGS {
            for stream in &mut streams {
                assert!(is_answered(stream, number).await, "over {transport:?}");
            }
            let mut third = foreign.stream().await;
            assert!(!is_answered(&mut third, number).await, "over {transport:?}");
        }
        // When one ends, another gets its place as soon as the peer notices.
        drop(streams.pop());
        while !is_answered(&mut foreign.stream().await, 7).await {}
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn libp2p_ping_can_be_selected() {
    for transport in TRANSPORTS {
        let (there, address) = listening(answering(transport, 1)).await;
        let mut config = answering(transport, 0);
        config.regular_pings = false;
        let (here, _) = listening(config).await;
        let id = there.handle.peer_id();
        let early = within("ping", here.handle.ping(id)).await;
        assert!(matches!(early, Err(Error::NotConnected(_))), "{early:?}");
        within("dial", here.handle.dial(address))
            .await
            .expect("it listens");
        for number in 0..PINGS {
            let answered = within("ping", here.handle.ping(id)).await;
            answered.unwrap_or_else(|e| panic!("ping {number} over {transport:?}: {e}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_without_libp2p_ping_is_reported() {
    let (there, address) = listening(config(Transport::Tcp, 1)).await;
    let (here, _) = listening(answering(Transport::Tcp, 0)).await;
    within("dial", here.handle.dial(address))
        .await
        .expect("it listens");
    let id = there.handle.peer_id();
    for _ in 0..2 {
        let error = within("ping", here.handle.ping(id)).await;
        assert!(matches!(error, Err(Error::Unsupported(peer)) if peer == id));
    }
    let error = within("ping", there.handle.ping(here.handle.peer_id())).await;
    assert!(matches!(error, Err(Error::SwitchedOff)), "{error:?}");
}
