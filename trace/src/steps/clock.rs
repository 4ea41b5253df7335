//! The clock of an engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::time;

/// The clock of spans.
#[derive(Clone, Debug)]
pub enum Clock {
    /// That of [spans](crate::time::now).
    Spans,
    /// The simulator's: nanoseconds since the Unix epoch.
    Simulated(Arc<AtomicU64>),
}

impl Clock {
    /// Now.
    pub fn now(&self) -> SystemTime {
        match self {
            Self::Spans => time::now(),
            Self::Simulated(nanos) => {
                UNIX_EPOCH + Duration::from_nanos(nanos.load(Ordering::Relaxed))
            }
        }
    }
}
