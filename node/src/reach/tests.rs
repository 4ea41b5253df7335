//! A hub and its peers over TCP on loopback.

use std::time::Duration;

use libp2p::multiaddr::Protocol;
use tokio::time::timeout;

use super::*;
use crate::{Config, Handle, Keypair, Multiaddr, Peer, PeerId, Protocol as Speaks, start};

async fn peer(role: Role) -> (Peer, Multiaddr) {
    let mut config = Config::new(Keypair::generate_ed25519());
    config.protocols = [Speaks::Identify, Speaks::Channel].into();
    config.reach = Some(role);
    let peer = start(config).expect("a peer");
    let any = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
    let heard = peer.handle.listen(any).await.expect("a free port");
    let address = heard.with(Protocol::P2p(peer.handle.peer_id()));
    (peer, address)
}

struct Network {
    hub: Peer,
    address: Multiaddr,
    sessions: Arc<Sessions>,
}

impl Network {
    async fn new() -> Self {
        let sessions = Arc::<Sessions>::default();
        let (hub, address) = peer(Role::Hub(Arc::clone(&sessions))).await;
        Self {
            hub,
            address,
            sessions,
        }
    }

    /// A peer that is connected with the hub, and has a session.
    async fn member(&self) -> Peer {
        let (peer, _) = peer(Role::Peer {
            punches: false,
            maps: false,
        })
        .await;
        let hub = peer.handle.dial(self.address.clone()).await;
        assert_eq!(hub.expect("it listens"), self.hub.handle.peer_id());
        self.sessions.begin(peer.handle.peer_id());
        peer
    }

    async fn over_the_hub(&self, from: &Handle, to: PeerId) -> Reached {
        let circuit = self.address.clone().with(Protocol::P2pCircuit);
        from.reach(to, vec![circuit]).await
    }
}

#[tokio::test]
async fn only_those_with_a_session_get_a_reservation_and_circuits() {
    let network = Network::new().await;
    let (one, other) = (network.member().await, network.member().await);
    let (one, other) = (&one.handle, &other.handle);
    network.sessions.end(other.peer_id());
    other
        .reserve(network.address.clone())
        .await
        .expect_err("it has no session");
    network.sessions.begin(other.peer_id());
    let reserved = other.reserve(network.address.clone()).await;
    reserved.expect("it has a session");
    network.sessions.end(one.peer_id());
    let refused = network.over_the_hub(one, other.peer_id()).await;
    refused.expect_err("the one that dials has none");
    network.sessions.begin(one.peer_id());
    let reached = network.over_the_hub(one, other.peer_id()).await;
    reached.expect("both have one");
    assert_eq!(one.how(other.peer_id()).await, Some(How::Relayed));
    let seen = other.wait_how(one.peer_id(), |how| how.is_some());
    let seen = timeout(Duration::from_secs(10), seen).await;
    assert_eq!(seen, Ok(Some(Some(How::Relayed))));
}

/// Who has had its circuits gets the next one when a part of the minute has passed.
#[tokio::test]
async fn circuits_are_rationed() {
    let network = Network::new().await;
    let (one, other) = (network.member().await, network.member().await);
    let (one, other) = (&one.handle, &other.handle);
    let reserved = other.reserve(network.address.clone()).await;
    reserved.expect("it has a session");
    for circuit in 0..=sessions::CIRCUITS {
        let reached = network.over_the_hub(one, other.peer_id()).await;
        assert_eq!(reached.is_ok(), circuit < sessions::CIRCUITS, "{reached:?}");
        one.disconnect(other.peer_id()).await;
        assert!(one.wait_connection(other.peer_id(), false).await);
        assert!(other.wait_connection(one.peer_id(), false).await);
    }
}

#[tokio::test]
async fn a_direct_connection_replaces_the_relayed_one_on_both_sides() {
    let network = Network::new().await;
    let (one, other) = (network.member().await, network.member().await);
    let (one, other) = (&one.handle, &other.handle);
    let reserved = other.reserve(network.address.clone()).await;
    reserved.expect("it has a session");
    let reached = network.over_the_hub(one, other.peer_id()).await;
    reached.expect("both have a session");
    let any = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
    let address = other.listen(any).await.expect("a free port");
    let reached = one.reach(other.peer_id(), vec![address]).await;
    reached.expect("it listens there");
    assert_eq!(one.how(other.peer_id()).await, Some(How::Dialled));
    let is_direct = |how: Option<&How>| matches!(how, Some(How::Accepted(_)));
    let seen = other.wait_how(one.peer_id(), is_direct);
    let seen = timeout(Duration::from_secs(10), seen).await;
    assert!(matches!(seen, Ok(Some(Some(How::Accepted(_))))), "{seen:?}");
}

#[tokio::test]
async fn a_dial_that_reaches_nobody_says_why() {
    let network = Network::new().await;
    let (one, other) = (network.member().await, network.member().await);
    let refused = network
        .over_the_hub(&one.handle, other.handle.peer_id())
        .await;
    let why = refused.expect_err("it has no reservation");
    assert!(!why.is_empty(), "{why}");
    let nobody = "/ip4/127.0.0.1/tcp/1".parse().expect("an address");
    let refused = one.handle.reach(other.handle.peer_id(), vec![nobody]).await;
    let why = refused.expect_err("nobody listens there");
    assert!(why.contains("refused"), "{why}");
}
