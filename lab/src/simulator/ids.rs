//! Ids of traces and spans that the seed decides, so that the same seed gives
//! the same spans, byte for byte.

use std::sync::{Mutex, PoisonError};

use opentelemetry::trace::{SpanId, TraceId};
use opentelemetry_sdk::trace::IdGenerator;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// Draws ids from a seed.
#[derive(Debug)]
pub struct SeededIds(Mutex<ChaCha8Rng>);

impl SeededIds {
    /// Stands for the laboratory itself among the processes.
    pub const LABORATORY: u32 = u32::MAX;

    /// The ids of one process: each process of a run has its own sequence.
    pub fn new(seed: u64, process: u32) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(u64::from(process) + 1);
        Self(Mutex::new(rng))
    }

    fn draw<T>(&self, draw: impl FnOnce(&mut ChaCha8Rng) -> T) -> T {
        draw(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Zero is no valid id.
impl IdGenerator for SeededIds {
    fn new_trace_id(&self) -> TraceId {
        TraceId::from(self.draw(|rng| rng.random_range(1..=u128::MAX)))
    }

    fn new_span_id(&self) -> SpanId {
        SpanId::from(self.draw(|rng| rng.random_range(1..=u64::MAX)))
    }
}
