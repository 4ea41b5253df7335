//! The algorithm of one's own that docs/own-algorithm.md shows: it is what is built here,
//! and every engine runs it.

use std::fs;

use support::{Ended, Runs, own_algorithm, own_simulated, run, workspace};

/// Runs it to its end, which has that exit status.
fn own(args: &str, status: i32) -> Ended {
    let runs = Runs::new();
    let mut command = own_algorithm();
    let args = args.split_whitespace();
    run(command.arg("--out").arg(runs.path()).args(args)).exits(status)
}

fn prints(ended: &Ended, parts: &[&str]) {
    for part in parts {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

#[test]
fn the_documentation_shows_what_is_built() {
    let read = |path| fs::read_to_string(workspace().join(path)).expect(path);
    let (page, built) = (
        read("docs/own-algorithm.md"),
        read("tests/own-algorithm/src/main.rs"),
    );
    let (_, section) = page.split_once("<!-- own-algorithm").expect("a section");
    let (section, _) = section.split_once("<!-- /own-algorithm").expect("its end");
    let (_, code) = section.split_once("```rust\n").expect("code");
    let (shown, _) = code.split_once("```\n").expect("the end of the code");
    assert_eq!(shown, built);
    let lines = built.lines().count();
    assert!(lines <= 130, "{lines} lines: too long for a page");
}

#[test]
fn an_own_algorithm_runs_over_real_peers() {
    let ended = own("--peers 5 --transport memory", 0);
    let cost = "NUMBER            25, in theory 25";
    prints(
        &ended,
        &["5 peers, 10 connections", cost, "verdict           pass"],
    );
}

#[test]
fn an_own_algorithm_is_simulated() {
    let ended = own("simulate --peers 5 --seeds 100", 0);
    prints(&ended, &["schedules         100", "verdict           pass"]);
}

#[test]
fn an_own_algorithm_is_checked() {
    let ended = own("check --peers 3", 0);
    prints(
        &ended,
        &[
            "all of them",
            "every run is right",
            "verdict           pass",
        ],
    );
}

/// Its proof relies on the order of channels, and the judge finds the violation without
/// it.
#[test]
fn an_own_algorithm_fails_without_order() {
    let ended = own("check --peers 3 --channel per-message", 1);
    prints(&ended, &["the largest: VIOLATED", "verdict           fail"]);
    let ended = own("simulate --peers 9 --seeds 1000 --channel per-message", 1);
    prints(
        &ended,
        &["; again: own-algorithm ", "verdict           fail"],
    );
}

#[test]
fn usage_errors_name_the_option() {
    for (args, message) in [
        ("--peers 1", "--peers 1"),
        ("--peers 3 --kill 7@1s", "--kill 7"),
        ("simulate --loss 2", "between 0 and 1"),
        ("check --max-states 0", "--max-states"),
    ] {
        let ended = own(args, 2);
        assert!(ended.stderr.contains(message), "{args}: {ended}");
    }
}

/// With `lab` for `testbed` in its `use`, it is a program of `lab` alone.
#[test]
fn an_own_algorithm_runs_on_lab_alone() {
    let runs = Runs::new();
    let spans = runs.path().join("spans.jsonl");
    let alone = |args: &str, status| {
        let mut command = own_simulated();
        let args = args.split_whitespace();
        run(command.args(args).arg("--spans").arg(&spans)).exits(status)
    };
    let ended = alone("simulate --peers 5 --seeds 100", 0);
    prints(&ended, &["schedules         100", "verdict           pass"]);
    let ended = alone("check --peers 3", 0);
    prints(&ended, &["all of them", "verdict           pass"]);
    let shown = run(runs
        .testbed(["export", "--format", "jaeger", "--to", "-"])
        .arg(&spans))
    .exits(0);
    assert!(shown.stdout.contains("NUMBER"), "{shown}");
    let ended = alone(
        "simulate --peers 9 --seeds 1000 --seed 1 --channel per-message",
        1,
    );
    prints(
        &ended,
        &["the largest: VIOLATED", "; again: own-simulated simulate "],
    );
    let ended = alone("simulate --peers 4000000000", 2);
    assert!(ended.stderr.contains("--peers 4000000000"), "{ended}");
    let ended = alone("simulate --loss 2", 2);
    assert!(ended.stderr.contains("between 0 and 1"), "{ended}");
    let ended = alone("check --peers 2 --topology ring --kill 1@1s", 2);
    assert!(ended.stderr.contains("--kill"), "{ended}");
}
