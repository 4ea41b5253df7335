//! How messages leave a process: over channels, or each on a stream of its own.

use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::PeerId;

use super::apart::Apart;
use super::outbox::Outboxes;
use crate::Handle;
use crate::admission::Admission;
use crate::channel::Outgoing;

/// How many waiting messages stop commands from being taken. A guess.
pub(super) const HIGH_WATER: usize = 1024;

/// How much may wait in all outboxes of a process: 64 MiB. When it is more,
/// the peer for whom most of it waits does not read, and is given up. A guess,
/// far over what honest peers need.
pub(super) const LIMIT: usize = 64 << 20;

/// What a waiting message costs besides its payload. An estimate.
const OVERHEAD: usize = 256;

/// What leaves one process.
pub(super) enum Sending {
    /// In order.
    Channels(Outboxes),
    /// Without.
    Apart(Apart),
}

/// What comes of the outboxes by itself.
pub(super) enum Change {
    /// A message to that peer will not arrive.
    Lost(PeerId, Box<Lost>),
    /// There is room for the messages of another command.
    Room,
}

/// A message that will not arrive.
#[derive(Debug)]
pub(super) struct Lost {
    pub(super) message: Outgoing,
    pub(super) reason: String,
}

impl Lost {
    pub(super) fn new(message: Outgoing, reason: impl ToString) -> Self {
        let reason = reason.to_string();
        Self { message, reason }
    }
}

impl Sending {
    pub(super) fn new(handle: Handle, in_order: bool, admission: Option<Arc<Admission>>) -> Self {
        match in_order {
            true => Self::Channels(Outboxes::new(handle, admission)),
            false => Self::Apart(Apart::new(handle, admission)),
        }
    }

    /// Whether there is room for the messages of another command.
    pub(super) fn have_room(&self) -> bool {
        match self {
            Self::Channels(outboxes) => outboxes.have_room(),
            Self::Apart(apart) => apart.have_room(),
        }
    }

    /// Sends `message`, and never waits. Returns it if it cannot arrive.
    pub(super) fn send(&mut self, peer: PeerId, message: Outgoing) -> Option<Lost> {
        match self {
            Self::Channels(outboxes) => outboxes.send(peer, message),
            Self::Apart(apart) => apart.send(peer, message),
        }
    }

    /// Closes the channel to `peer` when what waits is sent. Without a channel
    /// there is nothing to close.
    pub(super) fn hang_up(&mut self, peer: PeerId) {
        match self {
            Self::Channels(outboxes) => outboxes.hang_up(peer),
            Self::Apart(_) => {}
        }
    }

    /// Goes on with what is being sent. Ready with each message that is lost,
    /// and when there is room for commands again: whoever has stopped taking
    /// them has to look once more.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Change> {
        match self {
            Self::Channels(outboxes) => outboxes.poll(cx),
            Self::Apart(apart) => apart.poll(cx),
        }
    }
}

/// Whether that peer is not of the run.
pub(super) fn is_guest(admission: &Option<Arc<Admission>>, peer: &PeerId) -> bool {
    admission
        .as_ref()
        .is_some_and(|admission| !admission.is_member(peer))
}

/// What a message takes while it waits.
pub(super) fn size(message: &Outgoing) -> usize {
    message.payload.len() + OVERHEAD
}
