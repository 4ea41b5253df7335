//! `testbed route`: over real peers, with peers that stop, messages that are dropped, and in
//! virtual time.

use serde_json::Value;
use support::{CALM, Ended, Runs, record, run};

fn routed(arguments: &str) -> (Ended, Value) {
    let runs = Runs::new();
    let words = CALM.split(' ').chain(arguments.split(' '));
    let ended = run(&mut runs.testbed(words));
    let record = record(&runs.only());
    (ended, record)
}

fn says(ended: &Ended, status: i32, parts: &[&str]) {
    assert_eq!(ended.status, Some(status), "{ended}");
    for part in parts {
        assert!(ended.stdout.contains(part), "{part:?}: {ended}");
    }
}

/// The value of a measure.
fn measure(record: &Value, name: &str) -> f64 {
    let measures = record["results"]["measures"].as_array().expect("measures");
    let measure = measures.iter().find(|one| one["name"] == name);
    let measure = measure.unwrap_or_else(|| panic!("{name}: {measures:?}"));
    measure["p50"].as_f64().expect("a value")
}

/// Twelve peers whose tables hold all others that they are connected with.
#[test]
fn every_message_reaches_the_nearest_over_real_peers() {
    let arguments = "--peers 12 --transport memory route --table 11 --operations 60 --every 20ms";
    let (ended, record) = routed(arguments);
    says(
        &ended,
        0,
        &[
            "topology xor:2",
            "messages          60: 60 reached the node nearest to the key, 30 of them the node whose id it is",
            "each hop is nearer to the key: holds",
            "no message passes a node twice: holds",
            "each message has one ending: holds (60 checked)",
            "verdict           pass",
        ],
    );
    assert!((measure(&record, "reached the nearest") - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_peer_that_stops_leaves_the_tables_of_real_peers() {
    let arguments = "--peers 10 --transport memory route --table 9 --way backtrack --drop 5% \
                     --operations 120 --every 40ms --upkeep 300ms --kill 3@500ms --kill 6@1s";
    let (ended, record) = routed(arguments);
    says(
        &ended,
        0,
        &[
            "no message passes a node twice: holds",
            "an entry that does not answer leaves the table: holds",
            "verdict           pass",
        ],
    );
    assert!(measure(&record, "reached the nearest") > 0.8, "{ended}");
    let stale = measure(&record, "stale entries");
    assert!((0.001..0.3).contains(&stale), "{stale}: {ended}");
}

#[test]
fn churn_is_judged_in_virtual_time() {
    let arguments = "--time virtual --peers 60 --seed 3 route --table 12 --score age,rtt,success \
                     --drop 10% --churn exponential:20s --operations 200";
    let (ended, record) = routed(arguments);
    says(
        &ended,
        0,
        &[
            "drawn faults      ",
            "a table is no larger than its bound: holds",
            "nothing nearer was known where it ended: holds",
            "verdict           pass",
        ],
    );
    assert!(measure(&record, "reached the nearest") > 0.5, "{ended}");
}

#[test]
fn mistakes_are_found_over_real_peers() {
    for (mistake, property) in [
        (
            "own-distance-ignored",
            "each hop is nearer to the key: VIOLATED",
        ),
        ("ids-by-the-second", "ids differ: VIOLATED"),
        (
            "table-unbounded",
            "a table is no larger than its bound: VIOLATED",
        ),
        (
            "minimum-claimed",
            "delivered is what has reached its key: VIOLATED",
        ),
    ] {
        let arguments = format!(
            "--peers 12 --transport memory route --table 3 --operations 40 --every 20ms --patience 2s --mistake {mistake}"
        );
        let (ended, _) = routed(&arguments);
        says(&ended, 1, &[property, "verdict           fail"]);
    }
}
