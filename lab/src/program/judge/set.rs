//! `broadcast` and `g-set`: elements stay in the set, and reach every program in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;
use trace::history::History;

use super::words;
use crate::checkers::Property;
use crate::program::expect::STABLE;
use crate::program::operation::{Operation, last_of_each};
use crate::stats::{Measure, Times};

/// How many missing elements a verdict names. A guess: more would not be read.
const NAMED: usize = 5;

/// How a workload names things.
pub(super) struct Names {
    add: &'static str,
    element: &'static str,
    read: &'static str,
}

pub(super) const BROADCAST: Names = Names {
    add: "broadcast",
    element: "message",
    read: "messages",
};

pub(super) const G_SET: Names = Names {
    add: "add",
    element: "element",
    read: "value",
};

/// The properties of a set.
pub(super) fn check(
    names: &Names,
    operations: &[Operation<'_>],
    history: &History,
) -> Vec<Property> {
    let added = operations.iter().filter(|one| one.kind == names.add);
    let mut known = BTreeMap::new();
    let mut asked = BTreeSet::new();
    for operation in added {
        let element = operation.asks(names.element).to_string();
        asked.insert(element.clone());
        if let Some((at, _)) = operation.has("type") {
            known.insert(element, at);
        }
    }
    let reads: Vec<_> = operations
        .iter()
        .filter_map(|one| read(names, one))
        .collect();
    vec![
        made_up(&asked, &reads, history),
        twice(&reads, history),
        lost(&known, operations, &reads, history),
    ]
}

/// From each acknowledgement until the last read that lacked it was asked for; 0 if none did.
/// Also how many are lacking in the end.
pub(super) fn until_all_have_it(names: &Names, operations: &[Operation<'_>]) -> Measure {
    let reads = operations.iter().filter_map(|one| read(names, one));
    let reads: Vec<_> = reads
        .map(|read| {
            let seen: BTreeSet<_> = read.seen.into_iter().collect();
            (read.operation.record.invoked, seen)
        })
        .collect();
    let (mut times, mut lost) = (Times::new(), 0);
    for operation in operations.iter().filter(|one| one.kind == names.add) {
        let Some((known, _)) = operation.has("type") else {
            continue;
        };
        let element = operation.asks(names.element).to_string();
        let lacked = reads
            .iter()
            .filter(|(asked, seen)| *asked > known && !seen.contains(&element));
        let last = lacked.map(|(asked, _)| *asked).max();
        let is_read_after = |asked| reads.iter().any(|(other, _)| *other > asked);
        match last {
            Some(asked) if !is_read_after(asked) => lost += 1,
            last => {
                let took = last.map_or(0, |asked| asked - known);
                times.record(Duration::from_nanos(took));
            }
        }
    }
    Measure::times(STABLE, times.summary(), lost)
}

/// A read and what it has seen.
pub(super) struct Read<'a> {
    pub(super) operation: &'a Operation<'a>,
    /// The elements, in the order of the answer.
    pub(super) seen: Vec<String>,
}

pub(super) fn read<'a>(names: &Names, operation: &'a Operation<'a>) -> Option<Read<'a>> {
    let (_, all) = operation
        .has(names.read)
        .filter(|_| operation.kind == "read")?;
    let seen = all.as_array().map(Vec::as_slice).unwrap_or_default();
    Some(Read {
        operation,
        seen: seen.iter().map(Value::to_string).collect(),
    })
}

/// Reads return only elements that a client added.
fn made_up(asked: &BTreeSet<String>, reads: &[Read<'_>], history: &History) -> Property {
    let mut property = Property::of("reads have only what was added", history);
    for read in reads {
        let other = read.seen.iter().find(|element| !asked.contains(*element));
        property.check(other.is_none(), || {
            let other = other.map_or("", |element| element);
            format!(
                "{}; the answer has {other}, which no client has added",
                words(read.operation)
            )
        });
    }
    property
}

/// No read returns an element twice.
fn twice(reads: &[Read<'_>], history: &History) -> Property {
    let mut property = Property::of("reads have nothing twice", history);
    for read in reads {
        let mut once = BTreeSet::new();
        let double = read.seen.iter().find(|element| !once.insert(*element));
        property.check(double.is_none(), || {
            let double = double.map_or("", |element| element);
            format!("{}; the answer has {double} twice", words(read.operation))
        });
    }
    property
}

/// What was acknowledged before the last read of a client began is in that read.
fn lost(
    known: &BTreeMap<String, u64>,
    operations: &[Operation<'_>],
    reads: &[Read<'_>],
    history: &History,
) -> Property {
    let mut property = Property::of("nothing that was acknowledged is lost", history);
    for (process, operation) in last_of_each(operations) {
        let read = reads
            .iter()
            .find(|read| std::ptr::eq(read.operation, operation));
        let Some(read) = read else {
            property.unknown(format!("the last read of {process} was not answered"));
            continue;
        };
        let seen: BTreeSet<_> = read.seen.iter().collect();
        let before = known
            .iter()
            .filter(|(_, at)| **at < operation.record.invoked);
        let before: Vec<_> = before.map(|(element, _)| element).collect();
        let missing = before.iter().filter(|element| !seen.contains(*element));
        let missing: Vec<_> = missing.collect();
        property.checked += (before.len() - missing.len()) as u64;
        if !missing.is_empty() {
            property.check_in_the_end(false, || {
                let named: Vec<_> = missing.iter().take(NAMED).map(|it| it.as_str()).collect();
                format!(
                    "the last read of {process} lacks {} of {} elements that were acknowledged \
                     before it: {}{}",
                    missing.len(),
                    before.len(),
                    named.join(", "),
                    if missing.len() > NAMED { ", …" } else { "" }
                )
            });
        }
    }
    property
}
