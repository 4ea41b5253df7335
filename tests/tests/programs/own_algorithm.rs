//! The algorithm of one's own that docs/own-algorithm.md shows: it is what is built here,
//! and every engine runs it.

use std::fs;

use serde_json::{Value, json};
use support::saved;
use support::{Ended, Runs, own_algorithm, own_push_sum, own_simulated, run, workspace};

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
    prints(&ended, &["/own-algorithm ", "verdict           fail"]);
}

#[test]
fn usage_errors_name_the_option() {
    for (args, message) in [
        ("--peers 1", "--peers 1"),
        ("--peers 3 --kill 7@1s", "--kill 7"),
        ("simulate --loss 2", "between 0 and 1"),
        ("check --max-states 0", "--max-states"),
        (
            "--loss 0.1",
            "tip: this is valid: own-algorithm simulate --out ",
        ),
        (
            "simulate --transport quic",
            "no effect on `own-algorithm simulate`",
        ),
        (
            "sweep --peers 2,4 simulate",
            "tip: options stand after the experiment or engine: own-algorithm sweep ... --peers 2,4",
        ),
        ("sweep check --peers 2,4", "take live or simulate"),
        (
            "sweep --nothing 1",
            "as in `own-algorithm sweep simulate --peers 8,16,32",
        ),
        (
            "--delay 1ms sweep live --peers 2,4",
            "--delay is for the runs",
        ),
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
        &[
            "the largest: VIOLATED",
            "shrunk            from 9 peers, ",
            "/own-simulated simulate ",
        ],
    );
    assert!(runs.path().join("spans.original.jsonl").exists());
    let ended = alone("simulate --peers 4000000000", 2);
    assert!(ended.stderr.contains("--peers 4000000000"), "{ended}");
    let ended = alone("simulate --loss 2", 2);
    assert!(ended.stderr.contains("between 0 and 1"), "{ended}");
    let ended = alone("check --peers 2 --topology ring --kill 1@1s", 2);
    assert!(ended.stderr.contains("--kill"), "{ended}");
    for (args, message) in [
        (
            "--seeds 9",
            "tip: this is valid: own-simulated simulate --seeds 9",
        ),
        (
            "sweep simulate --peers 2,4",
            "tip: over real peers, and for sweeps",
        ),
    ] {
        let ended = run(own_simulated().args(args.split(' '))).exits(2);
        assert!(ended.stderr.contains(message), "{args}: {ended}");
    }
}

/// What a program on `lab` alone prints has the fields of run.json, where it has them.
#[test]
fn json_of_both_programs_says_the_same() {
    for (args, status) in [
        ("simulate --peers 5 --seeds 10 --seed 1", 0),
        (
            "simulate --peers 9 --seeds 1000 --seed 1 --channel per-message",
            1,
        ),
        ("check --peers 3 --seed 1", 0),
        ("check --peers 3 --seed 1 --channel per-message", 1),
        ("check --peers 4 --seed 1 --max-states 50", 3),
    ] {
        let args = format!("{args} --format json");
        let ended = own(&args, status);
        assert_eq!(ended.stderr, "", "{args}");
        let live = saved::valid(&ended.stdout);
        let ended = run(own_simulated().args(args.split(' '))).exits(status);
        assert_eq!(ended.stderr, "", "{args}");
        let alone: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        for field in alone.as_object().expect("an object").keys() {
            assert!(live.get(field).is_some(), "{args}: {field}");
        }
        for field in ["seed", "peers", "topology"] {
            assert_eq!(alone[field], live[field], "{args}: {field}");
        }
        let (experiment, of_live) = (&alone["experiment"], &live["experiment"]);
        assert_eq!(experiment["name"], of_live["name"]);
        let options = experiment["options"].as_object().expect("options");
        for (name, value) in options {
            assert_eq!(*value, of_live["options"][name], "{args}: {name}");
        }
        let [results, of_live] = [&alone, &live].map(|document| {
            let mut results = document["results"].clone();
            results["states_per_second"].take();
            let fields = results.as_object().expect("results").clone();
            (fields.keys().cloned().collect::<Vec<_>>(), results)
        });
        assert_eq!(results.0, of_live.0, "{args}");
        // How many schedules other threads try beside one that fails is a matter of time.
        if status == 0 {
            assert_eq!(results.1, of_live.1, "{args}");
        }
        assert_eq!(alone["verdict"]["status"], live["verdict"]["status"]);
    }
}

