//! Export of spans over OTLP, which Jaeger takes natively.
//!
//! A task of its own takes spans from a bounded queue and sends them, grouped
//! by service. Nothing here can slow a run or make it fail: when the collector
//! is down, slow or refuses, spans wait and are tried again; when the queue is
//! full, or the end has come, they are given up, and counted.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use opentelemetry_otlp::{
    SpanExporter, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{SpanData, SpanExporter as _};
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

mod http;
mod target;

use http::Http;
pub use target::{Error, Protocol, Target};

/// How many spans wait at most, about 64 MiB. A guess.
const QUEUE: usize = 65_536;

/// How many spans are sent before the next are looked at.
const BATCH: usize = 4096;

/// How many services are exported at the same time.
const CONCURRENCY: usize = 4;

/// How long a collector that does not take spans is left alone: from the
/// first to the last value, doubled each time.
const PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// How long the end of a run waits for a collector that takes nothing.
const PATIENCE: Duration = Duration::from_secs(3);

/// The way out for spans.
#[derive(Debug)]
pub struct Exporter {
    shared: Arc<Shared>,
    flushing: watch::Sender<bool>,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<VecDeque<(u32, SpanData)>>,
    services: Mutex<Vec<Resource>>,
    arrived: Notify,
    finished: Notify,
    exported: AtomicU64,
    dropped: AtomicU64,
    error: Mutex<Option<String>>,
}

impl Exporter {
    /// Exports to `target` from now on. It needs a tokio runtime around it.
    ///
    /// # Errors
    /// [`Error`], when `OTEL_EXPORTER_OTLP_*` variables make no sense.
    pub fn start(target: Target) -> Result<Self, Error> {
        let shared = Arc::new(Shared {
            queue: Mutex::default(),
            services: Mutex::default(),
            arrived: Notify::new(),
            finished: Notify::new(),
            exported: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
            error: Mutex::default(),
        });
        let (flushing, flush) = watch::channel(false);
        let client = Client::new(target)?;
        tokio::spawn(run(Arc::clone(&shared), client, flush));
        Ok(Self { shared, flushing })
    }

    pub(super) fn add_service(&self, resource: Resource) -> u32 {
        let mut services = lock(&self.shared.services);
        services.push(resource);
        u32::try_from(services.len() - 1).expect("fewer services than peers")
    }

    pub(super) fn queue(&self, service: u32, span: SpanData) {
        let mut queue = lock(&self.shared.queue);
        if queue.len() < QUEUE {
            queue.push_back((service, span));
            drop(queue);
            self.shared.arrived.notify_one();
        } else {
            drop(queue);
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            self.shared.fail("the collector is slower than the run");
        }
    }

    pub(super) fn exported(&self) -> u64 {
        self.shared.exported.load(Ordering::Relaxed)
    }

    pub(super) fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }

    /// Sends what is queued and ends. A collector that takes nothing for
    /// [`PATIENCE`] gets no more.
    pub(super) async fn flush(&self) -> Option<String> {
        let finished = self.shared.finished.notified();
        if !self.flushing.send_replace(true) {
            finished.await;
        }
        match self.dropped() {
            0 => None,
            _ => lock(&self.shared.error).clone(),
        }
    }
}

impl Shared {
    fn fail(&self, why: impl Into<String>) {
        lock(&self.error).get_or_insert_with(|| why.into());
    }

    /// The next spans, by service.
    fn take(&self) -> BTreeMap<u32, Vec<SpanData>> {
        let mut queue = lock(&self.queue);
        let count = queue.len().min(BATCH);
        let mut batch = BTreeMap::<_, Vec<_>>::new();
        for (service, span) in queue.drain(..count) {
            batch.entry(service).or_default().push(span);
        }
        batch
    }

    fn put_back(&self, service: u32, spans: Vec<SpanData>) {
        let mut queue = lock(&self.queue);
        for span in spans.into_iter().rev() {
            queue.push_front((service, span));
        }
    }
}

async fn run(shared: Arc<Shared>, mut client: Client, mut flush: watch::Receiver<bool>) {
    let mut pause = PAUSE;
    loop {
        let flushing = *flush.borrow_and_update();
        let batch = shared.take();
        if batch.is_empty() {
            if flushing {
                break;
            }
            tokio::select! {
                () = shared.arrived.notified() => continue,
                changed = flush.changed() => match changed {
                    Ok(()) => continue,
                    Err(_) => break,
                },
            }
        }
        match export(&shared, &mut client, batch, &flush).await {
            Outcome::Progress => pause = PAUSE,
            Outcome::GivenUp => break,
            Outcome::Nothing if flushing => break, // That was the last attempt.
            Outcome::Nothing => match timeout(pause, flush.changed()).await {
                Ok(Err(_)) => break,
                Ok(Ok(())) | Err(_) => pause = (pause * 2).min(LONGEST_PAUSE),
            },
        }
    }
    let left = lock(&shared.queue).drain(..).count() as u64;
    shared.dropped.fetch_add(left, Ordering::Relaxed);
    shared.finished.notify_waiters();
}

