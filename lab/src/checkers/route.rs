//! Checks greedy routing: does no message circle, and is what is said of it true?
//!
//! For any algorithm in which each state has the id of its node, as the text `id` of 16
//! hexadecimal digits, and its table, as the list `table` of names. A message that sets off is an
//! output `Sent` with its number and its `key`; the messages ROUTE and BACK carry it, and ANSWER
//! says where it has ended. Distances are computed here, and an [oracle] that knows all
//! nodes says which of them was the nearest.

mod oracle;
mod silent;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use algorithms::Fields;
use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::Property;
pub use oracle::{Outcomes, outcomes};

/// What nodes promise.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The ids of the nodes by their names. What their states say takes precedence.
    pub ids: BTreeMap<String, u64>,
    /// The most entries of a table.
    pub table: usize,
    /// Whether each hop is nearer to the key than the one before.
    pub nearer: bool,
}

/// A message that sets off.
#[derive(Clone, Copy, Debug)]
struct Sent<'a> {
    by: &'a Arc<str>,
    /// The time in nanoseconds since the Unix epoch.
    at: u64,
    key: u64,
}

/// What was recorded of nodes and messages.
struct Run<'a> {
    history: &'a History,
    /// The ids of the nodes.
    ids: BTreeMap<&'a str, u64>,
    /// The messages, by their numbers.
    sent: BTreeMap<&'a str, Sent<'a>>,
    /// The nodes that took them, besides their senders.
    visited: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

const FORWARDED: &str = "no message was forwarded";

const ANYWHERE: &str = "messages may go to nodes that are further, and come back";

/// Checks a run.
pub fn check(history: &History, terms: &Terms) -> Vec<Property> {
    let run = Run::read(history, terms);
    let mut all = vec![
        ids_differ(&run),
        bounded(&run, terms),
        nearer(&run, terms),
        once(&run),
        delivered(&run),
        visited(&run),
        minimum(&run),
        silent::check(history),
        ended(&run),
    ];
    for (property, why) in [
        ("delivered", "no message was reported as delivered"),
        ("a message ends", "no message has ended"),
        ("nothing nearer", "no message has ended at a local minimum"),
        ("an entry", "every hop was acknowledged"),
        ("each hop", if terms.nearer { FORWARDED } else { ANYWHERE }),
        ("no message passes", FORWARDED),
        ("each message", "no message has set off"),
    ] {
        let mut unchecked = all.iter_mut().filter(|one| one.checked == 0);
        if let Some(one) = unchecked.find(|one| one.name.starts_with(property)) {
            one.idle(why);
        }
    }
    all
}

/// No two nodes have the same id.
fn ids_differ(run: &Run<'_>) -> Property {
    let mut property = Property::new("ids differ").looks_at("state with an id");
    let mut owners = BTreeMap::new();
    for (node, id) in &run.ids {
        let other = owners.insert(id, node);
        property.check(other.is_none(), || match other {
            Some(other) => format!("{other} and {node} have the id {id:016x}"),
            None => String::new(),
        });
    }
    property
}

/// No table has more entries than its bound, none comes twice, and none is the node itself.
fn bounded(run: &Run<'_>, terms: &Terms) -> Property {
    let name = "a table is no larger than its bound";
    let mut property = Property::new(name).looks_at("state with a table");
    for (node, _, step) in run.history.steps() {
        let Some(table) = step.state.get_list("table") else {
            continue;
        };
        let different: BTreeSet<_> = table.iter().collect();
        let is_right = table.len() <= terms.table
            && different.len() == table.len()
            && table.iter().all(|entry| **entry != **node);
        property.check(is_right, || {
            let number = step.number;
            let (size, most) = (table.len(), terms.table);
            format!("{node} (step {number}) has {size} entries of at most {most}: {table:?}")
        });
    }
    property
}

/// Where messages do not go back: each hop is nearer to the key than the one before.
fn nearer(run: &Run<'_>, terms: &Terms) -> Property {
    let mut property = Property::new("each hop is nearer to the key")
        .looks_at("message ROUTE to a node with an id");
    if !terms.nearer {
        return property;
    }
    for (node, at, to, message) in run.history.sends() {
        let ids = (run.ids.get(&**node), run.ids.get(&**to));
        let (Some(key), (Some(from), Some(next))) = (key_of(&message.fields), ids) else {
            continue;
        };
        if message.kind == "ROUTE" {
            property.check(next ^ key < from ^ key, || {
                let number = run.history.processes[node][at].number;
                format!(
                    "{node} (step {number}) forwards {} for {key:016x} to {to}, which is no nearer",
                    number_of(&message.fields).unwrap_or_default()
                )
            });
        }
    }
    property
}

