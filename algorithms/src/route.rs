//! Greedy routing: how does a message reach the node nearest to a key, over tables of few nodes?
//!
//! The metric is Kademlia's: Petar Maymounkov and David Mazières, "Kademlia: A Peer-to-peer
//! Information System Based on the XOR Metric", IPTPS 2002. Going back from a dead end, with the
//! nodes that were visited, is how Freenet routes: Ian Clarke et al., "Freenet: A Distributed
//! Anonymous Information Storage and Retrieval System", 2000.
//!
//! Each node has an *id*, a number of 64 bits that is computed from its identity and looks
//! random. A *key* is such a number too. The distance of two numbers is their exclusive or. Each
//! node keeps a *table* of a few of the nodes that it can reach, and forwards a message to that
//! entry which is the nearest to the key. A node with an entry for each length of a common
//! prefix with its own id halves the distance with each hop, so log2 N hops suffice. A smaller
//! table has gaps, and then greedy routing may end at a *local minimum*: a node that is nearer to
//! the key than all its entries, but not the nearest of all.
//!
//! Messages must not circle. There are two ways that rule loops out by construction:
//!
//! **Nearer.** A node forwards a message only to an entry that is nearer to the key than itself.
//! Distances fall with each hop, so no node is visited twice. At a local minimum the message
//! ends.
//!
//! **Backtrack.** The message carries the nodes that it has visited, and is forwarded to any
//! other one, the nearest first. A node without such an entry sends it back. At a local minimum
//! that costs a *detour*, of which a message has a few: no node can tell such a minimum from the
//! end.
//!
//! A message ends where its key is the id of the node: it is *delivered*. Otherwise it ends at
//! *the nearest that was found*. No node can know that it is the nearest of all, unless the key is
//! its own id. The answer goes back hop by hop. A hop is acknowledged with TAKEN; a node that does
//! not answer several times in a row leaves the table, and another entry is tried.
//!
//! A full table makes room. Of the nodes whose ids have prefixes of the same length in common
//! with the own id, the largest group loses one, by its *score*: the newest, the slowest, the one
//! that answered least, or the one that is last by several of these. Of equal groups each node
//! prefers others, so that not all have the same gaps. The nearest of all stays.
//!
//! What it needs: honest neighbours, which are known at the start. The network may lose and
//! reorder messages, and nodes may come and go; then a message may be lost as well, and its
//! sender learns that from its own patience.
//!
//! Cost: a message and its TAKEN for each hop, on the way there and back; about log2 N hops with
//! tables of log2 N entries or more. What nodes say to each other is in this file; the table is in
//! `route/table.rs`, what a node does with a message in `route/forward.rs`, and how it looks after
//! its table in `route/upkeep.rs`.

mod flawed;
mod forward;
mod interface;
mod table;
mod upkeep;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use crate::{Algorithm, Describe, InstanceId, NodeId, Out};

pub use flawed::{Again, Flaw, Flawed};
use forward::Pass;
pub use interface::{Command, Config, Output, Timer, Way};
pub use table::{Entry, Score, Table};
use upkeep::Wait;

/// The messages between nodes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// Is the receiver there?
    #[message(tag = 1, request)]
    Probe,
    /// It is, and knows these, the nearest to the sender of the probe.
    #[message(tag = 2, reply)]
    Known {
        /// Of its table, the nearest first.
        #[message(tag = 1)]
        nodes: Vec<NodeId>,
    },
    /// A message on its way.
    #[message(tag = 3, request)]
    Route(#[describe(flatten)] Letter),
    /// A hop is acknowledged.
    #[message(tag = 4, reply)]
    Taken {
        /// Which message.
        #[message(tag = 1)]
        message: InstanceId,
    },
    /// The message comes back: the sender has no other entry that it has not visited.
    #[message(tag = 5, request)]
    Back(#[describe(flatten)] Letter),
    /// Where the message has ended, for the node that it came from.
    #[message(tag = 6, request)]
    Answer(#[describe(flatten)] Answer),
}

/// A message on its way.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Letter {
    /// Its number, and the node that it comes from.
    #[message(tag = 1)]
    pub message: InstanceId,
    /// Where it is to go.
    #[message(tag = 2)]
    #[describe(with = hex)]
    pub key: u64,
    /// How many hops it has made, those back included.
    #[message(tag = 3)]
    pub hops: u32,
    /// How many detours it may still make.
    #[message(tag = 4)]
    pub detours: u32,
    /// The nearest to the key of the nodes where it was.
    #[message(tag = 5)]
    pub nearest: NodeId,
    /// The nodes where it was, if it may come back.
    #[message(tag = 6)]
    pub visited: Vec<NodeId>,
}

/// Where a message has ended.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Answer {
    /// Which.
    #[message(tag = 1)]
    pub message: InstanceId,
    /// The nearest to its key of the nodes where it was.
    #[message(tag = 2)]
    pub nearest: NodeId,
    /// How many hops it has made.
    #[message(tag = 3)]
    pub hops: u32,
    /// It had no hops left, and did not end by itself.
    #[message(tag = 4)]
    pub cut_short: bool,
}

