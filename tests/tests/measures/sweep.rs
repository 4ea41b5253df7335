//! `testbed sweep`, as a user tries it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;

use support::running::DEADLINE;
use support::saved::no_panic;
use support::{CALM, Running, Runs, own_push_sum, refused, run, saved, until, with_hangup};

/// The only folder of a sweep.
fn folder(runs: &Runs) -> PathBuf {
    runs.only()
}

/// The lines of its file, each split.
fn rows(folder: &Path) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(folder.join("sweep.csv")).expect("sweep.csv");
    let fields = |line: &str| line.split(',').map(str::to_owned).collect();
    text.lines().map(fields).collect()
}

#[test]
fn a_sweep_writes_a_table_plots_and_one_csv_file() {
    let runs = Runs::new();
    let words = format!(
        "-q sweep gossip --protocol gossipsub --transport memory --peers 4,8 --size 1K,64K \
         --messages 3 --repeat 2 {CALM}"
    );
    let mut sweep = runs.testbed(words.split_whitespace());
    let ended = run(&mut sweep).exits(0);
    no_panic(&ended);
    for part in [
        "8 of 8 runs of gossip: 8 pass",
        "time to 100 %",
        "interval of the median",
        "theory",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let folder = folder(&runs);
    let all = rows(&folder);
    let head = ["run", "peers", "size", "seed", "verdict", "measure"];
    assert_eq!(all[0][..6], head);
    let made: BTreeSet<_> = all[1..].iter().map(|row| row[1..4].to_vec()).collect();
    assert_eq!(made.len(), 8);
    let names: BTreeSet<_> = all[1..].iter().map(|row| row[0].clone()).collect();
    for name in &names {
        assert!(
            folder.join("runs").join(name).join("report.html").is_file(),
            "{name}"
        );
    }
    let plot = std::fs::read_to_string(folder.join("time-to-100--.svg")).expect("a plot");
    assert!(plot.starts_with("<svg") && plot.contains("peers"), "{plot}");
    // The same command again finds all runs done.
    let mut sweep = runs.testbed(words.split_whitespace());
    let again = run(&mut sweep).exits(0);
    assert_eq!(again.stdout, ended.stdout);
    assert_eq!(rows(&folder), all);
}

/// A program of one system sweeps its own options, simulated and live. A run that fails is
/// not made smaller, which would measure fewer peers.
#[test]
fn own_options_are_swept() {
    let sweep = |words: &str, status| {
        let runs = Runs::new();
        let mut command = own_push_sum();
        command.args(["-q", "--out"]).arg(runs.path()).arg("sweep");
        let ended = run(command.args(words.split_whitespace())).exits(status);
        no_panic(&ended);
        let again = run(&mut command).exits(status);
        assert_eq!(again.stdout, ended.stdout, "nothing is run again");
        (ended, rows(&folder(&runs)))
    };
    let (ended, all) = sweep(
        "simulate --peers 5 --rounds 20,40 --split exact,rounded --repeat 2",
        1,
    );
    for part in [
        "8 of 8 runs of push-sum simulate: 4 pass, 4 fail",
        "rounds    split  runs  passed",
        "error in millionths",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let head = ["run", "rounds", "split", "seed", "verdict", "measure"];
    assert_eq!(all[0][..6], head);
    let shares = all.iter().filter(|row| row[5] == "SHARE");
    let shares: BTreeSet<_> = shares
        .map(|row| [&row[1], &row[2], &row[4], &row[9]].map(String::as_str))
        .collect();
    let expected = [
        ["20", "exact", "pass", "100"],
        ["20", "rounded", "fail", "100"],
        ["40", "exact", "pass", "200"],
        ["40", "rounded", "fail", "200"],
    ];
    assert_eq!(shares, BTreeSet::from(expected), "{ended}");
    let words = format!("--repeat 1 live --transport memory --peers 3 --rounds 2,4 {CALM}");
    let (ended, _) = sweep(&words, 0);
    for part in ["2 of 2 runs of push-sum live: ", "SHARE", "saved"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

#[test]
fn simulated_runs_are_swept() {
    let runs = Runs::new();
    let words = "-q sweep simulate wave --peers 4 --initiators 1,2 --repeat 2";
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(0);
    for part in ["4 of 4 runs of simulate wave: 4 pass", "24.0"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

#[test]
fn an_interrupted_sweep_resumes() {
    let runs = Runs::new();
    let words = format!("-q sweep ping --transport memory --peers 3,4 --repeat 2 {CALM}");
    run(&mut runs.testbed(words.split_whitespace())).exits(0);
    let folder = folder(&runs);
    let all = rows(&folder);
    // As if it had been stopped after three of four.
    let path = folder.join("sweep.csv");
    let text = std::fs::read_to_string(&path).expect("sweep.csv");
    let last = text.trim_end().rfind('\n').expect("lines");
    std::fs::write(&path, &text[..=last]).expect("a shorter one");
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(0);
    assert!(ended.stdout.contains("4 of 4 runs"), "{ended}");
    let again = rows(&folder);
    assert_eq!(again[..all.len() - 1], all[..all.len() - 1]);
    assert_eq!(again.len(), all.len());
    assert_eq!(again[all.len() - 1][1..3], all[all.len() - 1][1..3]);
    // A file that is no sweep's.
    std::fs::write(&path, "a,b\n1,2\n").expect("another file");
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(2);
    assert!(ended.stderr.contains("of another sweep"), "{ended}");
}

/// The file of a sweep that died while it wrote may end anywhere.
#[test]
fn a_truncated_table_is_resumed() {
    let runs = Runs::new();
    let words = format!("-q sweep ping --transport memory --peers 3,4 --repeat 2 {CALM}");
    run(&mut runs.testbed(words.split_whitespace())).exits(0);
    let path = folder(&runs).join("sweep.csv");
    let whole = std::fs::read_to_string(&path).expect("sweep.csv");
    let last = whole.trim_end().rfind('\n').expect("lines");
    for (cut, made_again) in [
        (whole.len() - 1, 1),
        (last + 30, 1),
        (last + 1, 1),
        (last, 2),
        (10, 4),
        (0, 4),
    ] {
        std::fs::write(&path, &whole[..cut]).expect("a shorter one");
        let before = std::fs::read_dir(folder(&runs).join("runs"))
            .expect("runs")
            .count();
        let ended = run(&mut runs.testbed(words.split_whitespace())).exits(0);
        no_panic(&ended);
        assert!(ended.stdout.contains("4 of 4 runs"), "{cut}: {ended}");
        let after = std::fs::read_dir(folder(&runs).join("runs"))
            .expect("runs")
            .count();
        assert_eq!(after - before, made_again, "{cut}");
        let (all, first) = (rows(&folder(&runs)), whole.lines().next());
        assert_eq!(Some(all[0].join(",").as_str()), first, "{cut}");
        assert_eq!(all.len(), 5, "{cut}: {all:?}");
    }
}

/// A sweep whose first run goes on for long.
fn under_way(runs: &Runs) -> (Running, PathBuf) {
    let running = Running::start(&mut with_hangup(&runs.testbed(LONG.split_whitespace())));
    let measured = until("a measurement", || {
        let sweeps = std::fs::read_dir(runs.path()).expect("the folder of runs");
        let inside = sweeps.flatten().map(|sweep| sweep.path().join("runs"));
        let inside = inside.filter_map(|inside| std::fs::read_dir(inside).ok());
        let mut inside = inside.flatten().flatten().map(|run| run.path());
        inside.find(|run| {
            let rows = run.join("results.csv").metadata();
            rows.is_ok_and(|rows| rows.len() > 0)
        })
    });
    (running, measured)
}

const LONG: &str = "-q sweep ping --transport memory --peers 3,4 --repeat 2 --count 1000000 \
                    --interval 1ms --max-cpu 100 --max-lag 1h";

/// Waits for the end of the process that holds this folder of a run.
fn let_go(run: &Path) {
    let folder = std::fs::File::open(run).expect("the run's folder");
    let (sender, released) = mpsc::channel();
    thread::spawn(move || sender.send(folder.lock_shared()));
    let released = released.recv_timeout(DEADLINE);
    let released = released.unwrap_or_else(|_| panic!("{} goes on", run.display()));
    released.expect("a lock");
}

#[test]
fn an_interrupted_sweep_saves_the_current_run() {
    for signal in ["TERM", "INT", "HUP"] {
        let runs = Runs::new();
        let (running, path) = under_way(&runs);
        running.signal(signal);
        let ended = running.end().exits(3);
        no_panic(&ended);
        assert!(ended.stdout.contains("the same command goes on"), "{ended}");
        let verdict = &saved::record(&path)["verdict"];
        assert_eq!(verdict["reasons"][0], "interrupted", "{signal}: {verdict}");
    }
}

/// However a sweep ends, no run of it goes on.
#[test]
fn no_run_outlives_its_sweep() {
    let runs = Runs::new();
    let (mut running, path) = under_way(&runs);
    running.signal("KILL");
    while !running.ends_soon() {}
    let_go(&path);
    assert_eq!(saved::record(&path)["verdict"]["reasons"][0], "interrupted");

    let runs = Runs::new();
    let (mut running, path) = under_way(&runs);
    while !running.ends_soon() {
        running.signal("TERM");
    }
    let status = running.end().status;
    assert!(status == Some(130) || status == Some(3), "{status:?}");
    let_go(&path);
}

#[test]
fn two_sweeps_do_not_share_a_folder() {
    let runs = Runs::new();
    let (running, _) = under_way(&runs);
    let other = run(&mut runs.testbed(LONG.split_whitespace())).exits(2);
    assert!(other.stderr.contains("another sweep is at work"), "{other}");
    running.signal("TERM");
    running.end().exits(3);
}

#[test]
fn failed_runs_are_reported() {
    let runs = Runs::new();
    let words = format!(
        "-q sweep gossip --protocol gossipsub --transport memory --topology star --peers 4,30 \
         --messages 2 --patience 3s --repeat 1 {CALM}"
    );
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(1);
    no_panic(&ended);
    for part in ["1 pass, 1 fail", "fail: 1 runs failed, as", "no mesh"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let text = std::fs::read_to_string(folder(&runs).join("sweep.csv")).expect("sweep.csv");
    let says = |line: &&str| line.contains(",fail,") && line.contains("no mesh");
    assert_eq!(text.lines().filter(says).count(), 1, "{text}");
}

#[test]
fn invalid_options_are_rejected_before_the_first_run() {
    for (arguments, parts) in [
        ("gossip --peers 16,8", &["read as 16, then 8"][..]),
        ("gossip --peers ,", &["the list is empty"]),
        ("gossip --peers 8,1O", &["1O"]),
        ("gossip --size 1K,2M", &["2M"]),
        ("rumours --peers 8,16", &["rumours"]),
        ("list", &["nothing is measured"]),
        ("kad --mix put,steal", &["steal"]),
    ] {
        refused(&format!("sweep {arguments}"), parts);
    }
    let words = "--transport memory sweep ping --peers 3,4";
    refused(words, &["after `sweep`", "--out"]);
}
