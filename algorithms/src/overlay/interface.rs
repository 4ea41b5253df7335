//! What surrounds a node: its commands, its outputs, its timers, and its choices.

use std::sync::Arc;
use std::time::Duration;

use super::Overlay;
use crate::{Describe, NodeId, Out, babel, membership};

/// The commands of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Output what it has.
    Show,
}

/// The outputs of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// There is a link.
    Opened {
        /// Who is at the other end.
        neighbour: NodeId,
        /// Whether this node has asked for it.
        own: bool,
    },
    /// There is none any more.
    Closed {
        /// Who was at the other end.
        neighbour: NodeId,
        /// Why.
        why: Why,
    },
    /// The drain of a link has timed out, and the link stays open.
    Kept {
        /// Who is at the other end.
        neighbour: NodeId,
    },
    /// It has sent a packet.
    Sent {
        /// The number of the packet.
        number: u32,
        /// Where it goes.
        destination: NodeId,
    },
    /// A packet has arrived.
    Delivered {
        /// Who has sent it.
        origin: NodeId,
        /// Its number there.
        number: u32,
        /// How many links it has crossed.
        hops: u32,
    },
    /// A packet is dropped here.
    Dropped {
        /// Who has sent it.
        origin: NodeId,
        /// Its number there.
        number: u32,
        /// Why.
        why: Drop,
    },
    /// It is in an island, and starts anew.
    Anew,
    /// Of who belongs to the network.
    Membership(#[output(application)] membership::Output),
    /// The answer to [`Command::Show`].
    Shown {
        /// How many links it has.
        links: usize,
        /// How many others it reaches.
        destinations: usize,
    },
}

/// Why a link is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Why {
    /// It served least, and this end has closed it.
    Replaced,
    /// The other end has closed it.
    Other,
    /// Nothing comes back over it.
    Silent,
    /// It never worked.
    Vain,
    /// The node starts anew.
    Island,
    /// The other end has no certificate that holds.
    Expelled,
}

/// Why a packet is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Drop {
    /// There is no route.
    NoRoute,
    /// It came over a link that is closed.
    NoLink,
    /// It has crossed as many links as it may.
    TooFar,
}

/// The timers of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The routing protocol's own.
    Routing(babel::Timer),
    /// That of who belongs to the network.
    Membership(membership::Timer),
    /// A link is replaced.
    Refresh,
    /// A link is opened, if there are too few.
    Connect,
    /// That peer has not answered, or the link with it does not work.
    Answer(NodeId),
    /// Routes still lead over a link that is drained.
    Drain(NodeId),
    /// The next packet is due.
    Packet,
    /// Is there a route to the registry?
    Island,
    /// The wait before the start is over.
    Anew,
}

/// By what a link is chosen that is closed: that with the least of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Score {
    /// By chance.
    Random,
    /// How many destinations are reached over it.
    Routes,
    /// How many bytes of packets it has carried since the last refresh, in and out.
    Bytes,
    /// What it costs: that with the longest round trip is closed.
    RoundTrip,
}

/// Which peer is asked for a new link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Target {
    /// A random one of the known peers.
    Random,
    /// A random one of those at the greatest distance.
    Distant,
}

/// The choices of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// How it routes.
    pub routing: Arc<babel::Config>,
    /// Who knows a peer for those who know none.
    pub registry: NodeId,
    /// How many links it opens.
    pub links: usize,
    /// How many it accepts.
    pub accepted: usize,
    /// Whether it is behind a NAT, through which no OPEN of another node comes.
    pub hidden: bool,
    /// The interval at which one of the links is replaced; `None` for never.
    pub refresh: Option<Duration>,
    /// By what that link is chosen.
    pub score: Score,
    /// Which peer is asked for the new one.
    pub target: Target,
    /// After what time a link that is not drained stays; `None`: links are closed at once.
    pub drain: Option<Duration>,
    /// How many peers it knows at most.
    pub database: usize,
    /// How long a peer may take to answer, and a new link to work.
    pub answer: Duration,
    /// How often it looks whether there is a route to the registry; `None` for never.
    pub island: Option<Duration>,
    /// The interval of packets to random destinations; `None` for none.
    pub packets: Option<Duration>,
}

/// A random part of a time, to the millisecond.
pub(super) fn part_of(time: Duration, out: &mut Out<Overlay>) -> Duration {
    let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(out.random(0..millis.max(1)))
}
