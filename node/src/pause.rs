//! A peer that is paused, as SIGSTOP pauses a process.

#[cfg(test)]
pub(crate) mod tests;

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;

use libp2p::PeerId;
use tokio::sync::Notify;

use crate::turns;

/// A task of a peer.
pub(crate) type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Pauses the tasks of a peer. The handles share it.
#[derive(Debug)]
pub(crate) struct Pause(Arc<State>);

#[derive(Debug)]
pub(crate) struct State {
    peer: PeerId,
    is_paused: AtomicBool,
    has_no_handle: AtomicBool,
    /// Wakes tasks in the order in which they began to wait. The channels of `tokio::sync::watch`
    /// do so by chance.
    changed: Notify,
}

impl Pause {
    pub(crate) fn new(peer: PeerId) -> Self {
        Self(Arc::new(State {
            peer,
            is_paused: AtomicBool::new(false),
            has_no_handle: AtomicBool::new(false),
            changed: Notify::new(),
        }))
    }

    /// For the tasks.
    pub(crate) fn state(&self) -> Arc<State> {
        Arc::clone(&self.0)
    }

    pub(crate) fn set(&self, paused: bool) {
        self.0.is_paused.store(paused, Ordering::Release);
        self.0.changed.notify_waiters();
    }
}

impl Drop for Pause {
    fn drop(&mut self) {
        self.0.has_no_handle.store(true, Ordering::Release);
        self.0.changed.notify_waiters();
    }
}

/// Runs a task of a peer, except while the peer is paused. The task ends if the peer's last
/// handle is dropped meanwhile.
pub(crate) async fn pausable(mut task: Task, state: Arc<State>) {
    loop {
        // A pause wakes nothing: the task is not polled any more.
        let run = poll_fn(|context| match state.is_paused.load(Ordering::Acquire) {
            true => Poll::Ready(false),
            false => {
                turns::count(state.peer);
                task.as_mut().poll(context).map(|()| true)
            }
        });
        if run.await {
            return;
        }
        // On the heap, since most tasks never wait for it.
        let changed = Box::pin(state.changed.notified());
        if state.has_no_handle.load(Ordering::Acquire) {
            return;
        }
        if state.is_paused.load(Ordering::Acquire) {
            changed.await;
        }
    }
}
