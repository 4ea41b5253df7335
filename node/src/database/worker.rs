//! The thread that makes the database's calls.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use rusqlite::Result;

use super::counts::Counts;
use super::store::{Saved, Store};
use super::{Connected, Message};

/// How often connected peers are noted as seen, and expired ones removed. A guess: what a
/// killed node forgets of when it saw others.
const TIDY: Duration = Duration::from_secs(60);

/// The least time between two warnings. A guess.
const PAUSE: Duration = Duration::from_secs(60);

/// Carries out messages until it is told to close, or nobody is left to send one.
#[derive(Debug)]
pub(super) struct Worker {
    connected: Arc<Connected>,
    counts: Counts,
    warnings: Warnings,
}

impl Worker {
    pub(super) fn new(connected: Arc<Connected>, counts: Counts) -> Self {
        Self {
            connected,
            counts,
            warnings: Warnings::default(),
        }
    }

    pub(super) fn run(mut self, mut store: Store, messages: &Receiver<Message>) {
        self.count(&store);
        let mut tidied = Instant::now();
        loop {
            match messages.recv_timeout(TIDY.saturating_sub(tidied.elapsed())) {
                Ok(Message::Close) | Err(RecvTimeoutError::Disconnected) => break,
                Ok(message) => {
                    let done = self.on_message(message, &mut store, now());
                    self.note(done);
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
            if tidied.elapsed() >= TIDY {
                tidied = Instant::now();
                let done = self.tidy(&mut store, now());
                self.note(done);
            }
            self.count(&store);
        }
        let done = self.touch(&mut store, now());
        self.note(done);
        if let Err((_, error)) = store.connection.close() {
            tracing::warn!(%error, "the peer database was not closed");
        }
    }

    pub(super) fn on_message(&self, message: Message, store: &mut Store, now: i64) -> Result<()> {
        let is_connected = |peer: &_| self.connected.has(peer);
        match message {
            Message::Saw(sighting) => {
                if store.saw(&sighting, now, &is_connected)? == Saved::NoRoom {
                    self.counts.had_no_room();
                }
            }
            Message::Left(peer) => store.touch(&[peer], now)?,
            Message::Failed(peer) => store.failed(&peer, &is_connected)?,
            Message::Forget(peer) => store.forget(&peer)?,
            Message::Candidates { count, reply } => {
                let _ = reply.send(store.candidates(count, &is_connected)?);
            }
            Message::Close => {}
        }
        Ok(())
    }

    fn tidy(&self, store: &mut Store, now: i64) -> Result<()> {
        self.touch(store, now)?;
        store.tidy(now, &|peer| self.connected.has(peer))
    }

    fn touch(&self, store: &mut Store, now: i64) -> Result<()> {
        let connected: Vec<_> = self.connected.lock().iter().copied().collect();
        store.touch(&connected, now)
    }

    fn count(&self, store: &Store) {
        if let Ok((live, dead)) = store.count() {
            self.counts.keeps(live, dead);
        }
    }

    /// A call that fails loses what it was to save, and stops nothing.
    pub(super) fn note(&mut self, done: Result<()>) {
        if let Err(error) = done {
            self.counts.lost_at_disk();
            if let Some(count) = self.warnings.add(Instant::now()) {
                tracing::warn!(count, %error, "changes of the peer database were not saved");
            }
        }
    }
}

#[cfg(test)]
impl Worker {
    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }
}

/// Failures that were not reported yet: a full disk fails every change.
#[derive(Debug, Default)]
struct Warnings {
    waiting: u64,
    reported: Option<Instant>,
}

impl Warnings {
    /// How many to report now, if it is time.
    fn add(&mut self, now: Instant) -> Option<u64> {
        self.waiting += 1;
        let soon = |reported| now.saturating_duration_since(reported) < PAUSE;
        if self.reported.is_some_and(soon) {
            return None;
        }
        self.reported = Some(now);
        Some(std::mem::take(&mut self.waiting))
    }
}

/// In Unix seconds.
fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    i64::try_from(since.unwrap_or_default().as_secs()).unwrap_or(i64::MAX)
}
