//! The page and the judge share no code. They say the same of every snapshot.

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Runs, run, saved};

use super::{has_browser, look, text, texts};

/// The properties that say what the page says: no orphan, and channels recorded
/// as they were.
const SAME: [&str; 2] = ["I1 no orphan", "I2 channel state"];

/// The snapshots that violate one of them.
fn violating(record: &Value) -> BTreeSet<String> {
    let properties = record["results"]["properties"].as_array();
    let mut ids = BTreeSet::new();
    for property in properties.expect("properties") {
        if SAME.contains(&text(&property["name"])) {
            let all = texts(&property["violations"]).into_iter();
            let id = |text: &str| text.split([' ', ':']).nth(1).map(str::to_owned);
            ids.extend(all.filter_map(id));
        }
    }
    ids
}

#[test]
fn the_page_and_the_judge_agree_on_every_snapshot() {
    if !has_browser() {
        return;
    }
    let common = "--initiators 2 --snapshots 6 --every 40ms --delay 1ms..30ms --shrink 0s";
    let (mut right, mut wrong) = (0, 0);
    for algorithm in ["chandy-lamport", "lai-yang", "naive"] {
        for channel in ["stream", "per-message"] {
            for workload in ["bank", "token", "producer-consumer"] {
                let runs = Runs::new();
                let arguments = format!(
                    "--peers 6 --seed 3 simulate snapshot --algorithm {algorithm} --channel {channel} --workload {workload} {common}"
                );
                drop(run(&mut runs.testbed(arguments.split(' '))));
                let path = runs.only();
                let seen = look("agree.mjs", &path, [""; 0]);
                assert_eq!(texts(&seen["unknown"]), [""; 0], "{arguments}");
                let ids = texts(&seen["wrong"]).into_iter().map(str::to_owned);
                let ids: BTreeSet<_> = ids.collect();
                assert_eq!(ids, violating(&saved::record(&path)), "{arguments}");
                wrong += ids.len();
                right += texts(&seen["right"]).len();
            }
        }
    }
    assert!(right > 0 && wrong > 0, "{right} right, {wrong} wrong");
}
