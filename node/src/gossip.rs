//! libp2p's gossipsub, as an experiment sees it: its parameters, and its deliveries and
//! counts for an observer.
//!
//! gossipsub itself reports the first copy of each message alone. Copies are counted
//! where it unpacks them, before it knows which are new. Control messages and bytes are
//! counted on its [streams](crate::traffic).

mod attacker;
mod parameters;
mod parts;
mod scoring;

use std::collections::BTreeMap;
use std::io;
use std::ops::Sub;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use libp2p::PeerId;
use libp2p::gossipsub::{DataTransform, Message, PublishError, RawMessage, TopicHash};
use tokio::sync::mpsc;

use crate::traffic::{self, Traffic, Wires};

pub use attacker::Attack;
pub(crate) use attacker::{Attacker, Notice};
pub use parameters::Parameters;
pub(crate) use parts::Parts;
pub use scoring::{Known, Score, Scoring};

/// The first copy of a message has arrived.
#[derive(Debug)]
pub struct Delivery {
    /// The receiver.
    pub to: PeerId,
    /// The sender of this copy.
    pub via: PeerId,
    /// Its publisher, according to the message; the signature proves it, unless signatures
    /// are off.
    pub from: Option<PeerId>,
    /// Its topic.
    pub topic: String,
    /// The data.
    pub data: Vec<u8>,
    /// The time.
    pub at: SystemTime,
}

/// The observer of gossip, shared by all peers.
#[derive(Clone, Debug)]
pub struct Watch {
    deliveries: mpsc::Sender<Delivery>,
    counts: Arc<Counts>,
}

/// The counters.
#[derive(Debug, Default)]
pub struct Counts {
    copies: AtomicU64,
    bytes: AtomicU64,
    missed: AtomicU64,
    given_up: Mutex<BTreeMap<PeerId, u64>>,
    wires: Wires,
}

impl Watch {
    /// With room for that many deliveries. Deliveries beyond are counted.
    pub fn new(room: usize) -> (Self, mpsc::Receiver<Delivery>) {
        let (deliveries, receiver) = mpsc::channel(room);
        let counts = Arc::default();
        (Self { deliveries, counts }, receiver)
    }

    /// The counters.
    pub fn counts(&self) -> &Counts {
        &self.counts
    }

    /// The counters of the peers' streams.
    pub(crate) fn wires(&self) -> &Wires {
        &self.counts.wires
    }

    /// Never blocks the peer: a delivery without room is counted.
    pub(crate) fn delivered(&self, delivery: Delivery) {
        if self.deliveries.try_send(delivery).is_err() {
            self.counts.missed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// libp2p has dropped copies to a slow peer: its queue was full, or they waited in it
    /// for too long. Among thousands of peers that can be thousands of times a second, so
    /// it is counted, and delays no delivery.
    pub(crate) fn gave_up(&self, slow: PeerId, copies: usize) {
        let all = self.counts.given_up.lock();
        let mut all = all.unwrap_or_else(PoisonError::into_inner);
        *all.entry(slow).or_default() += copies as u64;
    }
}

/// A snapshot of the counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Copies of messages that have arrived, the first ones included.
    pub copies: u64,
    /// How many bytes of data were in them.
    pub bytes: u64,
    /// Deliveries for which there was no room.
    pub missed: u64,
    /// Copies dropped before sending, by the slow peer to which they were addressed.
    pub given_up: BTreeMap<PeerId, u64>,
    /// What each peer has sent and received.
    pub traffic: BTreeMap<PeerId, Traffic>,
}

impl Counts {
    /// How many copies have arrived up to now.
    pub fn copies(&self) -> u64 {
        self.copies.load(Ordering::Relaxed)
    }

    /// What each peer has sent and received up to now.
    pub fn traffic(&self) -> BTreeMap<PeerId, Traffic> {
        self.wires.now()
    }

    /// The counts up to now.
    pub fn now(&self) -> Tally {
        Tally {
            copies: self.copies(),
            bytes: self.bytes.load(Ordering::Relaxed),
            missed: self.missed.load(Ordering::Relaxed),
            given_up: self
                .given_up
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            traffic: self.traffic(),
        }
    }
}

impl Sub<&Self> for Tally {
    type Output = Self;

    /// The difference of two snapshots.
    fn sub(mut self, then: &Self) -> Self {
        for (peer, count) in &mut self.given_up {
            *count -= then.given_up.get(peer).unwrap_or(&0);
        }
        self.given_up.retain(|_, count| *count > 0);
        Self {
            copies: self.copies - then.copies,
            bytes: self.bytes - then.bytes,
            missed: self.missed - then.missed,
            given_up: self.given_up,
            traffic: traffic::since(self.traffic, &then.traffic),
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
    /// Any other error of gossipsub.
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

/// Counts incoming copies, and changes nothing.
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
