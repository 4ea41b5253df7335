//! `testbed judge`: a saved run is judged again, as it was or by another judge.

use std::fs;
use std::path::Path;

use serde_json::Value;
use support::saved::no_panic;
use support::{CALM, Ended, Runs, own_algorithm, run};

/// Judges with these arguments.
fn judge(runs: &Runs, args: &[&str], status: i32) -> Ended {
    let all = ["judge"].iter().chain(args);
    let ended = run(&mut runs.testbed(all)).exits(status);
    no_panic(&ended);
    ended
}

/// The folder of runs, with one of `testbed WORDS`.
fn saved(words: &str, status: i32) -> Runs {
    let runs = Runs::new();
    let is_live = !words.starts_with("simulate") && !words.starts_with("check");
    let calm = CALM.split(' ').filter(|_| is_live);
    let all = calm.chain(words.split(' '));
    let _ = run(&mut runs.testbed(all)).exits(status);
    runs
}

#[test]
fn a_run_of_each_engine_is_judged_as_it_was() {
    for (words, status, parts) in [
        (
            "wave --peers 4 --transport memory",
            0,
            [
                "judged by         wave (echo), 4 peers",
                "W2 decision: holds",
            ],
        ),
        (
            "simulate elect --peers 5 --seeds 3",
            0,
            [
                "judged by         elect (chang-roberts), 5 peers",
                ": holds (",
            ],
        ),
        (
            "check snapshot --algorithm naive --peers 2",
            1,
            [
                "judged by         snapshot (naive), 2 peers",
                ": VIOLATED: ",
            ],
        ),
    ] {
        let runs = saved(words, status);
        let ended = judge(&runs, &[], status);
        for part in parts {
            assert!(ended.stdout.contains(part), "{words}: {part}: {ended}");
        }
        let json = judge(&runs, &["--format", "json"], status);
        let json: Value = serde_json::from_str(&json.stdout).expect("JSON");
        let folder = fs::read(runs.only().join("run.json")).expect("run.json");
        let record: Value = serde_json::from_slice(&folder).expect("JSON");
        assert_eq!(json["id"], record["id"], "{words}");
        for part in ["properties", "figures", "told"] {
            assert_eq!(json["results"][part], record["results"][part], "{words}");
        }
        assert_eq!(json["verdict"]["status"], record["verdict"]["status"]);
    }
}

/// An election is no wave, and the judge of waves says what it looked for.
#[test]
fn another_judge_judges_a_run_or_its_spans() {
    let runs = saved("simulate elect --peers 3 --topology ring --seed 7", 0);
    let ended = judge(&runs, &["--with", "wave --initiators 2"], 3);
    for part in [
        "judged by         wave",
        "not known",
        "verdict           unknown",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let spans = runs.only().join("spans.jsonl");
    let spans = spans.to_str().expect("a path");
    let ended = judge(
        &runs,
        &[
            spans,
            "--with",
            "elect",
            "--topology",
            "ring",
            "--seed",
            "7",
        ],
        0,
    );
    assert!(
        ended.stdout.contains("3 peers, topology ring, seed 7"),
        "{ended}"
    );
    let ended = judge(&runs, &[spans], 2);
    assert!(ended.stderr.contains("--with wave"), "{ended}");
}

#[test]
fn the_run_of_an_own_program_is_judged_by_it() {
    let runs = Runs::new();
    let own = |args: &str, status| {
        let mut command = own_algorithm();
        command.arg("--out").arg(runs.path());
        run(command.args(args.split(' '))).exits(status)
    };
    let _ = own("check --peers 3 --channel per-message", 1);
    let ended = own("judge", 1);
    for part in [
        "judged by         le-lann",
        "the largest: VIOLATED",
        "verdict           fail",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let ended = judge(&runs, &[], 2);
    for part in ["PROGRAM judge RUN", "--with wave"] {
        assert!(ended.stderr.contains(part), "{part}: {ended}");
    }
    let program = own_algorithm();
    let program = program.get_program().to_str().expect("a path");
    let ended = judge(&runs, &["--with", program], 1);
    assert!(
        ended.stdout.contains("judged by         le-lann"),
        "{ended}"
    );
    // A name alone is that of a file here, and not of a program in PATH.
    let here = Path::new(program);
    let mut command = runs.testbed(["judge", "--with"]);
    command.arg(here.file_name().expect("a name"));
    let folder = here.parent().expect("a folder");
    let ended = run(command.current_dir(folder)).exits(1);
    assert!(ended.stdout.contains("le-lann"), "{ended}");
    let json = judge(&runs, &["--with", program, "--format", "json"], 1);
    let judged: Value = serde_json::from_str(&json.stdout).expect("JSON");
    assert_eq!(judged["judge"]["name"], "le-lann");
    let ended = judge(&runs, &["--with", "no/program"], 2);
    assert!(ended.stderr.contains("no such file"), "{ended}");
}

#[test]
fn a_wrong_request_names_the_way_out() {
    let runs = saved("ping --peers 2 --transport memory", 0);
    for (args, parts) in [
        (&[][..], ["a run of \"ping\"", "--with wave"]),
        (&["--with", "kad"], ["'kad'", "write for example wave"]),
        (
            &["--with", "wave --size 3"],
            ["--size", "write for example wave"],
        ),
        (
            &["--with", "wave", "--transport", "tcp"],
            ["--transport", "leave it out"],
        ),
        (&["nowhere"], ["nowhere", ""]),
        (
            &["--with", "wave", "--peers", "4000000000"],
            ["--peers 4000000000", "take fewer"],
        ),
    ] {
        let ended = judge(&runs, args, 2);
        for part in parts {
            assert!(ended.stderr.contains(part), "{args:?}: {part}: {ended}");
        }
    }
}
