//! The reading end of a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asynchronous_codec::FramedRead;
use futures::{Stream, StreamExt as _};
use libp2p::{PeerId, swarm};
use proto::Envelope;
use tokio::sync::oneshot;

use super::Inbound;
use super::codec::Codec;
use super::handler::Never;

/// The messages of one incarnation of a channel, and then its end.
#[derive(Debug)]
pub(super) struct Reader {
    peer: PeerId,
    /// Dropped at the end: the other side waits for that.
    frames: Option<FramedRead<swarm::Stream, Codec>>,
    expected: Option<Position>,
    /// Done when the connection is gone, which the stream does not always tell.
    gone: oneshot::Receiver<Never>,
}

/// Where in the channel the next message has to stand.
#[derive(Debug)]
struct Position {
    incarnation: u32,
    sequence: u64,
}

impl Reader {
    pub(super) fn new(peer: PeerId, stream: swarm::Stream, gone: oneshot::Receiver<Never>) -> Self {
        Self {
            peer,
            frames: Some(FramedRead::new(stream, Codec)),
            expected: None,
            gone,
        }
    }

    /// `None` at the end of the stream; an error for what no honest peer sends.
    fn check(
        &mut self,
        frame: Option<std::io::Result<Envelope>>,
    ) -> Result<Option<Envelope>, String> {
        let envelope = match frame {
            None => return Ok(None),
            Some(Err(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                return Err(error.to_string());
            }
            Some(Err(_)) => return Ok(None), // The stream was reset.
            Some(Ok(envelope)) => envelope,
        };
        let expected = self.expected.get_or_insert(Position {
            incarnation: envelope.incarnation,
            sequence: 0,
        });
        if (envelope.incarnation, envelope.sequence) != (expected.incarnation, expected.sequence) {
            return Err(format!(
                "message {} of incarnation {} where {} of {} had to come",
                envelope.sequence, envelope.incarnation, expected.sequence, expected.incarnation
            ));
        }
        expected.sequence += 1;
        Ok(Some(envelope))
    }
}

impl Stream for Reader {
    type Item = Inbound;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Inbound>> {
        let from = self.peer;
        let Some(frames) = &mut self.frames else {
            return Poll::Ready(None);
        };
        let frame = match frames.poll_next_unpin(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => {
                let _ = ready!(Pin::new(&mut self.gone).poll(cx));
                None
            }
        };
        let envelope = self.check(frame).unwrap_or_else(|violation| {
            tracing::info!(peer = %from, violation, "closed a channel that broke the protocol");
            None
        });
        Poll::Ready(Some(match envelope {
            Some(envelope) => Inbound::Message { from, envelope },
            None => {
                self.frames = None;
                Inbound::HungUp { from }
            }
        }))
    }
}
