//! Mistakes in the echo algorithm.

use std::collections::BTreeSet;

use algorithms::echo::{Echo, Message, Output};
use algorithms::{Effect, Input, InstanceId, NodeId, step};
use lab::simulator::Scenario;
use lab::system::wave::Waves;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, spare};

type Right = Echo;

/// Six on a ring, of whom two start a wave.
fn ring() -> Waves {
    let neighbours = |me: u32| vec![(me + 5) % 6, (me + 1) % 6];
    Waves {
        neighbours: (0..6).map(neighbours).collect(),
        initiators: 2,
    }
}

fn echo(effect: &mut Effect<Right>) -> Option<(InstanceId, &mut u64)> {
    match effect {
        Effect::Send {
            message: Message::Echo { wave, visited },
            ..
        } => Some((*wave, visited)),
        _ => None,
    }
}

/// It answers its parent when the wave comes, and not when it has come back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct EchoesAtOnce {
    answered: BTreeSet<InstanceId>,
}

impl Mutation<Right> for EchoesAtOnce {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        effects.retain_mut(|effect| {
            echo(effect).is_none_or(|(wave, _)| !self.answered.contains(&wave))
        });
        if let Some(&Effect::Output(Output::Joined { wave, parent })) = effects.first()
            && let Some(to) = parent
        {
            self.answered.insert(wave);
            let message = Message::Echo { wave, visited: 1 };
            effects.push(Effect::Send {
                to,
                message,
                within: None,
            });
        }
        effects
    }
}

/// It forgets to count itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Miscounts;

impl Mutation<Right> for Miscounts {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        for (_, visited) in effects.iter_mut().filter_map(echo) {
            *visited -= 1;
        }
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    spare(&ring(), &Scenario::default());
}

#[test]
fn an_echo_that_does_not_wait() {
    let mutant = Mutated::new(ring(), EchoesAtOnce::default());
    let killers = ["W3 dependence", "right count"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn an_echo_that_miscounts() {
    let mutant = Mutated::new(ring(), Miscounts);
    kill(&mutant, &Scenario::default(), &["right count"]);
}
