//! Traces, topology, results and runs.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::spans::Reported;
use support::{Ended, Runs, run, saved};

use super::{has, has_browser, look_well, steps, text, texts, traces};

/// One run after the other, by their arguments; the folders in that order.
pub(super) fn all(runs: &Runs, arguments: &[&str]) -> Vec<(PathBuf, Ended)> {
    let mut known = Vec::new();
    for one in arguments {
        let ended = run(&mut runs.testbed(one.split(' '))).exits(0);
        let entries = fs::read_dir(runs.path()).expect("the folder of runs");
        let mut new = entries.flatten().map(|entry| entry.path());
        let path = new.find(|path| known.iter().all(|(old, _)| old != path));
        known.push((path.expect("a run leaves a folder"), ended));
    }
    known
}

fn check_traces(seen: &Value, path: &Path) {
    let found = &seen["traces"];
    assert_eq!(found["all"], format!("{} traces", traces(path, |_| true)));
    // In a span and in what happened within it, as Jaeger searches.
    let about = |reported: &Reported| {
        let within = reported.span.events.iter().flat_map(|one| &one.attributes);
        let mut all = reported.span.attributes.iter().chain(within);
        all.any(|one| one.key == "p2p.remote" && format!("{one:?}").contains("\"peer-01\""))
    };
    assert_eq!(found["tagged"], format!("{} traces", traces(path, about)));
    has(text(&found["wrong"]), &["soon", "is no duration"]);
    has(text(&found["address"]), &["tags=p2p.remote%3Dpeer-01"]);
    let message = text(&seen["comparison"]["told"]);
    has(message, &["in both", "A takes", "B "]);
    has(text(&seen["comparison"]["path"]), &["Critical path ("]);
    let critical = texts(&seen["comparison"]["critical"]);
    assert!(!critical.is_empty(), "the end of a trace has a cause");
}

fn check_topology(seen: &Value, path: &Path) {
    let found = &seen["topology"];
    let record = saved::record(path);
    let [peers, connections] = ["peers", "connections"].map(|name| record[name].to_string());
    let note = format!("{peers} peers, {connections} connections");
    has(text(&found["note"]), &[&note]);
    has(text(&found["chosen"]), &["peer-01", "peer-00"]);
    let rows = texts(&found["rows"]);
    assert_eq!(rows.len().to_string(), peers, "{rows:?}");
    // Peer, degree, steps, sent, received; at the end of the run.
    let column = |row: &&str, place| row.split(' ').nth(place)?.parse::<usize>().ok();
    let taken: usize = rows.iter().filter_map(|row| column(row, 2)).sum();
    assert_eq!(taken, steps(path).len(), "{rows:?}");
    assert_eq!(found["begin"], format!("step 1 of {taken}"));
    has(text(&found["address"]), &["#/topology?peer=peer-01&at="]);
    has(
        text(&found["cell"]),
        &["peer-00 → peer-01: connected, ", " so far"],
    );
}

/// Every property that the run printed stands in a row, with its count.
fn check_results(seen: &Value, ended: &Ended) {
    let found = &seen["results"];
    assert_eq!(found["verdict"], "Verdict: pass");
    let rows = texts(&found["tables"]);
    for line in ended.stdout.lines() {
        if let Some((name, count)) = line.split_once(": holds (") {
            let count = count.trim_end_matches(" checked)").replace(',', "");
            let row = |row: &&str| row.replace(',', "") == format!("{name} holds {count}");
            assert!(rows.iter().any(row), "{line}: {rows:?}");
        }
    }
    let charts = texts(&found["charts"]);
    assert!(!charts.is_empty(), "something is measured: {found}");
}

fn check_runs(seen: &Value, [shown, other]: [&Path; 2]) {
    let found = &seen["runs"];
    assert_eq!(texts(&found["rows"]).len(), 2);
    assert_eq!(texts(&found["banners"]), [""; 0]);
    has(text(&found["pairs"]), &["seed", "verdict", "command"]);
    has(text(&found["compared"]), &["They part at peer-"]);
    let states = texts(&found["states"]);
    for (state, which) in states.iter().zip(["in A", "in B"]) {
        has(state, &["State of peer-", which]);
    }
    assert_eq!(states.len(), 2, "{states:?}");
    let all = [shown, other].map(|path| steps(path).len() as u64);
    let drawn = found["comparedSteps"].as_array().expect("two diagrams");
    let mut drawn: Vec<_> = drawn.iter().filter_map(Value::as_u64).collect();
    drawn.sort_unstable();
    let [least, most] = [all[0].min(all[1]), all[0].max(all[1])];
    assert_eq!(drawn, [least, most]);
    let id = other.file_name().expect("a name").to_string_lossy();
    assert_eq!(found["other"]["search"], format!("?run={id}"));
    assert_eq!(found["other"]["steps"], all[1]);
    let seed = format!("seed\n{}", saved::record(other)["seed"]);
    has(text(&found["other"]["head"]), &[&seed]);
}

/// Looks at the first of two runs with everything in view.
fn check(arguments: [&str; 2]) {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let all = all(&runs, &arguments);
    let [(path, ended), (other, _)] = &all[..] else {
        panic!("two runs")
    };
    let seen = look_well("views.mjs", path);
    check_traces(&seen, path);
    check_topology(&seen, path);
    check_results(&seen, ended);
    check_runs(&seen, [path, other]);
}

#[test]
fn the_views_show_two_snapshots() {
    check([
        "--peers 20 --seed 1 snapshot",
        "--peers 20 --seed 2 snapshot",
    ]);
}

#[test]
fn the_views_show_two_elections() {
    check(["--peers 8 --seed 1 elect", "--peers 8 --seed 2 elect"]);
}

#[test]
fn the_views_show_pings() {
    check([
        "--peers 5 --seed 1 ping --every-pair",
        "--peers 5 --seed 2 ping --to 2 --count 30",
    ]);
}
