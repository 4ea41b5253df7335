//! `g-counter` and `pn-counter`: the last read of each client returns the sum.

use std::collections::BTreeSet;

use serde_json::Value;
use trace::history::History;

use crate::checkers::Property;
use crate::program::operation::{Ended, Operation, last_of_each};

/// How many sums are distinguished: with more, nothing is known. A guess.
const SUMS: usize = 1 << 20;

/// The last read of each client is the sum of what was acknowledged, and of some of what may
/// have been carried out.
pub(super) fn check(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("in the end each reads the sum", history);
    let last = last_of_each(operations);
    // An add that was acknowledged later than this may be missing in a last read.
    let reads = last.values().map(|operation| operation.record.invoked);
    let first_read = reads.min().unwrap_or_default();
    let mut sums = BTreeSet::from([0]);
    for operation in operations.iter().filter(|one| one.kind == "add") {
        let delta = operation.asks("delta").as_i64().unwrap_or(0);
        sums = match &operation.ended {
            Ended::Done(at, _) if *at < first_read => {
                sums.into_iter().map(|sum| sum + delta).collect()
            }
            Ended::Refused(..) => sums,
            Ended::Done(..) | Ended::Unknown | Ended::Malformed(_) => {
                let with: Vec<_> = sums.iter().map(|sum| sum + delta).collect();
                sums.into_iter().chain(with).collect()
            }
        };
        if sums.len() > SUMS {
            property.unknown(format!("more than {SUMS} sums are possible"));
            return property;
        }
    }
    for (process, operation) in last {
        let read = operation.has("value").filter(|_| operation.kind == "read");
        let Some((_, value)) = read else {
            property.unknown(format!("the last read of {process} was not answered"));
            continue;
        };
        let is_sum = value.as_i64().is_some_and(|value| sums.contains(&value));
        property.check_in_the_end(is_sum, || wrong(process, &value, &sums));
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
