//! Loop-free distance-vector routing: each node learns the next hop to every other one, and at
//! no moment do next hops form a loop, although links break and messages are late.
//!
//! Juliusz Chroboczek and David Schinazi, "The Babel Routing Protocol", RFC 8966, 2021. The
//! condition is from J. J. Garcia-Luna-Aceves, "Loop-Free Routing Using Diffusing Computations",
//! 1993, with the sequence numbers of Perkins and Bhagwat, "DSDV", 1994.
//!
//! A node tells its neighbours how far it is from each destination. Each adds the cost of the
//! link, and takes the neighbour over which the sum is the least: the distributed algorithm of
//! Bellman and Ford. When a link breaks, that goes wrong. A node that has lost its route takes
//! that of a neighbour, which leads back to itself; both then add to each other's distances,
//! and count to infinity.
//!
//! **Feasibility.** A node keeps for each destination the *feasibility distance*: the best that
//! it has ever announced. It takes a route only if the neighbour announces a better one than
//! that. Along next hops feasibility distances then strictly fall, so these never form a loop,
//! whatever is under way. A route that got worse may be refused that way although it has no loop,
//! and a node may be left with none: it *starves*.
//!
//! **Numbers.** Each destination has a sequence number, which every announcement carries; a newer
//! number is better than an older one at any metric. A node that starves sends REQUEST along a
//! route that it may not take. The destination answers with its next number, and the new
//! announcement is feasible everywhere.
//!
//! **Links.** A node sends HELLO to each neighbour at a fixed interval, and the answer IHU ("I
//! heard you") shows that both directions work. A link over which no IHU comes for several
//! intervals is down, with all routes over it. The environment opens and closes links too, and
//! adds to their costs, as an algorithm does that maintains an overlay.
//!
//! Feasibility distances and the own number are durable: a node that forgot them would take what
//! led to itself. A neighbour that was away gets a TABLE, which replaces what it knew. Tables are
//! also sent periodically, in case a message was lost.
//!
//! What it needs: honest nodes, and costs above zero. For loop freedom nothing else; for right
//! distances, FIFO channels, and losses that end.
//!
//! Cost: in a network at rest a HELLO and an IHU for each direction of a link at each interval,
//! and a TABLE at each other one. What is sent after a change crosses at most N-1 links; small
//! changes of distances may wait for the next TABLE. What nodes say to each other is in this file;
//! `babel/links.rs` has the links, `babel/routes.rs` the routes, `babel/damping.rs` what waits.

mod above;
mod damping;
mod flawed;
mod interface;
mod links;
mod routes;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::{Algorithm, Describe, Listed, NodeId, Out};
use damping::Damping;
pub use flawed::{Flaw, Flawed};
pub use interface::{Command, Config, Cost, Output, Timer};
use links::Link;
pub use routes::{Advert, Request};

/// The metric of a destination that cannot be reached (RFC 8966, section 4.6.9: 0xFFFF).
pub const INFINITY: u16 = u16::MAX;

/// The messages between neighbours.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// Does the link work?
    #[message(tag = 1, request)]
    Hello {
        /// Its number, per sender.
        #[message(tag = 1)]
        number: u32,
    },
    /// It does, in both directions.
    #[message(tag = 2, reply)]
    Ihu {
        /// The number of the HELLO.
        #[message(tag = 1)]
        number: u32,
    },
    /// These distances have changed.
    #[message(tag = 3)]
    Update {
        /// The sender's; an infinite one is a retraction.
        #[message(tag = 1)]
        routes: Vec<Advert>,
    },
    /// All distances of the sender: it reaches no other destination.
    #[message(tag = 4)]
    Table {
        /// The sender's.
        #[message(tag = 1)]
        routes: Vec<Advert>,
        /// It asks for the receiver's table.
        #[message(tag = 2)]
        wants: bool,
    },
    /// Asks for a distance with that number or a newer one.
    #[message(tag = 5, request)]
    Request(#[describe(flatten)] Request),
}

/// A distance from a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Distance {
    /// The sequence number of the destination.
    #[message(tag = 1)]
    pub number: u16,
    /// The sum of the costs of the links.
    #[message(tag = 2)]
    pub metric: u16,
}

