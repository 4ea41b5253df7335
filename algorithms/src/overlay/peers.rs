//! Whom a node knows, and whom it asks for a link.

use std::collections::BTreeMap;

use super::interface::part_of;
use super::{Message, Output, Overlay, Target, Timer, Why};
use crate::{NodeId, Out};

/// After how many attempts without an answer a peer counts as dead. A guess, as in re6stnet.
const DEAD: u32 = 3;

/// How often it looks for peers in the time that one may take to answer. A guess.
const RETRIES: u32 = 4;

/// The peers that a node knows: how often in a row each did not answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Peers {
    most: usize,
    failures: BTreeMap<NodeId, u32>,
}

impl Peers {
    pub(super) const fn new(most: usize) -> Self {
        let failures = BTreeMap::new();
        Self { most, failures }
    }

    pub(super) fn count(&self) -> usize {
        self.failures.len()
    }

    #[cfg(test)]
    pub(super) fn known(&self) -> Vec<NodeId> {
        self.failures.keys().copied().collect()
    }

    fn is_full(&self) -> bool {
        self.failures.len() >= self.most
    }

    /// It is alive. If there are too many, the one leaves that has failed most often, or any.
    fn saw(&mut self, peer: NodeId, out: &mut Out<Overlay>) {
        if !self.failures.contains_key(&peer) && self.is_full() {
            let most = self.failures.values().copied().max().unwrap_or(0);
            let worst = self.failures.iter().filter(|(_, count)| **count == most);
            let worst: Vec<_> = worst.map(|(peer, _)| *peer).collect();
            if let Some(worst) = out.choose(&worst) {
                self.failures.remove(worst);
            }
        }
        self.failures.insert(peer, 0);
    }

    pub(super) fn failed(&mut self, peer: NodeId) {
        if let Some(failures) = self.failures.get_mut(&peer) {
            *failures = failures.saturating_add(1);
        }
    }

    /// Those that live, or the dead ones if there are no others.
    fn candidates(&self, is_free: impl Fn(NodeId) -> bool) -> Vec<NodeId> {
        let free = || self.failures.iter().filter(|(peer, _)| is_free(**peer));
        let live: Vec<_> = free()
            .filter(|(_, failures)| **failures < DEAD)
            .map(|(peer, _)| *peer)
            .collect();
        match live.is_empty() {
            true => free().map(|(peer, _)| *peer).collect(),
            false => live,
        }
    }
}

impl Overlay {
    pub(super) fn begin(&mut self, out: &mut Out<Self>) {
        if let Some(refresh) = self.config.refresh {
            let first = part_of(refresh, out);
            out.set_timer(Timer::Refresh, refresh.saturating_add(first));
        }
        if let Some(every) = self.config.packets {
            let first = part_of(every, out);
            out.set_timer(Timer::Packet, first);
        }
        if let Some(island) = self.config.island
            && self.me != self.config.registry
        {
            out.set_timer(Timer::Island, island);
        }
        self.connect(out);
    }

    /// Whether the run has that node, and it is another one.
    pub(super) fn may_link(&self, node: NodeId) -> bool {
        self.routing.has_link(node)
    }

    pub(super) fn saw(&mut self, peer: NodeId, out: &mut Out<Self>) {
        if peer != self.me {
            self.peers.saw(peer, out);
            out.persist();
        }
    }

    /// Opens links if there are too few. As long as it knows fewer peers than it may, it also asks
    /// the registry for one. It looks again after a while: who is asked may refuse.
    pub(super) fn connect(&mut self, out: &mut Out<Self>) {
        if self.lacks_links() {
            if self.me != self.config.registry && !self.peers.is_full() {
                out.send(self.config.registry, Message::Ask);
            }
            self.open_some(out);
            self.connect_later(out);
        }
    }

    /// Asks as many of the peers that it knows as it lacks links.
    fn open_some(&mut self, out: &mut Out<Self>) {
        while self.lacks_links() {
            let candidates = self.candidates();
            let Some(peer) = out.choose(&candidates).copied() else {
                return;
            };
            self.open(peer, out);
        }
    }

    /// A refusal is answered by no message, so that two nodes never answer each other for ever.
    pub(super) fn connect_later(&self, out: &mut Out<Self>) {
        let next = part_of(self.config.answer / RETRIES, out);
        out.set_timer(Timer::Connect, next);
    }

    fn candidates(&self) -> Vec<NodeId> {
        let is_free = |peer: NodeId| peer != self.me && !self.links.contains_key(&peer);
        if self.config.target == Target::Distant {
            let far = self.routing.farthest(is_free);
            if !far.is_empty() {
                return far;
            }
        }
        self.peers.candidates(is_free)
    }

    /// Whoever asks the registry lives. It names one of those to which it has a route, and itself
    /// where there is none.
    pub(super) fn on_ask(&mut self, from: NodeId, out: &mut Out<Self>) {
        if self.me != self.config.registry {
            return;
        }
        self.saw(from, out);
        let mut live = self.routing.reached();
        live.retain(|peer| *peer != from);
        let peer = out.choose(&live).copied().unwrap_or(self.me);
        out.send(from, Message::Introduce { peer });
        self.open_some(out);
    }

    /// A node that is answered, and finds no route, is in an island.
    pub(super) fn on_introduce(&mut self, from: NodeId, peer: NodeId, out: &mut Out<Self>) {
        if from != self.config.registry || !self.may_link(peer) {
            return;
        }
        self.saw(peer, out);
        if std::mem::take(&mut self.alone)
            && let Some(island) = self.config.island
            && self.routing.next_hop(from).is_none()
        {
            self.introduced = peer;
            let wait = part_of(island, out);
            out.set_timer(Timer::Anew, wait);
        }
        self.open_some(out);
    }

    pub(super) fn look_for_registry(&mut self, out: &mut Out<Self>) {
        let Some(island) = self.config.island else {
            return;
        };
        out.set_timer(Timer::Island, island);
        if self.routing.next_hop(self.config.registry).is_none() {
            self.alone = true;
            out.send(self.config.registry, Message::Ask);
        }
    }

    /// It closes all of its links, unless there is a route by now, and opens one with a peer that
    /// is not in the island.
    pub(super) fn start_anew(&mut self, out: &mut Out<Self>) {
        if self.routing.next_hop(self.config.registry).is_some() {
            return;
        }
        out.output(Output::Anew);
        self.forget_asked(out);
        for neighbour in self.all_links() {
            out.send(neighbour, Message::Close);
            self.drop_link(neighbour, Why::Island, out);
        }
        self.open(self.introduced, out);
        self.connect(out);
    }
}
