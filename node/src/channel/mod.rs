//! The channel: reliable, FIFO messages from one peer to another.
//!
//! A channel is unidirectional: one long-lived substream with one writer, pinned to
//! one connection. It carries [`Envelope`]s behind length prefixes. Two peers that
//! send to each other have two channels. Order and reliability come from the stream.
//! This module preserves them from end to end: it has one bounded buffer in front of
//! the stream and one reader behind it, and drops nothing. A full buffer causes
//! back-pressure, and so does a peer that does not read, through the stream's window.
//! Sequence numbers allow a check afterwards.
//!
//! [`Sender`] is the sending end, [`Inbox`] the receiving ends of all channels
//! to this peer, in one place. Both work on the streams themselves, so a frame
//! costs the connection's task no extra wake-up. Dropping the sender hangs up:
//! waiting messages are still written, then the stream is closed. The next channel
//! to that peer is opened when this one was read to its end, so back-pressure also
//! holds for a peer that opens and hangs up faster than the other reads.
//!
//! As in rust-libp2p, `behaviour.rs` handles the peer, `handler.rs` one connection of
//! it, `codec.rs` the bytes; `writer.rs` and `reader.rs` are the two ends of a
//! stream.

mod behaviour;
mod codec;
mod handler;
mod inbox;
mod reader;
mod writer;

use std::convert::Infallible;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::swarm::{ConnectionId, StreamProtocol};
use libp2p::{PeerId, swarm};
use proto::{Bytes, Envelope, TraceContext};
use tokio::sync::oneshot;
use tokio::time::Instant;
use trace::time::{self, nanos};

use crate::dial::NO_ROOM;

pub use behaviour::Behaviour;
pub use codec::{Codec, MAX_FRAME};
pub(crate) use inbox::Arrival;
pub use inbox::Inbox;
pub use writer::OUTBOUND_BYTES;
use writer::Writer;

/// The protocol's name in multistream-select.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/testbed/channel/1.0.0");

/// How many opened channels, and messages on streams of their own, wait for the peer to
/// read them. A guess.
const ARRIVALS: usize = 32;

/// No value of this type is ever sent: the end of its channel signals that the sender
/// was dropped.
type Never = Infallible;

/// An event of the inbox. Those of one channel are in order; messages on streams of their
/// own ([`crate::message`]) are not.
#[derive(Debug)]
pub enum Inbound {
    /// A message has arrived.
    Message {
        /// The sender: the connection's authenticated peer.
        from: PeerId,
        /// The message.
        envelope: Envelope,
    },
    /// The channel from that peer has ended: it hung up, broke the protocol,
    /// or the connection is closed. No more messages follow on this incarnation. For
    /// messages on streams of their own, the connection is closed.
    HungUp {
        /// The remote peer.
        from: PeerId,
        /// The connection of the channel.
        connection: ConnectionId,
    },
}

/// Why a channel cannot be opened or a message cannot be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection to that peer.
    #[error("no connection to {0}")]
    NotConnected(PeerId),
    /// The other side closed the connection as soon as it was made.
    #[error("{0} closed the connection as soon as it was made; {NO_ROOM}")]
    TurnedAway(PeerId),
    /// The other side does not speak the protocol.
    #[error("{0} does not speak {PROTOCOL}")]
    Unsupported(PeerId),
    /// A channel to that peer is open already.
    #[error("a channel to {0} is open already")]
    AlreadyOpen(PeerId),
    /// The other side, or the connection, closed it.
    #[error("the channel to {0} is closed")]
    Closed(PeerId),
    /// This peer was started without the channel protocol.
    #[error("the channel protocol is switched off on this peer")]
    SwitchedOff,
    /// The stream could not be opened.
    #[error("cannot open a stream to {peer}: {error}")]
    Stream {
        /// The remote peer.
        peer: PeerId,
        /// The swarm's error.
        error: swarm::StreamUpgradeError<Infallible>,
    },
    /// The other side would reject the message.
    #[error(transparent)]
    Envelope(#[from] proto::Error),
}

impl Error {
    /// Whether the connection went away under the channel.
    pub(crate) fn is_closed(&self) -> bool {
        use swarm::StreamUpgradeError::Io;
        matches!(self, Self::Closed(_) | Self::Stream { error: Io(_), .. })
    }
}

