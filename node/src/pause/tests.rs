use std::pin::pin;
use std::sync::Mutex;
use std::time::Duration;

use tokio::task::yield_now;
use tokio::time::timeout;

use super::*;
use crate::links::{Fabric, Links};
use crate::{Config, Multiaddr, Peer, Protocol, Security, Transport, keys, start};

const HOUR: Duration = Duration::from_secs(3600);

/// The timeout of dials.
pub(crate) const DIAL: Duration = Duration::from_secs(10);

/// Two peers that listen in memory and answer pings.
pub(crate) async fn peers(fabric: Option<&Arc<Fabric>>) -> [(Peer, Multiaddr); 2] {
    let peer = async |index| {
        let mut config = Config::new(keys::from_seed(1, index));
        config.transports = [Transport::Memory].into();
        config.security = Security::Plaintext;
        config.protocols = [Protocol::Ping, Protocol::Channel].into();
        config.regular_pings = false;
        config.connection_timeout = DIAL;
        config.links = fabric.map(|fabric| Links {
            peer: index,
            fabric: Arc::clone(fabric),
        });
        let peer = start(config).expect("a peer");
        let any = "/memory/0".parse().expect("an address");
        let address = peer.handle.listen(any).await.expect("a free port");
        (peer, address)
    };
    [peer(0).await, peer(1).await]
}

/// Two peers that are connected.
async fn connected() -> [Peer; 2] {
    let [(one, _), (other, address)] = peers(None).await;
    one.handle.dial(address).await.expect("a connection");
    assert!(other.handle.wait_connected(1).await);
    [one, other]
}

#[tokio::test(start_paused = true)]
async fn a_paused_peer_answers_after_it_is_resumed() {
    let [one, other] = connected().await;
    let id = other.handle.peer_id();
    one.handle.ping(id).await.expect("a peer that runs");
    other.handle.pause(true);
    let mut ping = pin!(one.handle.ping(id));
    assert!(timeout(HOUR, &mut ping).await.is_err());
    other.handle.pause(false);
    let pong = timeout(HOUR, ping).await.expect("an answer");
    assert!(pong.expect("an open connection") >= HOUR);
}

#[tokio::test(start_paused = true)]
async fn commands_wait_for_a_paused_peer() {
    let [one, other] = connected().await;
    let id = other.handle.peer_id();
    one.handle.pause(true);
    let mut asked = pin!(one.handle.wait_connection(id, true));
    assert!(timeout(HOUR, &mut asked).await.is_err());
    // Twice is as once.
    one.handle.pause(true);
    one.handle.pause(false);
    assert_eq!(timeout(HOUR, asked).await, Ok(true));
}

#[tokio::test(start_paused = true)]
async fn a_paused_peer_without_a_handle_ends() {
    let [one, other] = connected().await;
    other.handle.pause(true);
    let second = other.handle.clone();
    let mut gone = pin!(second.gone());
    drop(other);
    assert!(timeout(HOUR, &mut gone).await.is_err(), "it has a handle");
    drop(second);
    assert_eq!(timeout(HOUR, gone).await, Ok(()));
    // Its connection too.
    assert_eq!(
        timeout(HOUR, one.handle.wait_connections(0)).await,
        Ok(true)
    );
}

#[tokio::test]
async fn tasks_go_on_in_the_order_in_which_they_have_stopped() {
    let pause = Pause::new(PeerId::random());
    pause.set(true);
    let order = Arc::new(Mutex::new(Vec::new()));
    let tasks = (0..50).map(|number| {
        let order = Arc::clone(&order);
        let task = async move { order.lock().expect("no panic").push(number) };
        tokio::spawn(pausable(Box::pin(task), pause.state()))
    });
    let tasks: Vec<_> = tasks.collect();
    yield_now().await;
    assert!(order.lock().expect("no panic").is_empty());
    pause.set(false);
    for task in tasks {
        task.await.expect("no panic");
    }
    let order = order.lock().expect("no panic");
    assert!(order.iter().copied().eq(0..50), "{order:?}");
}
