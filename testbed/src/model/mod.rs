//! The model checker: every schedule of a system, not some.
//!
//! `stateright` walks over all states that a system can be in. This file says
//! what a state is and what can happen in it; [`World`] does what happens.
//!
//! A state holds what each process has seen, for that is what a judge reads,
//! and nothing of what no process could see: two schedules that differ only in
//! the order of steps that have nothing to do with each other lead to the same
//! state. What was judged wrong once stays wrong, so it is enough to judge a
//! run at its end.
//!
//! There is no time. A message may take as long as it likes, and so may a
//! timer, but for one that is set for a second or longer: that waits until
//! nothing else can happen, as patience should.

mod world;

#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use algorithms::NodeId;
use node::steps::RecordTo;
use node::telemetry::Sink;
use stateright::{Checker as _, Model as _, Property};

use crate::simulator::SeededIds;
use crate::system::System;
pub use world::{Action, World};

/// What channels do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// They keep the order.
    pub fifo: bool,
    /// Any message may be lost.
    pub lossy: bool,
    /// Any message may come twice.
    pub duplicating: bool,
}

/// What came of a check.
#[derive(Clone, Debug)]
pub struct Checked<A> {
    /// Different states that were found.
    pub states: u64,
    /// The longest way to a state, in steps of the system.
    pub depth: u64,
    /// How long it took.
    pub took: Duration,
    /// Whether all states were found.
    pub whole: bool,
    /// How a run comes to an end and shows something, for example.
    pub example: Option<Vec<A>>,
    /// The shortest way to a run that is wrong.
    pub counterexample: Option<Vec<A>>,
}

/// The names of properties.
const RIGHT: &str = "every run is right";
const ENDS: &str = "every run ends";
const TELLS: &str = "a run shows something";

struct SystemModel<S> {
    system: Arc<S>,
    network: Network,
    seed: u64,
}

impl<S: System> SystemModel<S> {
    /// Whether a run ends there as it should: with all its endings, or where
    /// nothing can happen any more, if it may do without some.
    fn ends(&self, state: &World<S::Algorithm>) -> bool {
        let may_lack = self.system.gives_up_after().is_some();
        state.has_ended(&*self.system) || may_lack && state.actions(self.network).is_empty()
    }
}

impl<S: System + 'static> stateright::Model for SystemModel<S> {
    type State = World<S::Algorithm>;
    type Action = Action;

    fn init_states(&self) -> Vec<Self::State> {
        vec![World::new(&*self.system, self.seed, |_| RecordTo::Engine)]
    }

    fn actions(&self, state: &Self::State, actions: &mut Vec<Action>) {
        if !state.has_ended(&*self.system) {
            actions.extend(state.actions(self.network));
        }
    }

    fn next_state(&self, last: &Self::State, action: Action) -> Option<Self::State> {
        let mut next = last.clone();
        next.act(&*self.system, action);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always(RIGHT, |model: &Self, state: &Self::State| {
                let open =
                    !state.has_ended(&*model.system) && !state.actions(model.network).is_empty();
                open || {
                    let judgement = model.system.judge(&state.history());
                    judgement.holds()
                }
            }),
            Property::eventually(ENDS, |model: &Self, state: &Self::State| model.ends(state)),
            Property::sometimes(TELLS, |model: &Self, state: &Self::State| {
                model.ends(state) && {
                    let judged = model.system.judge(&state.history());
                    model.system.is_telling(&judged)
                }
            }),
        ]
    }
}

/// Tries every schedule of `system`, up to `most` states.
pub fn check<S: System + 'static>(
    system: &Arc<S>,
    network: Network,
    seed: u64,
    most: NonZeroUsize,
) -> Checked<Action> {
    let began = Instant::now();
    let model = SystemModel {
        system: Arc::clone(system),
        network,
        seed,
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let checker = model
        .checker()
        .threads(threads)
        .target_state_count(most.get())
        .spawn_bfs()
        .join();
    let mut found = checker.discoveries();
    // The end is a matter of the judge as well, who says what is missing.
    let wrong = found.remove(RIGHT).or_else(|| found.remove(ENDS));
    Checked {
        states: checker.unique_state_count() as u64,
        depth: checker.max_depth() as u64,
        took: began.elapsed(),
        whole: checker.state_count() < most.get(),
        example: found.remove(TELLS).map(|path| path.into_actions()),
        counterexample: wrong.map(|path| path.into_actions()),
    }
}

/// Runs one way again, and records it as spans, a millisecond a step.
pub fn replay<S: System>(system: &S, seed: u64, actions: &[Action], sink: &Arc<Sink>) {
    let mut world = World::new(system, seed, |id: NodeId| {
        let name = id.to_string();
        RecordTo::Spans(sink.tracer_with_ids(&name, &name, SeededIds::new(seed, id.0)))
    });
    for action in actions {
        world.tick();
        world.act(system, action.clone());
    }
}
