//! Moves a run's own spans into the store.
//!
//! A peer that ends a span continues at once: the span, which is in the store's form
//! already, is copied into a list, and a thread stores the list within some milliseconds.
//! The list is bounded. A task that fills it drains it (back-pressure), so nothing is
//! dropped and memory does not grow with the pace of the peers.
//! Spans that were recorded before [`Recorder::settle`] are stored when it returns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::telemetry::Recorder;
use opentelemetry_proto::tonic::resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;

use crate::store::{EndedSpan, EndedSpans, ServiceId, Store};

/// The capacity of the list in spans, some hundred bytes each. A guess, like the
/// constants below: larger and smaller ones made no difference.
const CAPACITY: usize = 4096;

/// The capacity of the list in bytes, not counting the last span. A guess.
const CAPACITY_BYTES: usize = 4 << 20;

/// The number of waiting spans that wakes the thread.
const BATCH: usize = 512;

/// How long fewer spans wait for others.
const PATIENCE: Duration = Duration::from_millis(1);

/// Records spans in a [`Store`].
#[derive(Debug)]
pub struct StoreRecorder {
    shared: Arc<Shared>,
    thread: Option<thread::JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    store: Arc<Store>,
    waiting: Mutex<Waiting>,
    /// Wakes the thread.
    wake: Condvar,
    /// Held while spans taken from `waiting` are stored, so that they are stored in the
    /// order in which they ended. The list is empty, and replaces the one that is taken,
    /// so that neither is reallocated.
    turn: Mutex<EndedSpans>,
    stored: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    spans: EndedSpans,
    /// The thread waits for a wake-up. While spans keep arriving it polls: a wake-up costs
    /// more than storing them.
    asleep: bool,
    closed: bool,
}

impl StoreRecorder {
    /// Starts the thread.
    #[must_use]
    pub fn start(store: Arc<Store>) -> Self {
        let shared = Arc::new(Shared {
            store,
            waiting: Mutex::default(),
            wake: Condvar::new(),
            turn: Mutex::default(),
            stored: AtomicU64::new(0),
        });
        let worker = Arc::clone(&shared);
        let thread = thread::Builder::new().name("recorder".into());
        // Without a thread, the task that fills the list drains it.
        let thread = thread.spawn(move || worker.work()).ok();
        Self { shared, thread }
    }
}

impl Recorder for StoreRecorder {
    fn add_service(&self, resource: &Resource) -> u32 {
        let mut attributes = ResourceAttributesWithSchema::from(resource).attributes.0;
        // They arrive in any order. The same run has to give the same bytes.
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        let resource = resource::v1::Resource {
            attributes,
            ..resource::v1::Resource::default()
        };
        self.shared.store.add_service(resource).0
    }

    fn record(&self, service: u32, span: EndedSpan<'_>) {
        let mut waiting = lock(&self.shared.waiting);
        waiting.spans.push(ServiceId(service), span);
        let (count, bytes) = (waiting.spans.len(), waiting.spans.bytes());
        let asleep = std::mem::take(&mut waiting.asleep);
        drop(waiting);
        if count >= CAPACITY || bytes >= CAPACITY_BYTES {
            self.shared.store_waiting();
        } else if asleep || count == BATCH {
            self.shared.wake.notify_one();
        }
    }

    fn settle(&self) -> u64 {
        self.shared.store_waiting();
        self.shared.stored.load(Ordering::Acquire)
    }
}

impl Drop for StoreRecorder {
    fn drop(&mut self) {
        lock(&self.shared.waiting).closed = true;
        self.shared.wake.notify_one();
        if let Some(thread) = self.thread.take() {
            // If it panicked, that was reported when it happened.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn work(&self) {
        let mut waiting = lock(&self.waiting);
        while !waiting.closed {
            if waiting.spans.is_empty() {
                waiting.asleep = true;
                waiting = self
                    .wake
                    .wait_while(waiting, |w| w.spans.is_empty() && !w.closed)
                    .unwrap_or_else(PoisonError::into_inner);
            }
            drop(waiting);
            self.store_waiting();
            (waiting, _) = self
                .wake
                .wait_timeout_while(lock(&self.waiting), PATIENCE, |w| {
                    w.spans.len() < BATCH && !w.closed
                })
                .unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn store_waiting(&self) {
        let mut spans = lock(&self.turn);
        std::mem::swap(&mut *spans, &mut lock(&self.waiting).spans);
        let stored = self.store.insert_ended(&spans);
        self.stored.fetch_add(stored, Ordering::Release);
        spans.clear(CAPACITY_BYTES);
    }
}

/// Poisoning is harmless: a panic with the lock held leaves the list intact.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
