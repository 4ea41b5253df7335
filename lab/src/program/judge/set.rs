//! `broadcast` and `g-set`: what was added stays, and everybody has it in the end.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trace::history::History;

use super::words;
use crate::checkers::Property;
use crate::program::operation::Operation;

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

/// A read and what it has seen.
struct Read<'a> {
    operation: &'a Operation<'a>,
    seen: Vec<String>,
}

fn read<'a>(names: &Names, operation: &'a Operation<'a>) -> Option<Read<'a>> {
    let (_, all) = operation
        .has(names.read)
        .filter(|_| operation.kind == "read")?;
    let seen = all.as_array().map(Vec::as_slice).unwrap_or_default();
    Some(Read {
        operation,
        seen: seen.iter().map(Value::to_string).collect(),
    })
}

/// Nothing is read that nobody has added.
fn made_up(asked: &BTreeSet<String>, reads: &[Read<'_>], history: &History) -> Property {
    let mut property = Property::of("reads have only what was added", history);
    for read in reads {
        let other = read.seen.iter().find(|element| !asked.contains(*element));
        property.check(other.is_none(), || {
            let other = other.map_or("", |element| element);
            format!(
                "{}, and saw {other}, which nobody has added",
                words(read.operation)
            )
        });
    }
    property
}

/// Nothing is there twice.
fn twice(reads: &[Read<'_>], history: &History) -> Property {
    let mut property = Property::of("reads have nothing twice", history);
    for read in reads {
        let mut once = BTreeSet::new();
        let double = read.seen.iter().find(|element| !once.insert(*element));
        property.check(double.is_none(), || {
            let double = double.map_or("", |element| element);
            format!("{}, and saw {double} twice", words(read.operation))
        });
    }
    property
}

/// What was acknowledged is in the last read of each client.
fn lost(
    known: &BTreeMap<String, u64>,
    operations: &[Operation<'_>],
    reads: &[Read<'_>],
    history: &History,
) -> Property {
    let mut property = Property::of("nothing that was acknowledged is lost", history);
    let mut last = BTreeMap::new();
    for operation in operations {
        last.insert(&operation.client, operation);
    }
    for (process, operation) in last {
        let read = reads
            .iter()
            .find(|read| std::ptr::eq(read.operation, operation));
        let Some(read) = read else {
            property.unknown(format!("the last read of {process} was not answered"));
            continue;
        };
        let seen: BTreeSet<_> = read.seen.iter().collect();
        let missing: Vec<_> = known
            .keys()
            .filter(|element| !seen.contains(element))
            .collect();
        property.checked += (known.len() - missing.len()) as u64;
        if !missing.is_empty() {
            property.check(false, || {
                let named: Vec<_> = missing.iter().take(NAMED).map(|it| it.as_str()).collect();
                format!(
                    "the last read of {process} lacks {} of {} that were acknowledged: {}{}",
                    missing.len(),
                    known.len(),
                    named.join(", "),
                    if missing.len() > NAMED { ", …" } else { "" }
                )
            });
        }
    }
    property
}