/// The state of one node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Route {
    #[describe(skip)]
    me: NodeId,
    #[describe(with = hex)]
    id: u64,
    #[describe(skip)]
    config: Config,
    /// The nodes that it can reach, in order.
    #[describe(skip)]
    neighbours: Arc<[NodeId]>,
    #[describe(with = Table::names)]
    table: Table,
    /// How many messages of its own it has sent, also before a restart.
    #[describe(durable)]
    sent: u32,
    /// The messages that it has taken.
    #[describe(name = "taken", with = BTreeMap::len)]
    passes: BTreeMap<InstanceId, Pass>,
    /// Their order.
    #[describe(skip)]
    order: VecDeque<InstanceId>,
    /// The nodes that it probes.
    #[describe(skip)]
    probes: BTreeMap<NodeId, Wait>,
    /// Nodes of which it has heard, to be probed.
    #[describe(skip)]
    candidates: BTreeSet<NodeId>,
    /// Which entry is probed next.
    #[describe(skip)]
    turn: usize,
}

impl Algorithm for Route {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    /// A node that restarts does the same: it has forgotten its table, and not its neighbours.
    fn on_start(&mut self, out: &mut Out<Self>) {
        self.fill_table();
        self.begin_upkeep(out);
    }

    fn on_command(&mut self, Command::Route(key): Command, out: &mut Out<Self>) {
        self.send_own(key, out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Probe => self.on_probe(from, out),
            Message::Known { nodes } => self.on_known(from, nodes, out),
            Message::Route(letter) => self.on_route(from, letter, out),
            Message::Taken { message } => self.on_taken(from, message, out),
            Message::Back(letter) => self.on_back(from, letter, out),
            Message::Answer(answer) => self.on_answer(from, answer, out),
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Hop(message) => self.on_silent_hop(message, out),
            Timer::Probe(node) => self.on_silent_probe(node, out),
            Timer::Upkeep => self.look_after(out),
            Timer::Late(message) => self.on_late(message, out),
        }
    }

    fn begins_operation(timer: &Timer) -> bool {
        *timer == Timer::Upkeep
    }
}

impl Route {
    /// The node `me`, which can reach `neighbours`.
    pub fn new(me: NodeId, neighbours: &[NodeId], config: Config) -> Self {
        let mut neighbours = neighbours.to_vec();
        neighbours.sort_unstable();
        Self {
            me,
            id: id(me),
            table: Table::new(id(me), config.table, config.score.clone()),
            config,
            neighbours: neighbours.into(),
            sent: 0,
            passes: BTreeMap::new(),
            order: VecDeque::new(),
            probes: BTreeMap::new(),
            candidates: BTreeSet::new(),
            turn: 0,
        }
    }
}

/// The id of a node: what SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom
/// Number Generators", OOPSLA 2014) makes of its number: no two are equal.
pub fn id(node: NodeId) -> u64 {
    mix((u64::from(node.0) + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

/// The finalizer of SplitMix64.
fn mix(mut number: u64) -> u64 {
    number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// A number as spans have it: 16 digits.
fn hex(number: &u64) -> String {
    format!("{number:016x}")
}

#[cfg(test)]
mod tests;
