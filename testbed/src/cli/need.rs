//! What commands need of a network, if nobody says otherwise.

use lab::system::gossip::SPARSE;
use lab::topology::Topology;

use super::gossip::{Gossip, Protocol};
use super::kad::Kad;
use super::latency::Latency;
use super::systems::{Choice, System};
use super::{Command, Ping};
use crate::experiment::ping::Destination;
use crate::limits::{Load, Need};
use crate::network::Tables;

impl Command {
    /// What it needs of real peers; `None` of a command without any.
    pub fn need(&self) -> Option<Need> {
        match self {
            Self::Ping(args) => Some(args.need()),
            Self::System(System::Gossip(args)) => Some(args.need()),
            Self::System(system) => Some(of_system(system, 20)),
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

/// What a system requires by any engine, with so many processes by default.
pub fn of_system(chosen: &impl Choice, default: u32) -> Need {
    Need {
        topology: chosen.description().topology,
        ..Need::of(2, default)
    }
}

impl Gossip {
    /// Of either protocol, over real peers.
    pub fn need(&self) -> Need {
        Need {
            load: match self.protocol {
                Protocol::Flood => Load::Channels,
                Protocol::Gossipsub => Load::Gossipsub {
                    heartbeat: self.heartbeat(),
                },
            },
            ..of_system(self, 20)
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
