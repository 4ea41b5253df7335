//! Whether a run fits this machine, before it starts.

use std::time::Duration;

use lab::topology::Topology;
use node::{Security, Transport};
use serde::Serialize;

use crate::host;

/// Descriptors that a run needs whatever its size: standard streams, the
/// runtime, the run folder, the page, the export.
const BASE_DESCRIPTORS: u64 = 64;

/// What one peer takes, and one connection with both its ends, in KiB. Measured
/// on 2 cores, 24 GiB, Linux, with 1,000 peers and 999 to 8,000 connections; and
/// a tenth added.
fn kib(load: Load, transport: Transport) -> (u64, u64) {
    match (load, transport) {
        (Load::Channels, Transport::Tcp | Transport::Memory) => (60, 40),
        (Load::Channels, Transport::Quic) => (117, 148),
        (Load::Gossipsub { .. }, Transport::Tcp | Transport::Memory) => (60, 100),
        (Load::Gossipsub { .. }, Transport::Quic) => (117, 210),
        (Load::Kademlia { .. }, Transport::Tcp | Transport::Memory) => (1300, 100),
        (Load::Kademlia { .. }, Transport::Quic) => (1360, 210),
    }
}

/// What a connection takes less without Noise, in KiB. Measured as above.
const NOISE: u64 = 16;

/// Connections a peer with `--topology random:8`, each counted once. Where
/// there are no more, it is no way out.
const SPARSE: u64 = 4;

/// Where the tables of Kademlia are given: how many others each peer meets, since
/// libp2p checks whether a peer is alive before it puts a neighbour in its
/// place; and how many a lookup asks. Measured as above, with 1,000 to 5,000 peers.
const MET: u64 = 18;
const ASKED: u64 = 60;

/// What an experiment requires of a network, unless the options say otherwise.
#[derive(Clone, Debug)]
pub struct Need {
    /// How many peers at least.
    pub peers: u32,
    /// The default number of peers.
    pub default: u32,
    /// What they speak.
    pub load: Load,
    /// The default topology. Fewer peers are all connected.
    pub topology: Topology,
    /// What carries the connections, where an address says it.
    pub transport: Option<Transport>,
}

impl Need {
    /// At least `peers`, by default `default`, with channels between all of them.
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

/// Why a run does not fit this machine: start a smaller one, or raise the limit.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It needs more memory than is free.
    #[error(
        "{} peers with {} connections{} need about {} MiB of memory, and {} MiB are free; start \
         fewer peers{}",
        plan.peers,
        plan.all_connections(),
        plan.why(),
        needed >> 20,
        available >> 20,
        plan.or_sparser()
    )]
    Memory {
        /// What was to run.
        plan: Plan,
        /// How many bytes it is estimated to need.
        needed: u64,
        /// How many are free.
        available: u64,
    },
    /// It needs more descriptors than the process may open.
    #[error(
        "{} peers with {} {} connections{} need {needed} file descriptors, and the limit is \
         {limit}; {}raise the hard limit (ulimit -Hn)",
        plan.peers,
        plan.all_connections(),
        plan.transport,
        plan.why(),
        plan.fewer_descriptors()
    )]
    Descriptors {
        /// What was to run.
        plan: Plan,
        /// How many it needs.
        needed: u64,
        /// How many the process may open, after the limit was raised.
        limit: u64,
    },
}

/// What is to run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What carries the connections.
    pub transport: Transport,
    /// What secures them, where the transport does not.
    pub security: Security,
    /// What peers speak.
    pub load: Load,
    /// How many there are.
    pub peers: u32,
    /// How many connections.
    pub connections: u64,
}

/// What peers speak: most of what a connection takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Channels.
    Channels,
    /// gossipsub.
    Gossipsub {
        /// How often it looks after its meshes.
        heartbeat: Duration,
    },
    /// Kademlia, and identify, which feeds its tables.
    Kademlia {
        /// How many lookups open connections. `None`: those as well with which
        /// peers fill their tables, and so nearly all meet.
        lookups: Option<u32>,
    },
}

impl Load {
    /// Bytes that a peer of gossipsub keeps for its heartbeats: a set of 48 bytes
    /// for each in the minute during which a neighbour that was pruned stays out
    /// (`BackoffStorage` and `prune_backoff` of libp2p-gossipsub 0.50).
    fn heartbeats(self) -> u64 {
        match self {
            Self::Gossipsub { heartbeat } => {
                let in_a_minute = 60_000_000_000 / heartbeat.as_nanos().max(1);
                48 * u64::try_from(in_a_minute).unwrap_or(u64::MAX / 48)
            }
            Self::Channels | Self::Kademlia { .. } => 0,
        }
    }
}

/// What a run needs, and what there is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Descriptors that the run needs.
    pub descriptors_needed: u64,
    /// Descriptors that the process may open, after the limit was raised.
    pub descriptors_limit: u64,
    /// Bytes of memory that the run is estimated to need.
    pub memory_needed: u64,
    /// Bytes of memory that were free for it.
    pub memory_available: u64,
}

impl Limits {
    /// From how many bytes of memory on a run is ended: half of what it was not
    /// to need, so that as much is left for judging and saving what it recorded.
    pub fn memory_most(&self) -> u64 {
        self.memory_needed + self.memory_available.saturating_sub(self.memory_needed) / 2
    }
}

