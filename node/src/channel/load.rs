//! How many bytes wait in front of a channel's writer.
//!
//! The queue itself counts messages: 64 small ones are little, 64 of a mebibyte
//! are not.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures::task::AtomicWaker;
use proto::Envelope;

/// How many bytes of payload wait in front of a channel's writer before it
/// pushes back. One more message may be on top, of any size that is allowed. A
/// guess: four of yamux's first windows.
pub const OUTBOUND_BYTES: usize = 1 << 20;

/// What waits in one channel, shared by its sender and its writer.
#[derive(Debug, Default)]
pub(super) struct Load {
    bytes: AtomicUsize,
    room: AtomicWaker,
}

impl Load {
    pub(super) fn has_room(&self) -> bool {
        self.bytes.load(Ordering::Acquire) < OUTBOUND_BYTES
    }

    /// Ready when there is room; the task is also woken when the writer ends.
    pub(super) fn poll_room(&self, cx: &Context<'_>) -> Poll<()> {
        self.room.register(cx.waker());
        if self.has_room() {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// `envelope` goes into the queue.
    pub(super) fn add(&self, envelope: &Envelope) {
        self.bytes
            .fetch_add(envelope.payload.len(), Ordering::AcqRel);
    }

    /// `envelope` has left the queue.
    pub(super) fn remove(&self, envelope: &Envelope) {
        self.bytes
            .fetch_sub(envelope.payload.len(), Ordering::AcqRel);
        self.room.wake();
    }

    /// The writer has closed the queue.
    pub(super) fn close(&self) {
        self.room.wake();
    }
}
