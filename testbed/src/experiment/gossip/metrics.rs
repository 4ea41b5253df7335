//! The metrics of gossip for Prometheus. Messages of the interval search count too.

use std::fmt;
use std::time::Duration;

use node::gossip::Watch;
use node::metrics::tell;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::histogram::Histogram;

use lab::stats::buckets;

/// The counters of the experiment, and those of the watch.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    watch: Watch,
    published: Counter,
    delivered: Counter,
    delivery: Histogram,
}

impl Metrics {
    pub(super) fn new(watch: Watch) -> Self {
        Self {
            watch,
            published: Counter::default(),
            delivered: Counter::default(),
            delivery: Histogram::new(buckets()),
        }
    }

    pub(super) fn published(&self) {
        self.published.inc();
    }

    pub(super) fn delivered(&self, after: Duration) {
        self.delivered.inc();
        self.delivery.observe(after.as_secs_f64());
    }
}

impl Collector for Metrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let counted = self.watch.counts().now();
        for (name, help, count) in [
            (
                "testbed_gossip_published",
                "Messages that were published",
                self.published.get(),
            ),
            (
                "testbed_gossip_delivered",
                "First copies of them that came to other peers",
                self.delivered.get(),
            ),
            (
                "testbed_gossip_copies",
                "Copies of messages that came, the first ones included",
                counted.copies,
            ),
            (
                "testbed_gossip_copied_bytes",
                "Bytes of data in these copies",
                counted.bytes,
            ),
            (
                "testbed_gossip_events_missed",
                "Events for which the laboratory had no room: what it counts is too low",
                counted.missed,
            ),
        ] {
            tell(&mut encoder, name, help, &ConstCounter::new(count))?;
        }
        tell(
            &mut encoder,
            "testbed_gossip_delivery_seconds",
            "From when a message was to be published until its first copy came to a peer",
            &self.delivery,
        )
    }
}
