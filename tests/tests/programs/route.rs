//! `testbed route`: over real peers, with peers that stop, messages that are dropped, and in
//! virtual time.

use serde_json::Value;
use support::saved::{measure, measured};

fn value(record: &Value, name: &str) -> f64 {
    measure(record, name)["p50"].as_f64().expect("a value")
}

/// Twelve peers whose tables hold all others that they are connected with.
#[test]
fn every_message_reaches_the_nearest_over_real_peers() {
    let words = "--peers 12 --transport memory route --table 11 --operations 60 --every 20ms";
    let (ended, record, _) = measured(words, 0);
    ended.says(&[
        "topology xor:2",
        "messages          60: 60 reached the node nearest to the key, 30 of them the node whose id it is",
        "each hop is nearer to the key: holds",
        "no message passes a node twice: holds",
        "each message has one ending: holds (60 checked)",
        "verdict           pass",
    ]);
    assert!((value(&record, "reached the nearest") - 1.0).abs() < f64::EPSILON);
}

#[test]
fn a_peer_that_stops_leaves_the_tables_of_real_peers() {
    let words = "--peers 10 --transport memory route --table 9 --way backtrack --drop 5% \
                 --operations 120 --every 40ms --upkeep 300ms --kill 3@500ms --kill 6@1s";
    let (ended, record, _) = measured(words, 0);
    ended.says(&[
        "no message passes a node twice: holds",
        "an entry that does not answer leaves the table: holds",
        "verdict           pass",
    ]);
    assert!(value(&record, "reached the nearest") > 0.8, "{ended}");
    let stale = value(&record, "stale entries");
    assert!((0.001..0.3).contains(&stale), "{stale}: {ended}");
}

#[test]
fn churn_is_judged_in_virtual_time() {
    let words = "--time virtual --peers 60 --seed 3 route --table 12 --score age,rtt,success \
                 --drop 10% --churn exponential:20s --operations 200";
    let (ended, record, _) = measured(words, 0);
    ended.says(&[
        "drawn faults      ",
        "a table is no larger than its bound: holds",
        "nothing nearer was known where it ended: holds",
        "verdict           pass",
    ]);
    assert!(value(&record, "reached the nearest") > 0.5, "{ended}");
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
        let words = format!(
            "--peers 12 --transport memory route --table 3 --operations 40 --every 20ms \
             --patience 2s --mistake {mistake}"
        );
        let (ended, ..) = measured(&words, 1);
        ended.says(&[property, "verdict           fail"]);
    }
}
