//! The two ends of a stream that carries one message.

use std::io;

use asynchronous_codec::{Encoder as _, FramedRead};
use bytes::BytesMut;
use futures::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, StreamExt as _};
use libp2p::PeerId;
use libp2p::swarm::Stream;
use proto::Envelope;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio::time::timeout;

use super::{Error, PATIENCE};
use crate::channel::{Arrival, Codec};

/// The receipt: the message is in the inbox.
const RECEIPT: u8 = 1;

/// Writes the message, and waits for its receipt, which comes once the other side's
/// inbox has taken the message.
pub(super) async fn send(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    peer: PeerId,
    envelope: Envelope,
) -> Result<(), Error> {
    let exchange = async {
        let mut bytes = BytesMut::new();
        Codec.encode(envelope, &mut bytes)?;
        stream.write_all(&bytes).await?;
        stream.close().await?;
        let mut receipt = [0];
        stream.read_exact(&mut receipt).await?;
        Ok::<_, io::Error>(receipt == [RECEIPT])
    };
    match exchange.await {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err(Error::NoReceipt(peer)),
    }
}

/// Reads the message that `stream` carries, passes it to the inbox, and sends the
/// receipt. A stream that breaks the protocol is dropped, which refuses it.
pub(super) async fn receive(
    mut stream: Stream,
    peer: PeerId,
    inbox: mpsc::Sender<Arrival>,
    place: OwnedSemaphorePermit,
) {
    let envelope = match timeout(PATIENCE, read(&mut stream)).await {
        Ok(Ok(envelope)) => envelope,
        Ok(Err(violation)) => {
            tracing::info!(%peer, %violation, "refused a message");
            return;
        }
        Err(_) => {
            tracing::info!(%peer, "refused a message that does not come to its end");
            return;
        }
    };
    let arrived = inbox.send(Arrival::Message(peer, envelope)).await;
    // The sender may open another stream on receipt, so its place is freed before.
    drop(place);
    if arrived.is_ok() {
        // The other side may have stopped waiting.
        let _ = timeout(PATIENCE, async {
            stream.write_all(&[RECEIPT]).await?;
            stream.close().await
        })
        .await;
    }
}

/// One envelope, and then the end.
async fn read(stream: impl AsyncRead + Unpin) -> io::Result<Envelope> {
    let mut frames = FramedRead::new(stream, Codec);
    let Some(envelope) = frames.next().await else {
        return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "no message"));
    };
    let envelope = envelope?;
    match frames.next().await {
        None => Ok(envelope),
        Some(Err(error)) => Err(error),
        Some(Ok(_)) => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "a second message on the same stream",
        )),
    }
}

#[cfg(test)]
mod tests {
    use futures::executor::block_on;
    use futures::io::Cursor;
    use proto::Bytes;

    use super::*;

    fn frame(size: usize) -> Vec<u8> {
        let envelope = Envelope {
            id: 1,
            kind: "TEST".into(),
            created_unix_nano: 2,
            deadline_unix_nano: None,
            trace: None,
            sequence: 7,
            incarnation: 1,
            payload: Bytes::from(vec![7; size]),
        };
        let mut wire = BytesMut::new();
        Codec.encode(envelope, &mut wire).expect("a small frame");
        wire.to_vec()
    }

    #[test]
    fn a_stream_carries_exactly_one_message() {
        let one = frame(20_000);
        let read = |bytes: &[u8]| block_on(read(Cursor::new(bytes)));
        assert_eq!(read(&one).expect("one message").sequence, 7);
        for (name, bytes) in [
            ("nothing", vec![]),
            ("a truncated message", one[..10_000].to_vec()),
            ("two messages", one.repeat(2)),
            ("a message and a byte", [&one[..], &[7]].concat()),
            ("a length over the limit", vec![0xff, 0xff, 0xff, 0x7f]),
        ] {
            assert!(read(&bytes).is_err(), "{name}");
        }
    }
}
