//! Each test runs what the program would run with the same words, and prints the whole
//! run if it is not as expected.

use lab::own::{self, Setup};

use crate::system::Election;

const CRASHES: [&str; 2] = [
    "simulate --peers 3 --seed 1 --seeds 1000 --scenario crash.toml",
    "check --peers 3 --seed 1 --crashes 1 --restarts 1",
];

#[test]
fn a_thousand_schedules_are_right() {
    let command = "simulate --peers 9 --seed 1 --seeds 1000";
    own::run(command, Election::new).passes();
}

#[test]
fn written_votes_survive_crashes() {
    for command in CRASHES {
        own::run(command, Election::new).passes();
    }
}

#[test]
fn votes_that_are_not_written_are_caught() {
    let forgetful = |setup: &Setup| Election {
        persists: false,
        ..Election::new(setup)
    };
    for command in CRASHES {
        own::run(command, forgetful).violates("at most one leader a term");
    }
}
