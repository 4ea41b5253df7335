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
