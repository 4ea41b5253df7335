//! Spans: made with the OpenTelemetry API, counted exactly, lost never in
//! silence.
//!
//! Every peer is a service of its own, with a tracer from [`Sink::tracer`].
//! All of them end in one [`Sink`], which counts each span as it starts and
//! ends, hands it to a [`Recorder`] in the same call, and queues a copy for the
//! [`Export`], if there is one. There is no thread for a peer, and no queue that
//! drops what it cannot hold, as the SDK's batch processor does from 2048 on.

mod context;

use std::fmt::Debug;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::future::BoxFuture;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::resource::ResourceBuilder;
use opentelemetry_sdk::trace::{
    IdGenerator, RandomIdGenerator, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData,
    SpanLimits, SpanProcessor,
};
use sysinfo::System;

pub use context::{from_wire, to_wire};

/// The instrumentation scope of every span.
pub const SCOPE: &str = "testbed";

/// The host of peers that a simulator runs: the same seed gives the same spans
/// on any machine.
const SIMULATED: &str = "simulated";

/// What one span may hold. The SDK's 128 events are too few for a step that
/// sends to every peer of a large network, and its 128 attributes of an event too
/// few for an output with a field for each of them.
const LIMITS: SpanLimits = SpanLimits {
    max_events_per_span: 65_536,
    max_attributes_per_span: 128,
    max_links_per_span: 65_536,
    max_attributes_per_event: 1040,
    max_attributes_per_link: 128,
};

/// Where spans are kept.
pub trait Recorder: Debug + Send + Sync {
    /// A service is there. Returns the number under which its spans come.
    fn add_service(&self, resource: &Resource) -> u32;
    /// A span has ended. Whoever ends it waits for this, so it has to be quick.
    fn record(&self, service: u32, span: SpanData);
    /// Stores what was recorded, if that is still to do. Returns how many
    /// spans were stored since the beginning.
    fn settle(&self) -> u64;
}

/// What sends spans to a collector.
pub trait Export: Debug + Send + Sync {
    /// A service is there. Returns the number under which its spans come.
    fn add_service(&self, resource: Resource) -> u32;
    /// A span has ended, and is to be sent, or counted as dropped. Whoever ends it
    /// waits for this, so it has to be quick.
    fn queue(&self, service: u32, span: SpanData);
    /// How many spans the collector accepted.
    fn exported(&self) -> u64;
    /// How many it did not.
    fn dropped(&self) -> u64;
    /// Sends what is queued, within bounds. Returns why some spans were not
    /// exported, or what the collector warned of.
    fn flush(&self) -> BoxFuture<'_, Option<String>>;
}

/// Where the spans of all peers end.
#[derive(Debug)]
pub struct Sink {
    started: AtomicU64,
    ended: AtomicU64,
    recorder: Option<Arc<dyn Recorder>>,
    exporter: Option<Arc<dyn Export>>,
    /// The machine's name, if it has one.
    host: Option<String>,
}

