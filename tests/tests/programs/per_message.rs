//! Messages on streams of their own between real swarms: each arrives once,
//! nothing keeps their order, and all that waits is bounded.

use std::collections::BTreeSet;
use std::time::Duration;

use futures::stream::FuturesUnordered;
use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::swarm::{Stream, SwarmEvent};
use libp2p_stream::Control;
use node::channel::{Inbound, MAX_FRAME};
use node::message::{Error, PATIENCE, PROTOCOL, STREAMS};
use node::{Config, Multiaddr, Peer, PeerId, Protocol, Transport};
use prost::Message as _;
use proto::MAX_ENVELOPE;
use proto::v1::Envelope;
use support::peers::{bare_swarm, hung_up, listening, message, next, within};
use tokio::task::JoinHandle;

/// How many messages the inbox takes while it is not read: 32 that wait for
/// their reader.
const INBOX: usize = 32;

support::on_each_transport! {
    a_thousand_messages_each_way_arrive_once,
    large_messages_arrive,
    a_receiver_that_does_not_read_holds_the_sender,
    a_connection_that_ends_gives_no_receipt,
}

async fn a_thousand_messages_each_way_arrive_once(transport: Transport) {
    both_ways(transport, 1_000, 100).await;
}

/// More than the windows of all streams hold.
async fn large_messages_arrive(transport: Transport) {
    both_ways(transport, 100, 900_000).await;
}

async fn both_ways(transport: Transport, count: u64, size: usize) {
    let (one, other) = connected(transport).await;
    let ids = (one.handle.peer_id(), other.handle.peer_id());
    let exchange = |mut peer: Peer, remote| {
        tokio::spawn(async move {
            let mut sender = peer.handle.messages(remote);
            let sending: FuturesUnordered<_> = (0..count)
                .map(|id| {
                    let (sequence, sent) = sender.send(message(id, size)).expect("it is small");
                    assert_eq!(sequence, id);
                    sent
                })
                .collect();
            let sending = tokio::spawn(sending.collect::<Vec<_>>());
            let mut came = BTreeSet::new();
            for _ in 0..count {
                let Inbound::Message { from, envelope } = next(&mut peer).await else {
                    panic!("no stream was closed");
                };
                assert_eq!((from, envelope.incarnation), (remote, 1));
                assert_eq!(envelope.sequence, envelope.id);
                assert!(
                    came.insert(envelope.sequence),
                    "{} again",
                    envelope.sequence
                );
            }
            assert!(came.into_iter().eq(0..count));
            for sent in sending.await.expect("no panic") {
                sent.expect("it has come");
            }
            peer
        })
    };
    let all = async { tokio::join!(exchange(one, ids.1), exchange(other, ids.0)) };
    let (one, other) = within("exchange all", all).await;
    drop((one.expect("no panic"), other.expect("no panic")));
}

async fn a_receiver_that_does_not_read_holds_the_sender(transport: Transport) {
    const COUNT: usize = 500;
    let (one, mut other) = connected(transport).await;
    let mut sender = one.handle.messages(other.handle.peer_id());
    let mut sending: FuturesUnordered<_> = (0..COUNT as u64)
        .map(|id| sender.send(message(id, 1_000)).expect("it is small").1)
        .collect();
    let mut receipts = 0;
    // A busy machine can end this loop early, which fails no assertion.
    let quiet = Duration::from_millis(500);
    while let Ok(Some(sent)) = tokio::time::timeout(quiet, sending.next()).await {
        sent.expect("the peer runs");
        receipts += 1;
    }
    assert!(receipts <= INBOX, "{receipts}");
    let read = async {
        let mut came = BTreeSet::new();
        while came.len() < COUNT {
            if let Inbound::Message { envelope, .. } = next(&mut other).await {
                assert!(
                    came.insert(envelope.sequence),
                    "{} again",
                    envelope.sequence
                );
            }
        }
    };
    let send = async {
        while let Some(sent) = sending.next().await {
            sent.expect("the peer runs");
        }
    };
    within("send the rest", async { tokio::join!(read, send) }).await;
}

