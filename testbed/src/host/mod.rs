//! The machine: all that is read from the operating system.

pub(crate) mod apart;
mod footprint;
mod metrics;
mod pauses;
mod reading;
mod sample;
mod saturation;
mod stalls;
mod watch;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use lab::memory::{self, resident};
use serde::Serialize;
use sysinfo::System;
use tokio::time::sleep;

pub use apart::Apart;
pub use footprint::Footprint;
pub use pauses::{Kind as PauseKind, Pause};
pub use reading::cpu_seconds;
pub use saturation::{Bounds, Saturation};
pub use watch::{Measuring, Use, Watch};

/// `host.csv`, or the measurements in `results.csv`, cannot be written or read.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// What is wrong with it.
    pub source: csv::Error,
}

/// How often the host is sampled.
const EVERY: Duration = Duration::from_millis(100);

/// The machine on which the measurements were made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Host {
    /// The operating system and its version.
    pub os: String,
    /// The processor's architecture.
    pub arch: &'static str,
    /// How many threads it runs in parallel.
    pub cpus: usize,
    /// Its memory in bytes.
    pub memory: u64,
    /// The smallest observed advance of the clock, in nanoseconds.
    pub clock_resolution_ns: u64,
}

impl Host {
    /// This machine.
    pub fn this() -> Self {
        Self {
            os: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.into()),
            arch: std::env::consts::ARCH,
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
            memory: memory::total(),
            clock_resolution_ns: clock_resolution(),
        }
    }
}

/// How often the clock is read to determine its resolution.
const READINGS: usize = 1000;

/// The smallest difference between two consecutive, different readings.
fn clock_resolution() -> u64 {
    let mut last = Instant::now();
    let steps = (0..READINGS).filter_map(|_| {
        let now = Instant::now();
        let step = now - std::mem::replace(&mut last, now);
        (!step.is_zero()).then_some(step.as_nanos() as u64)
    });
    steps.min().unwrap_or(0)
}

/// Waits until this process takes more than `limit` bytes of memory, and returns
/// how many it takes. If that is unknown, waits forever.
pub async fn outgrows(limit: u64) -> u64 {
    loop {
        match resident() {
            Some(now) if now > limit => return now,
            Some(_) => sleep(EVERY).await,
            None => return std::future::pending().await,
        }
    }
}

/// Raises the limit of open files up to `needed`, if it is lower and the system
/// allows it. Returns the limit. An unknown limit counts as sufficient.
pub fn raise_descriptors(needed: u64) -> u64 {
    rlimit::increase_nofile_limit(needed).unwrap_or(needed)
}
