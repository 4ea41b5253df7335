//! `testbed sweep`, as a user tries it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use support::saved::no_panic;
use support::{CALM, Runs, refused, run};

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
fn a_table_plots_and_one_file() {
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
        "95 % of medians",
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
    // The same command finds all of it.
    let mut sweep = runs.testbed(words.split_whitespace());
    let again = run(&mut sweep).exits(0);
    assert_eq!(again.stdout, ended.stdout);
    assert_eq!(rows(&folder), all);
}

#[test]
fn a_sweep_goes_on_where_it_was_stopped() {
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
    // A file that is none.
    std::fs::write(&path, "a,b\n1,2\n").expect("another file");
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(2);
    assert!(ended.stderr.contains("of another sweep"), "{ended}");
}

#[test]
fn runs_that_fail_are_told() {
    let runs = Runs::new();
    let words = format!(
        "-q sweep gossip --protocol gossipsub --transport memory --topology star --peers 4,30 \
         --messages 2 --patience 3s --repeat 1 {CALM}"
    );
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(1);
    no_panic(&ended);
    for part in ["1 pass, 1 fail", "fail: 1 runs failed"] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_runs() {
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