async fn a_connection_that_ends_gives_no_receipt(transport: Transport) {
    let (one, mut other) = connected(transport).await;
    let (local, remote) = (one.handle.peer_id(), other.handle.peer_id());
    let mut sender = one.handle.messages(remote);
    let mut sending: FuturesUnordered<_> = (0..500)
        .map(|id| sender.send(message(id, 1_000)).expect("it is small").1)
        .collect();
    let first = within("be sent", sending.next()).await;
    first.expect("the first").expect("the peer runs");
    one.handle.disconnect(remote).await;
    let rest: Vec<_> = within("fail", sending.collect()).await;
    let failed = rest.into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert!(
        failed.len() >= 500 - 1 - INBOX - STREAMS,
        "{}",
        failed.len()
    );
    for error in failed {
        assert!(
            matches!(
                error,
                Error::NoReceipt(_) | Error::NotConnected(_) | Error::Stream { .. }
            ),
            "{error}"
        );
    }
    // What had come is delivered, then the end, and no more.
    let mut came = 0;
    while let Inbound::Message { .. } = next(&mut other).await {
        came += 1;
    }
    assert!(came >= 1);
    within("close", other.handle.wait_connections(0)).await;
    let again = other.handle.messages(local).send(message(0, 10));
    let again = within("fail", again.expect("it is small").1).await;
    assert!(matches!(again, Err(Error::NotConnected(_))), "{again:?}");
}

#[tokio::test]
async fn an_oversized_message_takes_no_sequence_number() {
    let (one, other) = connected(Transport::Memory).await;
    let mut sender = one.handle.messages(other.handle.peer_id());
    let refused = sender.send(message(0, MAX_FRAME)).err();
    assert!(matches!(refused, Some(Error::Envelope(_))), "{refused:?}");
    assert_eq!(sender.send(message(1, 10)).expect("it is small").0, 0);
}

#[tokio::test]
async fn a_peer_without_per_message_streams_is_named() {
    let (one, _) = listening(config(Transport::Tcp, 0)).await;
    let (other, address) = listening(support::peers::config(Transport::Tcp, 1)).await;
    let remote = within("dial", one.handle.dial(address))
        .await
        .expect("there");
    let sent = one.handle.messages(remote).send(message(0, 10));
    let sent = within("fail", sent.expect("it is small").1).await;
    assert!(
        matches!(sent, Err(Error::Unsupported(peer)) if peer == remote),
        "{sent:?}"
    );
    let back = other
        .handle
        .messages(one.handle.peer_id())
        .send(message(0, 10));
    let back = within("fail", back.expect("it is small").1).await;
    assert!(matches!(back, Err(Error::SwitchedOff)), "{back:?}");
}

/// The other side is a foreign peer that counts the streams.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_message_has_a_stream_of_its_own() {
    const COUNT: u64 = 200;
    let (peer, address) = listening(config(Transport::Tcp, 0)).await;
    let mut raw = Raw::connect(&peer, address).await;
    let mut streams = raw.control.accept(PROTOCOL).expect("asked once");
    let mut sender = peer.handle.messages(raw.id);
    let mut came = BTreeSet::new();
    // One at a time, since libp2p-stream drops what is not accepted at once.
    for id in 0..COUNT {
        let (_, sent) = sender.send(message(id, 100)).expect("it is small");
        let receive = async {
            let (_, mut stream) = streams.next().await.expect("a stream");
            let mut bytes = Vec::new();
            stream.read_to_end(&mut bytes).await.expect("it is closed");
            let envelope = Envelope::decode_length_delimited(&bytes[..]).expect("an envelope");
            assert_eq!(
                envelope.encode_length_delimited_to_vec(),
                bytes,
                "and no more"
            );
            came.insert(envelope.sequence);
            stream.write_all(&[1]).await.expect("a receipt");
            stream.close().await.expect("it is open");
        };
        let (sent, ()) = within("arrive", async { tokio::join!(sent, receive) }).await;
        sent.expect("there was a receipt");
    }
    assert!(came.into_iter().eq(0..COUNT));
    // A stream that is refused is no receipt.
    let (_, sent) = sender.send(message(COUNT, 100)).expect("it is small");
    let refuse = async { drop(streams.next().await) };
    let (sent, ()) = within("be refused", async { tokio::join!(sent, refuse) }).await;
    assert!(matches!(sent, Err(Error::NoReceipt(_))), "{sent:?}");
}

