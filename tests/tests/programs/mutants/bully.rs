//! Mistakes in the bully election.

use std::time::Duration;

use algorithms::bully::{Bully, Message};
use algorithms::{Effect, Input, NodeId, step};
use lab::simulator::{Crash, Memory, Scenario};
use lab::system::election::Bullies;

use crate::mutants::mutant::{Mutated, Mutation};
use crate::mutants::{kill, spare};

const MS: Duration = Duration::from_millis(1);

/// Process 0 of five begins an election, and another when the largest has stopped.
fn election(timeout: Duration) -> Bullies {
    Bullies {
        processes: 5,
        timeout,
        elections: vec![(NodeId(0), Duration::ZERO), (NodeId(0), MS * 300)],
        crashes: Some(1),
    }
}

fn crash(process: u32, restart: Option<Duration>) -> Scenario {
    Scenario {
        crash: vec![Crash {
            process,
            at: MS * 200,
            restart,
            state: Memory::Lost,
        }],
        ..Scenario::default()
    }
}

/// It sends no messages of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Silent {
    Answers,
    Announcements,
}

impl Mutation<Bully> for Silent {
    fn step(
        &mut self,
        _: NodeId,
        right: &mut Bully,
        input: Input<Bully>,
        seed: u64,
    ) -> Vec<Effect<Bully>> {
        let mut effects = step(right, input, seed);
        effects.retain(|effect| match (&*self, effect) {
            (Self::Answers, Effect::Send { message, .. }) => *message != Message::Answer,
            (Self::Announcements, Effect::Send { message, .. }) => *message != Message::Coordinator,
            _ => true,
        });
        effects
    }
}

/// It asks the next larger process alone.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct AsksOne;

impl Mutation<Bully> for AsksOne {
    fn step(
        &mut self,
        me: NodeId,
        right: &mut Bully,
        input: Input<Bully>,
        seed: u64,
    ) -> Vec<Effect<Bully>> {
        let mut effects = step(right, input, seed);
        effects.retain(|effect| match effect {
            Effect::Send { to, message, .. } => *message != Message::Election || to.0 == me.0 + 1,
            _ => true,
        });
        effects
    }
}

#[test]
fn the_correct_algorithm_passes() {
    for restart in [None, Some(MS * 600)] {
        spare(&election(MS * 100), &crash(4, restart));
    }
}

#[test]
fn a_process_that_does_not_answer() {
    let mutant = Mutated::new(election(MS * 15), Silent::Answers);
    kill(&mutant, &Scenario::default(), &["largest that is up"]);
}

#[test]
fn a_leader_that_is_not_announced() {
    let mutant = Mutated::new(election(MS * 100), Silent::Announcements);
    kill(&mutant, &Scenario::default(), &["termination"]);
}

#[test]
fn a_process_that_asks_the_next_alone() {
    let mutant = Mutated::new(election(MS * 100), AsksOne);
    kill(&mutant, &crash(3, None), &["largest that is up"]);
}

#[test]
fn a_timeout_below_the_delay() {
    kill(
        &election(MS * 5),
        &Scenario::default(),
        &["largest that is up"],
    );
}
