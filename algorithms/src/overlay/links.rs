//! How links are opened, replaced and closed.

use super::{Message, Output, Overlay, Score, Timer, Why};
use crate::babel::{Command, INFINITY};
use crate::{Field, Input, Listed, NodeId, Out, membership};

/// What is added to the cost of a link that is drained: half of the largest metric, so that it
/// still is a way to those who have no other.
const DRAINED: u16 = INFINITY / 2;

/// A link, or one that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Link {
    /// Whether this node has asked for it.
    own: bool,
    stage: Stage,
    /// How many refreshes it has seen.
    age: u32,
    /// How many bytes of packets it has carried since the last one, in and out.
    carried: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    /// It is asked for.
    Asked,
    /// It is there.
    Open,
    /// This end wants to close it. Whether no route of the other end leads over it.
    Drains { other: bool },
    /// The other end wants to close it. Whether it has been told that no route leads over it.
    IsDrained { told: bool },
}

impl Link {
    const fn new(own: bool, stage: Stage) -> Self {
        Self {
            own,
            stage,
            age: 0,
            carried: 0,
        }
    }

    fn is_open(&self) -> bool {
        self.stage != Stage::Asked
    }
}

/// Those that are open: `peer-03 own`, `peer-04 accepted`, `peer-05 own drains`.
pub(super) fn texts(links: &Listed<NodeId, Link>) -> Field {
    links.list(|neighbour, link| {
        let whose = if link.own { "own" } else { "accepted" };
        match link.stage {
            Stage::Asked => None,
            Stage::Open => Some(format!("{neighbour} {whose}")),
            Stage::Drains { .. } | Stage::IsDrained { .. } => {
                Some(format!("{neighbour} {whose} drains"))
            }
        }
    })
}

impl Overlay {
    /// How many links this node has opened, or asks for.
    pub(super) fn own_links(&self) -> usize {
        self.links.values().filter(|link| link.own).count()
    }

    /// Whether it has fewer than it may, and may have some.
    pub(super) fn lacks_links(&self) -> bool {
        self.own_links() < self.config.links && self.is_admitted()
    }

    fn accepted_links(&self) -> usize {
        self.links.len() - self.own_links()
    }

    /// All that are open.
    pub(super) fn all_links(&self) -> Vec<NodeId> {
        let open = self.links.iter().filter(|(_, link)| link.is_open());
        open.map(|(neighbour, _)| *neighbour).collect()
    }

    pub(super) fn is_open(&self, neighbour: NodeId) -> bool {
        self.links.get(&neighbour).is_some_and(Link::is_open)
    }

    /// Whether packets may come over that link.
    pub(super) fn is_linked(&self, neighbour: NodeId) -> bool {
        self.is_open(neighbour) && self.trusts(neighbour)
    }

    /// Counts bytes that came over a link, or go over it.
    pub(super) fn carried(&mut self, neighbour: NodeId, bytes: usize) {
        if let Some(link) = self.links.get_mut(&neighbour) {
            link.carried = link.carried.saturating_add(bytes as u64);
        }
    }

    pub(super) fn open(&mut self, peer: NodeId, out: &mut Out<Self>) {
        if peer == self.me || self.links.contains_key(&peer) {
            return;
        }
        self.links.insert(peer, Link::new(true, Stage::Asked));
        out.send(peer, Message::Open);
        out.set_timer(Timer::Answer(peer), self.config.answer);
    }

    /// Of two OPENs that cross, that of the smaller id counts. An OPEN over a link that is open
    /// comes from a node that has restarted.
    pub(super) fn on_open(&mut self, from: NodeId, out: &mut Out<Self>) {
        if self.config.hidden {
            return;
        }
        if self.membership.is_none() {
            self.saw(from, out);
        }
        match self.links.get(&from) {
            Some(link) if link.is_open() => self.drop_link(from, Why::Other, out),
            Some(_) if self.me < from => return,
            Some(_) => {
                self.links.remove(&from);
                self.connect_later(out);
            }
            None => {}
        }
        if self.accepted_links() >= self.config.accepted || !self.is_admitted() {
            out.send(from, Message::Refuse);
            return;
        }
        out.send(from, Message::Accept);
        self.begin_link(from, false, out);
    }

