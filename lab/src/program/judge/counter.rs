//! `g-counter` and `pn-counter`: in the end everybody reads the sum.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trace::history::History;

use crate::checkers::Property;
use crate::program::operation::{Ended, Operation};

/// How many sums are distinguished: with more, nothing is known. A guess.
const SUMS: usize = 1 << 20;

/// The last read of each client is the sum of what was acknowledged, and of some of what may
/// have been carried out.
pub(super) fn check(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("in the end each reads the sum", history);
    let mut sums = BTreeSet::from([0]);
    for operation in operations.iter().filter(|one| one.kind == "add") {
        let delta = operation.asks("delta").as_i64().unwrap_or(0);
        sums = match &operation.ended {
            Ended::Done(..) => sums.into_iter().map(|sum| sum + delta).collect(),
            Ended::Refused(..) => sums,
            Ended::Unknown | Ended::Malformed(_) => {
                let with: Vec<_> = sums.iter().map(|sum| sum + delta).collect();
                sums.into_iter().chain(with).collect()
            }
        };
        if sums.len() > SUMS {
            property.unknown(format!("more than {SUMS} sums are possible"));
            return property;
        }
    }
    let mut last = BTreeMap::new();
    for operation in operations {
        last.insert(&operation.client, operation);
    }
    for (process, operation) in last {
        let read = operation.has("value").filter(|_| operation.kind == "read");
        let Some((_, value)) = read else {
            property.unknown(format!("the last read of {process} was not answered"));
            continue;
        };
        let is_sum = value.as_i64().is_some_and(|value| sums.contains(&value));
        property.check(is_sum, || wrong(process, &value, &sums));
    }
    property
}

fn wrong(process: &str, value: &Value, sums: &BTreeSet<i64>) -> String {
    let (first, last) = (sums.first(), sums.last());
    let right = match (first, last) {
        (Some(first), Some(last)) if first != last => {
            format!("one of {} sums from {first} to {last}", sums.len())
        }
        (first, _) => first.map_or_else(String::new, ToString::to_string),
    };
    format!("{process} reads {value} in the end, and not {right}")
}