/// A node takes a message once, as long as it runs.
fn once(run: &Run<'_>) -> Property {
    let name = "no message passes a node twice";
    let mut property = Property::new(name).looks_at("message ROUTE");
    for (node, steps) in &run.history.processes {
        let mut taken = BTreeMap::new();
        for step in steps {
            if step.restarts {
                taken.clear();
            }
            for (_, fields) in outputs(step).filter(|(kind, _)| *kind == "Sent") {
                taken.insert(fields.get_text("message").unwrap_or_default(), step.number);
            }
            if let Some(message) = takes(step) {
                let earlier = taken.insert(message, step.number);
                property.check(earlier.is_none(), || {
                    let (number, earlier) = (step.number, earlier.unwrap_or_default());
                    format!("{node} takes {message} in step {earlier}, and again in step {number}")
                });
            }
        }
    }
    property
}

/// Delivered is said of what has reached the node whose id is the key: none can be nearer.
fn delivered(run: &Run<'_>) -> Property {
    let name = "delivered is what has reached its key";
    let mut property = Property::new(name).looks_at("output Delivered");
    for (by, at, kind, fields) in run.history.outputs() {
        let Some((message, sent, node)) = run.ending(kind, fields).filter(|_| kind == "Delivered")
        else {
            continue;
        };
        property.check(run.ids.get(node) == Some(&sent.key), || {
            let number = run.history.processes[by][at].number;
            let key = sent.key;
            format!("{by} (step {number}) says that {message} for {key:016x} is delivered at {node}, which has another id")
        });
    }
    property
}

/// The node where a message is said to have ended has taken it.
fn visited(run: &Run<'_>) -> Property {
    let name = "a message ends where it has been";
    let mut property = Property::new(name).looks_at("output Delivered or Nearest");
    for (by, at, kind, fields) in run.history.outputs() {
        if let Some((message, _, node)) = run.ending(kind, fields) {
            property.check(run.has_visited(message, node), || {
                let number = run.history.processes[by][at].number;
                format!("{by} (step {number}) says that {message} has ended at {node}, which never took it")
            });
        }
    }
    property
}

/// Where a message ends, no entry is nearer to its key than the node that is named, unless the
/// message was there, or was sent there in vain.
fn minimum(run: &Run<'_>) -> Property {
    let name = "nothing nearer was known where it ended";
    let mut property = Property::new(name).looks_at("message ANSWER, or output Nearest");
    for (node, steps) in &run.history.processes {
        let mut tried = BTreeMap::<&str, BTreeSet<&str>>::new();
        let mut answered = BTreeSet::new();
        for step in steps {
            for (to, _, fields) in sends(step).filter(|(_, kind, _)| *kind == "ROUTE") {
                let message = number_of(fields).unwrap_or_default();
                tried.entry(message).or_default().insert(to);
            }
            // An answer that is repeated is not one more ending.
            let ended = ends(step).filter(|(message, _)| !answered.contains(message));
            let answers = sends(step).filter(|(_, kind, _)| *kind == "ANSWER");
            answered.extend(answers.filter_map(|(_, _, fields)| number_of(fields)));
            let Some((message, nearest)) = ended else {
                continue;
            };
            let (Some(sent), Some(own)) = (run.sent.get(message), run.ids.get(nearest)) else {
                continue;
            };
            let in_vain = tried.get(message);
            let table = step.state.get_list("table").unwrap_or_default();
            let missed = table.iter().find(|entry| {
                let id = run.ids.get::<str>(entry);
                id.is_some_and(|id| id ^ sent.key < own ^ sent.key)
                    && !run.has_visited(message, entry)
                    && !in_vain.is_some_and(|all| all.contains::<str>(entry))
            });
            property.check(missed.is_none(), || {
                let (number, key) = (step.number, sent.key);
                let missed = missed.map_or("", |missed| missed);
                format!(
                    "{message} for {key:016x} ends at {node} (step {number}), which names {nearest}, and knows {missed}, which is nearer"
                )
            });
        }
    }
    property
}

