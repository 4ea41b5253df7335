//! Checks, before a run starts, whether it fits this machine.

use std::time::Duration;

use lab::topology::Topology;
use node::{Security, Transport};
use serde::Serialize;

use crate::host;

/// Descriptors that a run needs whatever its size: standard streams, the
/// runtime, the run folder, the page, the export.
const BASE_DESCRIPTORS: u64 = 64;

/// The memory of one peer, and of one connection with both its ends, in KiB. Measured
/// on 2 cores, 24 GiB, Linux, with 1,000 peers and 999 to 8,000 connections, plus 10 %.
fn kib(load: Load, transport: Transport) -> (u64, u64) {
    use Transport::{Memory, Quic, Tcp, WebSocket};
    match (load, transport) {
        (Load::Channels, Tcp | Memory) => (60, 40),
        (Load::Channels, WebSocket) => (75, 65),
        (Load::Channels, Quic) => (117, 148),
        (Load::Gossipsub { .. }, Tcp | Memory) => (60, 100),
        (Load::Gossipsub { .. }, WebSocket) => (85, 125),
        (Load::Gossipsub { .. }, Quic) => (117, 210),
        (Load::Kademlia { .. }, Tcp | Memory) => (1300, 100),
        (Load::Kademlia { .. }, WebSocket) => (1325, 125),
        (Load::Kademlia { .. }, Quic) => (1360, 210),
    }
}

/// How much less memory a connection without Noise takes, in KiB. Measured as above.
const NOISE: u64 = 16;

/// Connections per peer with `--topology random:8`, each counted once. That topology
/// is suggested only to runs with more connections.
const SPARSE: u64 = 4;

/// With preloaded Kademlia routing tables: to how many others each peer connects,
/// since libp2p checks whether a peer is alive before a neighbour replaces it; and how
/// many a lookup queries. Measured as above, with 1,000 to 5,000 peers.
const MET: u64 = 18;
const ASKED: u64 = 60;

/// What an experiment requires of a network, unless the options say otherwise.
#[derive(Clone, Debug)]
pub struct Need {
    /// The minimum number of peers.
    pub peers: u32,
    /// The default number of peers.
    pub default: u32,
    /// What they speak.
    pub load: Load,
    /// The default topology. If there are too few peers for it, all are connected.
    pub topology: Topology,
    /// The transport, if an address determines it.
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

/// Why a run does not fit this machine.
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
        /// The planned run.
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
        /// The planned run.
        plan: Plan,
        /// How many it needs.
        needed: u64,
        /// How many the process may open, after the limit was raised.
        limit: u64,
    },
}

/// The size of a planned run.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// What carries the connections.
    pub transport: Transport,
    /// What secures them, if the transport does not.
    pub security: Security,
    /// What peers speak.
    pub load: Load,
    /// How many there are.
    pub peers: u32,
    /// How many connections.
    pub connections: u64,
}

/// The protocols that peers speak. They determine most of a connection's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Load {
    /// Channels.
    Channels,
    /// gossipsub.
    Gossipsub {
        /// The time between two heartbeats.
        heartbeat: Duration,
    },
    /// Kademlia, and identify, which feeds its tables.
    Kademlia {
        /// How many lookups open connections. `None` if peers also fill their tables by
        /// lookups, through which nearly all of them connect.
        lookups: Option<u32>,
    },
}

impl Load {
    /// Bytes that a gossipsub peer keeps for its heartbeats: a set of 48 bytes for each
    /// heartbeat in the minute for which a pruned neighbour is backed off
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

/// What a run needs of the machine, and what is available.
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
    /// The most bytes of memory that a run may take before it is ended: what it needs and
    /// half of the rest. The other half is left for judging and saving the run.
    pub fn memory_most(&self) -> u64 {
        self.memory_needed + self.memory_available.saturating_sub(self.memory_needed) / 2
    }
}

/// Raises the limit of descriptors if possible, and refuses a run that does not fit.
///
/// # Errors
/// [`Error`] with the numbers and a remedy.
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
    /// The connections of the topology, and those that peers open by themselves. While
    /// filling their tables, Kademlia peers connect to nearly all others: to 100 % of
    /// them in networks of 64 to 256 peers, to 95 % in one of 512. Idle connections stay
    /// open.
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

    /// The suggestion of a sparser topology, if it helps.
    fn or_sparser(&self) -> &'static str {
        let sparse = SPARSE * u64::from(self.peers);
        match self.load {
            Load::Channels | Load::Gossipsub { .. } if self.connections > sparse => {
                ", or connect fewer of them with --topology random:8"
            }
            Load::Channels | Load::Gossipsub { .. } | Load::Kademlia { .. } => "",
        }
    }

    /// The suggestion of a run with fewer descriptors, if there is one.
    fn fewer_descriptors(&self) -> String {
        match self.transport {
            // The program itself already exceeds the limit.
            Transport::Memory => String::new(),
            Transport::Tcp | Transport::WebSocket | Transport::Quic => format!(
                "take --transport memory, which needs none, or start fewer peers{}, or ",
                self.or_sparser()
            ),
        }
    }

    /// Why there are more connections than the topology has.
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

/// The number of file descriptors. Both ends of a TCP connection are in this process,
/// and each peer listens: 2C + N, which is N(N-1) + N for a full mesh. QUIC takes one
/// socket per peer, memory none.
fn descriptors(transport: Transport, peers: u32, connections: u64) -> u64 {
    BASE_DESCRIPTORS
        + match transport {
            Transport::Tcp | Transport::WebSocket => 2 * connections + u64::from(peers),
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
        assert_eq!(needed(Transport::WebSocket, 20), 400);
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
