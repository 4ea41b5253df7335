//! Chandy and Lamport's states, recorded wrongly.

use std::time::Duration;

use algorithms::bank::{Bank, Due};
use algorithms::chandy_lamport::{ChandyLamport, Message};
use algorithms::snapshot::{Output, Timer};
use algorithms::{Effect, Input, InstanceId, NodeId, step};
use lab::simulator::{Crash, Memory, Scenario};
use trace::history::History;
use trace::steps::Event;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{banks, kill, spare};

type Right = ChandyLamport<Bank>;

fn recorded(id: InstanceId, right: &Right) -> Effect<Right> {
    let state = right.application().clone();
    Effect::Output(Output::Recorded { id, state })
}

/// For which snapshot the state was recorded, if it was, and which effect that
/// is.
pub(crate) fn record(effects: &[Effect<Right>]) -> Option<(usize, InstanceId)> {
    let mut effects = (0..).zip(effects);
    effects.find_map(|(place, effect)| match effect {
        Effect::Output(Output::Recorded { id, .. }) => Some((place, *id)),
        _ => None,
    })
}

/// Between the markers and the record, the application sends something.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct InterleavedSend;

impl Mutation<Right> for InterleavedSend {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        if let Some((place, id)) = record(&effects) {
            effects.remove(place);
            let due = Input::Timer(Timer::Application(Due));
            effects.extend(step(right, due, seed));
            effects.push(recorded(id, right));
        }
        effects
    }
}

/// Each further marker of a snapshot makes it record its state once more.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct RecordedAgain;

impl Mutation<Right> for RecordedAgain {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let marker = match &input {
            Input::Message {
                message: Message::Marker(id),
                ..
            } => Some(*id),
            _ => None,
        };
        let mut effects = step(right, input, seed);
        if let (Some(id), None) = (marker, record(&effects)) {
            effects.insert(0, recorded(id, right));
        }
        effects
    }
}

/// The record is no copy of the state but a reference to it: read at the end of the run,
/// it has the final state.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Aliased;

impl Mutation<Right> for Aliased {
    fn trace(history: &mut History) {
        for steps in history.processes.values_mut() {
            let end = steps.last().expect("it has started").state.clone();
            for event in steps.iter_mut().flat_map(|step| &mut step.events) {
                if let Event::Output { kind, fields } = event
                    && kind == "Recorded"
                {
                    let read = |(name, value): (&str, &algorithms::Field)| {
                        let state = name.strip_prefix("state.");
                        let now = state.and_then(|name| end.get(name)).unwrap_or(value);
                        (name.to_owned().into(), now.clone())
                    };
                    *fields = fields.iter().map(read).collect();
                }
            }
        }
    }
}

/// The initiator reports a snapshot that timed out as complete.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct TimeoutIsComplete;

impl Mutation<Right> for TimeoutIsComplete {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        for effect in &mut effects {
            if let Effect::Output(Output::Aborted { id, .. }) = *effect
                && id.by == me
            {
                *effect = Effect::Output(Output::Complete { id });
            }
        }
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    spare(&banks::<Right>(), &Scenario::default());
    // And in the wrapper, without a mutation.
    let wrapped = Mutated::new(banks::<Right>(), ());
    spare(&wrapped, &Scenario::default());
}

#[test]
fn a_state_recorded_after_an_interleaved_send() {
    let mutant = Mutated::new(banks(), InterleavedSend);
    let killers = ["I3 markers", "I5 conservation", "I7 replay"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn a_state_recorded_again_at_the_second_marker() {
    let mutant = Mutated::new(banks(), RecordedAgain);
    kill(&mutant, &Scenario::default(), &["I8 liveness"]);
}

#[test]
fn a_state_aliased_instead_of_copied() {
    let mutant = Mutated::new(banks(), Aliased);
    let killers = ["I5 conservation", "I7 replay"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn a_timeout_reported_as_complete() {
    let banks = banks();
    let scenario = Scenario {
        crash: vec![Crash {
            process: 3,
            at: Duration::from_millis(40),
            restart: None,
            state: Memory::Kept,
        }],
        ..Scenario::default()
    };
    spare(&banks, &scenario);
    kill(
        &Mutated::new(banks, TimeoutIsComplete),
        &scenario,
        &["I8 liveness"],
    );
}
