//! Where messages should have ended, by one that knows all nodes and when each was up.

use std::collections::BTreeMap;

use trace::history::History;

use super::{Run, Terms, is_ending, number_of};
use crate::stats::{Summary, Times};

/// What has become of the messages, and of the tables.
#[derive(Clone, Debug, Default)]
pub struct Outcomes {
    /// How many set off.
    pub sent: u64,
    /// How many have ended at the node that was the nearest to their key of all.
    pub reached: u64,
    /// How many of these were for the id of a node.
    pub delivered: u64,
    /// How many have ended although a node that was up all the while was nearer.
    pub missed: u64,
    /// How many have ended while a nearer node came or went.
    pub undecided: u64,
    /// How many had no hops left.
    pub cut_short: u64,
    /// Of how many no answer came in time.
    pub late: u64,
    /// The hops of those that reached the nearest.
    pub hops: Option<Summary>,
    /// How many entries the tables of nodes that are up have in the end.
    pub tables: Option<Summary>,
    /// How many entries the tables of senders had, each when its message ended.
    pub entries: u64,
    /// How many of them were of nodes that were down then.
    pub stale: u64,
}

/// A node: its id, and the times in which it was down.
struct Node {
    id: u64,
    down: Vec<(u64, u64)>,
}

/// Whether a node was up from one time to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Up {
    AllTheWhile,
    Partly,
    Never,
}

impl Node {
    fn up(&self, from: u64, to: u64) -> Up {
        let mut up = Up::AllTheWhile;
        for &(stops, restarts) in &self.down {
            if stops <= from && restarts > to {
                return Up::Never;
            }
            if stops <= to && restarts >= from {
                up = Up::Partly;
            }
        }
        up
    }
}

/// Judges where messages have ended. Times are those of the record.
pub fn outcomes(history: &History, terms: &Terms) -> Outcomes {
    let run = Run::read(history, terms);
    let nodes: BTreeMap<_, _> = run
        .ids
        .iter()
        .map(|(name, id)| (*name, node(history, name, *id)))
        .collect();
    let mut outcomes = Outcomes {
        sent: run.sent.len() as u64,
        ..Outcomes::default()
    };
    let mut hops = Times::new();
    for (by, at, kind, fields) in history.outputs().filter(|(_, _, kind, _)| is_ending(kind)) {
        let Some(sent) = number_of(fields).and_then(|number| run.sent.get(number)) else {
            continue;
        };
        let last = &history.processes[by][at];
        let until = last.at_unix_nano;
        for entry in last.state.get_list("table").unwrap_or_default() {
            outcomes.entries += 1;
            outcomes.stale += u64::from(is_down(&nodes, entry, until));
        }
        match (kind, run.ending(kind, fields)) {
            ("CutShort", _) => outcomes.cut_short += 1,
            ("Late", _) => outcomes.late += 1,
            (_, Some((.., end))) => {
                let distance = |node: &Node| node.id ^ sent.key;
                let Some(own) = nodes.get(end).map(distance) else {
                    continue;
                };
                let nearer = nodes.values().filter(|node| distance(node) < own);
                let nearer = nearer.map(|node| node.up(sent.at, until));
                let nearer: Vec<_> = nearer.filter(|up| *up != Up::Never).collect();
                if nearer.is_empty() {
                    outcomes.reached += 1;
                    outcomes.delivered += u64::from(kind == "Delivered");
                    let count = fields.get_integer("hops").unwrap_or_default();
                    hops.count(u64::try_from(count).unwrap_or_default(), 1);
                } else if nearer.contains(&Up::AllTheWhile) {
                    outcomes.missed += 1;
                } else {
                    outcomes.undecided += 1;
                }
            }
            (_, None) => {}
        }
    }
    outcomes.hops = hops.summary();
    outcomes.tables = tables(history, &nodes);
    outcomes
}

fn node(history: &History, name: &str, id: u64) -> Node {
    let crashes = history
        .crashes
        .iter()
        .filter(|crash| *crash.process == *name);
    let down = crashes.map(|crash| (crash.at, crash.restarted.unwrap_or(u64::MAX)));
    let down = down.collect();
    Node { id, down }
}

/// Whether that node was down at that time.
fn is_down(nodes: &BTreeMap<&str, Node>, name: &str, at: u64) -> bool {
    let node = nodes.get(name);
    node.is_some_and(|node| node.up(at, at) == Up::Never)
}

/// How large the tables are in the end.
fn tables(history: &History, nodes: &BTreeMap<&str, Node>) -> Option<Summary> {
    let end = history.steps().map(|(.., step)| step.at_unix_nano).max()?;
    let mut sizes = Times::new();
    let up = history.processes.iter();
    for (_, steps) in up.filter(|(name, _)| !is_down(nodes, name, end)) {
        if let Some(table) = steps.last().and_then(|step| step.state.get_list("table")) {
            sizes.count(table.len() as u64, 1);
        }
    }
    sizes.summary()
}
