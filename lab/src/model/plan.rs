//! How a system is searched, and over which network.

use std::num::NonZeroUsize;
use std::thread;

use trace::steps::Processes;

use super::Bounds;

/// What channels do, and how many faults there may be in a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// Channels keep the order.
    pub fifo: bool,
    /// How many messages may be lost. [`UNLIMITED`]: any.
    pub losses: u32,
    /// How many messages may be delivered twice. [`UNLIMITED`]: any.
    pub duplicates: u32,
    /// How many times a process may crash.
    pub crashes: u32,
    /// How many times a crashed process restarts.
    pub restarts: u32,
}

/// A fault may happen any number of times.
pub const UNLIMITED: u32 = u32::MAX;

impl Network {
    /// Channels that keep the order, without faults.
    pub const RELIABLE: Self = Self {
        fifo: true,
        losses: 0,
        duplicates: 0,
        crashes: 0,
        restarts: 0,
    };
}

/// How a system is searched.
#[derive(Clone, Debug)]
pub struct Plan {
    /// What channels do.
    pub network: Network,
    /// The processes, and their neighbours.
    pub directory: Processes,
    /// The seed of all choices of processes.
    pub seed: u64,
    /// The bounds of the search.
    pub bounds: Bounds,
    /// How many threads try states at once.
    pub threads: NonZeroUsize,
}

impl Plan {
    /// With the usual bounds, on all processors.
    pub fn new(network: Network, directory: Processes, seed: u64) -> Self {
        Self {
            network,
            directory,
            seed,
            bounds: Bounds::default(),
            threads: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
        }
    }
}