#[test]
fn a_run_is_judged_as_json() {
    let runs = Runs::new();
    let spans = runs.path().join("spans.jsonl");
    let args = "check --peers 3 --channel per-message --seed 1 --spans";
    let _ = run(own_simulated().args(args.split(' ')).arg(&spans)).exits(1);
    let mut judge = own_simulated();
    let judge = judge.arg("judge").arg(&spans);
    let ended = run(judge.args("--peers 3 --seed 1 --format json".split(' '))).exits(1);
    let json: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(json["judge"]["name"], "le-lann");
    assert_eq!(json["verdict"]["status"], "fail");
    let narrative = json["narrative"].as_array().expect("lines");
    assert!(narrative.len() > 3, "{narrative:?}");
}

/// Runs push-sum to its end, which has that exit status. Returns its run.json too.
fn push_sum(args: &str, status: i32) -> (Ended, Value) {
    let runs = Runs::new();
    let mut command = own_push_sum();
    let args = args.split_whitespace();
    let ended = run(command.arg("--out").arg(runs.path()).args(args)).exits(status);
    (ended, saved::record(&runs.only()))
}

#[test]
fn options_of_its_own_are_in_the_record_of_the_run() {
    for (args, options) in [
        (
            "--peers 6 --transport memory",
            json!({ "rounds": 40, "every": "10ms", "split": "exact" }),
        ),
        (
            "--rounds 50 --peers 6 simulate --every 5ms",
            json!({ "rounds": 50, "every": "5ms", "split": "exact" }),
        ),
        (
            "check --peers 3 --rounds=1 --split exact",
            json!({ "rounds": 1, "every": "10ms", "split": "exact" }),
        ),
    ] {
        let (ended, saved) = push_sum(args, 0);
        let experiment = &saved["experiment"];
        assert_eq!(experiment["name"], "push-sum", "{args}");
        assert_eq!(experiment["options"]["algorithm"], "push-sum", "{args}");
        assert_eq!(experiment["options"]["system"], options, "{args}");
        prints(
            &ended,
            &["-push-sum/report.html", "the mass is conserved: holds"],
        );
    }
}

#[test]
fn a_wrong_value_of_its_own_options_is_named() {
    for (args, words) in [
        ("--rounds 0", "invalid value '0' for '--rounds <ROUNDS>'"),
        ("simulate --every soon", "write for example 50ms"),
    ] {
        let ended = run(own_push_sum().args(args.split_whitespace())).exits(2);
        assert!(ended.stderr.contains(words), "{args}: {ended}");
    }
}

/// The failing schedule is run again with the same options.
#[test]
fn options_of_its_own_are_in_the_command_of_a_failing_schedule() {
    let (ended, _) = push_sum("--split rounded --peers 5 --seed 1 simulate --seeds 3", 1);
    prints(
        &ended,
        &[
            "the mass is conserved: VIOLATED",
            "/own-push-sum --out ",
            " --split rounded simulate ",
            " --shrink 0s --seed 1 --schedule ",
        ],
    );
}

#[test]
fn usage_errors_name_options_of_its_own() {
    for (args, message) in [
        (
            "--rounds many",
            "invalid value 'many' for '--rounds <ROUNDS>'",
        ),
        ("simulate --split half", "[possible values: exact, rounded]"),
        ("--rounds 1 simulate --rounds 2", "--rounds is given twice"),
        ("simulate --round 1", "--rounds"),
    ] {
        let mut command = own_push_sum();
        let ended = run(command.args(args.split_whitespace())).exits(2);
        assert!(ended.stderr.contains(message), "{args}: {ended}");
    }
}
