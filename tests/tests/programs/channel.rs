//! Channels between real swarms: order, back-pressure, ends.

use std::future::poll_fn;
use std::time::Duration;

use node::channel::{Error, Inbound, MAX_FRAME, OUTBOUND_BYTES, Sender};
use node::{Peer, PeerId, Transport, start};
use support::peers::{
    config, connected, hung_up, listening, message, next, next_message, send, within,
};

// One test of two connected peers, on each transport.
support::on_each_transport! {
    ten_thousand_messages_each_way_come_in_order,
    large_messages_each_way_do_not_block_each_other,
    a_second_channel_is_refused,
    hanging_up_delivers_what_was_queued,
    a_channel_is_opened_again_at_once,
    a_channel_is_opened_again_and_again,
    unread_channels_wait_for_each_other,
    a_receiver_that_does_not_read_holds_the_sender,
    a_connection_that_ends_hangs_up,
    a_message_that_is_too_long_is_not_sent,
    a_peer_that_comes_back_is_heard_after_its_end,
}

async fn ten_thousand_messages_each_way_come_in_order(transport: Transport) {
    both_ways(transport, 10_000, 100).await;
}

/// More than the windows and queues of both sides hold.
async fn large_messages_each_way_do_not_block_each_other(transport: Transport) {
    both_ways(transport, 400, 256 * 1024).await;
}

async fn both_ways(transport: Transport, count: u64, size: usize) {
    let (one, other) = connected(transport).await;
    let ids = (one.handle.peer_id(), other.handle.peer_id());
    let exchange = |mut peer: Peer, remote| {
        tokio::spawn(async move {
            let mut sender = peer.handle.open_channel(remote).await.expect("connected");
            let sending = tokio::spawn(async move {
                for id in 0..count {
                    let sequence = send(&mut sender, message(id, size)).await;
                    assert_eq!(sequence.expect("the channel is open"), id);
                }
                sender
            });
            for id in 0..count {
                assert_eq!(next_message(&mut peer, remote).await, (id, id, 1));
            }
            (peer, sending.await)
        })
    };
    let all = async { tokio::join!(exchange(one, ids.1), exchange(other, ids.0)) };
    let (one, other) = within("exchange all", all).await;
    drop((one.expect("no panic"), other.expect("no panic")));
}

async fn a_second_channel_is_refused(transport: Transport) {
    let (one, other) = connected(transport).await;
    let remote = other.handle.peer_id();
    let _first = one.handle.open_channel(remote).await.expect("connected");
    let second = within("refuse", one.handle.open_channel(remote)).await;
    assert!(
        matches!(second, Err(Error::AlreadyOpen(peer)) if peer == remote),
        "{second:?}"
    );
}

async fn hanging_up_delivers_what_was_queued(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let mut sender = one.handle.open_channel(remote).await.expect("connected");
    let sent = fill(&mut sender);
    drop(sender);
    for id in 0..sent {
        assert_eq!(next_message(&mut other, local).await, (id, id, 1));
    }
    hung_up(&mut other, local).await;
}

/// Queues messages in front of a stream until it applies back pressure.
fn fill(sender: &mut Sender) -> u64 {
    let mut sent = 0;
    while sender.has_room() {
        let sequence = sender.start_send(&message(sent, 10_000));
        assert_eq!(sequence.expect("open"), sent);
        sent += 1;
    }
    assert!(sent > OUTBOUND_BYTES as u64 / 20_000, "{sent}");
    sent
}

async fn a_channel_is_opened_again_at_once(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let mut first = one.handle.open_channel(remote).await.expect("connected");
    let sent = fill(&mut first);
    drop(first);
    // The first is still writing what was queued.
    let again = within("open again", one.handle.open_channel(remote));
    let read = async {
        for id in 0..sent {
            assert_eq!(next_message(&mut other, local).await, (id, id, 1));
        }
        hung_up(&mut other, local).await;
    };
    let (second, ()) = tokio::join!(again, read);
    let mut second = second.expect("hung up before");
    assert_eq!(second.incarnation(), 2);
    send(&mut second, message(1_000, 10)).await.expect("open");
    assert_eq!(next_message(&mut other, local).await, (1_000, 0, 2));
}

async fn a_channel_is_opened_again_and_again(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let opening = tokio::spawn(async move {
        for incarnation in 1..=50 {
            let open = within("open", one.handle.open_channel(remote)).await;
            let mut sender = open.unwrap_or_else(|e| panic!("{incarnation}: {e}"));
            assert_eq!(sender.incarnation(), incarnation);
            send(&mut sender, message(7, 10)).await.expect("open");
            drop(sender);
            // No wait: the next channel is opened while this one ends.
        }
        one
    });
    for incarnation in 1..=50 {
        assert_eq!(next_message(&mut other, local).await, (7, 0, incarnation));
        hung_up(&mut other, local).await;
    }
    within("open all", opening).await.expect("no panic");
}

