//! Export of spans over OTLP, which Jaeger takes natively.
//!
//! A task of its own takes spans from a bounded queue and sends them in
//! batches, each with the spans of all services. Nothing here can slow a run or
//! make it fail. While the collector is down, slow or overloaded, spans wait and
//! are sent again. Spans are dropped and counted when the queue is full, when the
//! collector rejects them, or when the time after the run's end is over.
//!
//! The exporter of `opentelemetry-otlp` is not used: it sends a request for each
//! service, and only logs how many spans a collector rejected.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{FutureExt as _, StreamExt as _, stream};
use opentelemetry_sdk::Resource;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;
use trace::store::EncodedSpan;
use trace::telemetry::Export;

mod answer;
mod batch;
mod client;
mod end;
mod protocol;
mod secrets;
mod target;
#[cfg(test)]
mod tests;
mod variables;

use answer::Answer;
use batch::Batch;
use client::Client;
use end::End;
pub use end::{LONGEST, PATIENCE};
pub use protocol::Protocol;
pub use secrets::redacted;
pub use target::{Error, Found, Target};

/// How many spans wait at most, some hundred bytes each. A guess.
const QUEUE: usize = 65_536;

/// How many spans are sent in one request, and how long the first of them waits
/// for the others. OpenTelemetry's batch processor has the same number, and
/// waits for 5 s.
const BATCH: usize = 512;
const DELAY: Duration = Duration::from_millis(100);

/// How many requests are under way at the same time.
const CONCURRENCY: usize = 4;

/// The backoff for a collector that does not accept spans: from the first to the
/// second value, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The longest pause that a collector can request.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(30);

/// How many different reasons are kept: a collector can send any number.
const MOST_REASONS: usize = 8;

/// Exports spans to a collector.
#[derive(Debug)]
pub struct Exporter {
    shared: Arc<Shared>,
    flushing: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct Shared {
    queue: Mutex<VecDeque<(u32, EncodedSpan)>>,
    services: Mutex<Vec<Resource>>,
    /// Notified when the queue has its first span.
    arrived: Notify,
    /// Notified when the queue has a whole batch.
    full: Notify,
    finished: Notify,
    exported: AtomicU64,
    dropped: AtomicU64,
    reasons: Mutex<BTreeMap<String, u64>>,
}

impl Exporter {
    /// Exports to `target` from now on. It needs a tokio runtime around it.
    ///
    /// # Errors
    /// [`Error`], when there is no client for it.
    pub fn start(target: Target) -> Result<Self, Error> {
        let shared = Arc::new(Shared::default());
        let (flushing, flush) = watch::channel(false);
        let client = Client::new(target)?;
        tokio::spawn(run(Arc::clone(&shared), client, flush));
        Ok(Self { shared, flushing })
    }
}

impl Export for Exporter {
    fn add_service(&self, resource: Resource) -> u32 {
        let mut services = lock(&self.shared.services);
        services.push(resource);
        u32::try_from(services.len() - 1).expect("fewer services than peers")
    }

    fn queue(&self, service: u32, span: EncodedSpan) {
        let mut queue = lock(&self.shared.queue);
        if queue.len() >= QUEUE {
            drop(queue);
            let why = "the collector is slower than the run";
            return self.shared.lose(1, why.to_owned());
        }
        queue.push_back((service, span));
        match queue.len() {
            1 => self.shared.arrived.notify_one(),
            BATCH => self.shared.full.notify_one(),
            _ => {}
        }
    }

    fn exported(&self) -> u64 {
        self.shared.exported.load(Ordering::Relaxed)
    }

    fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Sends the queued spans and ends, at the latest after [`PATIENCE`] without
    /// progress or [`LONGEST`] in all. Returns why spans were dropped, and the
    /// collector's warnings.
    fn flush(&self) -> BoxFuture<'_, Option<String>> {
        async {
            let finished = self.shared.finished.notified();
            if !self.flushing.send_replace(true) {
                finished.await;
            }
            self.shared.reasons()
        }
        .boxed()
    }
}

impl Shared {
    /// Counts dropped spans. A count of 0 is a warning of the collector.
    fn lose(&self, count: u64, why: String) {
        self.dropped.fetch_add(count, Ordering::Relaxed);
        let mut reasons = lock(&self.reasons);
        if reasons.len() < MOST_REASONS || reasons.contains_key(&why) {
            *reasons.entry(why).or_default() += count;
        }
    }

    /// The reasons, the most frequent first, with their counts unless there is only one.
    fn reasons(&self) -> Option<String> {
        let reasons = lock(&self.reasons);
        let mut all: Vec<_> = reasons.iter().collect();
        all.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        match *all {
            [] => None,
            [(why, _)] => Some(why.clone()),
            _ => {
                let each = all.iter().map(|(why, count)| format!("{count}: {why}"));
                Some(each.collect::<Vec<_>>().join("; "))
            }
        }
    }

