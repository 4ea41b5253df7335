//! The experiment: what is asked of the processes, and what is right. The judge reads
//! what was recorded, and shares no code with the algorithm.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use lab::own::*;

use crate::{Flood, Said};

/// How many processes broadcast a message: the first ones.
const ORIGINS: u32 = 2;

/// Processes of which the first ones broadcast a message each.
pub struct Posts {
    pub setup: Setup,
    /// Whether processes forward; the broken variant does not.
    pub forwards: bool,
}

impl Posts {
    pub fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            forwards: true,
        }
    }
}

impl System for Posts {
    type Algorithm = Flood;

    fn processes(&self) -> u32 {
        self.setup.peers
    }

    fn process(&self, me: NodeId) -> Flood {
        let neighbours = self.setup.neighbours_of(me).iter();
        Flood {
            me,
            neighbours: neighbours.copied().collect(),
            sent: 0,
            delivered: BTreeSet::new(),
            forwards: self.forwards,
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        let post = |node| ScheduledCommand {
            at: Duration::from_millis(10) * node,
            node: NodeId(node),
            command: (),
            operation: "post",
        };
        (0..ORIGINS).map(post).collect()
    }

    fn ends(&self, _: NodeId, output: &Said) -> bool {
        matches!(output, Said::Delivered { .. })
    }

    fn endings(&self) -> u64 {
        (ORIGINS * self.setup.peers).into()
    }

    fn judge(&self, history: &History) -> Judgement {
        let neighbours = self.setup.neighbours.iter();
        let edges = neighbours.map(Vec::len).sum::<usize>() as u64 / 2;
        let each = 2 * edges - u64::from(self.setup.peers) + 1;
        let posts = Figure {
            name: "POST",
            measured: history.count("POST"),
            theory: Some(u64::from(ORIGINS) * each),
            formula: "2|E| - N + 1 a message".into(),
        };
        let order = Figure {
            name: "out of order",
            measured: out_of_order(history),
            theory: None,
            formula: "delivered before a message that it depends on".into(),
        };
        Judgement {
            properties: vec![agreement(history, self.setup.peers), integrity(history)],
            figures: vec![posts, order],
            ..Judgement::default()
        }
    }
}

/// How many outputs of that kind each process has for each message.
fn count<'a>(history: &'a History, wanted: &str) -> BTreeMap<(&'a str, &'a str), u64> {
    let mut counts = BTreeMap::new();
    for (process, _, _, fields) in history.outputs().filter(|(.., kind, _)| *kind == wanted) {
        let id = fields.get_text("id").unwrap_or_default();
        *counts.entry((id, &**process)).or_default() += 1;
    }
    counts
}

/// A message that was broadcast is delivered by every process, in the end.
fn agreement(history: &History, peers: u32) -> Property {
    let mut all = Property::of("every process delivers every message", history);
    let delivered = count(history, "Delivered");
    for (id, _) in count(history, "Broadcast").into_keys() {
        for process in (0..peers).map(|peer| NodeId(peer).to_string()) {
            let is_there = delivered.contains_key(&(id, &*process));
            all.check_in_the_end(is_there, || format!("{process} does not deliver {id}"));
        }
    }
    all
}

/// No process delivers a message twice, or one that was not broadcast.
fn integrity(history: &History) -> Property {
    let mut once = Property::new("a message is delivered once, and was broadcast");
    let begun = count(history, "Broadcast").into_keys();
    let begun: BTreeSet<_> = begun.map(|(id, _)| id).collect();
    for ((id, process), times) in count(history, "Delivered") {
        once.check(times == 1 && begun.contains(id), || {
            format!("{process} delivers {id}, {times} times")
        });
    }
    once
}

/// How many messages a process delivers before one that they causally depend on: one that
/// their origin had delivered when it broadcast them.
fn out_of_order(history: &History) -> u64 {
    let mut needed = BTreeMap::<&str, BTreeSet<&str>>::new();
    for (id, process) in count(history, "Broadcast").into_keys() {
        needed.insert(id, before(history, process, "Broadcast", id));
    }
    let deliveries = count(history, "Delivered").into_keys();
    let early = deliveries.filter(|(id, process)| {
        let known = before(history, process, "Delivered", id);
        let needed = needed.get(id);
        needed.is_some_and(|needed| !needed.is_subset(&known))
    });
    early.count() as u64
}

/// What the process had delivered when it had that output of a message.
fn before<'a>(history: &'a History, process: &str, kind: &str, id: &str) -> BTreeSet<&'a str> {
    let mut delivered = BTreeSet::new();
    for (_, _, said, fields) in history.outputs().filter(|(by, ..)| ***by == *process) {
        let of = fields.get_text("id").unwrap_or_default();
        if (said, of) == (kind, id) {
            break;
        }
        if said == "Delivered" {
            delivered.insert(of);
        }
    }
    delivered
}