/// The sender learns what has become of its message, once.
fn ended(run: &Run<'_>) -> Property {
    let mut property =
        Property::of("each message has one ending", run.history).looks_at("output Sent");
    let mut endings = BTreeMap::<&str, u64>::new();
    for (.., fields) in run
        .history
        .outputs()
        .filter(|(_, _, kind, _)| is_ending(kind))
    {
        *endings
            .entry(number_of(fields).unwrap_or_default())
            .or_default() += 1;
    }
    for (message, sent) in &run.sent {
        let count = endings.get(message).copied().unwrap_or_default();
        let mut crashes = run.history.crashes.iter();
        let has_forgotten = crashes.any(|crash| crash.process == *sent.by && crash.at >= sent.at);
        if count > 0 || !has_forgotten {
            let by = sent.by;
            property.check_in_the_end(count == 1, || {
                format!("{by} learns {count} times what has become of {message}")
            });
        }
    }
    property
}

fn is_ending(kind: &str) -> bool {
    matches!(kind, "Delivered" | "Nearest" | "CutShort" | "Late")
}

impl<'a> Run<'a> {
    fn read(history: &'a History, terms: &'a Terms) -> Self {
        let ids = terms.ids.iter().map(|(node, id)| (node.as_str(), *id));
        let mut run = Self {
            history,
            ids: ids.collect(),
            sent: BTreeMap::new(),
            visited: BTreeMap::new(),
        };
        for (node, steps) in &history.processes {
            let id = steps.iter().find_map(|step| step.state.get_text("id"));
            if let Some(id) = id.and_then(|id| u64::from_str_radix(id, 16).ok()) {
                run.ids.insert(node, id);
            }
            for step in steps {
                for (_, fields) in outputs(step).filter(|(kind, _)| *kind == "Sent") {
                    if let (Some(message), Some(key)) = (number_of(fields), key_of(fields)) {
                        let at = step.at_unix_nano;
                        run.sent.insert(message, Sent { by: node, at, key });
                    }
                }
                if let Some(message) = takes(step) {
                    run.visited.entry(message).or_default().insert(node);
                }
            }
        }
        run
    }

    /// Which message, and the node where it is said to have ended.
    fn ending(&self, kind: &str, fields: &'a Fields) -> Option<(&'a str, Sent<'a>, &'a str)> {
        let message = number_of(fields)?;
        let sent = *self.sent.get(message)?;
        let node = fields.get_text("at")?;
        matches!(kind, "Delivered" | "Nearest").then_some((message, sent, node))
    }

    fn has_visited(&self, message: &str, node: &str) -> bool {
        let sender = self.sent.get(message).map(|sent| &**sent.by);
        let visited = self.visited.get(message);
        sender == Some(node) || visited.is_some_and(|visited| visited.contains(node))
    }
}

/// The message that a step takes: it came with ROUTE, and the step does something with it beyond
/// acknowledging it.
fn takes(step: &StepRecord) -> Option<&str> {
    let received = &step.received.as_ref()?.message;
    let message = number_of(&received.fields).filter(|_| received.kind == "ROUTE")?;
    let mut sends = sends(step);
    let acts = sends.any(|(_, kind, fields)| {
        matches!(kind, "ROUTE" | "BACK" | "ANSWER") && number_of(fields) == Some(message)
    });
    acts.then_some(message)
}

/// The message that ends in a step at a local minimum, and the node that is named as the nearest.
fn ends(step: &StepRecord) -> Option<(&str, &str)> {
    let received = step.received.as_ref().map(|received| &received.message);
    if received.is_some_and(|message| message.kind == "ANSWER") {
        return None;
    }
    let mut answers = sends(step).filter(|(_, kind, fields)| {
        *kind == "ANSWER" && fields.get_flag("cut_short") == Some(false)
    });
    if let Some((_, _, fields)) = answers.next() {
        return Some((number_of(fields)?, fields.get_text("nearest")?));
    }
    let (_, fields) = outputs(step).find(|(kind, _)| matches!(*kind, "Nearest" | "Delivered"))?;
    Some((number_of(fields)?, fields.get_text("at")?))
}

/// The messages that a step sends: receiver, kind and fields.
fn sends(step: &StepRecord) -> impl Iterator<Item = (&str, &str, &Fields)> {
    step.events.iter().filter_map(|event| match event {
        Event::Sent { to, message } => Some((&**to, &*message.kind, &message.fields)),
        Event::Output { .. } => None,
    })
}

fn outputs(step: &StepRecord) -> impl Iterator<Item = (&str, &Fields)> {
    step.events.iter().filter_map(|event| match event {
        Event::Output { kind, fields } => Some((&**kind, fields)),
        Event::Sent { .. } => None,
    })
}

/// The number of a message.
fn number_of(fields: &Fields) -> Option<&str> {
    fields.get_text("message")
}

fn key_of(fields: &Fields) -> Option<u64> {
    u64::from_str_radix(fields.get_text("key")?, 16).ok()
}
