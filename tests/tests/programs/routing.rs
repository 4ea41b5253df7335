//! `testbed routing`: over real peers, with a network that is cut and heals, and a peer that
//! stops.

use serde_json::Value;
use support::{CALM, Ended, Runs, record, run};

fn routed(words: &[&str]) -> (Ended, Value) {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(CALM.split(' ').chain(words.iter().copied())));
    let record = record(&runs.only());
    (ended, record)
}

fn says(ended: &Ended, status: i32, parts: &[&str]) {
    assert_eq!(ended.status, Some(status), "{ended}");
    for part in parts {
        assert!(ended.stdout.contains(part), "{part:?}: {ended}");
    }
}

/// How many values a measure has.
fn count(record: &Value, name: &str) -> u64 {
    let measures = record["results"]["measures"].as_array().expect("measures");
    let measure = measures.iter().find(|one| one["name"] == name);
    let measure = measure.unwrap_or_else(|| panic!("{name}: {measures:?}"));
    measure["count"].as_u64().expect("a number")
}

/// Six peers of which two are cut off for longer than the time-out, and another one stops.
#[test]
fn routes_go_around_a_cut_and_come_back_over_real_peers() {
    let (ended, record) = routed(&[
        "--peers=6",
        "--topology=full",
        "--transport=memory",
        "--scenario={partition=[{at=\"2s\",heal=\"6s\",group=[0,1]}]}",
        "routing",
        "--hello=500ms",
        "--update=2s",
        "--kill=3@7s",
        "--breaks=0",
        "--duration=20s",
    ]);
    says(
        &ended,
        0,
        &[
            "the partition of peer-00, peer-01",
            "routes            20 of 30 at the end, mean distance 1.00",
            "no loop in the next hops: holds",
            "distances are right at rest: holds",
            "no black hole outlives the time-out: holds",
            "verdict           pass",
        ],
    );
    assert!(count(&record, "black holes") >= 20, "{ended}");
}

/// A peer stops and restarts with what it has persisted, in virtual time.
#[test]
fn a_peer_that_restarts_is_routed_over_again() {
    let (ended, record) = routed(&[
        "--time=virtual",
        "--peers=8",
        "--seed=4",
        "routing",
        "--crash=3@10s..40s",
        "--crash=5@12s..13s",
        "--breaks=0",
    ]);
    says(
        &ended,
        0,
        &[
            "routes            56 of 56 at the end",
            "distances are right at rest: holds",
            "no black hole outlives the time-out: holds",
            "verdict           pass",
        ],
    );
    assert!(count(&record, "at rest after") >= 1, "{ended}");
}

#[test]
fn mistakes_are_found_over_real_peers() {
    let (ended, _) = routed(&[
        "--peers=5",
        "--topology=ring",
        "--transport=memory",
        "routing",
        "--hello=200ms",
        "--update=1s",
        "--kill=2@1s",
        "--breaks=0",
        "--duration=4s",
        "--mistake=silence-ignored",
    ]);
    let parts = [
        "no black hole outlives the time-out: VIOLATED",
        "verdict           fail",
    ];
    says(&ended, 1, &parts);
}
