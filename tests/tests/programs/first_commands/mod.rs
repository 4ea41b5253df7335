//! The main job, as a new user tries it: `testbed --peers 20 ping` and what
//! its options change.

mod options;
mod output;
mod schema;
mod trace;

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use support::{Runs, run, saved};

#[test]
fn twenty_peers_and_a_ping() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers", "20", "ping"])).exits(0);
    for part in [
        "20 peers, 190 connections, topology full, transport tcp",
        "connections a second",
        "peer-00 12D3Koo",
        " pinged peer-",
        "round trip",
        "196 started, 196 stored, 0 lost",
        "verdict           pass",
        &format!("testbed view {}", runs.only().display()),
    ] {
        assert!(ended.stdout.contains(part), "{part:?}: {ended}");
    }
    // Standard error is no terminal here, so there is no progress bar.
    assert_eq!(ended.stderr, "", "{ended}");
    the_folder_is_whole(&runs);
}

fn the_folder_is_whole(runs: &Runs) {
    let folder = runs.only();
    let entries = fs::read_dir(&folder).expect("the folder of the run");
    let names: BTreeSet<_> = entries
        .flatten()
        .map(|entry| entry.file_name().into_string().expect("a name in ASCII"))
        .collect();
    for name in ["report.html", "results.csv", "run.json", "spans.jsonl"] {
        assert!(names.contains(name), "{names:?}");
    }
    assert!(names.iter().all(|name| !name.ends_with(".part")));
    let record = saved::record(&folder);
    assert_eq!(record["connections"], 190);
    assert_eq!(record["verdict"]["status"], "pass");
    assert_eq!(record["results"]["answered"], 1);
    assert_eq!(record["limits"]["descriptors_needed"], 20 * 19 + 20 + 64);
    let phases = record["phases"].as_array().expect("an array");
    let phases: Vec<_> = phases.iter().map(|phase| &phase["name"]).collect();
    assert_eq!(phases, ["NewNetwork", "ConnectPeers", "Ping"]);
    assert_eq!(saved::rows(&folder).len(), 1);
}

/// What a seed decides: the keys of the peers, and which peer is pinged.
fn chosen(seed: &str) -> (Value, Value) {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "6", "--seed", seed, "ping"])).exits(0);
    let mut record = saved::record(&runs.only());
    let mut first = record["results"]["first"].take();
    first["round_trip_ns"].take();
    (first, record["experiment"].take())
}

#[test]
fn a_seed_gives_the_same_peers_and_the_same_choice() {
    assert_eq!(chosen("7"), chosen("7"));
    assert_ne!(chosen("7"), chosen("18446744073709551615"));
}
