//! Systems to run, engines and checkers, without a network.
//!
//! A [`System`](system::System) is an experiment with an algorithm. The [`simulator`]
//! runs it in virtual time, in the schedules that a scenario and a seed give; the
//! [`model`] checker runs it in every schedule there is. [`checkers`] judge what any
//! engine has recorded. [`topology`], [`world`], [`delay`] and [`planned`] faults describe the
//! network; [`stats`] sums up measurements, and [`spread`] measures how messages of
//! gossip spread; [`graph`] computes what random overlays look like. [`own`] has all that an
//! algorithm of your own needs.

pub mod checkers;
pub mod delay;
pub mod graph;
pub mod lesson;
pub mod liars;
pub mod memory;
pub mod model;
pub mod narrative;
pub mod options;
pub mod own;
pub mod planned;
pub mod program;
pub mod saved;
pub mod shell;
pub mod simulator;
pub mod spread;
pub mod stats;
pub mod system;
pub mod topology;
pub mod values;
pub mod verdict;
pub mod world;

/// Why something cannot be run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Options make no sense together or for the run.
    #[error(transparent)]
    Options(#[from] options::Error),
    /// The topology does not go with the run.
    #[error(transparent)]
    Topology(#[from] topology::Error),
    /// The scenario cannot be simulated.
    #[error(transparent)]
    Scenario(#[from] simulator::ScenarioError),
    /// There is no such world.
    #[error(transparent)]
    World(#[from] world::Error),
    /// A system cannot be built with these options.
    #[error(transparent)]
    Setup(#[from] system::SetupError),
    /// A saved run cannot be judged.
    #[error(transparent)]
    Saved(#[from] saved::Error),
    /// The system itself is wrong.
    #[error(transparent)]
    System(#[from] system::Error),
}

impl Error {
    /// Whether the options, files or values are at fault. Otherwise the system is.
    pub fn is_usage(&self) -> bool {
        match self {
            Self::Options(_)
            | Self::Topology(_)
            | Self::Scenario(_)
            | Self::World(_)
            | Self::Setup(_)
            | Self::Saved(_) => true,
            Self::System(_) => false,
        }
    }
}
