//! The simulator: an algorithm in virtual time, by one seed.
//!
//! All processes run in one thread, and everything that a network decides by
//! itself, from the delay of a message to its loss, is drawn from one generator.
//! The same seed gives the same run, step for step and span for span, so a run
//! that went wrong can be repeated. Another seed gives another schedule, and
//! thousands of them take seconds.
//!
//! `trace::steps` takes the steps, as in a live run.

#[cfg(test)]
mod exported;
mod ids;
mod limits;
mod process;
mod scenario;
mod schedule;
mod shrink;
mod simulation;
mod strikes;
#[cfg(test)]
pub(crate) mod tests;
mod trial;
#[cfg(test)]
mod unchanged;

pub use ids::SeededIds;
pub use limits::{End, Limit, Limits};
pub use scenario::{AskedOutages, Event, Frequency, Memory, NewLinks, OutageLength, Outages};
pub use scenario::{Change, Churn, Crash, Cut, Direction, DrawnFaults, Error as ScenarioError};
use scenario::{Downtimes, Separations};
pub use scenario::{Partition, Pause, RandomFaults, Scenario, Slow};
pub use schedule::{NEVER, Ran, Schedule, run};
pub use shrink::{Passing, Rebuild, Shrinking, Size};
pub use simulation::{EmittedOutput, Environment, Notice, Reaction, Simulation};
pub use strikes::Strikes;
pub use trial::{Counted, Observer, Shortened, Trial};

/// When the virtual clock starts: 2020-01-01, for spans need a date.
pub const EPOCH: u64 = 1_577_836_800_000_000_000;
