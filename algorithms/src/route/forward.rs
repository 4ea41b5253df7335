//! What a node does with a message: forward it, send it back, or end it.

use std::collections::BTreeSet;

use super::upkeep::{Next, Wait, first_of};
use super::{Answer, Letter, Message, Output, Route, Timer, Way, id};
use crate::{InstanceId, NodeId, Out};

/// How many messages a node remembers. A guess: far more than are under way at once.
const MEMORY: usize = 1 << 16;

/// A message that a node has taken.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Pass {
    letter: Letter,
    /// The node that it came from; `None` for one of its own.
    from: Option<NodeId>,
    /// The last hop, until that is acknowledged.
    hop: Option<Hop>,
    /// The node that has it now.
    with: Option<NodeId>,
    /// The nodes that did not take it.
    silent: BTreeSet<NodeId>,
    /// It has ended, and its answer has passed.
    over: bool,
}

/// A hop that is not acknowledged yet.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Hop {
    to: NodeId,
    message: Message,
    wait: Wait,
}

impl Route {
    /// A message of its own sets off.
    pub(super) fn send_own(&mut self, key: u64, out: &mut Out<Self>) {
        let message = InstanceId::new(self.me, self.sent);
        self.sent += 1;
        out.persist();
        out.output(Output::Sent { message, key });
        out.set_timer(Timer::Late(message), self.config.patience);
        let detours = match self.config.way {
            Way::Nearer => 0,
            Way::Backtrack { detours } => detours,
        };
        let letter = Letter {
            message,
            key,
            hops: 0,
            detours,
            nearest: self.me,
            visited: Vec::new(),
        };
        self.take(None, letter, out);
    }

    /// A node takes a message once.
    pub(super) fn on_route(&mut self, from: NodeId, letter: Letter, out: &mut Out<Self>) {
        let message = letter.message;
        out.send(from, Message::Taken { message });
        self.heard(from, None);
        if !self.passes.contains_key(&message) {
            self.take(Some(from), letter, out);
        }
    }

    fn take(&mut self, from: Option<NodeId>, mut letter: Letter, out: &mut Out<Self>) {
        if self.id ^ letter.key < id(letter.nearest) ^ letter.key {
            letter.nearest = self.me;
        }
        if let Way::Backtrack { .. } = self.config.way {
            letter.visited.push(self.me);
        }
        let message = letter.message;
        let pass = Pass {
            letter,
            from,
            hop: None,
            with: None,
            silent: BTreeSet::new(),
            over: false,
        };
        self.passes.insert(message, pass);
        self.order.push_back(message);
        if self.order.len() > MEMORY
            && let Some(oldest) = self.order.pop_front()
        {
            self.passes.remove(&oldest);
        }
        self.go_on(message, out);
    }

    /// The message is here: where next?
    fn go_on(&mut self, message: InstanceId, out: &mut Out<Self>) {
        let Some(pass) = self.passes.get(&message) else {
            return;
        };
        let Letter { key, hops, .. } = pass.letter;
        if self.id == key {
            return self.end(message, false, out);
        }
        if hops >= self.config.ttl {
            return self.end(message, true, out);
        }
        match (self.config.way, self.next_hop(pass)) {
            (_, Some((to, detours))) => self.forward(message, to, detours, out),
            (Way::Backtrack { .. }, None) if !self.gives_up(pass) => self.send_back(message, out),
            (Way::Nearer | Way::Backtrack { .. }, None) => self.end(message, false, out),
        }
    }

    /// The entry to which a message is forwarded, and how many detours it then has left.
    fn next_hop(&self, pass: &Pass) -> Option<(NodeId, u32)> {
        let letter = &pass.letter;
        let nearest = self.table.nearest_to(letter.key).into_iter();
        let mut others = nearest.filter(|entry| !pass.silent.contains(&entry.node));
        match self.config.way {
            Way::Nearer => {
                let next = others.next()?;
                let is_nearer = next.id ^ letter.key < self.id ^ letter.key;
                is_nearer.then_some((next.node, 0))
            }
            Way::Backtrack { .. } => {
                let next = others.find(|entry| !letter.visited.contains(&entry.node))?;
                let is_nearer = next.id ^ letter.key < id(letter.nearest) ^ letter.key;
                let left = match is_nearer {
                    true => letter.detours,
                    false => letter.detours.checked_sub(1)?,
                };
                Some((next.node, left))
            }
        }
    }

    /// Whether the message does not go back: it has no detours left, or is its own.
    fn gives_up(&self, pass: &Pass) -> bool {
        pass.letter.detours == 0 || pass.from.is_none()
    }

    fn forward(&mut self, message: InstanceId, to: NodeId, detours: u32, out: &mut Out<Self>) {
        let Some(pass) = self.passes.get_mut(&message) else {
            return;
        };
        pass.letter.detours = detours;
        pass.letter.hops = pass.letter.hops.saturating_add(1);
        pass.with = Some(to);
        let letter = pass.letter.clone();
        self.hop(message, to, Message::Route(letter), out);
    }

