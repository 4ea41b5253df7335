//! The reading end of a stream.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use asynchronous_codec::FramedRead;
use futures::{Stream, StreamExt as _};
use libp2p::PeerId;
use libp2p::swarm::{self, ConnectionId};
use proto::Envelope;
use tokio::sync::oneshot;

use super::codec::Codec;
use super::inbox::Opened;
use super::{Inbound, Never};

/// The messages of one incarnation of a channel, and then its end.
#[derive(Debug)]
pub(super) struct Reader {
    peer: PeerId,
    connection: ConnectionId,
    /// Dropped at the end: the other side waits for that.
    frames: Option<FramedRead<swarm::Stream, Codec>>,
    expected: Option<Position>,
    /// Done when the connection is closed, which the stream does not always report.
    gone: oneshot::Receiver<Never>,
}

/// The expected position of the next message in the channel.
#[derive(Debug)]
struct Position {
    incarnation: u32,
    sequence: u64,
}

impl Reader {
    pub(super) fn new(peer: PeerId, opened: Opened) -> Self {
        Self {
            peer,
            connection: opened.connection,
            frames: Some(FramedRead::new(opened.stream, Codec)),
            expected: None,
            gone: opened.gone,
        }
    }

    /// `None` at the end of the stream; an error for a protocol violation.
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
        let (from, connection) = (self.peer, self.connection);
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
                Inbound::HungUp { from, connection }
            }
        }))
    }
}

#[cfg(test)]
mod tests {
    use property::check;
    use property::proptest::collection::vec;
    use property::proptest::prelude::{Just, Strategy, any, prop_oneof};
    use property::proptest::{prop_assert, prop_assert_eq};

    use super::*;

    fn envelope(incarnation: u32, sequence: u64) -> Envelope {
        Envelope {
            id: sequence,
            kind: "PING".into(),
            created_unix_nano: 0,
            deadline_unix_nano: None,
            trace: None,
            sequence,
            incarnation,
            payload: proto::Bytes::new(),
        }
    }

    /// Positions of which the first ones are in order.
    fn places() -> impl Strategy<Value = Vec<(u32, u64)>> {
        let good = (any::<u32>(), 0_u64..8);
        let good = good.prop_map(|(incarnation, count)| {
            let places = (0..count).map(|sequence| (incarnation, sequence));
            places.collect::<Vec<_>>()
        });
        let others = vec((prop_oneof![Just(1), any::<u32>()], 0_u64..10), 0..4);
        (good, others).prop_map(|(good, others)| [good, others].concat())
    }

    #[test]
    fn only_one_incarnation_without_gaps_is_accepted() {
        check(512, places(), |places| {
            let (_connection, gone) = oneshot::channel();
            let mut reader = Reader {
                peer: PeerId::random(),
                connection: ConnectionId::new_unchecked(1),
                frames: None,
                expected: None,
                gone,
            };
            let first = places.first().map(|(incarnation, _)| *incarnation);
            for (expected, (incarnation, sequence)) in (0..).zip(places) {
                let sent = envelope(incarnation, sequence);
                let taken = reader.check(Some(Ok(sent.clone())));
                if (Some(incarnation), sequence) == (first, expected) {
                    prop_assert_eq!(taken, Ok(Some(sent)));
                } else {
                    let message = format!("message {sequence} of incarnation {incarnation}");
                    let why = taken.err().unwrap_or_default();
                    prop_assert!(why.contains(&message), "{}", why);
                    break;
                }
            }
            Ok(())
        });
    }
}
