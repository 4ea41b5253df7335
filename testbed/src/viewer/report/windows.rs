//! Selects the spans of a report's diagram if not all fit: those around the snapshots,
//! the last ones, and the first ones.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use lab::checkers::snapshot::Drawn;

/// The most snapshots whose surroundings are kept. With more, each would have too little
/// room. A guess.
const SNAPSHOTS: usize = 8;

/// The part of a run that is kept.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Kept {
    /// Places of spans, in the order in which they were stored.
    pub(super) places: Vec<u64>,
    /// The snapshots that they surround.
    pub(super) snapshots: Vec<String>,
}

/// Selects at most `most` spans. `starts` are the start times of all spans with their
/// places, the earliest first; `base` is the origin of the times of `cuts`.
pub(super) fn choose(
    starts: &[(u64, u64)],
    base: u64,
    cuts: &[Drawn],
    run: &Value,
    most: usize,
) -> Kept {
    let cuts = shown(cuts, run);
    let (half, quarter) = (most / 2, most / 4);
    let mut kept = BTreeSet::new();
    let around = half / cuts.len().max(1);
    for cut in &cuts {
        let began = i128::from(base) + i128::from(cut.began);
        let at = starts.partition_point(|(start, _)| i128::from(*start) < began);
        kept.extend(window(at, around, starts.len()));
    }
    kept.extend(starts.len().saturating_sub(quarter)..starts.len());
    // The room that overlapping windows save is used for the beginning.
    let left = most.saturating_sub(kept.len());
    let first: Vec<_> = (0..starts.len())
        .filter(|place| !kept.contains(place))
        .take(left)
        .collect();
    kept.extend(first);
    let mut places: Vec<_> = kept.into_iter().map(|place| starts[place].1).collect();
    places.sort_unstable();
    Kept {
        places,
        snapshots: cuts.iter().map(|cut| cut.snapshot.clone()).collect(),
    }
}

/// The window around a snapshot. A third of it lies before the snapshot, where messages
/// in flight were sent.
fn window(at: usize, size: usize, all: usize) -> Range<usize> {
    let from = at.saturating_sub(size / 3);
    from..from.saturating_add(size).min(all)
}

/// The snapshots to show. Those that violate a property come first, since they determine
/// the verdict.
fn shown<'a>(cuts: &'a [Drawn], run: &Value) -> Vec<&'a Drawn> {
    let properties = run["results"]["properties"].as_array();
    let violations: Vec<&str> = properties
        .into_iter()
        .flatten()
        .filter_map(|property| property["violations"].as_array())
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    let violates = |cut: &Drawn| {
        let [colon, comma] = [':', ','].map(|end| format!("snapshot {}{end}", cut.snapshot));
        let about = |text: &&str| text.starts_with(&colon) || text.starts_with(&comma);
        violations.iter().any(about)
    };
    let mut cuts: Vec<_> = cuts.iter().collect();
    cuts.sort_by_cached_key(|cut| !violates(cut));
    cuts.truncate(SNAPSHOTS);
    cuts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn cut(snapshot: &str, began: i64) -> Drawn {
        Drawn {
            snapshot: snapshot.to_owned(),
            began,
            recorded: Vec::new(),
            finished: Vec::new(),
            unreadable: Vec::new(),
            channels: Vec::new(),
            complete: Vec::new(),
            aborted: Vec::new(),
            stopped: Vec::new(),
        }
    }

    /// One span per nanosecond. Its place is its time after `base`.
    fn starts(many: u64) -> Vec<(u64, u64)> {
        (0..many).map(|place| (1000 + place, place)).collect()
    }

    #[test]
    fn a_third_of_the_room_around_a_snapshot_lies_before_it() {
        let kept = choose(&starts(1000), 1000, &[cut("0/0", 500)], &json!({}), 120);
        let wanted: Vec<_> = (0..30).chain(480..540).chain(970..1000).collect();
        assert_eq!(kept.places, wanted);
        assert_eq!(kept.snapshots, ["0/0"]);
    }

    #[test]
    fn the_report_is_filled_to_its_limit() {
        for (many, cuts, most) in [
            (1000, vec![], 100),
            (1000, vec![cut("0/0", 0)], 100),
            (1000, vec![cut("0/0", 999)], 100),
            (1000, vec![cut("0/0", 500), cut("0/1", 502)], 101),
            (40, vec![cut("0/0", -7)], 100),
            (0, vec![cut("0/0", 7)], 100),
            (1000, vec![cut("0/0", 7)], 0),
        ] {
            let kept = choose(&starts(many), 1000, &cuts, &json!({}), most);
            let wanted = most.min(usize::try_from(many).expect("few"));
            assert_eq!(kept.places.len(), wanted, "{many}, {cuts:?}");
            assert!(kept.places.is_sorted());
        }
    }

    #[test]
    fn violating_steps_are_kept_first() {
        let cuts: Vec<_> = (0..20).map(|n| cut(&format!("0/{n}"), 10 * n)).collect();
        let violations = [
            "snapshot 0/1, peer-02: 7 came",
            "snapshot 0/17: not complete",
        ];
        let run = json!({ "results": { "properties": [{ "violations": violations }] } });
        let kept = choose(&starts(1000), 1000, &cuts, &run, 100);
        assert_eq!(kept.snapshots[..4], ["0/1", "0/17", "0/0", "0/2"]);
        assert_eq!(kept.snapshots.len(), SNAPSHOTS);
    }
}