/// A stream that is still being written delays no other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_message_overtakes_one_that_is_still_being_written() {
    let (mut peer, address) = listening(config(Transport::Tcp, 0)).await;
    let mut raw = Raw::connect(&peer, address).await;
    let (first, second) = (frame(0, 10_000), frame(1, 10));
    let mut slow = raw.stream().await.expect("the peer speaks it");
    slow.write_all(&first[..5_000]).await.expect("open");
    slow.flush().await.expect("open");
    let mut fast = raw.stream().await.expect("the peer speaks it");
    exchange(&mut fast, &second).await.expect("a receipt");
    assert_eq!(next_sequence(&mut peer).await, 1);
    exchange(&mut slow, &first[5_000..])
        .await
        .expect("a receipt");
    assert_eq!(next_sequence(&mut peer).await, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hostile_streams_affect_no_other_peer() {
    let (mut peer, address) = listening(config(Transport::Tcp, 0)).await;
    let mut honest = Raw::connect(&peer, address.clone()).await;
    let mut hostile = Raw::connect(&peer, address).await;
    let one = frame(7, 1_000);
    let length = |length: u64| {
        let mut bytes = Vec::new();
        prost::encoding::encode_varint(length, &mut bytes);
        bytes
    };
    let mut over = length(MAX_ENVELOPE as u64 + 1);
    over.resize(MAX_FRAME + 1, 7);
    for (sequence, (name, bytes)) in (0..).zip([
        ("nothing", vec![]),
        ("a length prefix of 2^63", length(1 << 63)),
        ("a length prefix without end", vec![0xff; 4096]),
        ("a frame over the limit", over),
        ("a truncated frame", one[..500].to_vec()),
        ("no envelope", [length(100), vec![0xff; 100]].concat()),
        ("two messages", one.repeat(2)),
        ("a message and a byte", [&one[..], &[7]].concat()),
    ]) {
        let mut stream = hostile.stream().await.expect("the peer speaks it");
        let answer = exchange(&mut stream, &bytes).await;
        assert!(answer.is_none(), "{name}");
        let mut stream = honest.stream().await.expect("the peer speaks it");
        let answer = exchange(&mut stream, &frame(sequence, 10)).await;
        answer.unwrap_or_else(|| panic!("{name}: no receipt"));
        // Had it been taken, it would come first.
        assert_eq!(next_sequence(&mut peer).await, sequence, "{name}");
    }
}

/// Streams without data, or with a byte a second: their number and their lifetime are
/// limited, and another peer is not affected.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn slow_streams_are_limited_and_closed() {
    let (mut peer, address) = listening(config(Transport::Tcp, 0)).await;
    let mut honest = Raw::connect(&peer, address.clone()).await;
    let mut hostile = Raw::connect(&peer, address).await;
    let began = tokio::time::Instant::now();
    let mut slow = hostile.stream().await.expect("the peer speaks it");
    let dripping = tokio::spawn(async move {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        for byte in frame(0, 1_000) {
            second.tick().await;
            if slow.write_all(&[byte]).await.is_err() || slow.flush().await.is_err() {
                return began.elapsed();
            }
        }
        unreachable!("a thousand seconds are over")
    });
    let mut held = Vec::new();
    for _ in 0..5_000 {
        // One that is refused ends at once; the others stay open.
        if let Some(mut stream) = hostile.stream().await {
            let mut byte = [0];
            let ended = tokio::time::timeout(Duration::from_millis(1), stream.read(&mut byte));
            if ended.await.is_err() {
                held.push(stream);
            }
        }
        if began.elapsed() > PATIENCE / 2 {
            break;
        }
    }
    let mut open = 0;
    for stream in &mut held {
        let mut byte = [0];
        let ended = tokio::time::timeout(Duration::from_millis(20), stream.read(&mut byte));
        open += usize::from(ended.await.is_err());
    }
    assert!(open < STREAMS, "{open} and the slow one are being read");
    let mut stream = honest.stream().await.expect("the peer speaks it");
    exchange(&mut stream, &frame(1, 10))
        .await
        .expect("a receipt");
    assert_eq!(next_sequence(&mut peer).await, 1);
    let lived = within("be given up", dripping).await.expect("no panic");
    assert!(lived >= PATIENCE, "{lived:?}");
    // Its places are free again.
    let mut stream = hostile.stream().await.expect("the peer speaks it");
    exchange(&mut stream, &frame(2, 10))
        .await
        .expect("a receipt");
    assert_eq!(next_sequence(&mut peer).await, 2);
    let hostile_id = hostile.id;
    drop(hostile);
    hung_up(&mut peer, hostile_id).await;
}