/// The sender's part of an envelope; the channel adds the rest.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Unique among the messages of this peer.
    pub id: u64,
    /// The message's name in its algorithm.
    pub kind: &'static str,
    /// How long the message is of use.
    pub within: Option<Duration>,
    /// The step that sends it.
    pub trace: Option<TraceContext>,
    /// The message in its algorithm's encoding.
    pub payload: Bytes,
}

impl Outgoing {
    /// The envelope of the message, with its sequence number.
    pub(crate) fn envelope(&self, sequence: u64, incarnation: u32) -> Envelope {
        let created = trace::time::unix_nano(time::now());
        let deadline = |within| created.saturating_add(nanos(within));
        Envelope {
            id: self.id,
            kind: self.kind.into(),
            created_unix_nano: created,
            deadline_unix_nano: self.within.map(deadline),
            trace: self.trace,
            sequence,
            incarnation,
            payload: self.payload.clone(),
        }
    }
}

/// The sending end of a channel. It is not `Clone`: a channel has one writer.
#[derive(Debug)]
pub struct Sender {
    peer: PeerId,
    connection: ConnectionId,
    incarnation: u32,
    not_before: Option<Instant>,
    next_sequence: u64,
    /// `writer` and `back` are `Some` until the sender is dropped.
    writer: Option<Writer>,
    back: Option<oneshot::Sender<Writer>>,
}

impl Sender {
    /// The receiving peer.
    pub fn peer(&self) -> PeerId {
        self.peer
    }

    /// The number of the channel's opening, from 1.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The connection that carries it.
    pub fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Messages that were sent before are not for this channel: the peer had crashed then
    /// ([`Handle::forget`](crate::Handle::forget)).
    pub(crate) fn not_before(&self) -> Option<Instant> {
        self.not_before
    }

    /// Whether its connection is closed.
    pub fn is_closed(&self) -> bool {
        self.back.as_ref().is_none_or(oneshot::Sender::is_closed)
    }

    /// Whether another message may wait in front of the stream.
    pub fn has_room(&self) -> bool {
        self.writer.as_ref().is_some_and(Writer::has_room)
    }

    /// Waits until another message may wait in front of the stream.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        match self.has_room() {
            true => Poll::Ready(Ok(())),
            false => match self.poll_flush(cx) {
                Poll::Pending if self.has_room() => Poll::Ready(Ok(())),
                flushed => flushed,
            },
        }
    }

    /// Queues a message in front of the stream, and returns its sequence number. It is
    /// written by [`Sender::poll_flush`], or when the sender is dropped.
    ///
    /// # Errors
    /// [`Error::Envelope`] for a message that is too large.
    pub fn start_send(&mut self, message: &Outgoing) -> Result<u64, Error> {
        let envelope = message.envelope(self.next_sequence, self.incarnation);
        envelope.check()?;
        let writer = self.writer.as_mut().ok_or(Error::Closed(self.peer))?;
        let pushed = writer.push(envelope);
        pushed.map_err(|_| Error::Closed(self.peer))?;
        self.next_sequence += 1;
        Ok(self.next_sequence - 1)
    }

    /// Writes queued messages.
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let closed = Error::Closed(self.peer);
        let (Some(writer), Some(back)) = (&mut self.writer, &mut self.back) else {
            return Poll::Ready(Err(closed));
        };
        // A stream that waits for its window does not learn that the connection is
        // closed.
        if back.poll_closed(cx).is_ready() {
            return Poll::Ready(Err(closed));
        }
        writer.poll_flush(cx).map_err(|_| closed)
    }

    /// Sends a message, and returns its sequence number when the stream has
    /// taken it.
    ///
    /// # Errors
    /// Those of [`Sender::poll_flush`] and [`Sender::start_send`].
    pub async fn send(&mut self, message: Outgoing) -> Result<u64, Error> {
        std::future::poll_fn(|cx| self.poll_ready(cx)).await?;
        let sequence = self.start_send(&message)?;
        std::future::poll_fn(|cx| self.poll_flush(cx)).await?;
        Ok(sequence)
    }
}

/// The connection writes queued messages and then closes the channel.
impl Drop for Sender {
    fn drop(&mut self) {
        if let (Some(back), Some(writer)) = (self.back.take(), self.writer.take()) {
            // An error means that the connection is closed.
            let _ = back.send(writer);
        }
    }
}
