//! What surrounds a node: its commands, its outputs, its timers, and its times.

use std::time::Duration;

use crate::{Describe, NodeId};

/// The commands of a node. A neighbour is one of those that it was given at first; commands
/// for others do nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Use the link to that neighbour.
    Up(NodeId),
    /// Do not use it any more. Both ends have to be told: until then the other one takes the
    /// link for one that works, up to its time-out.
    Down(NodeId),
    /// Let the link cost more than it does by itself: one with a high cost is drained, since
    /// routes go elsewhere if they can.
    Cost {
        /// The neighbour.
        neighbour: NodeId,
        /// What is added, in the unit of the metric.
        more: u16,
    },
    /// Output how many destinations are reached.
    Show,
}

/// The outputs of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// A link works, and is used from now on.
    Found {
        /// The neighbour.
        neighbour: NodeId,
    },
    /// A link does not work any more: it is silent.
    Lost {
        /// The neighbour.
        neighbour: NodeId,
    },
    /// The environment has opened a link.
    Opened {
        /// The neighbour.
        neighbour: NodeId,
    },
    /// It has closed one.
    Closed {
        /// The neighbour.
        neighbour: NodeId,
    },
    /// A link costs so much more.
    Priced {
        /// The neighbour.
        neighbour: NodeId,
        /// What is added.
        more: u16,
    },
    /// The answer to [`Command::Show`].
    Reached {
        /// How many destinations, without the node itself.
        destinations: usize,
    },
}

/// The timers of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The next HELLO is due.
    Hello,
    /// Nothing came back from that neighbour for too long.
    Silent(NodeId),
    /// A part of the time in which the answer of that neighbour is measured is over.
    Lap(NodeId),
    /// The next TABLE is due.
    Table,
    /// The changes that were gathered are due.
    Update,
    /// The request for that destination was not answered.
    Ask(NodeId),
}

/// What a link costs.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Cost {
    /// Each link 1: a distance is a number of hops.
    Hops,
    /// The round trip in milliseconds, rounded up. A node has no clock: it looks whether the
    /// IHU has come after the first of these times, then after each of the next ones, and the
    /// round trip is the sum up to then. (RFC 9616 has clocks, and measures and smooths.) A
    /// time counts when it was measured twice in a row, which is a guess.
    RoundTrip(Vec<Duration>),
}

/// How nodes route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How many of the nodes, the first ones, are destinations.
    pub destinations: u32,
    /// Whether links are open at the start.
    pub open: bool,
    /// The interval of HELLO; `None`: links work while they are open, and nothing is sent to
    /// find out.
    pub hello: Option<Duration>,
    /// After how many intervals without an IHU a link is down.
    pub misses: u32,
    /// The interval of TABLE; `None` for never.
    pub table: Option<Duration>,
    /// How long changes are gathered before they are announced.
    pub gather: Duration,
    /// The least change of a metric that is announced at once; a smaller one waits for the next
    /// TABLE. With 1 all are. (RFC 8966, section 3.7.2, leaves it open; babeld waits with less than
    /// 384, four times the cost of a wired link.) A route that is found or lost is announced at once,
    /// and so is a sequence number that a neighbour has requested.
    pub significant: u16,
    /// When a request that was not answered is repeated.
    pub ask: Duration,
    /// What a link costs.
    pub cost: Cost,
}

impl Config {
    /// After how long a link without an answer is down.
    pub fn silence(&self) -> Option<Duration> {
        Some(self.hello?.saturating_mul(self.misses))
    }
}