    pub(super) fn on_accept(&mut self, from: NodeId, out: &mut Out<Self>) {
        match self.links.get(&from) {
            Some(link) if !link.is_open() => self.begin_link(from, true, out),
            Some(_) => {}
            // The answer came too late.
            None => out.send(from, Message::Close),
        }
    }

    fn begin_link(&mut self, with: NodeId, own: bool, out: &mut Out<Self>) {
        self.links.insert(with, Link::new(own, Stage::Open));
        out.output(Output::Opened {
            neighbour: with,
            own,
        });
        out.set_timer(Timer::Answer(with), self.config.answer);
        match self.membership {
            None => {
                self.saw(with, out);
                self.route(Input::Command(Command::Up(with)), out);
            }
            Some(_) => self.admit(Input::Command(membership::Command::Up(with)), out),
        }
    }

    pub(super) fn on_refuse(&mut self, from: NodeId, out: &mut Out<Self>) {
        if self.links.get(&from).is_some_and(|link| !link.is_open()) {
            self.links.remove(&from);
            out.cancel_timer(Timer::Answer(from));
            self.connect_later(out);
        }
    }

    /// No link is asked for any more: a late answer is refused.
    pub(super) fn forget_asked(&mut self, out: &mut Out<Self>) {
        let asked = self.links.iter().filter(|(_, link)| !link.is_open());
        for peer in asked.map(|(peer, _)| *peer).collect::<Vec<_>>() {
            self.links.remove(&peer);
            out.cancel_timer(Timer::Answer(peer));
        }
    }

    /// No answer, or nothing has come over the new link.
    pub(super) fn on_no_answer(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        match self.links.get(&neighbour) {
            Some(link) if !link.is_open() => drop(self.links.remove(&neighbour)),
            Some(_) if self.routing.is_up(neighbour) => return,
            Some(_) => {
                out.send(neighbour, Message::Close);
                self.drop_link(neighbour, Why::Vain, out);
            }
            None => return,
        }
        self.peers.failed(neighbour);
        out.persist();
        self.connect(out);
    }

    /// The routing protocol hears nothing over it.
    pub(super) fn on_silent(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        if self.is_open(neighbour) {
            self.peers.failed(neighbour);
            out.persist();
            // In case it is the link that is broken, and not the peer.
            out.send(neighbour, Message::Close);
            self.drop_link(neighbour, Why::Silent, out);
            self.connect(out);
        }
    }

    /// One that has never worked is replaced a little later: the other end may not trust this one.
    pub(super) fn on_close(&mut self, from: NodeId, out: &mut Out<Self>) {
        if self.is_open(from) {
            let has_worked = self.routing.is_up(from);
            self.drop_link(from, Why::Other, out);
            match has_worked {
                true => self.connect(out),
                false => self.connect_later(out),
            }
        }
    }

    pub(super) fn drop_link(&mut self, neighbour: NodeId, why: Why, out: &mut Out<Self>) {
        self.links.remove(&neighbour);
        out.cancel_timer(Timer::Answer(neighbour));
        out.cancel_timer(Timer::Drain(neighbour));
        out.output(Output::Closed { neighbour, why });
        self.price(neighbour, 0, out);
        self.route(Input::Command(Command::Down(neighbour)), out);
        self.admit(Input::Command(membership::Command::Down(neighbour)), out);
    }

    fn price(&mut self, neighbour: NodeId, more: u16, out: &mut Out<Self>) {
        self.route(Input::Command(Command::Cost { neighbour, more }), out);
    }

    /// Replaces the link of its own that serves least, if it has as many as it may, and none is
    /// being replaced.
    pub(super) fn refresh(&mut self, out: &mut Out<Self>) {
        let Some(refresh) = self.config.refresh else {
            return;
        };
        out.set_timer(Timer::Refresh, refresh);
        let is_busy = self
            .links
            .values()
            .any(|link| link.own && link.stage != Stage::Open);
        if !is_busy && !self.lacks_links() {
            if let Some(neighbour) = self.worst(out) {
                self.replace(neighbour, out);
            }
        } else if !is_busy {
            self.connect(out);
        }
        for link in self.links.values_mut() {
            link.age = link.age.saturating_add(1);
            link.carried = 0;
        }
    }