/// What came of a batch.
enum Outcome {
    /// Some spans were accepted.
    Progress,
    /// None was; all are in the queue again.
    Nothing,
    /// The end has come, and the collector took nothing for [`PATIENCE`].
    GivenUp,
}

/// Sends one batch; what is not accepted goes back into the queue.
async fn export(
    shared: &Shared,
    client: &mut Client,
    batch: BTreeMap<u32, Vec<SpanData>>,
    flush: &watch::Receiver<bool>,
) -> Outcome {
    for &service in batch.keys() {
        if let Err(error) = client.prepare(service, &shared.services) {
            shared.fail(error.to_string());
        }
    }
    let client = &*client;
    let mut under_way: u64 = batch.values().map(|spans| spans.len() as u64).sum();
    let results = stream::iter(batch).map(|(service, spans)| async move {
        let sent = client.send(service, spans.clone()).await;
        (service, spans, sent)
    });
    let mut results = std::pin::pin!(results.buffer_unordered(CONCURRENCY));
    let mut patience = std::pin::pin!(out_of_patience(flush.clone()));
    let mut outcome = Outcome::Nothing;
    loop {
        let next = tokio::select! {
            next = results.next() => next,
            () = &mut patience => {
                shared.fail(format!("no answer within {PATIENCE:?}"));
                shared.dropped.fetch_add(under_way, Ordering::Relaxed);
                return Outcome::GivenUp;
            }
        };
        let Some((service, spans, sent)) = next else {
            return outcome;
        };
        let count = spans.len() as u64;
        under_way -= count;
        match sent {
            Ok(()) => {
                outcome = Outcome::Progress;
                patience.set(out_of_patience(flush.clone()));
                shared.exported.fetch_add(count, Ordering::Relaxed);
            }
            Err(why) => {
                shared.fail(why);
                shared.put_back(service, spans);
            }
        }
    }
}

/// Done when the end came, and [`PATIENCE`] is over.
async fn out_of_patience(mut flush: watch::Receiver<bool>) {
    let _ = flush.wait_for(|flushing| *flushing).await;
    tokio::time::sleep(PATIENCE).await;
}

/// One exporter for each service, because an exporter has one resource. They
/// share the connection.
struct Client {
    target: Target,
    timeout: Duration,
    http: Http,
    grpc: Option<tonic::transport::Channel>,
    services: HashMap<u32, SpanExporter>,
}

impl Client {
    fn new(target: Target) -> Result<Self, Error> {
        let grpc = match target.protocol {
            Protocol::Grpc => Some(target.channel()?),
            Protocol::HttpProtobuf => None,
        };
        let mut client = Self {
            timeout: target.timeout()?,
            http: Http::default(),
            grpc,
            services: HashMap::new(),
            target,
        };
        // Tells of variables that make no sense before the run begins.
        client.exporter()?;
        Ok(client)
    }

    fn exporter(&mut self) -> Result<SpanExporter, Error> {
        let built = match &self.grpc {
            Some(channel) => SpanExporter::builder()
                .with_tonic()
                .with_channel(channel.clone())
                .build(),
            None => SpanExporter::builder()
                .with_http()
                .with_http_client(self.http.clone())
                .with_endpoint(self.target.url.clone())
                .build(),
        };
        built.map_err(|e| Error::Variables(e.to_string()))
    }

    fn prepare(&mut self, service: u32, resources: &Mutex<Vec<Resource>>) -> Result<(), Error> {
        if !self.services.contains_key(&service) {
            let mut exporter = self.exporter()?;
            exporter.set_resource(&lock(resources)[service as usize]);
            self.services.insert(service, exporter);
        }
        Ok(())
    }

    async fn send(&self, service: u32, spans: Vec<SpanData>) -> Result<(), String> {
        let exporter = self.services.get(&service).ok_or("no exporter")?;
        match timeout(self.timeout, exporter.export(spans)).await {
            Ok(sent) => sent.map_err(|e| self.http.take_failure().unwrap_or(e.to_string())),
            Err(_) => Err(format!("no answer within {:?}", self.timeout)),
        }
    }
}

/// A panic elsewhere leaves counters and queues whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
}
