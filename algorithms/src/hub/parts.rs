//! What messages carry.

use proto::Bytes;

use super::proof;
use crate::Describe;

/// What a peer has to find a number for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Challenge {
    /// The epoch in which it has to.
    #[message(tag = 1)]
    pub epoch: u64,
    /// With how many zero bits the hash has to begin.
    #[message(tag = 2)]
    pub bits: u32,
    /// The keyed hash of all this.
    #[message(tag = 3)]
    #[describe(with = proof::hex)]
    pub seed: Bytes,
}

/// The number for a challenge.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Proof {
    /// The challenge's.
    #[message(tag = 1)]
    pub epoch: u64,
    /// The challenge's.
    #[message(tag = 2)]
    pub bits: u32,
    /// What makes the hash begin so.
    #[message(tag = 3)]
    pub nonce: u64,
    /// The challenge's: a number that is right for one challenge may by chance be right for
    /// the next one.
    #[message(tag = 4)]
    #[describe(with = proof::hex)]
    pub seed: Bytes,
}

/// A session. Its seal is a keyed hash, which only the hub can compute.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Session {
    /// The epoch in which the proof was accepted.
    #[message(tag = 1)]
    pub epoch: u64,
    /// The keyed hash of the peer and the epoch.
    #[message(tag = 2)]
    #[describe(with = proof::hex)]
    pub seal: Bytes,
}

/// Data on its way over the hub.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Parcel {
    /// The number of the question that it is part of.
    #[message(tag = 1)]
    pub number: u64,
    /// The receiver, in a message to the hub. The sender, in a message of the hub.
    #[message(tag = 2)]
    pub peer: String,
    /// The data.
    #[message(tag = 3)]
    #[describe(with = proof::length)]
    pub data: Bytes,
}

/// The peers that are nearest to a place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Nearest {
    /// The number of the question.
    #[message(tag = 1)]
    pub number: u64,
    /// Registered peers, the nearest first.
    #[message(tag = 2)]
    pub nodes: Vec<String>,
}

/// A peer asks to be dialled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Reversal {
    /// The number of the peer's question.
    #[message(tag = 1)]
    pub number: u64,
    /// The other one, which is to dial.
    #[message(tag = 2)]
    pub to: String,
    /// What the other one needs to know for it.
    #[message(tag = 3)]
    #[describe(with = proof::length)]
    pub data: Bytes,
}

/// The same, for the one that is to dial.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Invitation {
    /// The peer to dial.
    #[message(tag = 1)]
    pub from: String,
    /// What it has said for it.
    #[message(tag = 2)]
    #[describe(with = proof::length)]
    pub data: Bytes,
}
