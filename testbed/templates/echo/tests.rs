//! Each test runs what the program would run with the same words, and prints the whole
//! run if it is not as expected.

use lab::own::{self, Setup};

use crate::system::Waves;

#[test]
fn a_thousand_schedules_are_right() {
    let command = "simulate --peers 10 --topology random:3 --seed 1 --seeds 1000";
    own::run(command, Waves::new).passes();
}

#[test]
fn every_schedule_of_three_processes_is_right() {
    for topology in ["full", "line", "star"] {
        let command = format!("check --peers 3 --topology {topology} --seed 1");
        own::run(&command, Waves::new).passes();
    }
}

#[test]
fn hasty_processes_are_caught() {
    let hasty = |setup: &Setup| Waves {
        is_hasty: true,
        ..Waves::new(setup)
    };
    for command in [
        "simulate --peers 10 --topology line --seed 1 --seeds 1000",
        "check --peers 3 --topology line --seed 1",
    ] {
        let found = own::run(command, hasty);
        found.violates("every process joins before the decision");
    }
}
