//! What hubs do for each other.
//!
//! A hub keeps what it asks another one until that has answered, or its time is up. For each
//! peer these are [`Terms::errands`](super::Terms::errands) at most.

use proto::Bytes;

use super::proof::{length, place_text, sort_by_distance};
use super::server::Peer;
use super::{Code, Hub, Invitation, Known, Message, Nearest, Output, Parcel, Server, Timer, place};
use crate::{Describe, NodeId, Out};

/// What one peer asks to be passed on to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub enum Kind {
    /// Data.
    #[message(tag = 1)]
    Forward,
    /// A question.
    #[message(tag = 2)]
    Call,
    /// The answer to a question.
    #[message(tag = 3)]
    Answer,
    /// The receiver is to dial the sender.
    #[message(tag = 4)]
    Reverse,
}

/// What a hub hands over to another one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Handing {
    /// The number of the hub's question. A hub uses each once.
    #[message(tag = 1)]
    pub number: u64,
    /// What it is.
    #[message(tag = 2)]
    pub kind: Kind,
    /// The peer that has sent it.
    #[message(tag = 3)]
    pub from: String,
    /// The receiver.
    #[message(tag = 4)]
    pub to: String,
    /// The number of the peer's question.
    #[message(tag = 5)]
    pub question: u64,
    /// The data.
    #[message(tag = 6)]
    #[describe(with = length)]
    pub data: Bytes,
}

/// What a hub asks another one for a FIND of a peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Look {
    /// The number of the hub's question.
    #[message(tag = 1)]
    pub number: u64,
    /// The place of which the peers are to be near.
    #[message(tag = 2)]
    #[describe(with = place_text)]
    pub target: u64,
}

impl Handing {
    /// The message that the receiver gets.
    pub(super) fn for_receiver(self) -> Message {
        let (from, data) = (self.from, self.data);
        let parcel = |peer, data| Parcel {
            number: self.question,
            peer,
            data,
        };
        match self.kind {
            Kind::Forward => Message::Relayed(parcel(from, data)),
            Kind::Call => Message::Called(parcel(from, data)),
            Kind::Answer => Message::Answered(parcel(from, data)),
            Kind::Reverse => Message::DialBack(Invitation { from, data }),
        }
    }
}

/// What other hubs are asked for a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Errand {
    /// The process of the peer.
    peer: NodeId,
    name: String,
    what: What,
    /// The hub that is asked.
    hub: NodeId,
    /// Those to ask after it, the next one last.
    rest: Vec<Known>,
    /// Whether one of them has not answered in time.
    is_silent: bool,
}

/// What they are asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum What {
    /// To pass that on.
    HandOver(Handing),
    /// Which peers are near to that place, for the peer's question of that number.
    Look { question: u64, target: u64 },
}

impl Errand {
    /// No other hub will be asked.
    pub(super) fn forget_the_rest(&mut self) {
        self.rest.clear();
    }
}

impl Server {
    /// Whether that is a hub of the list. A name is proven, a number of a process alone is not.
    pub(super) fn is_hub(&self, peer: Peer<'_>) -> bool {
        self.others.iter().any(|(_, name)| name == peer.name)
    }

    /// Whether as much is asked of other hubs for that peer as may be at once.
    pub(super) fn is_full_for(&self, peer: &str) -> bool {
        let errands = self.errands.values();
        errands.filter(|errand| errand.name == peer).count() >= self.terms.errands
    }

    /// The other hubs, the nearest to the target last.
    fn furthest_first(&self, target: u64) -> Vec<Known> {
        let mut hubs = self.others.clone();
        sort_by_distance(&mut hubs, target);
        hubs.reverse();
        hubs
    }

    /// Asks the other hubs one after the other to pass that on, beginning with the one that is
    /// the nearest to the receiver.
    pub(super) fn hand_over(&mut self, peer: NodeId, handing: Handing, out: &mut Out<Hub>) {
        let rest = self.furthest_first(place(&handing.to));
        let name = handing.from.clone();
        self.set_out((peer, name), What::HandOver(handing), rest, out);
    }

    /// Asks the hub that is the nearest to the target for the peers that it has near it.
    /// Returns whether there is one to ask.
    pub(super) fn look(
        &mut self,
        from: Peer<'_>,
        question: u64,
        target: u64,
        out: &mut Out<Hub>,
    ) -> bool {
        let nearest = self.furthest_first(target).pop();
        let own = place(&self.me) ^ target;
        let Some(hub) = nearest.filter(|(_, name)| place(name) ^ target < own) else {
            return false;
        };
        if self.is_full_for(from.name) {
            return false;
        }
        let peer = (from.node, from.name.to_owned());
        self.set_out(peer, What::Look { question, target }, vec![hub], out);
        true
    }

    fn set_out(
        &mut self,
        (peer, name): Known,
        what: What,
        mut rest: Vec<Known>,
        out: &mut Out<Hub>,
    ) {
        let Some((hub, _)) = rest.pop() else { return };
        self.last_errand = self.last_errand.saturating_add(1);
        let errand = Errand {
            peer,
            name,
            what,
            hub,
            rest,
            is_silent: false,
        };
        self.ask(self.last_errand, errand, out);
    }

