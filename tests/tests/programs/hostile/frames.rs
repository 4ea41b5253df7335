//! Attacks of an authenticated peer, most on the channel protocol.

use algorithms::Message as _;
use algorithms::ping_pong::Message;
use std::time::Duration;

use futures::StreamExt as _;
use futures::{AsyncWriteExt as _, io};
use libp2p::StreamProtocol;
use libp2p::swarm::Stream;
use node::channel::{MAX_FRAME, PROTOCOL};
use prost::Message as _;
use proto::v1::{Envelope, TraceContext};
use proto::{Bytes, MAX_BODY, MAX_ENVELOPE};
use support::peers::within;

use crate::hostile::node::Node;
use crate::hostile::stranger::{Stranger, closed, write};

/// The bytes of a flood: more than any limit admits at once.
const FLOOD: usize = 512 << 20;

pub(crate) async fn slowly(node: Node) -> Stranger {
    let mut stranger = Stranger::new(node);
    let mut stream = stranger.channel().await;
    tokio::spawn(async move {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        for byte in frame(&ping(0, 100)) {
            second.tick().await;
            write(&mut stream, &[byte]).await;
        }
    });
    stranger
}

pub(crate) async fn unknown_protocol(node: Node) -> Stranger {
    let mut stranger = Stranger::new(node);
    let unknown = StreamProtocol::new("/no/such/protocol/9.9.9");
    assert!(stranger.stream(unknown).await.is_none());
    stranger
}

pub(crate) async fn enormous(node: Node) -> Stranger {
    refused(node, &varint(1 << 63)).await
}

pub(crate) async fn endless_prefix(node: Node) -> Stranger {
    refused(node, &[0xff; 4096]).await
}

pub(crate) async fn too_long(node: Node) -> Stranger {
    let mut bytes = varint(MAX_ENVELOPE as u64 + 1);
    bytes.resize(bytes.len() + MAX_ENVELOPE + 1, 7);
    refused(node, &bytes).await
}

pub(crate) async fn truncated(node: Node) -> Stranger {
    let mut stranger = Stranger::new(node);
    let mut stream = stranger.channel().await;
    let frame = frame(&ping(0, 1_000));
    write(&mut stream, &frame[..500]).await;
    within("close", stream.close()).await.expect("still open");
    closed(&mut stream).await;
    stranger
}

/// The length of the largest frame, a byte of it, and no more.
pub(crate) async fn promised(node: Node) -> (Stranger, Stream) {
    let mut stranger = Stranger::new(node);
    let mut stream = stranger.channel().await;
    let mut bytes = varint(MAX_ENVELOPE as u64);
    bytes.push(7);
    write(&mut stream, &bytes).await;
    (stranger, stream)
}

pub(crate) async fn nonsense(node: Node) -> Stranger {
    let mut bytes = varint(100);
    bytes.extend([0xff; 100]);
    refused(node, &bytes).await
}

pub(crate) async fn zero_trace_id(node: Node) -> Stranger {
    traced(node, &[0; 16]).await
}

pub(crate) async fn long_trace_id(node: Node) -> Stranger {
    traced(node, &[7; 1024]).await
}

async fn traced(node: Node, trace_id: &'static [u8]) -> Stranger {
    let trace = TraceContext {
        trace_id: Bytes::from_static(trace_id),
        span_id: Bytes::from_static(&[1; 8]),
        flags: 1,
    };
    let envelope = Envelope {
        trace: Some(trace),
        ..ping(0, 10)
    };
    refused(node, &frame(&envelope)).await
}

pub(crate) async fn no_kind(node: Node) -> Stranger {
    let kind = String::new();
    refused(
        node,
        &frame(&Envelope {
            kind,
            ..ping(0, 10)
        }),
    )
    .await
}

pub(crate) async fn wrong_sequence(node: Node) -> Stranger {
    refused(node, &frame(&ping(5, 10))).await
}

