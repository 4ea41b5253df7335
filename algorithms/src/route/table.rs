//! The table of a node: a few of those that it can reach.

use std::collections::BTreeSet;

use super::mix;
use super::upkeep::Wait;
use crate::NodeId;

/// From so many answers and missing answers on, both are halved: what happened lately counts
/// more. A guess.
const MOST: u32 = 32;

/// An entry of a table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The node.
    pub node: NodeId,
    /// Its id.
    pub id: u64,
    /// How many entries were added before it.
    pub since: u64,
    /// How many laps its last round trip took. Of an entry that was not measured, the most.
    pub laps: usize,
    /// How often it has answered.
    pub answered: u32,
    /// How often it has not.
    pub missed: u32,
}

/// What decides which entry of a full table is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Score {
    /// The newest: nodes that have been there for long tend to stay (Stutzbach and Rejaie,
    /// "Understanding Churn in Peer-to-Peer Networks", IMC 2006).
    Age,
    /// The one with the longest round trip.
    Rtt,
    /// The one that has answered the smallest share of what it was asked.
    Success,
}

impl Score {
    /// Whether `one` is worse than `other`.
    fn is_worse(self, one: &Entry, other: &Entry) -> bool {
        match self {
            Self::Age => one.since > other.since,
            Self::Rtt => one.laps > other.laps,
            Self::Success => {
                // Laplace's rule of succession: (answered + 1) / (answered + missed + 2).
                let share = |entry: &Entry| (entry.answered + 1, entry.answered + entry.missed + 2);
                let ((a, of_a), (b, of_b)) = (share(one), share(other));
                a * of_b < b * of_a
            }
        }
    }
}

/// A table with a bound.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// The id of its node.
    pub(super) own: u64,
    pub(super) most: usize,
    score: Vec<Score>,
    pub(super) entries: Vec<Entry>,
    added: u64,
}

impl Table {
    /// The empty table of a node with that id.
    pub const fn new(own: u64, most: usize, score: Vec<Score>) -> Self {
        Self {
            own,
            most,
            score,
            entries: Vec::new(),
            added: 0,
        }
    }

    /// The entry of that node.
    pub fn get(&mut self, node: NodeId) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.node == node)
    }

    /// Adds a node, if it is not there: with that round trip, if it has just answered. A full
    /// table then removes one, which may be the new one.
    pub(super) fn add(&mut self, node: NodeId, id: u64, answer: Option<&Wait>) {
        let trip = answer.map(Wait::measured);
        if let Some(entry) = self.get(node) {
            if let Some(laps) = trip {
                entry.answers(laps);
            }
            return;
        }
        self.entries.push(Entry {
            node,
            id,
            since: self.added,
            laps: trip.flatten().unwrap_or(usize::MAX),
            answered: trip.is_some().into(),
            missed: 0,
        });
        self.added += 1;
        if self.entries.len() > self.most {
            self.remove_worst();
        }
    }

    /// Removes a node.
    pub fn remove(&mut self, node: NodeId) {
        self.entries.retain(|entry| entry.node != node);
    }

    /// The entries by their distance to that number, the nearest first.
    pub fn nearest_to(&self, target: u64) -> Vec<&Entry> {
        let mut all: Vec<_> = self.entries.iter().collect();
        all.sort_by_key(|entry| entry.id ^ target);
        all
    }

    /// The names of the nodes, for spans.
    pub(super) fn names(&self) -> Vec<String> {
        let names = self.entries.iter().map(|entry| entry.node.to_string());
        names.collect()
    }

    /// Of the largest of the groups with the same prefix, the entry with the worst score; not the
    /// nearest of all. Of several groups, each node prefers others: if all had gaps at the
    /// same prefixes, no message could pass there.
    pub(super) fn remove_worst(&mut self) {
        let own = self.own;
        let prefix = |entry: &Entry| (entry.id ^ own).leading_zeros();
        let size = |prefix_of: u32| {
            let same = self
                .entries
                .iter()
                .filter(|entry| prefix(entry) == prefix_of);
            same.count()
        };
        let nearest = self.entries.iter().map(|entry| entry.id ^ own).min();
        let others = self.entries.iter();
        let others = others.filter(|entry| Some(entry.id ^ own) != nearest);
        let groups: BTreeSet<_> = others.clone().map(prefix).collect();
        let preference = |group: &u32| mix(own.wrapping_add((*group).into()));
        let largest = groups
            .into_iter()
            .max_by_key(|group| (size(*group), preference(group)));
        let group: Vec<_> = others
            .filter(|entry| Some(prefix(entry)) == largest)
            .collect();
        let worst = group
            .iter()
            .max_by_key(|entry| (self.rank(entry, &group), entry.since));
        if let Some(worst) = worst.map(|entry| entry.node) {
            self.remove(worst);
        }
    }

    /// How many of the others are better, summed up over all that counts.
    fn rank(&self, one: &Entry, others: &[&Entry]) -> usize {
        let ranks = self.score.iter().map(|score| {
            let better = others.iter().filter(|other| score.is_worse(one, other));
            better.count()
        });
        ranks.sum()
    }
}

impl Entry {
    /// It has answered, after so many laps if that is known.
    fn answers(&mut self, laps: Option<usize>) {
        self.laps = laps.unwrap_or(self.laps);
        self.answered += 1;
        self.forget_some();
    }

    /// It has not answered.
    pub(super) fn misses(&mut self) {
        self.missed += 1;
        self.forget_some();
    }

    fn forget_some(&mut self) {
        if self.answered + self.missed >= MOST {
            self.answered /= 2;
            self.missed /= 2;
        }
    }
}
