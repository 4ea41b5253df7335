//! An overlay that survives: each node keeps a few links, and replaces those that serve least.
//!
//! After re6stnet (Nexedi, 2012), an overlay between machines that the internet joins badly. Its
//! links are chosen by what they carry (U. Beaugnon, *Building a resilient overlay network:
//! Re6stnet*, 2012). Ways over them are found by [`babel`], the application below.
//!
//! **Links.** A node opens a bounded number of links (OPEN, ACCEPT), and accepts a bounded number
//! from others (REFUSE beyond). Of two OPENs that cross, that of the smaller id counts. A link
//! that falls silent is gone at once, and another one is opened in its place.
//!
//! **Refresh.** At each interval a node replaces one of the links that it has opened: the one with
//! the lowest score. One that is younger than an interval is kept, since nothing is known of it.
//! So links drift to where they are useful, and the overlay does not freeze as it began.
//!
//! **Drain.** A link that closes while packets are on it loses them. So it is drained first: both
//! ends raise its cost (DRAIN), and routes go elsewhere. An end over which no route leads says so
//! (DRAINED), and then the link is closed (CLOSE). A link that still carries a route after a
//! time-out stays open (KEEP): some destination has no other route.
//!
//! **Peers.** A node stores a bounded number of peers, each with its failures in a row. A peer
//! with three failures is asked only if there is no other. The registry is a node too. It answers
//! ASK with INTRODUCE, which names a random node to which it has a route. A node needs the registry
//! to join, and to leave an island: if the registry answers and there is no route to it, the node
//! waits for a random time, closes its links, and starts anew.
//!
//! **Membership.** If there are certificates ([`membership`]), a node opens no link before it has
//! one, and a link carries nothing before the other end has presented one. A link to a node whose
//! certificate has ended is closed.
//!
//! What it needs: channels in order, and honest nodes. A message may be lost with its link.
//!
//! Cost: beside routing two messages for each link that opens, and with a drain five for each that
//! closes. What nodes say is in this file; links, peers and packets are in `overlay/`.

mod admission;
mod flawed;
mod hostile;
mod interface;
mod links;
mod packets;
mod peers;

use std::sync::Arc;

use crate::babel::{self, Babel};
use crate::membership::{self, Membership};
use crate::{Algorithm, Describe, Effect, Fields, Input, Listed, NodeId, Out};

pub use flawed::{Flaw, Flawed};
pub use hostile::Hostile;
pub use interface::{Command, Config, Output, Score, Target, Timer, Why};
use links::Link;
pub use packets::Packet;
use peers::Peers;

