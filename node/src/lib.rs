//! One libp2p peer.
//!
//! [`start`] runs a swarm in a task of its own and returns a [`Handle`], the
//! only way in. A peer speaks what its [`Config`] names; the [`channel`] is
//! the project's own protocol, and [`message`] the same without order; [`gossip`]
//! is libp2p's, and a [`lookup`] asks its hash table. [`driver`] runs an algorithm of
//! the `algorithms` crate over them, and [`export`] sends spans to a collector.

pub mod address;
mod address_limits;
pub mod admission;
mod behaviour;
mod boxed;
pub mod channel;
pub mod clocks;
mod config;
pub mod daemon;
pub mod database;
pub mod dial;
pub mod driver;
pub mod export;
pub mod gossip;
mod handle;
pub mod http;
mod in_turn;
pub mod interrupt;
pub mod keys;
pub mod links;
pub mod logs;
pub mod lookup;
pub mod mdns;
pub mod message;
pub mod metrics;
mod one_connection;
mod pause;
mod peer;
pub mod ping;
mod protocols;
pub mod reach;
mod refusals;
pub mod stderr;
pub mod traffic;
mod transport;
pub mod turns;
mod watched;

pub use config::{Config, Limits, Protocol, Security, Transport, UnknownProtocol};
pub use handle::{Handle, ListenError};
pub use libp2p::identity::Keypair;
pub use libp2p::{Multiaddr, PeerId};
pub use peer::{Error, Peer, start};
