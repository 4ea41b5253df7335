//! ShiViz's log: for each step its process and vector clock, then its events.
//! <https://bestchai.bitbucket.io/shiviz/> draws it with the parser
//! `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`, which is its own.
//!
//! Its rules: a process's own entry begins at 1 and rises by exactly 1, and a
//! name has no blank in it.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::io::Write;
use std::sync::Arc;

use crate::steps::{Event, StepRecord};
use serde_json::{Map, Value};

use super::Error;
use crate::history::{Causality, History, StepIndex};
use crate::store::Store;

/// Writes the steps in an order in which causes precede effects.
pub(super) fn write(store: &Store, out: &mut impl Write) -> Result<(), Error> {
    let history = History::read(store);
    let causality = Causality::new(&history);
    let names = names(history.processes.keys());
    let mut steps: Vec<(u64, StepIndex, &StepRecord)> = history
        .steps()
        .filter_map(|(name, at, step)| {
            let index = causality.index(name, at)?;
            // A step that is later in the causal order has a larger clock.
            let past = causality.clock(index).iter().map(|entry| u64::from(*entry));
            Some((past.sum(), index, step))
        })
        .collect();
    if steps.is_empty() {
        return Err(Error::NoSteps("ShiViz"));
    }
    steps.sort_by_key(|(past, index, _)| (*past, *index));
    for (_, index, step) in steps {
        let entries = names.iter().zip(causality.clock(index));
        let known = entries.filter(|(_, count)| **count > 0);
        let clock: Map<_, _> = known
            .map(|(name, count)| (name.clone(), Value::from(*count)))
            .collect();
        let clock = Value::Object(clock);
        writeln!(out, "{} {clock}\n{}", names[index.process], text(step))?;
    }
    Ok(())
}

/// The names of the processes, without blanks, and still unique.
fn names<'a>(names: impl Iterator<Item = &'a Arc<str>>) -> Vec<String> {
    let mut taken = BTreeSet::new();
    let mut again = HashMap::<String, u32>::new();
    names
        .map(|name| {
            let one_word = name.split_whitespace().collect::<Vec<_>>().join("_");
            let base = if one_word.is_empty() {
                "_".to_owned()
            } else {
                one_word
            };
            let mut unique = base.clone();
            while !taken.insert(unique.clone()) {
                let number = again.entry(base.clone()).or_insert(1);
                *number += 1;
                unique = format!("{base}_{number}");
            }
            unique
        })
        .collect()
}

/// A step in one line.
fn text(step: &StepRecord) -> String {
    let mut text = match (&step.received, &step.timer) {
        (Some(received), _) => {
            let message = &received.message;
            format!(
                "{} from {} ({})",
                message.kind, received.from, message.fields
            )
        }
        (None, Some(timer)) => format!("timer {timer}"),
        (None, None) => "begins, or is asked".to_owned(),
    };
    for event in &step.events {
        // Writing to a `String` cannot fail.
        let _ = match event {
            Event::Sent { to, message } => {
                write!(
                    text,
                    "; sends {} to {to} ({})",
                    message.kind, message.fields
                )
            }
            Event::Output { kind, fields } => write!(text, "; says {kind} ({fields})"),
        };
    }
    // One event is one line, whatever a peer has put into it.
    let line: Vec<_> = text.split(char::is_control).collect();
    line.join(" ")
}
