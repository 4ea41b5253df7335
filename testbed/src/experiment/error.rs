//! Why an experiment cannot be carried out.

use std::io;
use std::time::Duration;

use algorithms::NodeId;
use lab::system;
use node::driver::Stopped;
use node::lookup;
use tokio::task::JoinError;
use trace::steps::Fault;

use crate::{network, rows, run};

/// Why an experiment cannot be carried out.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system itself is invalid.
    #[error(transparent)]
    System(#[from] system::Error),
    /// There is no network.
    #[error(transparent)]
    Network(#[from] network::Error),
    /// A file of the run's folder cannot be written.
    #[error(transparent)]
    Run(#[from] run::Error),
    /// A measurement cannot be written.
    #[error(transparent)]
    Rows(#[from] rows::Error),
    /// A step of the algorithm breaks a rule, or panics.
    #[error("{0}")]
    Fault(Fault),
    /// A process that was to take a command has stopped.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// What goes on beside a system cannot.
    #[error(transparent)]
    Companion(Box<dyn std::error::Error + Send + Sync>),
    /// All processes have stopped.
    #[error("the network has stopped")]
    NetworkStopped,
    /// A command is for a process that the network does not have.
    #[error("{0} is no process")]
    NoProcess(NodeId),
    /// An engine has panicked.
    #[error("{engine}: {source}")]
    Engine {
        /// The engine.
        engine: &'static str,
        /// How it ended.
        source: JoinError,
    },
    /// A routing table stays empty.
    #[error(
        "after {after:?} the routing table of {peer} is empty: it has no neighbour that speaks \
         Kademlia"
    )]
    EmptyTable {
        /// Its peer.
        peer: NodeId,
        /// How long the run waited.
        after: Duration,
    },
    /// Routing tables do not settle.
    #[error(
        "after {after:?} routing tables still change; start fewer peers, or take --tables given"
    )]
    Unsettled {
        /// How long the run waited.
        after: Duration,
    },
    /// The records that lookups are to find cannot be stored.
    #[error("nothing can be stored: {0}")]
    Store(#[source] lookup::Error),
    /// A mesh of gossipsub stays too small.
    #[error(
        "no mesh: after {after:?} {peer} has {has} of {wanted} peers in its mesh; give it more \
         --patience, or other mesh parameters"
    )]
    NoMesh {
        /// Its peer.
        peer: NodeId,
        /// How many peers the mesh has.
        has: usize,
        /// How many it should have.
        wanted: usize,
        /// How long the run waited.
        after: Duration,
    },
    /// The host is saturated at every interval.
    #[error(
        "--interval auto: the host sets the pace at every interval; start fewer peers, or take a \
         smaller --size"
    )]
    NoPace,
    /// The comparison over plain TCP cannot be made.
    #[error("plain TCP on the loopback: {0}")]
    Tcp(#[source] io::Error),
}
