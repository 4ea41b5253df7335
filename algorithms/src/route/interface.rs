//! What surrounds a node: its commands, its outputs, its timers, and how it routes.

use std::time::Duration;

use super::{Score, hex};
use crate::{Describe, InstanceId, NodeId};

/// The commands of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Send a message to the node that is the nearest to that key.
    Route(u64),
}

/// The outputs of a node. Messages are numbered as [`InstanceId`] says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// A message sets off.
    Sent {
        /// Which.
        message: InstanceId,
        /// Where it is to go.
        #[describe(with = hex)]
        key: u64,
    },
    /// It has reached the node whose id is the key.
    Delivered {
        /// Which.
        message: InstanceId,
        /// That node.
        at: NodeId,
        /// Over so many hops, those back included.
        hops: u32,
    },
    /// It has reached no such node. Of the nodes where it was, this is the nearest to the key.
    Nearest {
        /// Which message.
        message: InstanceId,
        /// That node.
        at: NodeId,
        /// Over so many hops, those back included.
        hops: u32,
    },
    /// It had no hops left.
    CutShort {
        /// Which.
        message: InstanceId,
        /// So many hops were made.
        hops: u32,
    },
    /// No answer came in time.
    Late {
        /// Which.
        message: InstanceId,
    },
}

/// The timers of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A hop of that message is not acknowledged.
    Hop(InstanceId),
    /// A probe of that node is not answered.
    Probe(NodeId),
    /// The next probes are due.
    Upkeep,
    /// The answer to that message is of no use any more.
    Late(InstanceId),
}

/// How loops are ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    /// Each hop is nearer to the key than the one before.
    Nearer,
    /// A message is not forwarded to a node that it has visited, and comes back from dead ends.
    Backtrack {
        /// How many detours a message may make.
        detours: u32,
    },
}

/// How nodes route.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// The most entries of a table.
    pub table: usize,
    /// What decides which entry is removed; of several, the sum of the ranks.
    pub score: Vec<Score>,
    /// How loops are ruled out.
    pub way: Way,
    /// The most hops of a message, those back included.
    pub ttl: u32,
    /// How often a node asks one that does not answer.
    pub tries: u32,
    /// How long a node waits for an acknowledgement. It first looks after the first of these
    /// times, and then after each of the next ones.
    pub laps: Vec<Duration>,
    /// How often a node probes an entry and another neighbour; `None` for never.
    pub upkeep: Option<Duration>,
    /// How long a node waits for the answer to its own message.
    pub patience: Duration,
}
