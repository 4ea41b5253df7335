//! The metrics of the host, for Prometheus.

use std::fmt;
use std::sync::Arc;

use lab::stats::buckets;
use node::metrics::tell;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;

use super::sample::{Observed, Sample};

/// The number of samples in a second.
const SECOND: usize = 10;

/// Serves the samples of the host to a scraper.
#[derive(Debug)]
pub(super) struct Metrics(pub(super) Arc<Observed>);

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let samples = self.0.samples();
        ratios(&samples, &mut encoder)?;
        counts(&samples, &mut encoder)?;
        if let Some(bytes) = samples.iter().map(|sample| sample.loopback_bytes).sum() {
            tell(
                &mut encoder,
                "testbed_host_loopback_bytes",
                "Bytes that came over the loopback since the run began",
                &ConstCounter::<u64>::new(bytes),
            )?;
        }
        tell(
            &mut encoder,
            "testbed_host_stood_still_seconds",
            "How long the process stood still, the machine was suspended, or its clock was set",
            &ConstCounter::<f64>::new(self.0.stalls.total()),
        )?;
        let lags = Histogram::new(buckets());
        let late = samples.iter().map(|sample| sample.lag_seconds);
        late.for_each(|late| lags.observe(late));
        tell(
            &mut encoder,
            "testbed_host_scheduling_lag_seconds",
            "How late a task was woken that waits for a time, at most, every 100 ms",
            &lags,
        )
    }
}

/// The ratios over the last second.
fn ratios(samples: &[Sample], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let last = &samples[samples.len().saturating_sub(SECOND)..];
    for (name, help, of) in [
        (
            "testbed_host_cpu_ratio",
            "How busy all processors were in the last second, with all that runs on them",
            (|sample| sample.cpu_percent) as fn(&Sample) -> Option<f64>,
        ),
        (
            "testbed_process_cpu_ratio",
            "How much of all processors this process took in the last second",
            |sample| sample.own_cpu_percent,
        ),
    ] {
        let percents: Vec<_> = last.iter().filter_map(of).collect();
        if !percents.is_empty() {
            let mean = percents.iter().sum::<f64>() / percents.len() as f64;
            tell(encoder, name, help, &ConstGauge::new(mean / 100.0))?;
        }
    }
    Ok(())
}

/// The counts of the last sample.
fn counts(samples: &[Sample], encoder: &mut DescriptorEncoder<'_>) -> fmt::Result {
    let Some(last) = samples.last() else {
        return Ok(());
    };
    for (name, help, value) in [
        (
            "testbed_process_resident_memory_bytes",
            "Memory that this process has",
            last.memory_bytes,
        ),
        (
            "testbed_process_open_descriptors",
            "Files and sockets that this process has open",
            last.descriptors,
        ),
        (
            "testbed_host_sockets",
            "Sockets that are open in the network namespace of this process",
            last.sockets,
        ),
    ] {
        if let Some(value) = value {
            tell(encoder, name, help, &ConstGauge::new(value))?;
        }
    }
    Ok(())
}
