//! Two peers dial each other at the same instant: both dials succeed, one
//! connection is left, and a channel opened then works.

use std::sync::Arc;

use node::{Peer, Transport};
use support::peers::{config, listening, message, next_message, send, within};
use tokio::sync::Barrier;

/// Rounds for each transport: two dials can cross in many ways.
const ROUNDS: u32 = 100;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_dials_over_tcp_keep_one_connection() {
    for round in 0..ROUNDS {
        meet(Transport::Tcp, round).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn simultaneous_dials_over_memory_keep_one_connection() {
    for round in 0..ROUNDS {
        meet(Transport::Memory, round).await;
    }
}

async fn meet(transport: Transport, round: u32) {
    let what = format!("round {round} over {transport:?}");
    let (mut a, to_a) = listening(config(transport, 2 * round)).await;
    let (mut b, to_b) = listening(config(transport, 2 * round + 1)).await;
    let start = Arc::new(Barrier::new(2));
    let dial = |peer: &Peer, address| {
        let (handle, start) = (peer.handle.clone(), Arc::clone(&start));
        tokio::spawn(async move {
            start.wait().await;
            handle.dial(address).await
        })
    };
    let dials = (dial(&a, to_b), dial(&b, to_a));
    let dials = within(&what, async { (dials.0.await, dials.1.await) }).await;
    assert_eq!(dials.0.unwrap().unwrap(), b.handle.peer_id(), "{what}");
    assert_eq!(dials.1.unwrap().unwrap(), a.handle.peer_id(), "{what}");

    // Both ways, so that a peer that dialled too much is among the senders.
    let channels = async {
        let to_b = a.handle.open_channel(b.handle.peer_id());
        let to_a = b.handle.open_channel(a.handle.peer_id());
        tokio::join!(to_b, to_a)
    };
    let (to_b, to_a) = within(&what, channels).await;
    let (mut to_b, mut to_a) = (to_b.expect(&what), to_a.expect(&what));
    send(&mut to_b, message(1, 10)).await.expect(&what);
    send(&mut to_a, message(2, 10)).await.expect(&what);
    let (a_id, b_id) = (a.handle.peer_id(), b.handle.peer_id());
    assert_eq!(next_message(&mut b, a_id).await.0, 1, "{what}");
    assert_eq!(next_message(&mut a, b_id).await.0, 2, "{what}");
    for peer in [&a, &b] {
        assert_eq!(peer.handle.connected(), 1, "{what}");
        within(&what, peer.handle.wait_connections(1)).await;
    }
}
