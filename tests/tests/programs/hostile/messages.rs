//! Attacks on messages that have a stream of their own.

use std::time::Duration;

use futures::{AsyncReadExt as _, AsyncWriteExt as _};
use libp2p::swarm::Stream;
use node::message::{PROTOCOL, STREAMS};
use proto::MAX_ENVELOPE;
use tokio::time::timeout;

use crate::hostile::frames::varint;
use crate::hostile::node::Node;
use crate::hostile::stranger::{Stranger, closed, write};

pub(crate) async fn enormous(node: Node) -> Stranger {
    let mut stranger = Stranger::new(node);
    let stream = stranger.stream(PROTOCOL).await;
    let mut stream = stream.expect("the node speaks it");
    write(&mut stream, &varint(1 << 63)).await;
    closed(&mut stream).await;
    stranger
}

/// Streams that are not refused stay open until they time out.
pub(crate) async fn unfinished(node: Node) -> (Stranger, Vec<Stream>) {
    let mut stranger = Stranger::new(node);
    let mut bytes = varint(MAX_ENVELOPE as u64);
    bytes.resize(bytes.len() + MAX_ENVELOPE - 1, 7);
    let mut streams = Vec::new();
    for _ in 0..2_000 {
        let Some(mut stream) = stranger.stream(PROTOCOL).await else {
            continue;
        };
        // One that is refused takes no more than a window of it, if that.
        let fits = timeout(Duration::from_secs(1), async {
            stream.write_all(&bytes).await?;
            stream.flush().await
        });
        let written = matches!(fits.await, Ok(Ok(())));
        let ended = timeout(Duration::from_millis(1), stream.read(&mut [0])).await;
        if written && ended.is_err() {
            streams.push(stream);
        }
    }
    let mut read = 0;
    for stream in &mut streams {
        let mut byte = [0];
        let ended = timeout(Duration::from_millis(20), stream.read(&mut byte));
        read += usize::from(ended.await.is_err());
    }
    assert!((1..=STREAMS).contains(&read), "{read} are read");
    (stranger, streams)
}
