//! Lookups in the distributed hash table of [`Protocol::Kademlia`].
//!
//! [`Protocol::Kademlia`]: crate::Protocol::Kademlia

mod known_peers;
mod traced;

use std::time::Duration;

use libp2p::PeerId;
use libp2p::kad::{Quorum, store};

pub use known_peers::KnownPeers;
pub(crate) use traced::ADD_PROVIDER;
pub use traced::{Exchange, begin, end, traced};

/// The limit on key and value together, in bytes. A Kademlia message has at most 16 KiB
/// (libp2p's limit), and also holds the publisher.
pub const MAX_RECORD: usize = 16 * 1024 - 256;

/// How often Kademlia repeats what it has done. `None` for libp2p's own interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Intervals {
    /// How often a peer looks itself up, which refreshes its table. libp2p: 5 minutes.
    pub refresh: Option<Duration>,
    /// How often a peer publishes its records and provider records again. libp2p: 24 and 12
    /// hours.
    pub republish: Option<Duration>,
}

/// A lookup in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lookup {
    /// Store a value at the peers that are closest to its key (PUT_VALUE).
    Put {
        /// The key, of any length.
        key: Vec<u8>,
        /// The value.
        value: Vec<u8>,
    },
    /// Fetch a value (GET_VALUE), from the first peer that has it.
    Get {
        /// Its key.
        key: Vec<u8>,
    },
    /// Announce that this peer provides a key (ADD_PROVIDER).
    Provide {
        /// Its key.
        key: Vec<u8>,
    },
    /// Find the providers of a key (GET_PROVIDERS); the first answer counts.
    Providers {
        /// Its key.
        key: Vec<u8>,
    },
    /// Find the peers that are closest to a key (FIND_NODE).
    Closest {
        /// The key.
        key: Vec<u8>,
    },
}

/// A routing table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// How many peers are in it.
    pub peers: usize,
    /// How many lookups are under way: requested ones, and those with which libp2p
    /// fills the table when it learns of new peers.
    pub lookups: usize,
}

/// The result of a lookup.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// The value, after [`Lookup::Get`].
    pub value: Option<Vec<u8>>,
    /// The providers, or the closest peers in order, after
    /// [`Lookup::Providers`] and [`Lookup::Closest`].
    pub peers: Vec<PeerId>,
    /// How many peers have stored the value, after [`Lookup::Put`].
    pub copies: usize,
    /// How many requests were sent for it.
    pub requests: u32,
    /// How many of them were answered.
    pub answers: u32,
    /// The length of the chain of referrals: each peer was named by the one before it,
    /// the first by this peer's table. It ends at the peer that had the answer, or
    /// else at the closest peer that answered. 0: no peer had to be asked. `None` when
    /// the chain is not known.
    pub hops: Option<u32>,
    /// How long it took.
    pub took: Duration,
}

/// Why a lookup failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Kademlia is not switched on.
    #[error("Kademlia is switched off")]
    SwitchedOff,
    /// The record is too large to be sent; it would be stored here alone.
    #[error("key and value have {0} bytes together, and a record may have {MAX_RECORD}")]
    TooLarge(usize),
    /// The store of this peer does not take it.
    #[error("this peer's store is full: {0}")]
    Store(String),
    /// None of the peers asked has it.
    #[error("not found")]
    NotFound,
    /// No peer has stored it.
    #[error("no peer has stored it")]
    NotStored,
    /// It took too long.
    #[error("the lookup timed out")]
    TimedOut,
    /// The peer has stopped.
    #[error("the peer has stopped")]
    Stopped,
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Store(error.to_string())
    }
}

impl Lookup {
    pub(crate) fn key(&self) -> &[u8] {
        match self {
            Self::Put { key, .. }
            | Self::Get { key }
            | Self::Provide { key }
            | Self::Providers { key }
            | Self::Closest { key } => key,
        }
    }

    /// Whether key and value fit into a message.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let size = match self {
            Self::Put { key, value } => key.len() + value.len(),
            other => other.key().len(),
        };
        match size > MAX_RECORD {
            true => Err(Error::TooLarge(size)),
            false => Ok(()),
        }
    }
}

/// All of the k closest peers have to store a value, or all peers if there are fewer
/// than k.
pub(crate) const COPIES: Quorum = Quorum::All;
