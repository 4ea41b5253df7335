//! What commands need of a network, if nobody says otherwise.

use lab::topology::Topology;

use super::gossip::{Gossip, Protocol};
use super::kad::Kad;
use super::latency::Latency;
use super::systems::System;
use super::{Command, Ping, Transport};
use crate::experiment::ping::Destination;
use crate::limits::Load;
use crate::network::Tables;

/// How many neighbours peers have where the ways of messages are of interest:
/// among peers that all know each other there is nothing to find.
const SPARSE: Topology = Topology::Random(8);

/// What is needed.
#[derive(Clone, Debug)]
pub struct Need {
    /// How many peers at least.
    pub peers: u32,
    /// How many if nobody says.
    pub default: u32,
    /// What they speak.
    pub load: Load,
    /// Who dials whom, if nobody says. Fewer peers are all connected.
    pub topology: Topology,
    /// What carries the connections, where an address says it.
    pub transport: Option<Transport>,
}

impl Need {
    /// At least so many peers, and so many if nobody says, with channels from all
    /// to all.
    pub fn of(peers: u32, default: u32) -> Self {
        Self {
            peers,
            default,
            load: Load::Channels,
            topology: Topology::Full,
            transport: None,
        }
    }
}

impl Command {
    /// What it needs of real peers; `None` of a command without any.
    pub fn need(&self) -> Option<Need> {
        match self {
            Self::Ping(args) => Some(args.need()),
            Self::System(system) => Some(system.need(20)),
            Self::Latency(args) => Some(args.need()),
            Self::Kad(args) => Some(args.need()),
            Self::Sweep(_)
            | Self::Simulate(_)
            | Self::Check(_)
            | Self::List
            | Self::Explain { .. }
            | Self::View(_)
            | Self::Export(_)
            | Self::Completions { .. } => None,
        }
    }
}

impl Ping {
    /// Who pings somebody elsewhere needs nobody here.
    pub fn need(&self) -> Need {
        match self.to {
            Some(Destination::Elsewhere { transport, .. }) => Need {
                transport: Some(transport),
                ..Need::of(1, 1)
            },
            _ => Need::of(2, 20),
        }
    }
}

impl System {
    /// Of any engine, with so many processes if nobody says.
    pub fn need(&self, default: u32) -> Need {
        match self {
            Self::Gossip(args) => args.need(default),
            Self::Snapshot(_)
            | Self::Elect(_)
            | Self::Mutex(_)
            | Self::Wave(_)
            | Self::Terminate(_)
            | Self::Ping(_) => Need::of(2, default),
        }
    }
}

impl Gossip {
    /// As [`System::need`].
    pub fn need(&self, default: u32) -> Need {
        Need {
            load: match self.protocol {
                Protocol::Flood => Load::Channels,
                Protocol::Gossipsub => Load::Gossipsub {
                    heartbeat: self.heartbeat(),
                },
            },
            topology: SPARSE,
            ..Need::of(2, default)
        }
    }
}

impl Kad {
    /// Peers that fill their tables by themselves, or are told.
    pub fn need(&self) -> Need {
        let (lookups, topology) = match self.tables {
            Tables::Bootstrap => (None, SPARSE),
            // Who has a table needs no neighbours.
            Tables::Given => (Some(self.operations), Topology::Ring),
        };
        Need {
            load: Load::Kademlia { lookups },
            topology,
            ..Need::of(2, 20)
        }
    }
}

impl Latency {
    /// Pairs.
    pub fn need(&self) -> Need {
        Need::of(2, 20)
    }
}
