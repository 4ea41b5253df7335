//! The clock of an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The clock of spans.
#[derive(Clone, Debug)]
pub enum Clock {
    /// The system's.
    Wall,
    /// The simulator's: nanoseconds since the Unix epoch.
    Virtual(Arc<AtomicU64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> SystemTime {
        match self {
            Self::Wall => SystemTime::now(),
            Self::Virtual(nanos) => {
                UNIX_EPOCH + Duration::from_nanos(nanos.load(Ordering::Relaxed))
            }
        }
    }
}

/// Nanoseconds since the Unix epoch; 0 for a clock before it.
pub fn unix_nano(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    // 584 years fit.
    let seconds = since.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(since.subsec_nanos().into())
}