impl Distance {
    /// The feasibility condition (RFC 8966, section 3.5.1); `other` is the node's own distance.
    pub const fn is_better_than(self, other: Self) -> bool {
        is_newer(self.number, other.number)
            || self.number == other.number && self.metric < other.metric
    }
}

/// Whether a sequence number is newer than another one (RFC 8966, section 3.2.1: modulo 2^16).
pub const fn is_newer(number: u16, other: u16) -> bool {
    number.wrapping_sub(other).cast_signed() > 0
}

/// The state of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Babel {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    config: Arc<Config>,
    /// The links that are up, each with its cost.
    #[describe(with = links::texts)]
    links: BTreeMap<NodeId, Link>,
    /// The links that the environment has closed, or not opened yet.
    closed: BTreeSet<NodeId>,
    /// The route to each destination that it reaches.
    #[describe(with = routes::texts)]
    routes: Listed<NodeId, Route>,
    /// The feasibility distances: the best that it has announced of each destination.
    #[describe(durable, with = routes::distances)]
    feasible: Listed<NodeId, Distance>,
    /// Its own sequence number.
    #[describe(durable)]
    number: u16,
    /// What its neighbours have announced: destination, neighbour, distance.
    #[describe(skip)]
    heard: BTreeMap<NodeId, BTreeMap<NodeId, Distance>>,
    /// The destinations of which it has to announce the distance.
    #[describe(skip)]
    changed: BTreeSet<NodeId>,
    /// Which changes wait.
    #[describe(skip)]
    damping: Damping,
    /// Whether it gathers what has changed.
    #[describe(skip)]
    gathers: bool,
    /// The open requests: by destination, the sequence number, and the neighbour that was asked.
    #[describe(skip)]
    asked: BTreeMap<NodeId, (u16, NodeId)>,
    /// How many intervals there were.
    #[describe(skip)]
    hellos: u32,
}

/// The way to a destination.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Route {
    via: NodeId,
    distance: Distance,
}

impl Algorithm for Babel {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.begin(false, out);
    }

    /// It remembers what it has announced, and no routes.
    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.begin(true, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Up(neighbour) => self.open(neighbour, out),
            Command::Down(neighbour) => self.close(neighbour, out),
            Command::Cost { neighbour, more } => self.price(neighbour, more, out),
            Command::Show => self.show(out),
        }
        self.announce(out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Hello { number } => self.on_hello(from, number, out),
            Message::Ihu { number } => self.on_ihu(from, number, out),
            // A link that is down for this node says nothing.
            _ if !self.is_up(from) => {}
            Message::Update { routes } => self.on_update(from, &routes, out),
            Message::Table { routes, wants } => self.on_table(from, &routes, wants, out),
            Message::Request(request) => self.on_request(from, request, out),
        }
        self.announce(out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Hello => self.say_hello(out),
            Timer::Silent(neighbour) => self.on_silent(neighbour, out),
            Timer::Lap(neighbour) => self.on_lap(neighbour, out),
            Timer::Table => self.send_tables(out),
            Timer::Update => self.send_update(out),
            Timer::Ask(destination) => self.ask_again(destination, out),
        }
        self.announce(out);
    }

    fn begins_operation(timer: &Timer) -> bool {
        matches!(timer, Timer::Hello | Timer::Table)
    }
}

impl Babel {
    /// The node `me` with these neighbours.
    pub fn new(me: NodeId, neighbours: &[NodeId], config: Arc<Config>) -> Self {
        let all = neighbours.iter().copied();
        Self {
            me,
            links: all.clone().map(|one| (one, Link::new())).collect(),
            closed: all.filter(|_| !config.open).collect(),
            routes: Listed::default(),
            feasible: Listed::default(),
            number: 0,
            heard: BTreeMap::new(),
            changed: BTreeSet::new(),
            damping: Damping::new(config.significant),
            config,
            gathers: false,
            asked: BTreeMap::new(),
            hellos: 0,
        }
    }
}

#[cfg(test)]
mod tests;