    /// Asks the hub whose turn it is.
    fn ask(&mut self, number: u64, errand: Errand, out: &mut Out<Hub>) {
        let question = match &errand.what {
            What::HandOver(handing) => {
                let handing = handing.clone();
                Message::HandOver(Handing { number, ..handing })
            }
            What::Look { target, .. } => {
                let target = *target;
                Message::Look(Look { number, target })
            }
        };
        out.send(errand.hub, question);
        out.set_timer(Timer::Overdue(number), self.terms.patience);
        self.errands.insert(number, errand);
    }

    /// A message of another hub.
    pub(super) fn on_hub(&mut self, from: Peer<'_>, message: Message, out: &mut Out<Hub>) {
        match message {
            Message::HandOver(handing) => self.take_over(from.node, handing, out),
            Message::Look(Look { number, target }) => {
                let nodes = self.registered.nearest(target, self.terms.nearest);
                out.send(from.node, Message::Seen(Nearest { number, nodes }));
            }
            Message::HandedOver { number } => self.on_handed_over(number, out),
            Message::NotHere { number } if self.is_asked(number, from.node) => {
                self.go_on(number, out);
            }
            Message::Seen(Nearest { number, nodes }) if self.is_asked(number, from.node) => {
                self.on_seen(number, nodes, out);
            }
            _ => {}
        }
    }

    /// Whether that hub is asked that now: an answer may come late, or twice.
    fn is_asked(&self, number: u64, hub: NodeId) -> bool {
        let errand = self.errands.get(&number);
        errand.is_some_and(|errand| errand.hub == hub)
    }

    fn take_over(&self, hub: NodeId, handing: Handing, out: &mut Out<Hub>) {
        let number = handing.number;
        let Some(to) = self.registered.get(&handing.to) else {
            return out.send(hub, Message::NotHere { number });
        };
        let node = handing.from.clone();
        out.output(Output::Vouched { node });
        out.send(to, handing.for_receiver());
        out.send(hub, Message::HandedOver { number });
    }

    /// Also of a hub whose time was up: it has passed it on.
    fn on_handed_over(&mut self, number: u64, out: &mut Out<Hub>) {
        let errand = self.errands.get(&number);
        let Some(What::HandOver(_)) = errand.map(|errand| &errand.what) else {
            return;
        };
        if let Some(errand) = self.end(number, out)
            && let What::HandOver(handing) = errand.what
        {
            Self::report(errand.peer, handing.kind, handing.question, out);
        }
    }

    fn on_seen(&mut self, number: u64, nodes: Vec<String>, out: &mut Out<Hub>) {
        if let Some(errand) = self.end(number, out)
            && let What::Look { question, target } = errand.what
        {
            self.show(errand.peer, (question, target), nodes, out);
        }
    }

    pub(super) fn on_overdue(&mut self, number: u64, out: &mut Out<Hub>) {
        if let Some(errand) = self.errands.get_mut(&number) {
            errand.is_silent = true;
            self.go_on(number, out);
        }
    }

    /// Asks the next hub. When there is none, the peer hears what came of it.
    fn go_on(&mut self, number: u64, out: &mut Out<Hub>) {
        let Some(mut errand) = self.end(number, out) else {
            return;
        };
        if let Some((hub, _)) = errand.rest.pop() {
            errand.hub = hub;
            return self.ask(number, errand, out);
        }
        match errand.what {
            What::Look { question, target } => {
                self.show(errand.peer, (question, target), Vec::new(), out);
            }
            What::HandOver(handing) => {
                let code = match errand.is_silent {
                    true => Code::Silent,
                    false => Code::UnknownReceiver,
                };
                // The answer that a peer gives has the number of another one's question.
                let number = match handing.kind {
                    Kind::Answer => 0,
                    Kind::Forward | Kind::Call | Kind::Reverse => handing.question,
                };
                out.send(errand.peer, Message::Refused { number, code });
            }
        }
    }

    fn end(&mut self, number: u64, out: &mut Out<Hub>) -> Option<Errand> {
        let errand = self.errands.remove(&number)?;
        out.cancel_timer(Timer::Overdue(number));
        Some(errand)
    }

    /// Answers with the nearest of the own peers and of those. A peer that has moved may be
    /// registered at both hubs.
    fn show(
        &self,
        peer: NodeId,
        (number, target): (u64, u64),
        others: Vec<String>,
        out: &mut Out<Hub>,
    ) {
        let mut nodes = self.registered.nearest(target, self.terms.nearest);
        nodes.extend(others.into_iter().take(self.terms.nearest));
        nodes.sort_by_cached_key(|name| (place(name) ^ target, name.clone()));
        nodes.dedup();
        nodes.truncate(self.terms.nearest);
        out.send(peer, Message::Neighbours(Nearest { number, nodes }));
    }
}
