//! The work of a benchmark, and its result.

use std::time::Duration;

use lab::stats::show;
use serde::{Deserialize, Serialize};

/// Messages over gossipsub.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Work {
    pub(crate) peers: u32,
    pub(crate) messages: u32,
    pub(crate) interval_ms: u64,
    pub(crate) size: usize,
    pub(crate) signed: bool,
    pub(crate) secured: bool,
    /// How long a copy may wait until its neighbour takes it, if not as libp2p
    /// has it.
    pub(crate) queue_seconds: Option<u64>,
}

/// The topology of both sides: the default of `gossip` and `kad`.
pub(crate) const TOPOLOGY: &str = "random:8";
pub(crate) const SEED: u64 = 1;

/// What one side did.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Done {
    pub(crate) expected: u64,
    pub(crate) delivered: u64,
    pub(crate) copies: u64,
    /// From the start until all meshes had formed.
    pub(crate) setup_seconds: f64,
    /// CPU time while messages were sent.
    pub(crate) cpu_seconds: f64,
    pub(crate) memory_bytes: u64,
    /// Until all peers had a message: the median and the 99th percentile.
    pub(crate) all_p50_ns: u64,
    pub(crate) all_p99_ns: u64,
    pub(crate) remark: String,
}

impl Done {
    pub(crate) fn cpu_micros(&self) -> f64 {
        1e6 * self.cpu_seconds / self.delivered.max(1) as f64
    }

    pub(crate) fn duplicates(&self) -> f64 {
        self.copies.saturating_sub(self.delivered) as f64 / self.delivered.max(1) as f64
    }
}

impl std::fmt::Display for Done {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let time = |nanos| show(Duration::from_nanos(nanos));
        write!(
            f,
            "{:.0} µs, {:.2} duplicates, {:.2} % of {}, to 100 % p50 {} p99 {}, {} MiB, set up in {:.1} s{}",
            self.cpu_micros(),
            self.duplicates(),
            100.0 * self.delivered as f64 / self.expected.max(1) as f64,
            self.expected,
            time(self.all_p50_ns),
            time(self.all_p99_ns),
            self.memory_bytes >> 20,
            self.setup_seconds,
            self.remark
        )
    }
}