/// The messages between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// The routing protocol's own.
    #[message(tag = 1)]
    Routing(#[message(application)] babel::Message),
    /// Asks for a link.
    #[message(tag = 2, request)]
    Open,
    /// There is one now.
    #[message(tag = 3, reply)]
    Accept,
    /// The sender has as many as it may.
    #[message(tag = 4, reply)]
    Refuse,
    /// The sender wants to close the link.
    #[message(tag = 5, request)]
    Drain,
    /// No route of the sender leads over the link.
    #[message(tag = 6, reply)]
    Drained,
    /// The link stays after all.
    #[message(tag = 7)]
    Keep,
    /// The link is closed.
    #[message(tag = 8)]
    Close,
    /// Asks the registry for a peer.
    #[message(tag = 9, request)]
    Ask,
    /// A peer that lives.
    #[message(tag = 10, reply)]
    Introduce {
        /// It.
        #[message(tag = 1)]
        peer: NodeId,
    },
    /// What the overlay is for.
    #[message(tag = 11)]
    Packet(#[describe(flatten)] Packet),
    /// Of who belongs to the network.
    #[message(tag = 12)]
    Membership(#[message(application)] membership::Message),
}

/// The state of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Overlay {
    me: NodeId,
    config: Arc<Config>,
    routing: Babel,
    /// Who may have a link, if not everybody may.
    membership: Option<Membership>,
    links: Listed<NodeId, Link>,
    peers: Peers,
    /// How many packets it has sent.
    sent: u32,
    /// Whether it has asked the registry since it has no route to it.
    alone: bool,
    /// Who was introduced then.
    introduced: NodeId,
}

impl Overlay {
    /// The node `me`. It may open links with any of `others`, and knows none of them at first.
    pub fn new(me: NodeId, others: &[NodeId], config: Arc<Config>) -> Self {
        let routing = Babel::new(me, others, Arc::clone(&config.routing));
        Self {
            me,
            peers: Peers::new(config.database),
            introduced: config.registry,
            config,
            routing,
            membership: None,
            links: Listed::default(),
            sent: 0,
            alone: false,
        }
    }

    /// Lets the routing protocol handle an input. A link that it finds silent is gone.
    fn route(&mut self, input: Input<Babel>, out: &mut Out<Self>) {
        let mut silent = Vec::new();
        for effect in out.step_below(&mut self.routing, input) {
            match effect {
                Effect::Send { to, message, .. } => out.send(to, Message::Routing(message)),
                Effect::SetTimer { timer, after } => out.set_timer(Timer::Routing(timer), after),
                Effect::CancelTimer { timer } => out.cancel_timer(Timer::Routing(timer)),
                Effect::Output(babel::Output::Lost { neighbour }) => silent.push(neighbour),
                // The node has told it so itself, or sees it in the routes.
                Effect::Output(_) => {}
                Effect::Persist => out.persist(),
            }
        }
        for neighbour in silent {
            self.on_silent(neighbour, out);
        }
    }
}

impl Algorithm for Overlay {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.route(Input::Start, out);
        self.admit(Input::Start, out);
        self.begin(out);
    }

    /// It has its peers, and no link. Those who had one with it find it silent.
    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.route(Input::Restart, out);
        self.admit(Input::Restart, out);
        self.begin(out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Show => self.show(out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        if !self.may_link(from) {
            return;
        }
        match message {
            Message::Routing(message) => self.route(Input::Message { from, message }, out),
            Message::Open => self.on_open(from, out),
            Message::Accept => self.on_accept(from, out),
            Message::Refuse => self.on_refuse(from, out),
            Message::Drain => self.on_drain(from, out),
            Message::Drained => self.on_drained(from),
            Message::Keep => self.on_keep(from, out),
            Message::Close => self.on_close(from, out),
            Message::Ask => self.on_ask(from, out),
            Message::Introduce { peer } => self.on_introduce(from, peer, out),
            Message::Packet(packet) => self.on_packet(from, packet, out),
            Message::Membership(message) => self.admit(Input::Message { from, message }, out),
        }
        self.look_at_drains(out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Routing(timer) => self.route(Input::Timer(timer), out),
            Timer::Membership(timer) => self.admit(Input::Timer(timer), out),
            Timer::Refresh => self.refresh(out),
            Timer::Connect => self.connect(out),
            Timer::Answer(neighbour) => self.on_no_answer(neighbour, out),
            Timer::Drain(neighbour) => self.on_undrained(neighbour, out),
            Timer::Packet => self.send_packet(out),
            Timer::Island => self.look_for_registry(out),
            Timer::Anew => self.start_anew(out),
        }
        self.look_at_drains(out);
    }

    fn begins_operation(timer: &Timer) -> bool {
        match timer {
            Timer::Routing(timer) => Babel::begins_operation(timer),
            Timer::Membership(timer) => Membership::begins_operation(timer),
            Timer::Refresh | Timer::Packet | Timer::Island => true,
            Timer::Connect | Timer::Answer(_) | Timer::Drain(_) | Timer::Anew => false,
        }
    }
}

/// The routes are those of the routing protocol, as its judge reads them.
impl Describe for Overlay {
    fn describe(&self, fields: &mut Fields) {
        fields.add("links", links::texts(&self.links));
        fields.add("routes", self.routing.route_texts());
        fields.integer("known", self.peers.count());
        if let Some(membership) = &self.membership {
            membership.describe(fields);
        }
    }

    fn recover(&mut self, stored: &Self) {
        self.routing.recover(&stored.routing);
        self.peers.clone_from(&stored.peers);
        if let (Some(own), Some(stored)) = (&mut self.membership, &stored.membership) {
            own.recover(stored);
        }
        // Numbers of packets are not used twice.
        self.sent = stored.sent;
    }
}

#[cfg(test)]
mod tests;
