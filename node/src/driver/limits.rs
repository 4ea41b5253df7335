//! Limits on messages that wait to be sent.

use std::sync::Arc;

use libp2p::PeerId;
use tokio::time::Instant;
use trace::steps::Loss;

use crate::admission::Admission;
use crate::channel::Outgoing;

/// From this number of waiting messages on, no commands are taken. A guess.
pub(super) const HIGH_WATER: usize = 1024;

/// How many bytes may wait in all outboxes of a process: 64 MiB. Beyond that, the
/// peer with the most waiting bytes is disconnected. A guess, far above what honest
/// peers need.
pub(super) const LIMIT: usize = 64 << 20;

/// The overhead of a waiting message. An estimate.
const OVERHEAD: usize = 256;

/// An event of the outboxes.
pub(super) enum Change {
    /// A message to that peer will not arrive.
    Lost(PeerId, Box<Lost>),
    /// There is room for the messages of another command.
    Room,
}

/// A message that waits to be sent, or for its receipt.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) message: Outgoing,
    pub(super) since: Instant,
}

impl From<Outgoing> for Waiting {
    fn from(message: Outgoing) -> Self {
        let since = Instant::now();
        Self { message, since }
    }
}

impl Waiting {
    /// It will not arrive.
    pub(super) fn lost(self, reason: impl ToString) -> Lost {
        let Self { message, since } = self;
        let reason = reason.to_string();
        Lost {
            message,
            since,
            loss: Loss::Undelivered,
            reason,
        }
    }
}

/// A message that will not arrive.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) message: Outgoing,
    /// When it was sent.
    pub(super) since: Instant,
    pub(super) loss: Loss,
    pub(super) reason: String,
}

impl Lost {
    /// A message that is sent now.
    pub(super) fn new(message: Outgoing, reason: impl ToString) -> Self {
        Waiting::from(message).lost(reason)
    }
}

/// Whether that peer is outside the run.
pub(super) fn is_guest(admission: &Option<Arc<Admission>>, peer: &PeerId) -> bool {
    admission
        .as_ref()
        .is_some_and(|admission| !admission.is_member(peer))
}

/// The size of a waiting message.
pub(super) fn size(message: &Outgoing) -> usize {
    message.payload.len() + OVERHEAD
}
