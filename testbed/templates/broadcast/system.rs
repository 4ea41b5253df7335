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
    /// Whether the judge requires causal order, which flooding has only where channels keep
    /// the order.
    pub is_causal: bool,
}

impl Posts {
    pub fn new(setup: &Setup) -> Self {
        Self {
            setup: setup.clone(),
            forwards: true,
            is_causal: false,
        }
    }

    /// How many messages are broadcast.
    fn messages(&self) -> u32 {
        ORIGINS.min(self.setup.peers)
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
            at: Duration::from_millis(5) * node,
            node: NodeId(node),
            command: (),
            operation: "post",
        };
        (0..self.messages()).map(post).collect()
    }

    fn ends(&self, _: NodeId, output: &Said) -> bool {
        matches!(output, Said::Delivered { .. })
    }

    fn endings(&self) -> u64 {
        u64::from(self.messages()) * u64::from(self.setup.peers)
    }

    /// A run does not wait for those of a process that has stopped for ever.
    fn endings_of(&self, _: NodeId) -> Option<u64> {
        Some(self.messages().into())
    }

    /// A crash may take messages with it, which are then never delivered: a run waits no
    /// longer for them.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(Duration::from_secs(1))
    }

    /// A run in which a process stops can be right, so the page may stop one.
    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let neighbours = self.setup.neighbours.iter();
        let edges = neighbours.map(Vec::len).sum::<usize>() as u64 / 2;
        let each = (2 * edges + 1).saturating_sub(self.setup.peers.into());
        let is_faultless = history.crashes.is_empty();
        let posts = Figure {
            name: "POST",
            measured: history.count("POST"),
            theory: is_faultless.then_some(u64::from(self.messages()) * each),
            formula: "2|E| - N + 1 a message".into(),
        };
        let missing = missing(history);
        let early = missing.values().filter(|missing| !missing.is_empty());
        let order = Figure {
            name: "out of order",
            measured: early.count() as u64,
            theory: None,
            formula: "in this run: delivered before a message that it depends on".into(),
        };
        let correct = correct(history, self.setup.peers);
        let reached = reached(&self.setup, &correct);
        let mut properties = vec![agreement(history, &reached), integrity(history)];
        if self.is_causal {
            properties.push(causal_order(&missing));
        }
        Judgement {
            properties,
            figures: vec![posts, order],
            ..Judgement::default()
        }
    }
}

/// The processes that never crash. Others need not deliver anything, also after a restart.
fn correct(history: &History, peers: u32) -> BTreeSet<String> {
    let crashed = |name: &String| history.crashes.iter().any(|one| *one.process == **name);
    let all = (0..peers).map(|peer| NodeId(peer).to_string());
    all.filter(|name| !crashed(name)).collect()
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

/// For each correct process, the correct processes that its messages reach, through correct
/// ones alone: crashes may cut the network in parts.
fn reached(setup: &Setup, correct: &BTreeSet<String>) -> BTreeMap<String, BTreeSet<String>> {
    let is_correct = |peer: &NodeId| correct.contains(&peer.to_string());
    let all = (0..setup.peers).map(NodeId).filter(is_correct);
    let from = |start: NodeId| {
        let (mut reached, mut next) = (BTreeSet::from([start]), vec![start]);
        while let Some(peer) = next.pop() {
            let neighbours = setup.neighbours_of(peer).iter().copied();
            next.extend(neighbours.filter(|other| is_correct(other) && reached.insert(*other)));
        }
        reached.iter().map(ToString::to_string).collect()
    };
    all.map(|start| (start.to_string(), from(start))).collect()
}

/// What a correct process broadcasts or delivers, every correct process that it reaches
/// delivers in the end: validity and agreement, as the paper defines them for a network that
/// correct processes connect. A message of a process that crashes may be lost for all others.
fn agreement(history: &History, reached: &BTreeMap<String, BTreeSet<String>>) -> Property {
    let mut all = Property::of("every correct process delivers every message", history);
    let delivered = count(history, "Delivered");
    let broadcast = count(history, "Broadcast").into_keys();
    let said = broadcast.chain(delivered.keys().copied());
    let due = said.flat_map(|(id, by)| reached.get(by).into_iter().flatten().map(move |to| (id, to)));
    for (id, process) in due.collect::<BTreeSet<_>>() {
        let is_there = delivered.contains_key(&(id, &**process));
        all.check_in_the_end(is_there, || format!("{process} does not deliver {id}"));
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

/// What a message depends on, a process delivers before it.
fn causal_order(missing: &Missing<'_>) -> Property {
    let mut order = Property::new("no message is delivered before one that it depends on");
    for ((id, process), missing) in missing {
        order.check(missing.is_empty(), || {
            format!("{process} delivers {id} and lacks {missing:?}")
        });
    }
    order
}

/// For each message and each process that delivers it, the messages that it lacks then.
type Missing<'a> = BTreeMap<(&'a str, &'a str), BTreeSet<&'a str>>;

/// A message causally depends on those that its origin had delivered when it broadcast it.
fn missing(history: &History) -> Missing<'_> {
    let mut needed = BTreeMap::new();
    for (id, process) in count(history, "Broadcast").into_keys() {
        needed.insert(id, before(history, process, "Broadcast", id));
    }
    let deliveries = count(history, "Delivered").into_keys();
    let missing = deliveries.map(|(id, process)| {
        let known = before(history, process, "Delivered", id);
        let needed = needed.get(id).into_iter().flatten();
        let missing = needed.filter(|needed| !known.contains(*needed));
        ((id, process), missing.copied().collect())
    });
    missing.collect()
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
