//! Local networks: peers behind one router find each other by multicast DNS (RFC 6762).
//!
//! libp2p's behaviour sends and reads the packets. Anybody on the local network can write
//! them, so two rules apply to what they say:
//!
//! - The number of peers and addresses that are remembered is bounded, and so is the number of
//!   dials that follow (`table.rs`). libp2p's own list is not bounded, and is emptied at once
//!   (`behaviour.rs`).
//! - An address from a packet is a way for this node alone, and never goes to others as a way
//!   for everybody. The behaviour hands it to the caller and to no other behaviour of the
//!   swarm. A connection that comes of it is marked ([`How::Neighbour`]), and where a node
//!   stores or passes on addresses, it looks at this mark ([`How::is_local`]).
//!
//! [`How::Neighbour`]: crate::reach::How::Neighbour
//! [`How::is_local`]: crate::reach::How::is_local

mod behaviour;
mod table;
#[cfg(test)]
mod tests;

use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use tokio::sync::mpsc;

pub(crate) use behaviour::Behaviour;

/// How often a node asks who is there, if no answer of another node has come meanwhile: each
/// answer goes to all. A guess: five times as often as libp2p does by default, since a
/// connection that has broken is dialled again when its peer answers.
const QUERY: Duration = Duration::from_secs(60);

/// How long a peer is remembered of which nothing is heard: it misses three queries. The
/// lifetimes in the packets are ignored, since they may be 136 years.
const LIFE: Duration = Duration::from_secs(180);

/// What is heard of the local network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A peer that is not remembered.
    Found(Neighbour),
    /// A peer that is remembered: it has a new address, or some time has passed since the last
    /// event.
    Heard(Neighbour),
    /// Nothing was heard of the peer for some minutes.
    Lost(PeerId),
}

/// A peer of the local network, as a packet claims: nothing of it is proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// The peer.
    pub peer: PeerId,
    /// Its addresses in the local network, without a `/p2p/…`; at least one.
    pub addresses: Vec<Multiaddr>,
}

/// Where events go. One for which there is no room is dropped: the peer is heard of again.
pub type Watch = mpsc::Sender<Event>;