    /// Waits for a whole batch, or until some spans have waited for [`DELAY`]. Once the
    /// exporter is flushing, it returns at once. `false` when the exporter was dropped.
    async fn gather(&self, flush: &mut watch::Receiver<bool>) -> bool {
        let gathered = async {
            self.wait_for(&self.arrived, 1).await;
            let _ = timeout(DELAY, self.wait_for(&self.full, BATCH)).await;
        };
        tokio::select! {
            () = gathered => true,
            end = flush.wait_for(|flushing| *flushing) => end.is_ok(),
        }
    }

    async fn wait_for(&self, notify: &Notify, count: usize) {
        while lock(&self.queue).len() < count {
            notify.notified().await;
        }
    }

    /// The next batches, at most [`CONCURRENCY`].
    fn take(&self) -> Vec<Batch> {
        let spans: Vec<_> = {
            let mut queue = lock(&self.queue);
            let count = queue.len().min(BATCH * CONCURRENCY);
            queue.drain(..count).collect()
        };
        Batch::all(spans, &lock(&self.services))
    }

    /// Sends batches. Returns those that are to be sent again.
    ///
    /// # Errors
    /// The time after the end is over. The error is why the rest was not accepted.
    async fn send(
        &self,
        client: &Client,
        batches: Vec<Batch>,
        end: &mut End,
    ) -> Result<Round, String> {
        let mut round = Round::default();
        let mut under_way: u64 = batches.iter().map(Batch::spans).sum();
        let answers = stream::iter(batches).map(|batch| async move {
            let answer = client.send(&batch).await;
            (batch, answer)
        });
        let mut answers = std::pin::pin!(answers.buffer_unordered(CONCURRENCY));
        loop {
            let next = tokio::select! {
                next = answers.next() => next,
                why = end.over() => {
                    let left: u64 = round.later.iter().map(Batch::spans).sum();
                    let why = round.why.unwrap_or(why);
                    self.lose(under_way + left, why.clone());
                    return Err(why);
                }
            };
            let Some((batch, answer)) = next else {
                return Ok(round);
            };
            let spans = batch.spans();
            under_way -= spans;
            match answer {
                Answer::Taken { rejected, why } => {
                    let rejected = rejected.min(spans);
                    self.exported.fetch_add(spans - rejected, Ordering::Relaxed);
                    why.into_iter().for_each(|why| self.lose(rejected, why));
                    end.progress();
                    round.progress = true;
                }
                Answer::Refused(why) => {
                    self.lose(spans, why);
                    end.progress();
                    round.progress = true;
                }
                Answer::Later(why, after) => {
                    round.after = round.after.max(after);
                    round.put_back(batch, why);
                }
                Answer::Unreachable(why) => {
                    round.unreachable = true;
                    round.put_back(batch, why);
                }
            }
        }
    }
}

/// The outcome of some batches.
#[derive(Debug, Default)]
struct Round {
    /// Some were answered.
    progress: bool,
    /// The batches to send again, and why the last of them was not accepted.
    later: Vec<Batch>,
    why: Option<String>,
    /// Nothing listens at the collector's address.
    unreachable: bool,
    /// The pause that the collector requests.
    after: Option<Duration>,
}

impl Round {
    fn put_back(&mut self, batch: Batch, why: String) {
        self.later.push(batch);
        self.why = Some(why);
    }
}

async fn run(shared: Arc<Shared>, client: Client, mut flush: watch::Receiver<bool>) {
    let mut end = End::new(flush.clone());
    let mut waiting = Vec::new();
    let mut pause = PAUSE;
    let why = loop {
        if waiting.is_empty() {
            if !shared.gather(&mut flush).await {
                break None;
            }
            waiting = shared.take();
            if waiting.is_empty() {
                break None;
            }
        }
        let flushing = *flush.borrow_and_update();
        let batches = std::mem::take(&mut waiting);
        let round = match shared.send(&client, batches, &mut end).await {
            Ok(round) => round,
            Err(why) => break Some(why),
        };
        waiting = round.later;
        if waiting.is_empty() || round.progress {
            pause = PAUSE;
        }
        if waiting.is_empty() {
            continue;
        }
        if flushing && round.unreachable {
            break round.why; // That was the last attempt.
        }
        let asked = round.after.unwrap_or_default().min(LONGEST_RETRY_AFTER);
        tokio::select! {
            () = tokio::time::sleep(pause.max(asked)) => {}
            changed = flush.changed(), if !flushing => if changed.is_err() {
                break None;
            },
            why = end.over() => break round.why.or(Some(why)),
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    };
    let queued = lock(&shared.queue).drain(..).count() as u64;
    let left = queued + waiting.iter().map(Batch::spans).sum::<u64>();
    if let (Some(why), 1..) = (why, left) {
        shared.lose(left, why);
    }
    shared.finished.notify_waiters();
}

/// Poisoning is harmless: a panic elsewhere leaves counters and queues intact.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
