//! The metrics of operations, for Prometheus.

use std::time::Duration;

use lab::stats::buckets;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::{Histogram, linear_buckets};
use prometheus_client::registry::Registry;

use super::results::Row;

type Label = (&'static str, &'static str);

/// Operations that have ended, without those of the preparation.
#[derive(Debug)]
pub(super) struct Metrics {
    operations: Family<[Label; 2], Counter>,
    seconds: Family<[Label; 1], Histogram>,
    hops: Family<[Label; 1], Histogram>,
}

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let new = Self {
            operations: Family::default(),
            seconds: Family::new_with_constructor(|| Histogram::new(buckets())),
            // The highest bucket exceeds log2 of the largest number of peers in a process.
            hops: Family::new_with_constructor(|| Histogram::new(linear_buckets(0.0, 1.0, 17))),
        };
        registry.register(
            "testbed_kad_operations",
            "Operations that ended: right, not_exact (the oracle knows closer peers), or failed",
            new.operations.clone(),
        );
        registry.register(
            "testbed_kad_operation_seconds",
            "From when an operation was to begin until it succeeded",
            new.seconds.clone(),
        );
        registry.register(
            "testbed_kad_hops",
            "Peers that were asked one after the other until it succeeded",
            new.hops.clone(),
        );
        new
    }

    pub(super) fn take(&self, row: &Row, after: Duration) {
        let kind = ("kind", row.kind.name());
        let outcome = match row.failed {
            Some(_) => "failed",
            None if row.right < row.of => "not_exact",
            None => "right",
        };
        let labels = [kind, ("outcome", outcome)];
        self.operations.get_or_create(&labels).inc();
        if row.failed.is_none() {
            let seconds = self.seconds.get_or_create(&[kind]);
            seconds.observe(after.as_secs_f64());
            if let Some(hops) = row.hops {
                self.hops.get_or_create(&[kind]).observe(hops.into());
            }
        }
    }
}