async fn unread_channels_wait_for_each_other(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let full = 100;
    let mut first = one.handle.open_channel(remote).await.expect("connected");
    for id in 0..full {
        send(&mut first, message(id, 10)).await.expect("open");
    }
    drop(first);
    let (opened, mut seen) = tokio::sync::watch::channel(1);
    let again = tokio::spawn(async move {
        for incarnation in 2..=6 {
            let open = one.handle.open_channel(remote).await;
            let mut sender = open.unwrap_or_else(|e| panic!("{incarnation}: {e}"));
            send(&mut sender, message(7, 10)).await.expect("open");
            opened.send_replace(incarnation);
        }
        one
    });
    // They are not read, so they must not all be opened; there is no event to wait for.
    let impatient = seen.wait_for(|incarnation| *incarnation == 6);
    let impatient = tokio::time::timeout(Duration::from_millis(200), impatient).await;
    assert!(
        impatient.is_err(),
        "a channel is opened while one is not read"
    );
    for id in 0..full {
        assert_eq!(next_message(&mut other, local).await, (id, id, 1));
    }
    for incarnation in 2..=6 {
        hung_up(&mut other, local).await;
        assert_eq!(next_message(&mut other, local).await, (7, 0, incarnation));
    }
    within("open all", again).await.expect("no panic");
}

/// How much may be between the queues of a sender and of a receiver that does
/// not read: a frame in each side's buffer, the stream's window, which is
/// 256 KiB at first in yamux and 10 MB in QUIC, and what the sockets hold.
const BETWEEN: usize = 2 * MAX_FRAME + (32 << 20);

async fn a_receiver_that_does_not_read_holds_the_sender(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let mut sender = one.handle.open_channel(remote).await.expect("connected");
    let size = 100_000;
    let bound = OUTBOUND_BYTES + size + BETWEEN;
    let mut sent = 0;
    // The sender is held when nothing more is taken for a while. A busy machine can end
    // this loop early, which fails no assertion.
    let quiet = Duration::from_millis(500);
    loop {
        let room = poll_fn(|cx| sender.poll_ready(cx));
        let Ok(room) = tokio::time::timeout(quiet, room).await else {
            break;
        };
        room.expect("the channel is open");
        let sequence = sender.start_send(&message(sent, size));
        assert_eq!(sequence.expect("the channel is open"), sent);
        sent += 1;
        let bytes = usize::try_from(sent).unwrap() * size;
        assert!(
            bytes <= bound,
            "{bytes} bytes were taken, the bound is {bound}"
        );
    }
    let flush = poll_fn(|cx| sender.poll_flush(cx));
    let read = async {
        for id in 0..sent {
            assert_eq!(next_message(&mut other, local).await, (id, id, 1));
        }
    };
    let (flushed, ()) = tokio::join!(flush, read);
    flushed.expect("the channel is open");
    send(&mut sender, message(sent, size)).await.expect("open");
    assert_eq!(next_message(&mut other, local).await, (sent, sent, 1));
}

async fn a_connection_that_ends_hangs_up(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let mut sender = one.handle.open_channel(remote).await.expect("connected");
    send(&mut sender, message(0, 10)).await.expect("open");
    assert_eq!(next_message(&mut other, local).await, (0, 0, 1));
    let flood = tokio::spawn(async move {
        let mut id = 0;
        while send(&mut sender, message(id, 1_000)).await.is_ok() {
            id += 1;
        }
        send(&mut sender, message(id, 1_000)).await
    });
    for _ in 0..100 {
        next(&mut other).await;
    }
    one.handle.disconnect(remote).await;
    // What had come is delivered in its order, then the end, and no more.
    let mut last = 0;
    while let Inbound::Message { envelope, .. } = next(&mut other).await {
        assert!(envelope.sequence > last, "{}", envelope.sequence);
        last = envelope.sequence;
    }
    let refused = within("notice", flood).await.expect("no panic");
    assert!(matches!(refused, Err(Error::Closed(_))), "{refused:?}");
    within("close", other.handle.wait_connections(0)).await;
    assert_eq!(other.handle.connected(), 0);
    let gone = within("fail", other.handle.open_channel(local)).await;
    assert!(matches!(
        gone,
        Err(Error::NotConnected(_) | Error::Closed(_))
    ));
}

async fn a_message_that_is_too_long_is_not_sent(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let mut sender = one.handle.open_channel(remote).await.expect("connected");
    let refused = send(&mut sender, message(0, MAX_FRAME)).await;
    assert!(matches!(refused, Err(Error::Envelope(_))), "{refused:?}");
    // It takes no sequence number, and the channel goes on.
    send(&mut sender, message(1, 10)).await.expect("open");
    assert_eq!(next_message(&mut other, local).await, (1, 0, 1));
}

/// A peer restarts: its old connection is still open here when the new one
/// comes.
async fn a_peer_that_comes_back_is_heard_after_its_end(transport: Transport) {
    let (mut there, address) = listening(config(transport, 1)).await;
    let remote = there.handle.peer_id();
    let local = PeerId::from(config(transport, 0).key.public());
    let mut gone = None;
    for round in 0..50 {
        let peer = start(config(transport, 0)).expect("a peer starts");
        within("dial", peer.handle.dial(address.clone()))
            .await
            .expect("there");
        let mut sender = peer.handle.open_channel(remote).await.expect("connected");
        send(&mut sender, message(round, 10)).await.expect("open");
        if round > 0 {
            hung_up(&mut there, local).await;
        }
        assert_eq!(next_message(&mut there, local).await, (round, 0, 1));
        // Drops the previous peer, whose successor has been heard by now.
        gone = Some((peer, sender));
    }
    drop(gone);
    hung_up(&mut there, local).await;
    within("close", there.handle.wait_connections(0)).await;
}
