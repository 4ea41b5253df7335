//! Spans: recorded once, counted exactly, never lost without a report.
//!
//! Every peer is a service of its own, with a [`Tracer`] from [`Sink::tracer`].
//! Operations are made with the OpenTelemetry API; a step is written in the store's
//! form at once (`trace::steps`), since there are many. All of them end in one
//! [`Sink`], which counts each span as it starts and ends, passes it to a [`Recorder`]
//! in the same call, and queues a copy for the [`Export`], if there is one. There is no
//! thread for each peer, and no queue that drops spans when it is full, as that of the
//! SDK's batch processor does beyond 2048.

mod context;
mod tracer;

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::future::BoxFuture;
use opentelemetry::KeyValue;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::resource::ResourceBuilder;
use opentelemetry_sdk::trace::{IdGenerator, RandomIdGenerator};
use sysinfo::System;

use crate::store::{EncodedSpan, EndedSpan};
use crate::time;

pub use context::{from_wire, to_wire};
pub use tracer::Tracer;

/// The instrumentation scope of every span.
pub const SCOPE: &str = "testbed";

/// The host of peers in virtual time: the same seed gives the same spans on any machine.
const SIMULATED: &str = "simulated";

/// Records spans.
pub trait Recorder: Debug + Send + Sync {
    /// Adds a service. Returns the number under which its spans are recorded.
    fn add_service(&self, resource: &Resource) -> u32;
    /// Records a span that has ended. The task that ends it waits for this, so it has to
    /// be fast.
    fn record(&self, service: u32, span: EndedSpan<'_>);
    /// Stores recorded spans that still wait. Returns how many spans were stored since
    /// the beginning.
    fn settle(&self) -> u64;
}

/// Sends spans to a collector.
pub trait Export: Debug + Send + Sync {
    /// Adds a service. Returns the number under which its spans are queued.
    fn add_service(&self, resource: Resource) -> u32;
    /// Queues a span that has ended, or counts it as dropped. The task that ends it waits
    /// for this, so it has to be fast.
    fn queue(&self, service: u32, span: EncodedSpan);
    /// How many spans the collector accepted.
    fn exported(&self) -> u64;
    /// How many spans were dropped.
    fn dropped(&self) -> u64;
    /// Sends the queued spans, within bounds. Returns why some spans were not exported, or
    /// the collector's warning.
    fn flush(&self) -> BoxFuture<'_, Option<String>>;
}

/// Where the spans of all peers end.
#[derive(Debug)]
pub struct Sink {
    /// One for each tracer, so that peers on different cores do not write to the
    /// same cache line.
    counters: Mutex<Vec<Arc<Counters>>>,
    recorder: Option<Arc<dyn Recorder>>,
    exporter: Option<Arc<dyn Export>>,
    /// The machine's name, if it has one.
    host: Option<String>,
}

/// How many spans of a tracer began, and how many ended.
#[derive(Debug, Default)]
#[repr(align(64))]
struct Counters {
    started: AtomicU64,
    ended: AtomicU64,
}

/// The counts of spans up to now, by their stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Began.
    pub started: u64,
    /// Came to an end.
    pub ended: u64,
    /// Were stored by the recorder.
    pub stored: u64,
    /// Were accepted by the collector.
    pub exported: u64,
    /// Were dropped, because the collector did not accept them.
    pub not_exported: u64,
}

