//! Messages without order: each travels on a stream of its own.
//!
//! A stream carries one [`Envelope`] behind its length, and is closed. The receiver
//! answers with one byte, the receipt, once its [`Inbox`] has taken the message. So a
//! message arrives once, or its sender learns that no receipt came; and between two
//! messages there is no order at all: each stream is opened, written and read by a
//! task of its own, and the last may arrive first. An algorithm that needs the order
//! of a channel fails here.
//!
//! Receipts also provide back-pressure: [`STREAMS`] messages are under way to a
//! peer at once, and a peer that does not read sends no receipts. The end of the
//! stream would not suffice: a refused stream ends as well.
//!
//! As in rust-libp2p, `behaviour.rs` handles the peer, `handler.rs` one connection
//! of it, `stream.rs` the two ends of a stream. The bytes are
//! those of the [`channel`](crate::channel), and so are the inbox and its
//! events. `libp2p-stream` is not used: it drops streams that come faster than
//! they are accepted, and opens one at a time.
//!
//! [`Inbox`]: crate::channel::Inbox

mod behaviour;
mod handler;
mod stream;

use std::sync::Arc;
use std::time::Duration;

use libp2p::swarm::StreamProtocol;
use libp2p::{PeerId, swarm};
use proto::Envelope;
use tokio::sync::{Semaphore, oneshot};

pub use behaviour::Behaviour;

use crate::Handle;
use crate::channel::Outgoing;

/// The protocol's name in multistream-select.
pub const PROTOCOL: StreamProtocol = StreamProtocol::new("/testbed/message/1.0.0");

/// How many messages are under way at once on one connection in one direction.
/// Further streams are refused. With frames of 1 MiB they may take as much memory as
/// the initial windows of 128 streams, the limit for strangers. Far below the 512
/// streams at which Yamux ends a connection.
pub const STREAMS: usize = 32;

/// How long a message may take from the opening of its stream to its last
/// byte. libp2p allows as much for the negotiation before it.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// Why a message cannot be sent, or may not have arrived.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no connection to that peer.
    #[error("no connection to {0}")]
    NotConnected(PeerId),
    /// The other side does not speak the protocol.
    #[error("{0} does not speak {PROTOCOL}")]
    Unsupported(PeerId),
    /// This peer was started without the protocol.
    #[error("{PROTOCOL} is switched off on this peer")]
    SwitchedOff,
    /// The stream could not be opened.
    #[error("cannot open a stream to {peer}: {error}")]
    Stream {
        /// The receiver.
        peer: PeerId,
        /// The swarm's error.
        error: swarm::StreamUpgradeError<std::convert::Infallible>,
    },
    /// Too many messages are waiting for a stream: a caller bypasses the [`Sender`]'s own
    /// bound.
    #[error("too many messages are waiting for streams to {0}")]
    TooMany(PeerId),
    /// It may have arrived, or not: the connection is gone, or the other side
    /// refused it.
    #[error("no receipt came from {0}")]
    NoReceipt(PeerId),
    /// The other side would reject the message.
    #[error(transparent)]
    Envelope(#[from] proto::Error),
}

/// An envelope on its way out, and the channel for its receipt.
#[derive(Debug)]
pub struct Parcel {
    pub(crate) envelope: Envelope,
    pub(crate) reply: oneshot::Sender<Result<(), Error>>,
}

/// Sends messages to one peer, and numbers them in the order in which they are sent. They
/// may arrive in another order.
#[derive(Debug)]
pub struct Sender {
    handle: Handle,
    peer: PeerId,
    next_sequence: u64,
    places: Arc<Semaphore>,
}

impl Sender {
    pub(crate) fn new(handle: Handle, peer: PeerId) -> Self {
        Self {
            handle,
            peer,
            next_sequence: 0,
            places: Arc::new(Semaphore::new(STREAMS)),
        }
    }

    /// Numbers a message. It is sent by the future, which is done when the
    /// receipt has come. At most [`STREAMS`] such futures proceed at a time.
    ///
    /// # Errors
    /// [`Error::Envelope`] for a message that is too large; it gets no number. The
    /// future returns the other variants.
    pub fn send(
        &mut self,
        message: Outgoing,
    ) -> Result<(u64, impl Future<Output = Result<(), Error>> + Send + use<>), Error> {
        let sequence = self.next_sequence;
        let envelope = message.envelope(sequence, 1);
        envelope.check()?;
        self.next_sequence += 1;
        let (handle, peer) = (self.handle.clone(), self.peer);
        let places = Arc::clone(&self.places);
        let sent = async move {
            let _place = places.acquire_owned().await.expect("never closed");
            handle.send_message(peer, envelope).await
        };
        Ok((sequence, sent))
    }
}
