//! The lessons: distributed algorithms as pure state machines.
//!
//! Each file holds one algorithm, to be read from top to bottom. Nothing here
//! knows of sockets, clocks, threads or logs: an [`Algorithm`] takes an input
//! and returns [`Effect`]s, through the one function [`step`]. Its callers are
//! the engines: the live driver over libp2p channels, the simulator, the model
//! checker.

// Derived code refers to this crate by this name, here too.
extern crate self as algorithms;

mod algorithm;
pub mod audit;
pub mod auth;
pub mod babel;
pub mod bank;
pub mod bully;
pub mod chandy_lamport;
pub mod chang_roberts;
mod choices;
#[doc(hidden)]
pub mod derived;
mod describe;
pub mod dijkstra_scholten;
pub mod echo;
mod effect;
pub mod flood;
pub mod flood_set;
mod fraction;
pub mod hub;
mod instance;
pub mod lai_yang;
pub mod membership;
pub mod naive_snapshot;
pub mod oral_messages;
pub mod overlay;
mod party;
pub mod ping_pong;
pub mod producer_consumer;
pub mod raft;
pub mod ricart_agrawala;
pub mod rounds;
pub mod route;
pub mod snapshot;
#[cfg(test)]
pub(crate) mod testing;
pub mod token;
#[doc(hidden)]
pub mod wire;
pub mod work;

pub use algorithm::{
    Algorithm, Input, Message, Output, Role, Value, step, step_choosing, step_named,
};
pub use choices::{Choices, Draw};
pub use derive::{Describe, Message, Output};
pub use describe::{Describe, Field, Fields, Listed, NotARecord};
pub use effect::{Effect, Out};
pub use fraction::{Fraction, NotAFraction};
pub use instance::InstanceId;
pub use party::Party;
/// The traits without the derives of the same names: for crates that re-export derives of
/// their own beside them.
#[doc(hidden)]
pub mod traits {
    pub use crate::algorithm::{Message, Output};
    pub use crate::describe::Describe;
}
/// The crate whose traits the generator [`Out::rng`] implements.
pub use rand;

/// A process of a run: its place in the list of peers, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub u32);

impl std::fmt::Display for NodeId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "peer-{:02}", self.0)
    }
}

impl From<NodeId> for usize {
    fn from(id: NodeId) -> Self {
        id.0 as Self
    }
}
