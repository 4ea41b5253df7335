//! A value that tasks watch.
//!
//! Like `tokio::sync::watch`, but tasks are woken in the order in which they began to wait.
//! That one wakes them by chance, and a run in virtual time has to repeat.

use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The end that changes the value. The receivers learn when it is dropped.
#[derive(Debug, Default)]
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end that watches it.
#[derive(Debug)]
pub(crate) struct Receiver<T> {
    shared: Arc<Shared<T>>,
    /// The version that this one has seen.
    seen: u64,
}

/// The sender was dropped.
#[derive(Debug)]
pub(crate) struct Closed;

#[derive(Debug, Default)]
struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct State<T> {
    value: T,
    version: u64,
    is_closed: bool,
}

impl<T> Shared<T> {
    /// Poisoning is harmless: the panic is reported.
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Both ends of a value.
pub(crate) fn watched<T: Default>() -> (Sender<T>, Receiver<T>) {
    let sender = Sender::<T>(Arc::default());
    let shared = Arc::clone(&sender.0);
    (sender, Receiver { shared, seen: 0 })
}

impl<T> Sender<T> {
    /// Changes the value.
    pub(crate) fn send_modify(&self, change: impl FnOnce(&mut T)) {
        let mut state = self.0.lock();
        change(&mut state.value);
        state.version += 1;
        drop(state);
        self.0.changed.notify_waiters();
    }
}

#[cfg(test)]
impl<T: Copy> Sender<T> {
    pub(crate) fn now(&self) -> T {
        self.0.lock().value
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.lock().is_closed = true;
        self.0.changed.notify_waiters();
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            seen: self.seen,
        }
    }
}

impl<T: Copy> Receiver<T> {
    /// The value now.
    pub(crate) fn now(&self) -> T {
        self.shared.lock().value
    }

    /// Whether the sender was dropped.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.lock().is_closed
    }

    /// Takes the value now as seen.
    pub(crate) fn mark_unchanged(&mut self) {
        self.seen = self.shared.lock().version;
    }

    /// Waits until the value changes that this one has seen.
    pub(crate) async fn changed(&mut self) -> Result<(), Closed> {
        loop {
            let mut changed = pin!(self.shared.changed.notified());
            // Before the look at the value: a change after it is not missed.
            changed.as_mut().enable();
            {
                let state = self.shared.lock();
                if state.version != self.seen {
                    self.seen = state.version;
                    return Ok(());
                }
                if state.is_closed {
                    return Err(Closed);
                }
            }
            changed.await;
        }
    }

    /// Waits until the value is as wanted.
    pub(crate) async fn wait_for(&mut self, wanted: impl Fn(&T) -> bool) -> Result<(), Closed> {
        loop {
            self.mark_unchanged();
            if wanted(&self.now()) {
                return Ok(());
            }
            self.changed().await?;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::sync::mpsc;
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn watchers_are_woken_in_the_order_in_which_they_wait() {
        let (sender, receiver) = watched::<u32>();
        let (order, mut woken) = mpsc::unbounded_channel();
        for number in 0..100 {
            let (mut receiver, order) = (receiver.clone(), order.clone());
            tokio::spawn(async move {
                // It waits before another task runs.
                order.send(None).expect("a receiver");
                let waited = receiver.wait_for(|value| *value == 1).await;
                waited.expect("a sender");
                order.send(Some(number)).expect("a receiver");
            });
        }
        for _ in 0..100 {
            assert_eq!(woken.recv().await, Some(None));
        }
        sender.send_modify(|value| *value = 1);
        for expected in 0..100 {
            assert_eq!(woken.recv().await, Some(Some(expected)));
        }
    }

    #[tokio::test]
    async fn the_end_of_the_sender_is_seen() {
        let (sender, mut receiver) = watched::<u32>();
        sender.send_modify(|value| *value = 1);
        assert!(receiver.changed().await.is_ok(), "a change before the call");
        let wait = Duration::from_millis(1);
        assert!(timeout(wait, receiver.changed()).await.is_err());
        drop(sender);
        assert!(receiver.changed().await.is_err() && receiver.is_closed());
        assert!(receiver.wait_for(|value| *value == 2).await.is_err());
    }
}
