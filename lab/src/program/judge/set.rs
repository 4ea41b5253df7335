//! `broadcast` and `g-set`: elements stay in the set, and reach every program in the end.

use std::collections::BTreeMap;
use std::time::Duration;

use rustc_hash::{FxHashMap, FxHashSet};
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

/// The elements of a run: each has a number, since a long run names millions of them.
#[derive(Default)]
pub(super) struct Elements {
    numbers: FxHashMap<String, u32>,
    texts: Vec<String>,
}

impl Elements {
    fn number(&mut self, element: &Value) -> u32 {
        let text = element.to_string();
        let Self { numbers, texts } = self;
        *numbers.entry(text).or_insert_with_key(|text| {
            texts.push(text.clone());
            u32::try_from(texts.len() - 1).unwrap_or(u32::MAX)
        })
    }

    /// The element of that number, as JSON.
    pub(super) fn text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", String::as_str)
    }
}

/// A read and what it has seen.
pub(super) struct Read<'a> {
    pub(super) operation: &'a Operation<'a>,
    /// The numbers of the elements, in the order of the answer.
    pub(super) seen: Vec<u32>,
}

/// What clients have added and read.
pub(super) struct Adds<'a> {
    pub(super) elements: Elements,
    pub(super) reads: Vec<Read<'a>>,
    /// Those that a client asked to add.
    asked: FxHashSet<u32>,
    /// When each was acknowledged, in the order of their numbers.
    known: BTreeMap<u32, u64>,
}

impl<'a> Adds<'a> {
    pub(super) fn new(names: &Names, operations: &'a [Operation<'a>]) -> Self {
        let mut elements = Elements::default();
        let (mut asked, mut known) = (FxHashSet::default(), BTreeMap::new());
        for operation in operations.iter().filter(|one| one.kind == names.add) {
            let element = elements.number(&operation.asks(names.element));
            asked.insert(element);
            if let Some((at, _)) = operation.has("type") {
                known.insert(element, at);
            }
        }
        let mut reads = Vec::new();
        for operation in operations.iter().filter(|one| one.kind == "read") {
            let Some((_, all)) = operation.has(names.read) else {
                continue;
            };
            let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
            reads.push(Read {
                operation,
                seen: all.iter().map(|one| elements.number(one)).collect(),
            });
        }
        Self {
            elements,
            reads,
            asked,
            known,
        }
    }
}

/// The properties of a set.
pub(super) fn check(
    adds: &Adds<'_>,
    operations: &[Operation<'_>],
    history: &History,
) -> Vec<Property> {
    vec![
        made_up(adds, history),
        twice(adds, history),
        lost(adds, operations, history),
    ]
}

/// From each acknowledgement until the last read that lacked it was asked for; 0 if none did.
/// Also how many are lacking in the end.
pub(super) fn until_all_have_it(adds: &Adds<'_>) -> Measure {
    let mut reads: Vec<_> = adds.reads.iter().collect();
    reads.sort_by_key(|read| read.operation.record.invoked);
    let last_read = reads.last().map(|read| read.operation.record.invoked);
    // Of each element the last read that has it, of those so far, from the last one back. Those
    // that were added have the first numbers.
    let mut seen_in = vec![usize::MAX; adds.asked.len()];
    let mut open: Vec<_> = adds.known.iter().collect();
    let (mut times, mut lost) = (Times::new(), 0);
    for (number, read) in reads.iter().enumerate().rev() {
        let asked = read.operation.record.invoked;
        for element in &read.seen {
            if let Some(seen) = seen_in.get_mut(*element as usize) {
                *seen = number;
            }
        }
        open.retain(|(element, known)| {
            let lacks = asked > **known && seen_in[**element as usize] != number;
            match lacks {
                true if Some(asked) == last_read => lost += 1,
                true => times.record(Duration::from_nanos(asked - **known)),
                false => {}
            }
            !lacks
        });
    }
    for _ in open {
        times.record(Duration::ZERO);
    }
    Measure::times(STABLE, times.summary(), lost)
}

/// Reads return only elements that a client added.
fn made_up(adds: &Adds<'_>, history: &History) -> Property {
    let mut property = Property::of("reads have only what was added", history);
    for read in &adds.reads {
        let mut seen = read.seen.iter();
        let other = seen.find(|element| !adds.asked.contains(element));
        property.check(other.is_none(), || {
            let other = other.map_or("", |element| adds.elements.text(*element));
            format!(
                "{}; the answer has {other}, which no client has added",
                words(read.operation)
            )
        });
    }
    property
}

/// No read returns an element twice.
fn twice(adds: &Adds<'_>, history: &History) -> Property {
    let mut property = Property::of("reads have nothing twice", history);
    for read in &adds.reads {
        let mut once = FxHashSet::default();
        let double = read.seen.iter().find(|element| !once.insert(*element));
        property.check(double.is_none(), || {
            let double = double.map_or("", |element| adds.elements.text(*element));
            format!("{}; the answer has {double} twice", words(read.operation))
        });
    }
    property
}

/// What was acknowledged before the last read of a client began is in that read.
fn lost(adds: &Adds<'_>, operations: &[Operation<'_>], history: &History) -> Property {
    let mut property = Property::of("nothing that was acknowledged is lost", history);
    for (process, operation) in last_of_each(operations) {
        let read = adds
            .reads
            .iter()
            .find(|read| std::ptr::eq(read.operation, operation));
        let Some(read) = read else {
            property.unknown(format!("the last read of {process} was not answered"));
            continue;
        };
        let seen: FxHashSet<_> = read.seen.iter().collect();
        let before = adds
            .known
            .iter()
            .filter(|(_, at)| **at < operation.record.invoked);
        let before: Vec<_> = before.map(|(element, _)| element).collect();
        let missing = before.iter().filter(|element| !seen.contains(*element));
        let missing: Vec<_> = missing.collect();
        property.checked += (before.len() - missing.len()) as u64;
        if !missing.is_empty() {
            property.check_in_the_end(false, || {
                let named: Vec<_> = missing
                    .iter()
                    .take(NAMED)
                    .map(|one| adds.elements.text(***one))
                    .collect();
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