fn config(transport: Transport, index: u32) -> Config {
    let mut config = support::peers::config(transport, index);
    config.protocols = [Protocol::Message].into();
    config
}

async fn connected(transport: Transport) -> (Peer, Peer) {
    let (one, _) = listening(config(transport, 0)).await;
    let (other, address) = listening(config(transport, 1)).await;
    within("dial", one.handle.dial(address))
        .await
        .expect("there");
    within("be dialled", other.handle.wait_connected(1)).await;
    (one, other)
}

async fn next_sequence(peer: &mut Peer) -> u64 {
    match next(peer).await {
        Inbound::Message { envelope, .. } => envelope.sequence,
        Inbound::HungUp { from, .. } => panic!("{from} hung up"),
    }
}

fn frame(sequence: u64, size: usize) -> Vec<u8> {
    let envelope = Envelope {
        id: sequence,
        kind: "TEST".into(),
        created_unix_nano: 1,
        deadline_unix_nano: 0,
        trace: None,
        sequence,
        incarnation: 1,
        payload: vec![7; size].into(),
    };
    envelope.encode_length_delimited_to_vec()
}

/// Writes `bytes` and closes the stream. Returns the receipt, if one comes.
async fn exchange(stream: &mut Stream, bytes: &[u8]) -> Option<Vec<u8>> {
    let mut answer = Vec::new();
    within("be answered", async {
        // It may be refused meanwhile.
        let _ = stream.write_all(bytes).await;
        let _ = stream.close().await;
        let _ = stream.read_to_end(&mut answer).await;
    })
    .await;
    (!answer.is_empty()).then_some(answer)
}

/// A libp2p peer that writes arbitrary bytes to its streams.
struct Raw {
    id: PeerId,
    to: PeerId,
    control: Control,
    swarm: JoinHandle<()>,
}

impl Raw {
    async fn connect(peer: &Peer, address: Multiaddr) -> Self {
        let mut swarm = bare_swarm();
        let (id, control) = (*swarm.local_peer_id(), swarm.behaviour().new_control());
        swarm.dial(address).expect("an address of TCP");
        let connected = async {
            while !matches!(
                swarm.select_next_some().await,
                SwarmEvent::ConnectionEstablished { .. }
            ) {}
        };
        within("connect", connected).await;
        let before = peer.handle.clone();
        let swarm = tokio::spawn(async move {
            loop {
                swarm.select_next_some().await;
            }
        });
        within("be connected", before.wait_connected(1)).await;
        Self {
            id,
            to: peer.handle.peer_id(),
            control,
            swarm,
        }
    }

    async fn stream(&mut self) -> Option<Stream> {
        let stream = self.control.open_stream(self.to, PROTOCOL);
        within("open a stream", stream).await.ok()
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        self.swarm.abort();
    }
}
