//! What is run and judged, without a network.
//!
//! A [`System`](system::System) is an experiment with an algorithm. The
//! [`simulator`] runs it in virtual time, in the schedules that a scenario and a seed
//! give; the [`model`] checker runs it in every schedule there is. [`checkers`] judge
//! what any engine has recorded. [`topology`], [`delay`] and [`planned`] faults say
//! what the network is like; [`stats`] sums up what was measured. [`own`] has all that
//! an algorithm of your own needs.

pub mod checkers;
pub mod delay;
pub mod memory;
pub mod model;
pub mod options;
pub mod own;
pub mod planned;
pub mod simulator;
pub mod spread;
pub mod stats;
pub mod system;
pub mod topology;
pub mod values;

/// Why something cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for makes no sense here: the value, and the way out.
    #[error("{0}")]
    Usage(String),
    /// The system itself is wrong.
    #[error("{0}")]
    System(String),
}
