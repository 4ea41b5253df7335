//! The sink's counts for Prometheus.

use std::fmt;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::ConstCounter;

use trace::telemetry::Sink;

use super::tell;

/// Exposes how many spans started, ended, were stored, exported, and not exported.
#[derive(Debug)]
pub struct SpanMetrics(pub Arc<Sink>);

impl Collector for SpanMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let counts = self.0.counts();
        for (name, help, count) in [
            ("testbed_spans_started", "Spans that began", counts.started),
            (
                "testbed_spans_ended",
                "Spans that came to an end",
                counts.ended,
            ),
            (
                "testbed_spans_stored",
                "Spans that were recorded",
                counts.stored,
            ),
            (
                "testbed_spans_exported",
                "Spans that a collector accepted",
                counts.exported,
            ),
            (
                "testbed_spans_not_exported",
                "Spans that no collector accepted",
                counts.not_exported,
            ),
        ] {
            tell(&mut encoder, name, help, &ConstCounter::new(count))?;
        }
        Ok(())
    }
}
