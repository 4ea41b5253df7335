//! Each test runs what the program would run with the same words, and prints the whole
//! run if it is not as expected.

use lab::own::{self, Setup};

use crate::system::Posts;

#[test]
fn a_thousand_schedules_are_right() {
    let command = "simulate --peers 10 --topology random:3 --seed 1 --seeds 1000";
    own::run(command, Posts::new).passes();
}

#[test]
fn every_schedule_of_three_processes_is_right() {
    for topology in ["full", "line"] {
        let command = format!("check --peers 3 --topology {topology} --seed 1");
        own::run(&command, Posts::new).passes();
    }
}

#[test]
fn processes_that_do_not_forward_are_caught() {
    let silent = |setup: &Setup| Posts {
        forwards: false,
        ..Posts::new(setup)
    };
    for command in [
        "simulate --peers 10 --topology ring --seed 1 --seeds 1000",
        "check --peers 3 --topology line --seed 1",
    ] {
        let found = own::run(command, silent);
        found.violates("every process delivers every message");
    }
}