    /// One that has not seen a whole interval is not compared.
    fn worst(&self, out: &mut Out<Self>) -> Option<NodeId> {
        let own = self
            .links
            .iter()
            .filter(|(_, link)| link.own && link.age > 0);
        let score = |neighbour: NodeId, link: &Link| match self.config.score {
            Score::Random => 0,
            Score::Routes => self.routing.served(neighbour) as u64,
            Score::Bytes => link.carried,
            Score::RoundTrip => {
                let cost = self.routing.cost(neighbour).unwrap_or(INFINITY);
                (INFINITY - cost).into()
            }
        };
        let all: Vec<_> = own.map(|(at, link)| (score(*at, link), *at)).collect();
        let least = all.iter().map(|(score, _)| *score).min()?;
        let worst = all.into_iter().filter(|(score, _)| *score == least);
        let worst: Vec<_> = worst.map(|(_, neighbour)| neighbour).collect();
        out.choose(&worst).copied()
    }

    fn replace(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        match self.config.drain {
            Some(most) => {
                self.set_stage(neighbour, Stage::Drains { other: false });
                out.send(neighbour, Message::Drain);
                out.set_timer(Timer::Drain(neighbour), most);
                self.price(neighbour, DRAINED, out);
            }
            None if self.routing.is_last_way(neighbour) => {
                out.output(Output::Kept { neighbour });
            }
            None => self.close(neighbour, out),
        }
    }

    fn close(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        out.send(neighbour, Message::Close);
        self.drop_link(neighbour, Why::Replaced, out);
        self.connect(out);
    }

    fn set_stage(&mut self, neighbour: NodeId, stage: Stage) {
        if let Some(link) = self.links.get_mut(&neighbour) {
            link.stage = stage;
        }
    }

    /// If both ends want to close the link, the smaller id does.
    pub(super) fn on_drain(&mut self, from: NodeId, out: &mut Out<Self>) {
        let stage = self.links.get(&from).map(|link| link.stage);
        match stage {
            Some(Stage::Asked) | None => out.send(from, Message::Close),
            Some(Stage::Drains { .. }) if self.me < from => {}
            Some(_) => {
                out.cancel_timer(Timer::Drain(from));
                self.set_stage(from, Stage::IsDrained { told: false });
                self.price(from, DRAINED, out);
            }
        }
    }

    pub(super) fn on_drained(&mut self, from: NodeId) {
        if let Some(link) = self.links.get_mut(&from)
            && let Stage::Drains { other } = &mut link.stage
        {
            *other = true;
        }
    }

    /// The drain has timed out. Some destination has no other route, so the link stays open.
    pub(super) fn on_undrained(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        let stage = self.links.get(&neighbour).map(|link| link.stage);
        if let Some(Stage::Drains { .. }) = stage {
            out.send(neighbour, Message::Keep);
            out.output(Output::Kept { neighbour });
            self.keep(neighbour, out);
        }
    }

    pub(super) fn on_keep(&mut self, from: NodeId, out: &mut Out<Self>) {
        let stage = self.links.get(&from).map(|link| link.stage);
        if let Some(Stage::IsDrained { .. }) = stage {
            self.keep(from, out);
        }
    }

    /// It counts as a new one.
    fn keep(&mut self, neighbour: NodeId, out: &mut Out<Self>) {
        self.set_stage(neighbour, Stage::Open);
        if let Some(link) = self.links.get_mut(&neighbour) {
            link.age = 0;
        }
        self.price(neighbour, 0, out);
    }

    /// Closes the links over which no route leads any more, and tells the other ends of others.
    pub(super) fn look_at_drains(&mut self, out: &mut Out<Self>) {
        let stages: Vec<_> = self
            .links
            .iter()
            .map(|(at, link)| (*at, link.stage))
            .collect();
        for (neighbour, stage) in stages {
            match stage {
                Stage::Asked | Stage::Open => {}
                _ if self.routing.served(neighbour) > 0 => {}
                Stage::Drains { other: false } | Stage::IsDrained { told: true } => {}
                Stage::Drains { other: true } => self.close(neighbour, out),
                Stage::IsDrained { told: false } => {
                    out.send(neighbour, Message::Drained);
                    self.set_stage(neighbour, Stage::IsDrained { told: true });
                }
            }
        }
    }
}