impl Sink {
    /// A sink with an optional recorder and an optional export.
    pub fn new(
        recorder: Option<Arc<dyn Recorder>>,
        exporter: Option<Arc<dyn Export>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            counters: Mutex::default(),
            recorder,
            exporter,
            host: System::host_name().ok(),
        })
    }

    /// The tracer of the service `name`, whose instance is `instance` (a
    /// PeerId, for a peer).
    pub fn tracer(self: &Arc<Self>, name: &str, instance: &str) -> Tracer {
        let host = self.host.as_deref();
        let resource = resource(name, instance, host);
        self.tracer_of(resource, RandomIdGenerator::default())
    }

    /// The same for a service that shares a process, and so a clock, with others.
    pub fn tracer_among_others(self: &Arc<Self>, name: &str, instance: &str) -> Tracer {
        self.tracer_in(name, instance, Vec::new())
    }

    /// The same, with more attributes of the service.
    pub fn tracer_in(
        self: &Arc<Self>,
        name: &str,
        instance: &str,
        attributes: Vec<KeyValue>,
    ) -> Tracer {
        let host = match time::is_virtual() {
            false => self.host.as_deref(),
            true => Some(SIMULATED),
        };
        let resource = on_loopback(resource(name, instance, host)).with_attributes(attributes);
        self.tracer_of(resource, RandomIdGenerator::default())
    }

    /// The same in a simulator, with `ids` as those of traces and spans.
    pub fn tracer_with_ids(
        self: &Arc<Self>,
        name: &str,
        instance: &str,
        ids: impl IdGenerator + 'static,
    ) -> Tracer {
        let resource = on_loopback(resource(name, instance, Some(SIMULATED)));
        self.tracer_of(resource, ids)
    }

    fn tracer_of(
        self: &Arc<Self>,
        resource: ResourceBuilder,
        ids: impl IdGenerator + 'static,
    ) -> Tracer {
        let counters = Arc::default();
        let mut all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(Arc::clone(&counters));
        drop(all);
        Tracer::new(Arc::clone(self), counters, resource.build(), Arc::new(ids))
    }

    /// The sum of one of the counters of all tracers.
    fn sum(&self, one: impl Fn(&Counters) -> &AtomicU64) -> u64 {
        let all = self.counters.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter()
            .map(|counters| one(counters).load(Ordering::Acquire))
            .sum()
    }

    /// The counts up to now. All spans that have ended are stored first.
    pub fn counts(&self) -> Counts {
        let exporter = self.exporter.as_ref();
        // In the reverse order of a span's life, so that no span is counted as
        // stored that is not yet counted as started.
        let recorder = self.recorder.as_ref();
        let stored = recorder.map_or(0, |recorder| recorder.settle());
        let ended = self.sum(|counters| &counters.ended);
        let started = self.sum(|counters| &counters.started);
        Counts {
            started,
            ended,
            stored,
            exported: exporter.map_or(0, |exporter| exporter.exported()),
            not_exported: exporter.map_or(0, |exporter| exporter.dropped()),
        }
    }

    /// How many spans wait for the collector.
    pub fn pending(&self) -> u64 {
        let exporter = self.exporter.as_ref();
        exporter.map_or(0, |exporter| {
            let done = exporter.exported() + exporter.dropped();
            let ended = self.sum(|counters| &counters.ended);
            ended.saturating_sub(done)
        })
    }

    /// Exports the queued spans, within the bounds of the [`Export`]. Returns why some
    /// spans were not exported, or the collector's warning.
    pub async fn flush(&self) -> Option<String> {
        self.exporter.as_ref()?.flush().await
    }
}

/// The resource of a service.
fn resource(name: &str, instance: &str, host: Option<&str>) -> ResourceBuilder {
    let text = |key: &'static str, text: &str| KeyValue::new(key, text.to_owned());
    Resource::builder_empty()
        .with_service_name(name.to_owned())
        .with_attribute(text("service.instance.id", instance))
        .with_attribute(text("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(host.map(|host| text("host.name", host)))
}

/// Jaeger assumes that services have different clocks unless they have the same `ip`,
/// and warns of every message that is handled after its sender's span ended. It ignores
/// `host.name` and `host.ip` (2.13).
fn on_loopback(resource: ResourceBuilder) -> ResourceBuilder {
    resource.with_attribute(KeyValue::new("ip", Ipv4Addr::LOCALHOST.to_string()))
}

#[cfg(test)]
mod tests;
