//! Mistakes in synchronous algorithms: FloodSet, and the oral messages of the generals.

use std::time::Duration;

use algorithms::flood_set::{Decided, FloodSet};
use algorithms::oral_messages::{Obeys, OralMessages};
use algorithms::rounds::{Ending, Message, Output, Rounds};
use algorithms::{Effect, Input, NodeId, step};
use lab::liars::{Byzantine, Liars};
use lab::simulator::{Crash, Memory, Scenario};
use lab::system::agreement::Agreement;
use lab::system::generals::Generals;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, spare};

const CLOCK: Ending = Ending::Clock {
    round: Duration::from_secs(1),
    pace: Duration::from_millis(2),
};

/// Five processes, one of which may stop.
fn agreement(faults: u32) -> Agreement {
    Agreement {
        processes: 5,
        faults,
        ending: CLOCK,
    }
}

/// Process 0, which has the smallest input, stops after it has sent to two others.
fn crash() -> Scenario {
    Scenario {
        crash: vec![Crash {
            process: 0,
            at: Duration::from_millis(3),
            restart: None,
            state: Memory::Kept,
        }],
        ..Scenario::default()
    }
}

/// A mistake in FloodSet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mistake {
    /// It decides on the first value that comes from another.
    DecidesOnTheFirst { has_decided: bool },
    /// It decides on its own input.
    DecidesAlone,
    /// It decides on a value that is no input.
    Invents,
    /// It decides twice.
    DecidesTwice,
    /// It does not decide.
    DecidesNever,
}

impl Mutation<Rounds<FloodSet>> for Mistake {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Rounds<FloodSet>,
        input: Input<Rounds<FloodSet>>,
        seed: u64,
    ) -> Vec<Effect<Rounds<FloodSet>>> {
        let decides = |value| Effect::Output(Output::Algorithm(Decided { value }));
        let first = match &input {
            Input::Message {
                message: Message::Something { message, .. },
                ..
            } => message.values.first().copied(),
            _ => None,
        };
        let mut effects = step(right, input, seed);
        let place = effects
            .iter()
            .position(|effect| matches!(effect, Effect::Output(Output::Algorithm(_))));
        match (self, place) {
            (Self::DecidesOnTheFirst { has_decided }, place) => {
                place.map(|place| effects.remove(place));
                if let (Some(first), false) = (first, *has_decided) {
                    *has_decided = true;
                    effects.push(decides(first));
                }
            }
            (Self::DecidesAlone, Some(place)) => effects[place] = decides(me.0.into()),
            (Self::Invents, Some(place)) => effects[place] = decides(99),
            (Self::DecidesTwice, Some(place)) => effects.push(effects[place].clone()),
            (Self::DecidesNever, Some(place)) => drop(effects.remove(place)),
            (_, None) => {}
        }
        effects
    }
}

#[test]
fn right_consensus_passes_with_and_without_a_crash() {
    spare(&agreement(1), &Scenario::default());
    spare(&agreement(1), &crash());
}

#[test]
fn one_round_fewer() {
    kill(&agreement(0), &crash(), &["agreement"]);
}

#[test]
fn wrong_decisions() {
    for (mistake, killer) in [
        (
            Mistake::DecidesOnTheFirst { has_decided: false },
            "agreement",
        ),
        (Mistake::DecidesAlone, "agreement"),
        (Mistake::Invents, "validity"),
        (Mistake::DecidesTwice, "integrity"),
        (Mistake::DecidesNever, "termination"),
    ] {
        let mutant = Mutated::new(agreement(1), mistake);
        kill(&mutant, &Scenario::default(), &[killer]);
    }
}

/// Four generals, of which those lie.
fn generals(liars: &str) -> Generals {
    let liars = liars.parse::<Liars>().expect("liars");
    Generals {
        processes: 4,
        traitors: 1,
        attack: true,
        liars,
        ending: CLOCK,
    }
}

/// A mistake in the obedience of a lieutenant that does not lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Disobedience {
    /// Peer 2 does the opposite.
    OfOne,
    /// All retreat, whatever they are told.
    OfAll,
    /// Peer 1 does nothing.
    Idle,
}

impl Mutation<Byzantine<Rounds<OralMessages>>> for Disobedience {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Byzantine<Rounds<OralMessages>>,
        input: Input<Byzantine<Rounds<OralMessages>>>,
        seed: u64,
    ) -> Vec<Effect<Byzantine<Rounds<OralMessages>>>> {
        let mut effects = step(right, input, seed);
        if *self == Self::Idle && me == NodeId(1) {
            effects.retain(|effect| !matches!(effect, Effect::Output(_)));
        }
        for effect in &mut effects {
            if let Effect::Output(Output::Algorithm(Obeys { attack })) = effect {
                match self {
                    Self::OfOne if me == NodeId(2) => *attack = !*attack,
                    Self::OfAll => *attack = false,
                    Self::OfOne | Self::Idle => {}
                }
            }
        }
        effects
    }
}

#[test]
fn right_generals_pass_whoever_lies() {
    for liars in ["0:equivocate", "1:custom", "3:forge", "0:silent"] {
        spare(&generals(liars), &Scenario::default());
    }
}

#[test]
fn disobedience() {
    for (liars, mistake, killer) in [
        ("0:forge", Disobedience::OfOne, "IC1 same order"),
        ("3:forge", Disobedience::OfAll, "IC2 the commander's order"),
        ("3:forge", Disobedience::Idle, "termination"),
    ] {
        let mutant = Mutated::new(generals(liars), mistake);
        kill(&mutant, &Scenario::default(), &[killer]);
    }
}
