//! Under the model checker.

use support::saved::no_panic;
use support::{Running, Runs, saved};

use super::testbed;

#[test]
fn every_schedule_of_every_algorithm_passes() {
    for system in [
        "--peers 3 check snapshot",
        "--peers 2 check snapshot --initiators 2 --acts 2",
        "--peers 2 check snapshot --workload token --acts 2",
        "--peers 2 check snapshot --algorithm lai-yang --channel per-message --acts 2",
        "--peers 3 check ping",
        "--peers 4 check elect",
        "--peers 3 check mutex --entries 1",
        "--peers 4 --topology ring check wave",
        "--peers 3 check gossip",
        "--peers 4 --topology ring check gossip --fanout 1 --channel per-message",
        "--peers 3 check terminate --jobs 4",
        "--peers 2 check hub --crashes 1 --restarts 1",
        "--peers 2 check hub --channel per-message",
        "--peers 3 check hub --hubs 2 --crashes 1 --restarts 1",
        "--peers 3 check audit --probes 2",
        "--peers 3 check audit --cheat other",
        "--peers 3 check audit --cheat silent",
        "--peers 2 check audit --cheaters 0 --crashes 1 --restarts 1",
        "--peers 3 check auth --scheme challenge,bound --rounds 1",
        "--peers 3 check auth --attack relay",
        "--peers 3 check auth --attack replay",
        "--peers 3 check auth --attack steal",
        "--peers 2 check auth --crashes 1 --restarts 1",
        "--peers 3 check membership --attack borrow",
        "--peers 2 check membership --advances 3",
        "--peers 2 check membership --crashes 1 --restarts 1",
        "--peers 4 check route --table 2",
        "--peers 4 check route --table 2 --operations 1 --crashes 1 --restarts 1 --lossy=1",
        "--peers 4 check route --table 2 --way backtrack --detours 1 --channel per-message",
    ] {
        let ended = testbed(system, 0);
        ended.says(&["all of them", "every run is right, and every run ends"]);
    }
}

/// Their judges need no history, so a run is not followed to its end.
#[test]
fn every_crash_and_every_liar_is_tried() {
    for system in [
        "--peers 4 check agree --crashes 1",
        "--peers 3 check agree --ending messages",
        "--peers 4 check generals --liars 0:equivocate",
        "--peers 4 check generals --liars 3:forge",
        "--peers 4 check routing",
        "--peers 3 --topology full check routing",
        "--peers 3 check routing --breaks 0 --crashes 1 --restarts 1 --lossy=1",
    ] {
        let ended = testbed(system, 0);
        ended.says(&["all of them", "every run is right in every situation"]);
    }
    for (system, parts) in [
        (
            "--peers 3 check agree --crashes 1 --faults 0",
            &["agreement: VIOLATED", "verdict           fail"],
        ),
        (
            "--peers 3 check generals --liars 2:forge",
            &[
                "IC2 the commander's order: VIOLATED",
                "verdict           fail",
            ],
        ),
    ] {
        testbed(system, 1).says(parts);
    }
}

#[test]
fn rounds_shorter_than_the_delay_are_unknown() {
    let ended = testbed("--peers 4 simulate agree --round 5ms --delay 20ms", 3);
    ended.says(&["the rounds were not synchronous"]);
}

#[test]
fn a_shortest_counterexample_is_recorded() {
    let ended = testbed("--peers 2 check snapshot --channel per-message", 1);
    ended.says(&[
        "the shortest run that is wrong, 4 steps, is recorded",
        "I9 FIFO: VIOLATED",
        "verdict           fail: a run of 4 steps is wrong",
    ]);
    let ended = testbed("--peers 2 check snapshot --algorithm naive", 1);
    ended.says(&["I5 conservation: VIOLATED"]);
    // A command, and both first explorers are lost.
    let ended = testbed("--peers 4 --topology ring check wave --lossy", 1);
    ended.says(&[
        "the shortest run that is wrong, 3 steps, is recorded",
        "nothing more can happen in it, and 0 of 1 operations have ended",
    ]);
}

/// The shortest run in which a verifier is deceived.
#[test]
fn attacks_on_provers_have_a_shortest_run() {
    for (system, property) in [
        ("--scheme static --attack replay", "static"),
        ("--scheme static --attack steal", "static"),
        ("--scheme challenge --attack relay", "challenge"),
        ("--mistake channel-left-out --attack relay", "bound"),
    ] {
        let ended = testbed(&format!("--peers 3 check auth {system}"), 1);
        let violated = format!("{property}: accepted only who holds the key now: VIOLATED");
        ended.says(&["the shortest run that is wrong", &violated]);
    }
}

/// The shortest run in which a block is credited to a process that lacks it.
#[test]
fn cheats_that_are_not_caught_have_a_shortest_run() {
    for system in ["--cheat fetch", "--cheat other --mistake index-unchecked"] {
        let ended = testbed(&format!("--peers 3 check audit {system}"), 1);
        let parts = [
            "the shortest run that is wrong",
            "only the holder of a block is credited: VIOLATED",
        ];
        ended.says(&parts);
    }
}

#[test]
fn a_lost_message_keeps_a_run_from_ending() {
    let ended = testbed("--peers 3 check elect --lossy", 1);
    ended.says(&["termination: VIOLATED"]);
}

#[test]
fn a_lost_rumour_is_missing_or_takes_another_path() {
    let ended = testbed("--peers 3 check gossip --topology line --lossy", 1);
    ended.says(&["validity: VIOLATED"]);
}

/// Ends at a bound, and does not claim what it has not tried.
#[test]
fn a_search_over_the_limit_is_unknown() {
    for (system, bound) in [
        (
            "--peers 5 check snapshot --max-states 5000",
            "--max-states 5000",
        ),
        ("--peers 3 check snapshot --max-depth 5", "--max-depth 5"),
        (
            "--peers 100 check snapshot --max-memory 100M",
            "--max-memory 100M",
        ),
        (
            "--peers 100 check snapshot --timeout 1s",
            "--timeout 1.00 s",
        ),
        // A right run is found before the bound, and says nothing of the others.
        (
            "--peers 2 check snapshot --max-states 123",
            "--max-states 123",
        ),
    ] {
        let ended = testbed(system, 3);
        ended.says(&["verdict           unknown: ", " tried", bound]);
        ended.says(&["not all of them"]);
        assert!(!ended.stdout.contains("every run"), "{ended}");
    }
}

#[test]
fn the_limit_of_states_is_exact() {
    for states in [1, 100, 123] {
        let system = format!("--peers 2 check snapshot --max-states {states}");
        let ended = testbed(&system, 3);
        ended.says(&[&format!("states            {states} (")]);
    }
    let ended = testbed("--peers 2 check snapshot --max-states 124", 0);
    ended.says(&["states            124 (", "all of them"]);
}

/// At once, with what was tried.
#[test]
fn an_interrupted_search_saves_its_progress() {
    for signal in ["INT", "TERM"] {
        let runs = Runs::new();
        let line = "-v check snapshot --peers 100";
        let mut running = Running::start(&mut runs.testbed(line.split(' ')));
        running.line("tries every schedule");
        running.signal(signal);
        let ended = running.end().exits(3);
        no_panic(&ended);
        ended.says(&["verdict           unknown: interrupted", "not all of them"]);
        let record = saved::record(&runs.only());
        assert!(saved::follows(&record), "{record:#}");
        assert!(
            record["results"]["states"].as_u64() >= Some(1),
            "{record:#}"
        );
        assert_eq!(record["results"]["whole"], false);
    }
}
