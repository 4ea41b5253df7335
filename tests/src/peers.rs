//! Peers in the process of the test: the node library as a program uses it.

use std::future::Future;
use std::time::Duration;

use libp2p::{Swarm, SwarmBuilder, noise, tcp, yamux};
use libp2p_stream::Behaviour;
use node::channel::{self, Inbound, Outgoing};
use node::{Config, Multiaddr, Peer, PeerId, Transport, keys, start};

/// How long anything may take before it counts as hung. Far longer than it
/// takes on a busy machine of two cores.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Waits for `future`.
///
/// # Panics
/// With `what`, when it is not done within [`DEADLINE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    let done = tokio::time::timeout(DEADLINE, future).await;
    done.unwrap_or_else(|_| panic!("not done within {DEADLINE:?}: {what}"))
}

/// The configuration of peer `index` of the tests, on `transport` alone.
#[must_use]
pub fn config(transport: Transport, index: u32) -> Config {
    let mut config = Config::new(keys::from_seed(2, index));
    config.transports = [transport].into();
    config
}

/// A peer that listens, and where.
///
/// # Panics
/// When it cannot start or listen.
pub async fn listening(config: Config) -> (Peer, Multiaddr) {
    let any = match config.transports.first() {
        Some(Transport::Quic) => "/ip4/127.0.0.1/udp/0/quic-v1",
        Some(Transport::WebSocket) => "/ip4/127.0.0.1/tcp/0/ws",
        Some(Transport::Memory) => "/memory/0",
        Some(Transport::Tcp) | None => "/ip4/127.0.0.1/tcp/0",
    };
    let peer = start(config).expect("a peer starts");
    let any = any.parse().expect("an address");
    let address = peer.handle.listen(any).await.expect("a peer listens");
    let address = address.with_p2p(peer.handle.peer_id());
    (peer, address.expect("an address without a peer"))
}

/// Two peers, of which the first has dialled the second.
///
/// # Panics
/// When they cannot be connected.
pub async fn connected(transport: Transport) -> (Peer, Peer) {
    let (one, _) = listening(config(transport, 0)).await;
    let (other, address) = listening(config(transport, 1)).await;
    let dialled = within("dial", one.handle.dial(address)).await;
    assert_eq!(dialled.expect("it listens"), other.handle.peer_id());
    within("be dialled", other.handle.wait_connected(1)).await;
    (one, other)
}

/// A message with a number and `size` bytes of payload.
#[must_use]
pub fn message(id: u64, size: usize) -> Outgoing {
    Outgoing {
        id,
        kind: "TEST",
        within: None,
        trace: None,
        payload: vec![7; size].into(),
    }
}

/// Sends a message, waiting until the stream takes it.
///
/// # Errors
/// Those of [`channel::Sender`].
pub async fn send(sender: &mut channel::Sender, message: Outgoing) -> Result<u64, channel::Error> {
    sender.send(message).await
}

/// The next inbound event of `peer`.
///
/// # Panics
/// When nothing comes.
pub async fn next(peer: &mut Peer) -> Inbound {
    let inbound = within("receive", peer.inbound.recv()).await;
    inbound.expect("the peer runs")
}

/// The next message's number, its sequence number and its incarnation.
///
/// # Panics
/// When something else comes, or from another than `expected`.
pub async fn next_message(peer: &mut Peer, expected: PeerId) -> (u64, u64, u32) {
    match next(peer).await {
        Inbound::Message { from, envelope } => {
            assert_eq!(from, expected);
            (envelope.id, envelope.sequence, envelope.incarnation)
        }
        Inbound::HungUp { from, .. } => panic!("{from} hung up"),
    }
}

/// Waits until the channel from `expected` ends.
///
/// # Panics
/// When something else comes.
pub async fn hung_up(peer: &mut Peer, expected: PeerId) {
    match next(peer).await {
        Inbound::HungUp { from, .. } => assert_eq!(from, expected),
        Inbound::Message { envelope, .. } => panic!("message {} came", envelope.id),
    }
}

/// A libp2p peer over TCP and QUIC with raw streams only and none of our protocols.
///
/// # Panics
/// When the system has no transport.
#[must_use]
pub fn bare_swarm() -> Swarm<Behaviour> {
    SwarmBuilder::with_new_identity()
        .with_tokio()
        .with_tcp(
            tcp::Config::new().nodelay(true),
            noise::Config::new,
            yamux::Config::default,
        )
        .expect("a transport")
        .with_quic()
        .with_behaviour(|_| Behaviour::new())
        .expect("a behaviour")
        .with_swarm_config(|c| c.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build()
}
