//! The faults that were injected into the network: links that were cut and healed,
//! peers that were killed. The run records them as spans of the laboratory.

use serde::Serialize;
use trace::history;
use trace::history::faults::{CUT, FaultAction, HEAL, KILL, RESTART};
use trace::store::Store;

use super::diagram::signed;

/// `{"at":1500000,"action":"cut","peer":"peer-00","other":"peer-01"}`
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Fault {
    /// In nanoseconds, from the same moment as the times of the diagram.
    at: i64,
    #[serde(flatten)]
    press: FaultAction,
}

/// All faults, in the order of time.
pub(super) fn faults(store: &Store) -> Vec<Fault> {
    let base = signed(store.first_start());
    let mut faults = Vec::new();
    for name in [CUT, HEAL, KILL, RESTART] {
        store.for_each_named(name, |service, span| {
            if let Some(press) = history::faults::fault(service, &span) {
                let at = signed(span.start_time_unix_nano) - base;
                faults.push(Fault { at, press });
            }
        });
    }
    faults.sort_by_key(|fault| fault.at);
    faults
}

#[cfg(test)]
mod tests {
    use trace::steps::key;

    use super::*;
    use trace::LABORATORY;
    use trace::history::faults::PEER;
    use trace::store::samples;

    #[test]
    fn events_of_the_run_are_listed_in_the_order_of_time() {
        let store = Store::new();
        let laboratory = store.add_service(samples::resource(LABORATORY));
        let peer = store.add_service(samples::resource("peer-0"));
        let mut id = 0;
        let mut add = |service, name, at, other: Option<&str>| {
            id += 1;
            let mut span = samples::span([1; 16], id, 0, name, at);
            span.attributes = vec![samples::text(PEER, "a")];
            let other = other.map(|other| samples::text(key::REMOTE, other));
            span.attributes.extend(other);
            store.insert(service, &span).expect("a good span");
        };
        add(laboratory, "Setup", 0, None);
        add(laboratory, HEAL, 30, Some("b"));
        add(laboratory, CUT, 10, Some("b"));
        add(laboratory, KILL, 20, None);
        add(laboratory, CUT, 40, None);
        // A peer's operation of that name is something else.
        add(peer, CUT, 50, Some("b"));
        let answer = serde_json::to_value(faults(&store)).expect("JSON");
        let expected = serde_json::json!([
            { "at": 10, "action": "cut", "peer": "a", "other": "b" },
            { "at": 20, "action": "kill", "peer": "a" },
            { "at": 30, "action": "heal", "peer": "a", "other": "b" },
        ]);
        assert_eq!(answer, expected);
    }
}
