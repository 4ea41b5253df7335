//! The tracer of one service.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use opentelemetry::Context;
use opentelemetry::trace::{
    SpanBuilder, SpanContext, SpanId, TraceFlags, TraceId, TraceState, TracerProvider as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{
    IdGenerator, Sampler, SdkTracer, SdkTracerProvider, Span, SpanData, SpanProcessor,
};

use super::{Counters, SCOPE, Sink};
use crate::store::encode::LIMITS;
use crate::store::{EndedSpan, own};
use crate::time;

/// Makes the spans of one service: operations with the OpenTelemetry API, which it
/// implements, and steps as they end.
#[derive(Clone, Debug)]
pub struct Tracer {
    api: SdkTracer,
    service: Arc<Service>,
    ids: Arc<dyn IdGenerator>,
}

/// One service's connection to the sink.
#[derive(Debug)]
struct Service {
    sink: Arc<Sink>,
    counters: Arc<Counters>,
    recorded_as: Option<u32>,
    exported_as: Option<u32>,
}

impl Tracer {
    pub(super) fn new(
        sink: Arc<Sink>,
        counters: Arc<Counters>,
        resource: Resource,
        ids: Arc<dyn IdGenerator>,
    ) -> Self {
        let recorder = sink.recorder.as_ref();
        let exporter = sink.exporter.as_ref();
        let service = Arc::new(Service {
            recorded_as: recorder.map(|recorder| recorder.add_service(&resource)),
            exported_as: exporter.map(|exporter| exporter.add_service(resource.clone())),
            counters,
            sink,
        });
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Processor(Arc::clone(&service)))
            .with_resource(resource)
            .with_span_limits(LIMITS)
            .with_id_generator(Ids(Arc::clone(&ids)))
            // Independent of whether the sender of a message samples.
            .with_sampler(Sampler::AlwaysOn)
            .build();
        Self {
            api: provider.tracer(SCOPE),
            service,
            ids,
        }
    }

    /// The context of a new span, as the API makes it.
    pub(crate) fn context(&self, parent: Option<&SpanContext>) -> SpanContext {
        let id = self.ids.new_span_id();
        let (trace, flags, state) = match parent {
            Some(parent) => (
                parent.trace_id(),
                parent.trace_flags(),
                parent.trace_state().clone(),
            ),
            None => (
                self.ids.new_trace_id(),
                TraceFlags::default(),
                TraceState::NONE,
            ),
        };
        SpanContext::new(trace, id, flags.with_sampled(true), false, state)
    }

    /// Records a span that has ended.
    pub(crate) fn record(&self, span: EndedSpan<'_>) {
        self.service.start();
        self.service.end(span);
    }
}

impl opentelemetry::trace::Tracer for Tracer {
    type Span = Span;

    fn build_with_context(&self, mut builder: SpanBuilder, parent: &Context) -> Span {
        builder.start_time.get_or_insert_with(time::now);
        self.api.build_with_context(builder, parent)
    }
}

impl Service {
    fn start(&self) {
        self.counters.started.fetch_add(1, Ordering::Release);
    }

    fn end(&self, span: EndedSpan<'_>) {
        self.counters.ended.fetch_add(1, Ordering::Release);
        if let (Some(exporter), Some(service)) = (&self.sink.exporter, self.exported_as) {
            exporter.queue(service, span.into());
        }
        if let (Some(recorder), Some(service)) = (&self.sink.recorder, self.recorded_as) {
            recorder.record(service, span);
        }
    }
}

/// Processes the spans of the API.
#[derive(Debug)]
struct Processor(Arc<Service>);

impl SpanProcessor for Processor {
    fn on_start(&self, _: &mut Span, _: &Context) {
        self.0.start();
    }

    fn on_end(&self, mut span: SpanData) {
        // The API reads the system's clock, which is far ahead of a virtual one.
        if time::is_virtual() {
            span.end_time = span.end_time.min(time::now());
        }
        thread_local! {
            /// Kept from one span to the next.
            static REST: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
        }
        let mut rest = REST.take();
        rest.clear();
        match own::split(&span, &mut rest) {
            Ok(head) => self.0.end(EndedSpan {
                head,
                name: &span.name,
                rest: &rest,
            }),
            // It is counted, and not stored: the run reports it as lost.
            Err(_) => drop(self.0.counters.ended.fetch_add(1, Ordering::Release)),
        }
        REST.set(rest);
    }

    fn force_flush(&self) -> OTelSdkResult {
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        Ok(())
    }
}

/// One source of ids for the API and for steps.
#[derive(Debug)]
struct Ids(Arc<dyn IdGenerator>);

impl IdGenerator for Ids {
    fn new_trace_id(&self) -> TraceId {
        self.0.new_trace_id()
    }

    fn new_span_id(&self) -> SpanId {
        self.0.new_span_id()
    }
}