    fn send_back(&mut self, message: InstanceId, out: &mut Out<Self>) {
        let Some(pass) = self.passes.get_mut(&message) else {
            return;
        };
        let Some(to) = pass.from else {
            return;
        };
        pass.letter.hops = pass.letter.hops.saturating_add(1);
        pass.with = Some(to);
        let letter = pass.letter.clone();
        self.hop(message, to, Message::Back(letter), out);
    }

    /// The message ends here.
    fn end(&mut self, message: InstanceId, cut_short: bool, out: &mut Out<Self>) {
        if let Some(pass) = self.passes.get(&message) {
            let answer = Answer {
                message,
                nearest: pass.letter.nearest,
                hops: pass.letter.hops,
                cut_short,
            };
            self.pass_on(answer, out);
        }
    }

    /// An answer goes to the node that the message came from, or out to its client.
    fn pass_on(&mut self, answer: Answer, out: &mut Out<Self>) {
        let message = answer.message;
        let Some(pass) = self.passes.get_mut(&message) else {
            return;
        };
        if std::mem::replace(&mut pass.over, true) {
            return;
        }
        match pass.from {
            Some(to) => self.hop(message, to, Message::Answer(answer), out),
            None => {
                let key = pass.letter.key;
                out.cancel_timer(Timer::Late(message));
                out.output(answer.output(key));
            }
        }
    }

    fn hop(&mut self, of: InstanceId, to: NodeId, message: Message, out: &mut Out<Self>) {
        if let Some(pass) = self.passes.get_mut(&of) {
            out.send(to, message.clone());
            out.set_timer(Timer::Hop(of), first_of(&self.config.laps));
            let wait = Wait::default();
            pass.hop = Some(Hop { to, message, wait });
        }
    }

    pub(super) fn on_taken(&mut self, from: NodeId, message: InstanceId, out: &mut Out<Self>) {
        let Some(pass) = self.passes.get_mut(&message) else {
            return;
        };
        if let Some(hop) = pass.hop.take_if(|hop| hop.to == from) {
            out.cancel_timer(Timer::Hop(message));
            self.heard(from, Some(&hop.wait));
        }
    }

    /// A message comes back from a dead end, and has visited more nodes meanwhile.
    pub(super) fn on_back(&mut self, from: NodeId, letter: Letter, out: &mut Out<Self>) {
        let message = letter.message;
        out.send(from, Message::Taken { message });
        self.on_taken(from, message, out);
        let Some(pass) = self.passes.get_mut(&message) else {
            return;
        };
        if pass.with == Some(from) && !pass.over {
            pass.with = None;
            pass.letter = letter;
            self.go_on(message, out);
        }
    }

    pub(super) fn on_answer(&mut self, from: NodeId, answer: Answer, out: &mut Out<Self>) {
        let message = answer.message;
        out.send(from, Message::Taken { message });
        self.on_taken(from, message, out);
        let pass = self.passes.get(&message);
        // A node that was silent may have taken it all the same.
        if pass.is_some_and(|pass| pass.with == Some(from) || pass.silent.contains(&from)) {
            self.pass_on(answer, out);
        }
    }

    /// A hop is not acknowledged: it is repeated, and then another entry is tried.
    pub(super) fn on_silent_hop(&mut self, message: InstanceId, out: &mut Out<Self>) {
        let Some(pass) = self.passes.get_mut(&message) else {
            return;
        };
        let Some(hop) = &mut pass.hop else {
            return;
        };
        let to = hop.to;
        match hop.wait.next(&self.config.laps, self.config.tries) {
            Next::Lap(lap) => out.set_timer(Timer::Hop(message), lap),
            Next::Repeat(lap) => {
                out.send(to, hop.message.clone());
                out.set_timer(Timer::Hop(message), lap);
                self.missed(to);
            }
            Next::GiveUp => {
                let is_route = matches!(hop.message, Message::Route(_));
                pass.hop = None;
                self.table.remove(to);
                // Without the node that it came from, the answer is lost.
                if is_route {
                    pass.silent.insert(to);
                    pass.with = None;
                    self.go_on(message, out);
                }
            }
        }
    }

    /// The key of a message that it has taken.
    pub(super) fn key_of(&self, message: InstanceId) -> Option<u64> {
        self.passes.get(&message).map(|pass| pass.letter.key)
    }

    /// Its own message has no answer. One that comes later is of no use.
    pub(super) fn on_late(&mut self, message: InstanceId, out: &mut Out<Self>) {
        if let Some(pass) = self.passes.get_mut(&message)
            && !std::mem::replace(&mut pass.over, true)
        {
            pass.hop = None;
            out.cancel_timer(Timer::Hop(message));
            out.output(Output::Late { message });
        }
    }
}

impl Answer {
    /// What the client of a message to that key learns.
    fn output(self, key: u64) -> Output {
        let Self {
            message,
            nearest: at,
            hops,
            cut_short,
        } = self;
        if id(at) == key {
            Output::Delivered { message, at, hops }
        } else if cut_short {
            Output::CutShort { message, hops }
        } else {
            Output::Nearest { message, at, hops }
        }
    }
}
