//! Each test runs what the program would run with the same words, and prints the whole
//! run if it is not as expected.
//!
//! With a stream for each message (`--channel per-message`), a message may overtake another.
//! With the one stream of the default, broken causal broadcasts pass too.

use lab::own::{self, Setup};

use crate::system::Posts;

#[test]
fn a_thousand_schedules_are_right() {
    let command = "simulate --peers 10 --topology random:3 --seed 1 --seeds 1000";
    for channel in ["stream", "per-message"] {
        let command = format!("{command} --channel {channel}");
        own::run(&command, Posts::new).passes();
    }
}

#[test]
fn every_schedule_of_three_processes_is_right() {
    for topology in ["full", "line"] {
        let command = format!("check --peers 3 --topology {topology} --seed 1");
        let command = format!("{command} --channel per-message");
        own::run(&command, Posts::new).passes();
    }
}

#[test]
fn processes_that_crash_do_no_harm_to_others() {
    for command in [
        "simulate --peers 5 --seed 1 --seeds 300 --kill 3@5ms",
        "simulate --peers 5 --seed 1 --seeds 300 --kill 0@5ms",
        "simulate --peers 5 --seed 1 --seeds 300 --crash 1 --faults-until 30ms",
        // Both ends still run, and cannot reach each other.
        "simulate --peers 5 --topology line --seed 1 --seeds 300 --kill 2@5ms",
        "check --peers 3 --seed 1 --crashes 1",
        "check --peers 3 --seed 1 --crashes 1 --restarts 1",
    ] {
        let command = format!("{command} --channel per-message");
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
        // Each has a message from its origin, unless that crashes while it sends.
        "simulate --peers 5 --seed 1 --seeds 1000 --kill 0@2ms",
        "check --peers 3 --seed 1 --crashes 1",
    ] {
        let found = own::run(command, silent);
        found.violates("every correct process delivers every message");
    }
}

/// Turn this test around once the algorithm waits for what a message depends on.
#[test]
fn messages_overtake_only_with_a_stream_for_each() {
    let causal = |setup: &Setup| Posts {
        is_causal: true,
        ..Posts::new(setup)
    };
    for command in [
        "simulate --peers 5 --seed 1 --seeds 1000",
        "check --peers 3 --seed 1",
    ] {
        own::run(command, causal).passes();
        let found = own::run(&format!("{command} --channel per-message"), causal);
        found.violates("no message is delivered before one that it depends on");
    }
}
