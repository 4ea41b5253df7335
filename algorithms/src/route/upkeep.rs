//! How a node looks after its table: it probes entries and other neighbours, and removes those
//! that do not answer.

use std::collections::btree_map::Entry;
use std::time::Duration;

use super::{Message, Route, Timer, id};
use crate::{NodeId, Out};

/// How many of its entries a node names to one that probes it. A guess.
const NAMED: usize = 3;

/// Something that was asked, and is not answered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Wait {
    /// How many laps have run out since it was asked last.
    laps: usize,
    /// How often it was asked before.
    repeated: u32,
}

/// What follows when a lap has run out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// To wait for so long.
    Lap(Duration),
    /// To ask again, and then to wait for so long.
    Repeat(Duration),
    /// To ask no more.
    GiveUp,
}

impl Wait {
    /// A lap has run out, of those times and so many tries.
    pub(super) fn next(&mut self, laps: &[Duration], tries: u32) -> Next {
        self.laps += 1;
        match laps.get(self.laps) {
            Some(lap) => Next::Lap(*lap),
            None if self.repeated + 1 < tries => {
                self.laps = 0;
                self.repeated += 1;
                Next::Repeat(first_of(laps))
            }
            None => Next::GiveUp,
        }
    }

    /// How many laps a round trip took (Karn and Partridge, SIGCOMM 1987: of what was asked
    /// again it is not known).
    pub(super) fn measured(&self) -> Option<usize> {
        (self.repeated == 0).then_some(self.laps)
    }
}

/// How long to wait at first.
pub(super) fn first_of(laps: &[Duration]) -> Duration {
    laps.first().copied().unwrap_or_default()
}

impl Route {
    /// At the start, the neighbours are there.
    pub(super) fn fill_table(&mut self) {
        for node in self.neighbours.iter() {
            self.table.add(*node, id(*node), None);
        }
    }

    /// Nodes do not all probe at once.
    pub(super) fn begin_upkeep(&self, out: &mut Out<Self>) {
        if let Some(upkeep) = self.config.upkeep {
            let millis = u64::try_from(upkeep.as_millis()).unwrap_or(u64::MAX);
            let phase = Duration::from_millis(out.random(0..millis.max(1)));
            out.set_timer(Timer::Upkeep, phase);
        }
    }

    /// Probes an entry, each in turn, and a neighbour that is none: one of which it has heard, or
    /// any.
    pub(super) fn look_after(&mut self, out: &mut Out<Self>) {
        if let Some(upkeep) = self.config.upkeep {
            out.set_timer(Timer::Upkeep, upkeep);
        }
        let entries = &self.table.entries;
        if !entries.is_empty() {
            self.turn = (self.turn + 1) % entries.len();
            self.probe(entries[self.turn].node, out);
        }
        let other = self.candidates.pop_first();
        let other = other.or_else(|| out.choose(&self.neighbours).copied());
        if let Some(other) = other.filter(|node| self.table.get(*node).is_none()) {
            self.probe(other, out);
        }
    }

    fn probe(&mut self, node: NodeId, out: &mut Out<Self>) {
        if let Entry::Vacant(place) = self.probes.entry(node) {
            place.insert(Wait::default());
            out.send(node, Message::Probe);
            out.set_timer(Timer::Probe(node), first_of(&self.config.laps));
        }
    }

    /// A node is there: it has asked, or answered.
    pub(super) fn heard(&mut self, from: NodeId, answer: Option<&Wait>) {
        if self.can_reach(from) {
            self.table.add(from, id(from), answer);
        }
    }

    fn can_reach(&self, node: NodeId) -> bool {
        self.neighbours.binary_search(&node).is_ok()
    }

    pub(super) fn on_probe(&mut self, from: NodeId, out: &mut Out<Self>) {
        self.heard(from, None);
        let nearest = self.table.nearest_to(id(from)).into_iter();
        let others = nearest.map(|entry| entry.node).filter(|node| *node != from);
        let nodes = others.take(NAMED).collect();
        out.send(from, Message::Known { nodes });
    }

    /// Hostile nodes may name any number of nodes, but only neighbours are kept.
    pub(super) fn on_known(&mut self, from: NodeId, nodes: Vec<NodeId>, out: &mut Out<Self>) {
        let Some(wait) = self.probes.remove(&from) else {
            return;
        };
        out.cancel_timer(Timer::Probe(from));
        self.heard(from, Some(&wait));
        for node in nodes.into_iter().take(NAMED) {
            if self.can_reach(node) && self.table.get(node).is_none() {
                self.candidates.insert(node);
            }
        }
        while self.candidates.len() > self.config.table {
            self.candidates.pop_last();
        }
    }

    pub(super) fn on_silent_probe(&mut self, node: NodeId, out: &mut Out<Self>) {
        let Some(wait) = self.probes.get_mut(&node) else {
            return;
        };
        let next = wait.next(&self.config.laps, self.config.tries);
        match next {
            Next::Lap(lap) => out.set_timer(Timer::Probe(node), lap),
            Next::Repeat(lap) => {
                self.missed(node);
                out.send(node, Message::Probe);
                out.set_timer(Timer::Probe(node), lap);
            }
            Next::GiveUp => {
                self.probes.remove(&node);
                self.table.remove(node);
            }
        }
    }

    pub(super) fn missed(&mut self, node: NodeId) {
        if let Some(entry) = self.table.get(node) {
            entry.misses();
        }
    }
}
