//! libp2p's gossipsub, as an experiment sees it: its parameters, and what its
//! peers tell whoever watches them.
//!
//! gossipsub itself tells of the first copy of each message alone. Copies are
//! counted where it unpacks them, before it knows which are new; of its control
//! messages nothing is counted.

use std::io;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use libp2p::PeerId;
use libp2p::gossipsub::{DataTransform, Message, PublishError, RawMessage, TopicHash};
use tokio::sync::mpsc;

/// How a peer gossips. The defaults are those of libp2p.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// How many peers a mesh should have (D).
    pub mesh: usize,
    /// With fewer, peers are added (D_low).
    pub mesh_low: usize,
    /// With more, peers are removed (D_high).
    pub mesh_high: usize,
    /// How many peers of the mesh have to be dialled by us (D_out).
    pub mesh_outbound: usize,
    /// How often meshes are looked after.
    pub heartbeat: Duration,
    /// Whether a publisher sends to all its neighbours, not to its mesh alone.
    pub flood_publish: bool,
    /// Whether messages are signed. Every copy's signature is checked.
    pub signed: bool,
}

impl Default for Parameters {
    fn default() -> Self {
        Self {
            mesh: 6,
            mesh_low: 5,
            mesh_high: 12,
            mesh_outbound: 2,
            heartbeat: Duration::from_secs(1),
            flood_publish: true,
            signed: true,
        }
    }
}

/// What a peer tells whoever watches it.
#[derive(Debug)]
pub enum Event {
    /// The first copy of a message has come.
    Delivered {
        /// To whom.
        to: PeerId,
        /// Who sent this copy.
        via: PeerId,
        /// What it says.
        data: Vec<u8>,
        /// When.
        at: SystemTime,
    },
    /// Messages to a peer were given up: its queue was full, or they waited in
    /// it for too long.
    Slow {
        /// Who gave them up.
        by: PeerId,
        /// Who is slow.
        peer: PeerId,
        /// How many.
        messages: usize,
    },
}

/// What somebody who watches gossip holds, and gives to each peer.
#[derive(Clone, Debug)]
pub struct Watch {
    events: mpsc::Sender<Event>,
    counts: Arc<Counts>,
}

/// What was counted.
#[derive(Debug, Default)]
pub struct Counts {
    copies: AtomicU64,
    bytes: AtomicU64,
    missed: AtomicU64,
}

impl Watch {
    /// With room for so many events. What finds no room is counted.
    pub fn new(room: usize) -> (Self, mpsc::Receiver<Event>) {
        let (events, receiver) = mpsc::channel(room);
        let counts = Arc::default();
        (Self { events, counts }, receiver)
    }

    /// What was counted until now.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The peer goes on, whether there is room or not.
    pub(crate) fn tell(&self, event: Event) {
        if self.events.try_send(event).is_err() {
            self.counts.missed.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// What was counted until some time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Copies of messages that have come, the first ones included.
    pub copies: u64,
    /// How many bytes of data were in them.
    pub bytes: u64,
    /// Events for which there was no room.
    pub missed: u64,
}

impl Counts {
    /// Until now.
    pub fn now(&self) -> Tally {
        Tally {
            copies: self.copies.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            missed: self.missed.load(Ordering::Relaxed),
        }
    }
}

impl Sub for Tally {
    type Output = Self;

    /// What was counted since then.
    fn sub(self, then: Self) -> Self {
        Self {
            copies: self.copies - then.copies,
            bytes: self.bytes - then.bytes,
            missed: self.missed - then.missed,
        }
    }
}

/// Why a message was not published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// gossipsub is not switched on.
    #[error("gossipsub is switched off")]
    SwitchedOff,
    /// No neighbour has subscribed to the topic.
    #[error("no neighbour has subscribed")]
    NobodyThere,
    /// It is longer than a message may be.
    #[error("the message is too large")]
    TooLarge,
    /// The queues to all neighbours are full.
    #[error("the queues to all {0} neighbours are full")]
    Full(usize),
    /// Anything else that gossipsub says.
    #[error("gossipsub: {0}")]
    Refused(String),
    /// The peer has stopped.
    #[error("the peer has stopped")]
    Stopped,
}

impl From<PublishError> for Error {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::NoPeersSubscribedToTopic => Self::NobodyThere,
            PublishError::MessageTooLarge => Self::TooLarge,
            PublishError::AllQueuesFull(count) => Self::Full(count),
            error => Self::Refused(error.to_string()),
        }
    }
}

/// Counts the copies that come, and changes nothing.
#[derive(Debug, Default)]
pub(crate) struct Counting(pub(crate) Option<Watch>);

impl DataTransform for Counting {
    fn inbound_transform(&self, raw: RawMessage) -> io::Result<Message> {
        if let Some(Watch { counts, .. }) = &self.0 {
            counts.copies.fetch_add(1, Ordering::Relaxed);
            let bytes = raw.data.len() as u64;
            counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        }
        Ok(Message {
            source: raw.source,
            data: raw.data,
            sequence_number: raw.sequence_number,
            topic: raw.topic,
        })
    }

    fn outbound_transform(&self, _: &TopicHash, data: Vec<u8>) -> io::Result<Vec<u8>> {
        Ok(data)
    }
}
