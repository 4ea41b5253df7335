//! The channel: reliable, FIFO messages from one peer to another.
//!
//! A channel is one direction. It is one long-lived substream with one writer,
//! pinned to one connection, and carries [`Envelope`]s behind length prefixes.
//! Two peers that talk have two channels. Order and reliability come from the
//! stream; what makes them hold from end to end is here: one bounded queue in
//! front of the writer, one in front of the reader, and nothing ever dropped
//! from either (a full queue pushes back, over the stream's window, as far as
//! the sender's own queue). Sequence numbers let anybody check it afterwards.
//!
//! [`Sender`] is the sending end, [`Inbound`] what comes out of the receiving
//! ends of all channels to this peer, in one queue. Dropping the sender hangs
//! up: what was queued is still written, then the stream is closed. The next
//! channel to that peer is opened when this one was read to its end, so a peer
//! that opens and hangs up faster than the other reads is held as well.
//!
//! In the manner of rust-libp2p there are three files: `behaviour.rs` knows the
//! peer, `handler.rs` one connection of it, `codec.rs` the bytes.

mod behaviour;
mod codec;
mod handler;
mod load;

use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use libp2p::swarm::StreamProtocol;
use libp2p::{PeerId, swarm};
use proto::{Bytes, Envelope, TraceContext};
use tokio::sync::mpsc::{self, error::TrySendError};
use tokio_util::sync::PollSender;

pub use behaviour::{Behaviour, Event};
pub use codec::MAX_FRAME;
use load::Load;
pub use load::OUTBOUND_BYTES;

/// The protocol's name in multistream-select.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/testbed/channel/1.0.0");

/// How many messages wait in front of a channel's writer. A guess: enough to
/// fill a TCP segment with small messages, little enough to push back early.
pub const OUTBOUND_QUEUE: usize = 64;

/// How many messages from all channels together wait for the peer. A guess,
/// as above.
pub const INBOUND_QUEUE: usize = 256;

/// What the channels to this peer deliver, each channel in its order.
#[derive(Debug)]
pub enum Inbound {
    /// A message has come.
    Message {
        /// Who sent it: the connection's authenticated peer.
        from: PeerId,
        /// What was sent.
        envelope: Envelope,
    },
    /// The channel from that peer has ended: it hung up, broke the protocol,
    /// or the connection is gone. Nothing more comes on this incarnation.
    HungUp {
        /// Whose channel it was.
        from: PeerId,
    },
}

/// Why a channel cannot be opened, or a message not be sent.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection to that peer.
    #[error("no connection to {0}")]
    NotConnected(PeerId),
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
        /// To whom.
        peer: PeerId,
        /// What the swarm says.
        error: swarm::StreamUpgradeError<std::convert::Infallible>,
    },
    /// The message is one that the other side would refuse.
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

/// What the sender of a message says of it; the channel adds the rest.
#[derive(Clone, Debug)]
pub struct Outgoing {
    /// Unique among the messages of this peer.
    pub id: u64,
    /// The message's name in its algorithm.
    pub kind: &'static str,
    /// How long it is of use.
    pub within: Option<Duration>,
    /// The step that sends it.
    pub trace: Option<TraceContext>,
    /// The message in its algorithm's encoding.
    pub payload: Bytes,
}

/// The sending end of a channel. It is not `Clone`: a channel has one writer.
#[derive(Debug)]
pub struct Sender {
    peer: PeerId,
    incarnation: u32,
    next_sequence: u64,
    queue: PollSender<Envelope>,
    load: Arc<Load>,
}

impl Sender {
    fn new(peer: PeerId, incarnation: u32, queue: mpsc::Sender<Envelope>, load: Arc<Load>) -> Self {
        Self {
            peer,
            incarnation,
            next_sequence: 0,
            queue: PollSender::new(queue),
            load,
        }
    }

    /// To whom this channel leads.
    pub fn peer(&self) -> PeerId {
        self.peer
    }

    /// Which opening of the channel to this peer it is, from 1.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// Waits until the queue has room for one message, and keeps that room
    /// for the next [`Sender::start_send`].
    ///
    /// # Errors
    /// [`Error::Closed`].
    pub fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Error>> {
        let closed = |_| Error::Closed(self.peer);
        let is_open = |queue: &mpsc::Sender<_>| !queue.is_closed();
        if self.load.poll_room(cx).is_pending() && self.queue.get_ref().is_some_and(is_open) {
            return Poll::Pending;
        }
        self.queue.poll_reserve(cx).map_err(closed)
    }

    /// Queues a message and returns its sequence number. Only after
    /// [`Sender::poll_ready`] was ready.
    ///
    /// # Errors
    /// [`Error::Closed`], and [`Error::Envelope`] for what is too large.
    pub fn start_send(&mut self, message: Outgoing) -> Result<u64, Error> {
        let envelope = self.envelope(message);
        envelope.check()?;
        let closed = |_| Error::Closed(self.peer);
        self.load.add(&envelope);
        self.queue.send_item(envelope).map_err(closed)?;
        self.next_sequence += 1;
        Ok(self.next_sequence - 1)
    }

    /// Queues a message if there is room, and gives it back if there is none.
    ///
    /// # Errors
    /// As [`Sender::start_send`].
    pub fn try_send(&mut self, message: Outgoing) -> Result<Option<Outgoing>, Error> {
        let queue = self.queue.get_ref().ok_or(Error::Closed(self.peer))?;
        let permit = match queue.try_reserve() {
            Ok(_) if !self.load.has_room() => return Ok(Some(message)),
            Ok(permit) => permit,
            Err(TrySendError::Full(())) => return Ok(Some(message)),
            Err(TrySendError::Closed(())) => return Err(Error::Closed(self.peer)),
        };
        let envelope = self.envelope(message);
        envelope.check()?;
        self.load.add(&envelope);
        permit.send(envelope);
        self.next_sequence += 1;
        Ok(None)
    }

    fn envelope(&self, message: Outgoing) -> Envelope {
        let created = unix_nano(SystemTime::now());
        let deadline = |within| created.saturating_add(nanos(within));
        Envelope {
            id: message.id,
            kind: message.kind.to_owned(),
            created_unix_nano: created,
            deadline_unix_nano: message.within.map(deadline),
            trace: message.trace,
            sequence: self.next_sequence,
            incarnation: self.incarnation,
            payload: message.payload,
        }
    }
}

/// Nanoseconds since the Unix epoch; 0 for a clock before it.
pub(crate) fn unix_nano(time: SystemTime) -> u64 {
    nanos(time.duration_since(UNIX_EPOCH).unwrap_or_default())
}

/// A duration in nanoseconds; `u64::MAX` (584 years) for a longer one.
fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}