/// Raises what can be raised, and refuses what cannot work.
///
/// # Errors
/// [`Error`] with the numbers and the way out.
pub fn check(plan: &Plan) -> Result<Limits, Error> {
    let memory_needed = plan.memory();
    let memory_available = lab::memory::available();
    if memory_needed > memory_available {
        return Err(Error::Memory {
            plan: *plan,
            needed: memory_needed,
            available: memory_available,
        });
    }
    let descriptors_needed = descriptors(plan.transport, plan.peers, plan.all_connections());
    let descriptors_limit = host::raise_descriptors(descriptors_needed);
    if descriptors_needed > descriptors_limit {
        return Err(Error::Descriptors {
            plan: *plan,
            needed: descriptors_needed,
            limit: descriptors_limit,
        });
    }
    Ok(Limits {
        descriptors_needed,
        descriptors_limit,
        memory_needed,
        memory_available,
    })
}

impl Plan {
    /// Those of the topology, and those that peers open by themselves. Filling
    /// their tables, peers of Kademlia meet nearly all others: 100 % of them in
    /// networks of 64 to 256 peers, 95 % in one of 512. No peer closes what is
    /// idle.
    fn all_connections(&self) -> u64 {
        let peers = u64::from(self.peers);
        let all = peers * peers.saturating_sub(1) / 2;
        match self.load {
            Load::Channels | Load::Gossipsub { .. } => self.connections,
            Load::Kademlia { lookups: None } => all,
            Load::Kademlia {
                lookups: Some(lookups),
            } => all.min(self.connections + MET * peers + ASKED * u64::from(lookups)),
        }
    }

    /// A way out, where it is one.
    fn or_sparser(&self) -> &'static str {
        let sparse = SPARSE * u64::from(self.peers);
        match self.load {
            Load::Channels | Load::Gossipsub { .. } if self.connections > sparse => {
                ", or connect fewer of them with --topology random:8"
            }
            Load::Channels | Load::Gossipsub { .. } | Load::Kademlia { .. } => "",
        }
    }

    /// What takes fewer descriptors, where anything does.
    fn fewer_descriptors(&self) -> String {
        match self.transport {
            // The program itself takes more than it may.
            Transport::Memory => String::new(),
            Transport::Tcp | Transport::Quic => format!(
                "take --transport memory, which needs none, or start fewer peers{}, or ",
                self.or_sparser()
            ),
        }
    }

    /// Why there are more than the topology says.
    fn why(&self) -> &'static str {
        match self.load {
            Load::Channels | Load::Gossipsub { .. } => "",
            Load::Kademlia { lookups: None } => {
                " (nearly all meet while tables are filled; --tables given spares that)"
            }
            Load::Kademlia { lookups: Some(_) } => " (of the topology, and of lookups)",
        }
    }

    fn memory(&self) -> u64 {
        let (peer, connection) = kib(self.load, self.transport);
        let saved = match self.security {
            Security::Noise => 0,
            Security::Plaintext => NOISE,
        };
        let peers = u64::from(self.peers);
        let connections = self.all_connections().saturating_mul(connection - saved);
        let all = peers.saturating_mul(peer).saturating_add(connections);
        let beats = peers.saturating_mul(self.load.heartbeats());
        all.saturating_mul(1024).saturating_add(beats)
    }
}

/// A TCP connection within one process has both its ends here, and each peer
/// listens: 2C + N, which is N(N-1) + N for a full mesh. QUIC has one socket a
/// peer, memory none.
fn descriptors(transport: Transport, peers: u32, connections: u64) -> u64 {
    BASE_DESCRIPTORS
        + match transport {
            Transport::Tcp => 2 * connections + u64::from(peers),
            Transport::Quic => u64::from(peers),
            Transport::Memory => 0,
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_of_a_full_mesh_are_as_the_formula_says() {
        let needed = |transport, n: u32| {
            let connections = u64::from(n) * u64::from(n - 1) / 2;
            descriptors(transport, n, connections) - BASE_DESCRIPTORS
        };
        assert_eq!(needed(Transport::Tcp, 20), 400);
        assert_eq!(needed(Transport::Tcp, 256), 65_536);
        assert_eq!(needed(Transport::Quic, 256), 256);
        assert_eq!(needed(Transport::Memory, 256), 0);
    }

    #[test]
    fn impossible_limits_are_rejected_with_the_way_out() {
        let mesh = |n: u64| n * (n - 1) / 2;
        let plan = |transport, peers, connections| Plan {
            transport,
            security: Security::Noise,
            load: Load::Channels,
            peers,
            connections,
        };
        let plan_of_many = plan(Transport::Memory, 1_000_000, mesh(1_000_000));
        let error = check(&plan_of_many).unwrap_err();
        assert!(
            matches!(error, Error::Memory { plan, .. } if plan.or_sparser().contains("random:8")),
            "{error}"
        );
        let error = check(&plan(Transport::Tcp, 60_000, 0)).unwrap_err();
        assert!(
            matches!(error, Error::Descriptors { plan, needed: 60_064, .. }
                if plan.fewer_descriptors().contains("--transport memory")),
            "{error}"
        );
        let often = Plan {
            load: Load::Gossipsub {
                heartbeat: Duration::from_millis(1),
            },
            ..plan(Transport::Memory, 1000, 0)
        };
        // 60,000 heartbeats a minute, 48 bytes each, and 60 KiB.
        assert_eq!(often.memory(), 1000 * (60_000 * 48 + 60 * 1024));
    }
}
