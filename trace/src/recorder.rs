//! The way of a run's own spans into the store.
//!
//! A peer that ends a span goes on at once: the span is put into a list, and a
//! thread encodes what is there and stores it, some milliseconds later at
//! most. The list is bounded. Who fills it does the thread's work himself, so
//! nothing is dropped and memory does not grow with the pace of the peers.
//! What was given before [`Recorder::settle`] is stored when it returns.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::telemetry::Recorder;
use opentelemetry_proto::tonic::resource;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

use crate::store::{ServiceId, Store};

/// As many spans as may wait, some hundred bytes each. A guess, like the two
/// below: larger and smaller ones made no difference.
const CAPACITY: usize = 4096;

/// So many are worth a wake-up of the thread.
const BATCH: usize = 512;

/// So long a few spans wait for others.
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
    /// Tells the thread that there is something to do.
    wake: Condvar,
    /// Held while spans that were taken from `waiting` are stored: so they are
    /// stored in the order in which they ended. The list is empty, and takes the
    /// place of the one that is taken, so that neither grows anew each time.
    turn: Mutex<Vec<(ServiceId, SpanData)>>,
    stored: AtomicU64,
}

#[derive(Debug, Default)]
struct Waiting {
    spans: Vec<(ServiceId, SpanData)>,
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
        // Where no thread can be had, whoever fills the list does the work.
        let thread = thread.spawn(move || worker.work()).ok();
        Self { shared, thread }
    }
}

impl Recorder for StoreRecorder {
    fn add_service(&self, resource: &Resource) -> u32 {
        let mut attributes = ResourceAttributesWithSchema::from(resource).attributes.0;
        // They come in any order. The same run is to be the same bytes.
        attributes.sort_by(|a, b| a.key.cmp(&b.key));
        let resource = resource::v1::Resource {
            attributes,
            ..resource::v1::Resource::default()
        };
        self.shared.store.add_service(resource).0
    }

    fn record(&self, service: u32, span: SpanData) {
        let mut waiting = lock(&self.shared.waiting);
        waiting.spans.push((ServiceId(service), span));
        let count = waiting.spans.len();
        drop(waiting);
        if count >= CAPACITY {
            self.shared.store_waiting();
        } else if count == 1 || count == BATCH {
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
            waiting = self
                .wake
                .wait_while(waiting, |w| w.spans.is_empty() && !w.closed)
                .unwrap_or_else(PoisonError::into_inner);
            (waiting, _) = self
                .wake
                .wait_timeout_while(waiting, PATIENCE, |w| w.spans.len() < BATCH && !w.closed)
                .unwrap_or_else(PoisonError::into_inner);
            drop(waiting);
            self.store_waiting();
            waiting = lock(&self.waiting);
        }
    }

    fn store_waiting(&self) {
        let mut spans = lock(&self.turn);
        std::mem::swap(&mut *spans, &mut lock(&self.waiting).spans);
        for (service, span) in spans.drain(..) {
            if self.store.insert_own(service, &span).is_ok() {
                self.stored.fetch_add(1, Ordering::Release);
            }
        }
    }
}

/// Whoever panicked while he held the lock left a list that is whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
