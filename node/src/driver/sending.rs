//! How messages leave a process: over channels, or each on a stream of its own.

use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::PeerId;

use super::limits::{Change, Lost};
use super::outbox::{Outboxes, Which};
use super::unordered::UnorderedSender;
use crate::Handle;
use crate::admission::Admission;
use crate::channel::Outgoing;

/// The sender of one process.
pub(super) enum Sending {
    /// In order.
    Channels(Outboxes),
    /// Without order.
    Unordered(UnorderedSender),
}

impl Sending {
    pub(super) fn new(handle: Handle, in_order: bool, admission: Option<Arc<Admission>>) -> Self {
        match in_order {
            true => Self::Channels(Outboxes::new(handle, admission)),
            false => Self::Unordered(UnorderedSender::new(handle, admission)),
        }
    }

    /// Whether there is room for the messages of another command.
    pub(super) fn have_room(&self) -> bool {
        match self {
            Self::Channels(outboxes) => outboxes.have_room(),
            Self::Unordered(sender) => sender.have_room(),
        }
    }

    /// Sends `message`, and never waits. Returns it if it cannot arrive.
    pub(super) fn send(&mut self, peer: PeerId, message: Outgoing) -> Option<Lost> {
        match self {
            Self::Channels(outboxes) => outboxes.send(peer, message),
            Self::Unordered(sender) => sender.send(peer, message),
        }
    }

    /// Closes the channel to `peer` when all waiting messages are sent. Without a channel
    /// there is nothing to close.
    pub(super) fn hang_up(&mut self, peer: PeerId, which: Which) {
        match self {
            Self::Channels(outboxes) => outboxes.hang_up(peer, which),
            Self::Unordered(_) => {}
        }
    }

    /// The number of the last channel that was opened; 0 for none.
    pub(super) fn incarnation(&self) -> u32 {
        match self {
            Self::Channels(outboxes) => outboxes.incarnation(),
            Self::Unordered(_) => 0,
        }
    }

    /// Continues sending. Ready with each lost message, and when there is room for
    /// commands again, so that the driver resumes taking them.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Change> {
        match self {
            Self::Channels(outboxes) => outboxes.poll(cx),
            Self::Unordered(sender) => sender.poll(cx),
        }
    }
}
