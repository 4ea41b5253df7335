//! Under the model checker.

use super::{says, testbed};

#[test]
fn every_schedule_of_every_algorithm_is_right() {
    for system in [
        "--peers 3 check snapshot",
        "--peers 2 check snapshot --initiators 2 --acts 2",
        "--peers 2 check snapshot --algorithm lai-yang --channel per-message --acts 2",
        "--peers 3 check ping",
        "--peers 4 check elect",
        "--peers 3 check mutex --entries 1",
        "--peers 4 --topology ring check wave",
        "--peers 3 check gossip",
        "--peers 4 --topology ring check gossip --fanout 1 --channel per-message",
        "--peers 3 check terminate --jobs 4",
    ] {
        let ended = testbed(system, 0);
        says(
            &ended,
            &["all of them", "every run is right, and every run ends"],
        );
    }
}

#[test]
fn the_shortest_run_that_is_wrong_is_recorded() {
    let ended = testbed("--peers 2 check snapshot --channel per-message", 1);
    says(
        &ended,
        &[
            "the shortest run that is wrong, 8 steps",
            "I2 channel state: VIOLATED",
            "verdict           fail: a run of 8 steps is wrong",
        ],
    );
    let ended = testbed("--peers 2 check snapshot --algorithm naive", 1);
    says(&ended, &["I5 conservation: VIOLATED"]);
}

#[test]
fn a_lost_message_keeps_a_run_from_ending() {
    let ended = testbed("--peers 3 check elect --lossy", 1);
    says(&ended, &["termination: VIOLATED"]);
}

#[test]
fn a_lost_rumour_reaches_nobody_or_another_way() {
    let ended = testbed("--peers 3 check gossip --topology line --lossy", 1);
    says(&ended, &["validity: VIOLATED"]);
}

#[test]
fn what_is_too_large_is_unknown() {
    let ended = testbed("--peers 5 check snapshot --max-states 5000", 3);
    says(
        &ended,
        &[
            "verdict           unknown: ",
            "states were tried",
            "--max-states",
        ],
    );
}
