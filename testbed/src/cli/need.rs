//! What commands require of a network, and the defaults of its options.

use lab::system::gossip::SPARSE;
use lab::topology::Topology;

use super::choice::Choice;
use super::gossip::{Gossip, Protocol};
use super::kad::Kad;
use super::latency::Latency;
use super::registry::System;
use super::{Command, Common, Error, Ping};
use crate::experiment::ping::Destination;
use crate::limits::{Load, Need};
use crate::network::Tables;

/// The default number of processes under the model checker.
pub const FEW: u32 = 3;

/// The default number of peers, and of processes in the simulator.
pub const MANY: u32 = 20;

impl Command {
    /// What it requires of real peers; `None` for a command that starts none.
    ///
    /// # Errors
    /// The topology's file cannot be read.
    pub fn need(&self, common: &Common) -> Result<Option<Need>, Error> {
        Ok(match self {
            Self::Ping(args) => Some(args.need()),
            Self::System(System::Gossip(args)) => Some(args.need()),
            Self::System(system) => Some(of_system(system, MANY)),
            Self::Interop(args) => Some(args.need()),
            Self::Latency(args) => Some(args.need()),
            Self::Program(args) => Some(args.need(common)?),
            Self::Kad(args) => Some(args.need(args.tables_of(common.peers_or(MANY)?))),
            Self::Sweep(_)
            | Self::Simulate(_)
            | Self::Check(_)
            | Self::Doctor(_)
            | Self::List
            | Self::Explain { .. }
            | Self::New(_)
            | Self::Judge(_)
            | Self::View(_)
            | Self::Export(_)
            | Self::Grade(_)
            | Self::Nat(_)
            | Self::Graph(_)
            | Self::Completions { .. } => None,
        })
    }
}

impl Ping {
    /// Pinging a peer of another process needs only one peer of this run.
    pub fn need(&self) -> Need {
        match self.to {
            Some(Destination::Elsewhere { transport, .. }) => Need {
                transport: Some(transport),
                ..Need::of(1, 1)
            },
            _ => Need::of(2, MANY),
        }
    }
}

/// What a system requires on any engine, by default with `default` processes.
pub fn of_system(chosen: &impl Choice, default: u32) -> Need {
    let description = chosen.description();
    Need {
        topology: description.topology,
        ..Need::of(2, default.saturating_add(description.more_peers))
    }
}

impl Gossip {
    /// What either protocol requires of real peers.
    pub fn need(&self) -> Need {
        Need {
            load: match self.protocol {
                Protocol::Flood => Load::Channels,
                Protocol::Gossipsub => Load::Gossipsub {
                    heartbeat: self.heartbeat(),
                },
            },
            ..of_system(self, MANY)
        }
    }
}

impl Kad {
    /// Depends on whether peers fill their routing tables by lookups or get them
    /// preloaded.
    pub fn need(&self, tables: Tables) -> Need {
        let (lookups, topology) = match tables {
            Tables::Bootstrap => (None, SPARSE),
            // A peer with a routing table needs no neighbours.
            Tables::Given => (Some(self.operations), Topology::Ring),
        };
        Need {
            load: Load::Kademlia { lookups },
            topology,
            ..Need::of(2, MANY)
        }
    }
}

impl Latency {
    /// At least one pair of peers.
    pub fn need(&self) -> Need {
        Need::of(2, MANY)
    }
}
