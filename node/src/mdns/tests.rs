//! A neighbour is connected, and others are told nothing of it. Over TCP on loopback, without
//! mDNS itself: that would meet whoever is in the network of the test.

use std::time::Duration;

use tempfile::TempDir;
use tokio::time::timeout;

use super::*;
use crate::database::{Database, Settings};
use crate::lookup::Lookup;
use crate::reach::How;
use crate::{Config, Handle, Keypair, Peer, Protocol, address, start};

/// A peer that listens, and its address.
async fn peer(database: Option<&Database>) -> (Peer, Multiaddr) {
    let mut config = Config::new(Keypair::generate_ed25519());
    config.protocols = [Protocol::Identify, Protocol::Kademlia, Protocol::Channel].into();
    config.database = database.map(Database::recorder);
    let peer = start(config).expect("a peer");
    let any = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
    let heard = peer.handle.listen(any).await.expect("a free port");
    (peer, heard)
}

async fn database() -> (Database, TempDir) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let settings = Settings {
        path: folder.path().join("peers.db"),
        network: "testbed/1.0.0".to_owned(),
        size: 10,
        wanted: 10,
    };
    let (database, _) = Database::open(settings).await.expect("a new file");
    (database, folder)
}

fn neighbour(peer: PeerId, address: &Multiaddr) -> Neighbour {
    Neighbour {
        peer,
        addresses: vec![address.clone()],
    }
}

async fn closest(asking: &Handle, to: PeerId) -> Vec<PeerId> {
    let key = to.to_bytes();
    let found = asking.look_up(Lookup::Closest { key }).await;
    found.expect("the table has a peer").peers
}

/// Waits until the routing table has a peer.
async fn has_one(handle: &Handle) {
    let wait = async { while handle.table().await.is_none_or(|table| table.peers == 0) {} };
    let waited = timeout(Duration::from_secs(10), wait).await;
    waited.expect("a peer in the routing table");
}

/// Stops the other peer: Kademlia would connect it again.
async fn part(own: &Handle, other: Peer) {
    let peer = other.handle.peer_id();
    drop(other);
    assert!(own.wait_connection(peer, false).await);
}

/// The peers in the database that have no connection.
async fn kept(database: &Database) -> Vec<PeerId> {
    let kept = database.candidates(10).await;
    kept.iter().filter_map(address::peer).collect()
}

#[tokio::test]
async fn the_address_of_a_neighbour_is_neither_kept_nor_told() {
    let (database, _folder) = database().await;
    let (own, _) = peer(Some(&database)).await;
    let (near, near_address) = peer(None).await;
    let (far, far_address) = peer(None).await;
    let (own, near_id, far_id) = (&own.handle, near.handle.peer_id(), far.handle.peer_id());
    let reached = own.dial_neighbour(neighbour(near_id, &near_address)).await;
    reached.expect("it listens there");
    assert_eq!(own.how(near_id).await, Some(How::Neighbour));
    // It has learnt of this peer by identify, not by mDNS.
    has_one(&near.handle).await;

    let full = far_address.with_p2p(far_id).expect("it names no peer");
    own.dial(full).await.expect("it listens there");
    has_one(own).await;
    has_one(&far.handle).await;
    assert_eq!(closest(own, near_id).await, [far_id]);
    assert_eq!(closest(&far.handle, near_id).await, [own.peer_id()]);

    part(own, near).await;
    part(own, far).await;
    assert_eq!(kept(&database).await, [far_id]);
}

/// So it is the mark of the dial that keeps the address back.
#[tokio::test]
async fn the_same_peer_at_an_address_from_elsewhere_is_kept_and_told() {
    let (database, _folder) = database().await;
    let (own, _) = peer(Some(&database)).await;
    let (near, near_address) = peer(None).await;
    let (own, near_id) = (&own.handle, near.handle.peer_id());
    let nobody = "/ip4/127.0.0.1/tcp/1".parse().expect("an address");
    let refused = own.dial_neighbour(neighbour(near_id, &nobody)).await;
    let why = refused.expect_err("nobody listens there");
    assert!(why.contains("refused"), "{why}");
    own.dial(near_address).await.expect("it listens there");
    assert_eq!(own.how(near_id).await, Some(How::Dialled));
    has_one(own).await;
    part(own, near).await;
    assert_eq!(kept(&database).await, [near_id]);
}
