//! The peers of this process, counted at each scrape.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::DescriptorEncoder;
use prometheus_client::metrics::gauge::ConstGauge;

use super::tell;
use crate::one_connection::Count;
use crate::watched;

/// The connection counts of each running peer.
#[derive(Clone, Debug, Default)]
pub(super) struct Peers(Arc<Mutex<Vec<watched::Receiver<Count>>>>);

impl Peers {
    pub(super) fn add(&self, count: watched::Receiver<Count>) {
        let all = self.0.lock();
        all.unwrap_or_else(PoisonError::into_inner).push(count);
    }

    /// How many peers run, and how many ends of connections they have.
    fn now(&self) -> (i64, i64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Stopped peers are not counted.
        all.retain(|count| !count.is_closed());
        let ends = all.iter().map(|count| count.now().connections as i64);
        (all.len() as i64, ends.sum())
    }
}

impl Collector for Peers {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let (peers, ends) = self.now();
        tell(
            &mut encoder,
            "testbed_peers",
            "Peers of this process that run",
            &ConstGauge::new(peers),
        )?;
        tell(
            &mut encoder,
            "testbed_connection_ends",
            "Connections of these peers; one between two of them has two ends",
            &ConstGauge::new(ends),
        )
    }
}
