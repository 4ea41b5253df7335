//! Mistakes in Dijkstra and Scholten's algorithm.

use std::time::Duration;

use algorithms::dijkstra_scholten::{DijkstraScholten, Message, Output};
use algorithms::work::Work;
use algorithms::{Effect, Input, NodeId, step};
use lab::simulator::Scenario;
use lab::system::termination::Termination;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, mesh, spare};

type Right = DijkstraScholten<Work>;

const EARLY: &str = "never early: all are passive";

fn work() -> Termination {
    Termination {
        neighbours: mesh(5),
        jobs: 40,
        pace: Duration::from_millis(20),
    }
}

/// A SIGNAL counts for two.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct CountsDouble;

impl Mutation<Right> for CountsDouble {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input.clone(), seed);
        if let Input::Message {
            message: Message::Signal,
            ..
        } = input
        {
            effects.extend(step(right, input, seed));
        }
        effects
    }
}

/// The message that engages is answered like any other: at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct AnswersAtOnce {
    /// Whether it is answered once more in the end.
    twice: bool,
}

impl Mutation<Right> for AnswersAtOnce {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        // The SIGNAL to the parent is just before this output.
        let disengaged = Effect::Output(Output::Disengaged);
        if let Some(news) = effects.iter().position(|effect| *effect == disengaged)
            && !self.twice
        {
            effects.remove(news - 1);
        }
        if let Some(&Effect::Output(Output::Engaged { parent })) = effects.first() {
            effects.push(Effect::Send {
                to: parent,
                message: Message::Signal,
                within: None,
            });
        }
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    spare(&work(), &Scenario::default());
}

#[test]
fn a_signal_that_counts_double() {
    let mutant = Mutated::new(work(), CountsDouble);
    let killers = [EARLY, "never early: no message is on its way"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn the_engaging_message_is_answered_at_once() {
    for twice in [false, true] {
        let mutant = Mutated::new(work(), AnswersAtOnce { twice });
        kill(&mutant, &Scenario::default(), &[EARLY]);
    }
}
