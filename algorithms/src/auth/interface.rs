//! What a process gets and gives, beside its messages.

use super::keys::{self, Id, Secret};
use super::parts::{Reason, Scheme};
use crate::{Describe, NodeId};

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Prove the own identity to all neighbours, by each of these schemes.
    Prove(Vec<Scheme>),
    /// Replace the own key by this one, and discard the old one.
    Replace(Secret),
    /// As an attacker: attack all neighbours.
    Attack,
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The verifier's: it takes the process at the other end of the channel for the owner.
    Accepted {
        /// By which scheme.
        scheme: Scheme,
        /// The identity.
        #[describe(with = keys::short)]
        id: Id,
    },
    /// The prover's: that verifier has accepted it.
    Proved {
        /// By which scheme.
        scheme: Scheme,
        /// The verifier.
        to: NodeId,
    },
    /// The prover's: that verifier has not accepted it, however often it was asked.
    Failed {
        /// By which scheme.
        scheme: Scheme,
        /// The verifier.
        to: NodeId,
        /// The verifier's last reason; without one it was silent.
        why: Option<Reason>,
    },
    /// The owner's: that verifier knows the new key.
    Told {
        /// The verifier.
        to: NodeId,
    },
    /// The owner's: that verifier has not confirmed the new key.
    Untold {
        /// The verifier.
        to: NodeId,
    },
    /// An attacker's: what came of an attempt.
    Tried {
        /// By which scheme.
        scheme: Scheme,
        /// The claimed identity.
        #[describe(with = keys::short)]
        id: Id,
        /// The verifier.
        to: NodeId,
        /// Whether it was accepted.
        accepted: bool,
    },
}

/// What a process asks a neighbour for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// To accept it.
    Prove(Scheme),
    /// To accept its new key.
    Replace,
}

/// The timer of a process: it asks that neighbour again.
pub type Timer = (NodeId, Request);

/// A request without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Open {
    /// How often it was asked.
    pub(super) tries: u32,
    /// How many commands wait for it.
    pub(super) commands: u32,
    /// The last reason of the other one.
    pub(super) refused: Option<Reason>,
}
