//! The model checker: it tries every schedule of a system.
//!
//! [`check`] searches all states that a system can be in, the nearest first
//! ([`search`]). [`World`] is such a state: it lists the actions that are
//! possible in it, and carries them out. [`Bounds`] limit the search.
//!
//! A state holds what each process has seen, since that is what a judge reads,
//! and nothing that no process could see. So two schedules that differ only in
//! the order of independent steps lead to the same state. A violation stays one
//! however the run continues, so it is enough to judge a run at its end. Only the
//! invariants of a system ([`System::safe`]) can hold again after a violation, and are
//! checked in every state.
//!
//! For a system that [ignores history](System::ignores_history), a state is the
//! situation alone: what the processes and the channels hold, and what was output.
//! There a run can come back to a known state, and whether every run ends is not
//! checked. For all other systems:
//!
//! No state occurs twice in a run: with each step some process has seen more,
//! or a message is gone. A run without an end has ever new states; it is not a
//! cycle that a search could take for known. So *every run ends* is reported only
//! when all states of a system were tried, and in each of them something can
//! still happen, or the run has ended as it should. A system with an endless run
//! meets a bound, and the result is `unknown`, however its other runs end;
//! whether such a run is fair is not checked. After a bound was met, the last run
//! that was tried is searched for a state in which things stand as they did
//! before ([`Repetition`]).
//!
//! Random choices of [`Out::random`](algorithms::Out::random) among up to 16 integers are
//! branches: a step has a successor for each combination of its choices
//! ([`Choices`](algorithms::Choices)). Other random numbers are drawn from the seed, one
//! value each, and [`Checked::has_drawn`] says so.
//!
//! A message may take any time, and so may a timer that is set for less than a second. A
//! timer of such a length waits for a shorter one of its process that was set no later. A
//! longer timer waits until nothing else can happen, as a timeout should, and then for all
//! timers of all processes that run out before it: it is as if everything else took no time.
//! So a timer of 2 s never runs out before one of 1 s that was set no later.
//!
//! Only a [synchronous](System::is_synchronous) system has time: messages take none, and
//! all timers run out in the order of their times.

mod bounds;
mod exploration;
mod plan;
mod search;
mod world;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use trace::LABORATORY;
use trace::history::faults;
use trace::steps::RecordTo;
use trace::telemetry::Sink;

use crate::simulator::SeededIds;
use crate::system::{self, System};
pub use bounds::{Bound, Bounds, Extent};
pub use exploration::{Exploration, Searched, progress};
pub use plan::{Network, Plan, UNLIMITED};
pub use search::check;
pub use world::{Action, World};

/// The result of a check.
#[derive(Clone, Debug)]
pub struct Checked<A> {
    /// What was tried.
    pub extent: Extent,
    /// What was checked at the ends of runs.
    pub coverage: system::Coverage,
    /// How long it took.
    pub took: Duration,
    /// The first bound that was met, if any: some states were not tried because
    /// of it.
    pub bound: Option<Bound>,
    /// Whether there were random numbers of which not all values were tried.
    pub has_drawn: bool,
    /// How many processes are [interchangeable](System::symmetry). States that differ in
    /// their names alone count as one. 0: all names count.
    pub symmetric: usize,
    /// Where a bound was met: how the last run that was tried repeats itself.
    pub repetition: Option<Repetition>,
    /// A shortest run that is right and shows something.
    pub example: Option<Vec<A>>,
    /// A shortest run that is wrong.
    pub counterexample: Option<Vec<A>>,
}

/// A run that can go on for ever: after `to` steps things stand as after `from`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Repetition {
    /// Steps until things stood so for the first time.
    pub from: usize,
    /// Steps until they stood so again.
    pub to: usize,
}

impl<A> Checked<A> {
    /// Whether all states were tried.
    pub fn is_whole(&self) -> bool {
        self.bound.is_none() && self.counterexample.is_none()
    }
}

/// The initial state: all processes have started, unless they make random choices there or
/// have several initial states.
pub fn start<S: System>(system: &S, plan: &Plan) -> World<S::Algorithm> {
    let mut started = World::new(system, plan, |_| to_engine());
    if started.starts() > 1 {
        return started;
    }
    let choices = started.act(system, Action::Start(0));
    match choices.is_empty() {
        true => started,
        false => World::new(system, plan, |_| to_engine()),
    }
}

/// A state is one of several by all that is in its messages.
fn to_engine() -> RecordTo {
    RecordTo::Engine { reads: |_| true }
}

/// Replays a run, and records it as spans, a millisecond a step. Returns the
/// state at its end.
pub fn replay<S: System>(
    system: &S,
    plan: &Plan,
    actions: &[Action],
    sink: &Arc<Sink>,
) -> World<S::Algorithm> {
    let tracer =
        |name: &str, process| sink.tracer_with_ids(name, name, SeededIds::new(plan.seed, process));
    let mut world = World::new(system, plan, |id: NodeId| {
        RecordTo::Spans(tracer(&id.to_string(), id.0))
    });
    let is_start = |action: &Action| match action {
        Action::Start(_) => true,
        Action::Choosing(action, _) => matches!(**action, Action::Start(_)),
        _ => false,
    };
    if !actions.first().is_some_and(is_start) {
        world.act(system, Action::Start(0));
    }
    for action in actions {
        world.tick();
        world.act(system, action.clone());
    }
    let unfinished = world
        .unfinished(system)
        .map(|why| (world.now_unix_nano(), why));
    faults::record(world.crashes(), &[], Vec::new(), unfinished, || {
        tracer(LABORATORY, SeededIds::LABORATORY)
    });
    world
}