pub(crate) async fn wrong_incarnation(node: Node) -> Stranger {
    let mut bytes = frame(&ping(0, 10));
    let incarnation = 2;
    bytes.extend(frame(&Envelope {
        incarnation,
        ..ping(1, 10)
    }));
    refused(node, &bytes).await
}

pub(crate) async fn says_nothing(node: Node) -> Stranger {
    ignored(node, Vec::new()).await
}

pub(crate) async fn no_message(node: Node) -> Stranger {
    ignored(node, vec![0xff; 100]).await
}

/// A payload that the algorithm cannot take is ignored, and the channel goes
/// on: the next PING makes the node open its own for the PONG.
async fn ignored(node: Node, payload: Vec<u8>) -> Stranger {
    let mut stranger = Stranger::new(node);
    let mut answers = stranger.accept();
    let mut stream = stranger.channel().await;
    let payload = payload.into();
    write(
        &mut stream,
        &frame(&Envelope {
            payload,
            ..ping(0, 0)
        }),
    )
    .await;
    write(&mut stream, &frame(&ping(1, 10))).await;
    let answer = within("answer the next", answers.next()).await;
    answer.expect("a channel back");
    stranger
}

/// Streams on which nothing comes. Those that are not refused stay open.
pub(crate) async fn many_streams(node: Node) -> (Stranger, Vec<Stream>) {
    let mut stranger = Stranger::new(node);
    let mut streams = Vec::new();
    for number in 0..5_000 {
        let other = StreamProtocol::new("/ipfs/kad/1.0.0");
        let protocol = if number % 2 == 0 { PROTOCOL } else { other };
        streams.extend(stranger.stream(protocol).await);
    }
    assert!(!streams.is_empty());
    (stranger, streams)
}

/// It accepts the channels for the PONGs, and never reads them. Whenever it is
/// disconnected, it connects again.
pub(crate) async fn flood(node: Node) -> (Stranger, Vec<Stream>) {
    let mut stranger = Stranger::new(node);
    let mut answers = stranger.accept();
    let (unread, mut held) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some((_, stream)) = answers.next().await {
            let _ = unread.send(stream);
        }
    });
    let (mut sent, mut thrown_out, mut refused) = (0, 0, 0);
    while sent < FLOOD {
        let Some(mut stream) = stranger.stream(PROTOCOL).await else {
            refused += 1;
            assert!(refused < 1_000, "after {sent} bytes");
            // The old connection is still being closed.
            tokio::time::sleep(Duration::from_millis(10)).await;
            continue;
        };
        for sequence in 0.. {
            if sent >= FLOOD {
                break;
            }
            let frame = frame(&ping(sequence, MAX_BODY));
            if send(&mut stream, &frame).await.is_err() {
                thrown_out += 1;
                break;
            }
            sent += MAX_FRAME;
        }
    }
    assert!(thrown_out > 0, "who does not read is given up");
    let mut streams = Vec::new();
    while let Ok(stream) = held.try_recv() {
        streams.push(stream);
    }
    assert!(!streams.is_empty(), "the node answers");
    (stranger, streams)
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> io::Result<()> {
    within("send", async {
        stream.write_all(bytes).await?;
        stream.flush().await
    })
    .await
}

/// Writes `bytes` on a channel, which the node then closes.
async fn refused(node: Node, bytes: &[u8]) -> Stranger {
    let mut stranger = Stranger::new(node);
    let mut stream = stranger.channel().await;
    write(&mut stream, bytes).await;
    closed(&mut stream).await;
    stranger
}

fn ping(sequence: u64, size: usize) -> Envelope {
    let data = vec![7; size].into();
    let message = Message::Ping { id: sequence, data };
    Envelope {
        id: sequence,
        kind: "PING".into(),
        created_unix_nano: 1,
        deadline_unix_nano: 0,
        trace: None,
        sequence,
        incarnation: 1,
        payload: message.to_payload(),
    }
}

fn frame(envelope: &Envelope) -> Vec<u8> {
    envelope.encode_length_delimited_to_vec()
}

pub(crate) fn varint(value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(value, &mut bytes);
    bytes
}