/// What became of the spans until now.
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
    /// A sink that records and exports, as far as there is something to do it
    /// with.
    pub fn new(
        recorder: Option<Arc<dyn Recorder>>,
        exporter: Option<Arc<dyn Export>>,
    ) -> Arc<Self> {
        Arc::new(Self {
            started: AtomicU64::new(0),
            ended: AtomicU64::new(0),
            recorder,
            exporter,
            host: System::host_name().ok(),
        })
    }

    /// The tracer of the service `name`, whose instance is `instance` (a
    /// PeerId, for a peer).
    pub fn tracer(self: &Arc<Self>, name: &str, instance: &str) -> SdkTracer {
        let host = self.host.as_deref();
        let resource = resource(name, instance, host);
        self.tracer_of(resource, RandomIdGenerator::default())
    }

    /// The same for a service that runs with others in one process, and goes by
    /// the same clock as they do.
    pub fn tracer_among_others(self: &Arc<Self>, name: &str, instance: &str) -> SdkTracer {
        let host = self.host.as_deref();
        let resource = on_loopback(resource(name, instance, host));
        self.tracer_of(resource, RandomIdGenerator::default())
    }

    /// The same in a simulator, with `ids` as those of traces and spans.
    pub fn tracer_with_ids(
        self: &Arc<Self>,
        name: &str,
        instance: &str,
        ids: impl IdGenerator + 'static,
    ) -> SdkTracer {
        let resource = on_loopback(resource(name, instance, Some(SIMULATED)));
        self.tracer_of(resource, ids)
    }

    fn tracer_of(
        self: &Arc<Self>,
        resource: ResourceBuilder,
        ids: impl IdGenerator + 'static,
    ) -> SdkTracer {
        let resource = resource.build();
        let processor = Processor {
            sink: Arc::clone(self),
            recorded_as: self.recorder.as_ref().map(|r| r.add_service(&resource)),
            exported_as: self
                .exporter
                .as_ref()
                .map(|e| e.add_service(resource.clone())),
        };
        SdkTracerProvider::builder()
            .with_span_processor(processor)
            .with_resource(resource)
            .with_span_limits(LIMITS)
            .with_id_generator(ids)
            // Whatever the sender of a message thinks of it.
            .with_sampler(Sampler::AlwaysOn)
            .build()
            .tracer(SCOPE)
    }

    /// What became of the spans until now. All that ended are stored then.
    pub fn counts(&self) -> Counts {
        let exporter = self.exporter.as_ref();
        // In the order against that of a span's life, so that none is counted
        // as stored that is not yet counted as started.
        let recorder = self.recorder.as_ref();
        let stored = recorder.map_or(0, |recorder| recorder.settle());
        let ended = self.ended.load(Ordering::Acquire);
        let started = self.started.load(Ordering::Acquire);
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
            self.ended.load(Ordering::Acquire).saturating_sub(done)
        })
    }

    /// Exports what is queued, within the bounds of the [`Export`]. Returns why some
    /// spans were not exported, or what the collector warned of.
    pub async fn flush(&self) -> Option<String> {
        self.exporter.as_ref()?.flush().await
    }
}

/// Who reports.
fn resource(name: &str, instance: &str, host: Option<&str>) -> ResourceBuilder {
    let text = |key: &'static str, text: &str| KeyValue::new(key, text.to_owned());
    Resource::builder_empty()
        .with_service_name(name.to_owned())
        .with_attribute(text("service.instance.id", instance))
        .with_attribute(text("service.version", env!("CARGO_PKG_VERSION")))
        .with_attributes(host.map(|host| text("host.name", host)))
}

/// Jaeger takes the times of services for those of different clocks unless they
/// have the same `ip`, and warns of every message that is handled after its
/// sender's span ended. It does not look at `host.name` or `host.ip` (2.13).
fn on_loopback(resource: ResourceBuilder) -> ResourceBuilder {
    resource.with_attribute(KeyValue::new("ip", Ipv4Addr::LOCALHOST.to_string()))
}

/// One service's way into the sink.
#[derive(Debug)]
struct Processor {
    sink: Arc<Sink>,
    recorded_as: Option<u32>,
    exported_as: Option<u32>,
}

impl SpanProcessor for Processor {
    fn on_start(&self, _: &mut Span, _: &Context) {
        self.sink.started.fetch_add(1, Ordering::Release);
    }

    fn on_end(&self, span: SpanData) {
        self.sink.ended.fetch_add(1, Ordering::Release);
        if let (Some(exporter), Some(service)) = (&self.sink.exporter, self.exported_as) {
            exporter.queue(service, span.clone());
        }
        if let (Some(recorder), Some(service)) = (&self.sink.recorder, self.recorded_as) {
            recorder.record(service, span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: std::time::Duration) -> OTelSdkResult {
        Ok(())
    }
}

#[cfg(test)]
mod tests;
