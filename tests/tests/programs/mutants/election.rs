//! Mistakes in Chang and Roberts's election.

use algorithms::chang_roberts::{ChangRoberts, Message};
use algorithms::{Effect, Input, NodeId, step};
use lab::simulator::Scenario;
use lab::system::election::Election;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, spare};

type Right = ChangRoberts;

/// Six on a ring, all of them candidates.
fn ring() -> Election {
    Election::new(6, 6, 1)
}

/// It also forwards identities smaller than its own.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct ForwardsSmaller {
    /// Its own identity and the next process, once it stands.
    own: Option<(u64, NodeId)>,
}

impl Mutation<Right> for ForwardsSmaller {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        if let (Input::Message { message, .. }, Some((own, to))) = (&input, self.own)
            && let Message::Election { id } = *message
            && id < own
        {
            let message = Message::Election { id };
            return vec![Effect::Send {
                to,
                message,
                within: None,
            }];
        }
        let stands = matches!(input, Input::Command(_));
        let effects = step(right, input, seed);
        if let [
            Effect::Send {
                to,
                message: Message::Election { id },
                ..
            },
        ] = effects[..]
            && stands
        {
            self.own = Some((id, to));
        }
        effects
    }
}

/// It takes any identity for its own, so the first one that comes makes it the leader.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct WinsAtOnce {
    own: Option<u64>,
}

impl Mutation<Right> for WinsAtOnce {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        mut input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        if let Input::Message { message, .. } = &mut input
            && let (Message::Election { id }, Some(own)) = (message, self.own)
        {
            *id = own;
        }
        let stands = matches!(input, Input::Command(_));
        let effects = step(right, input, seed);
        if let [
            Effect::Send {
                message: Message::Election { id },
                ..
            },
        ] = effects[..]
            && stands
        {
            self.own = Some(id);
        }
        effects
    }
}

/// The winner does not announce itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Silent;

impl Mutation<Right> for Silent {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Right,
        input: Input<Right>,
        seed: u64,
    ) -> Vec<Effect<Right>> {
        let mut effects = step(right, input, seed);
        effects.retain(|effect| match effect {
            Effect::Send { message, .. } => !matches!(message, Message::Elected(_)),
            _ => true,
        });
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    spare(&ring(), &Scenario::default());
}

#[test]
fn smaller_identities_are_forwarded() {
    let mutant = Mutated::new(ring(), ForwardsSmaller::default());
    let killers = ["agreement", "one leader", "largest"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn the_first_message_is_a_victory() {
    let mutant = Mutated::new(ring(), WinsAtOnce::default());
    let killers = ["agreement", "one leader", "largest"];
    kill(&mutant, &Scenario::default(), &killers);
}

#[test]
fn a_leader_that_is_not_announced() {
    let mutant = Mutated::new(ring(), Silent);
    kill(&mutant, &Scenario::default(), &["termination"]);
}
