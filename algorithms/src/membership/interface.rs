//! What surrounds a node: its commands, its outputs, its timers, and its choices.

use std::time::Duration;

use crate::auth::Key;
use crate::{Describe, NodeId};

/// The commands of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// That node is a neighbour from now on.
    Up(NodeId),
    /// It is none any more.
    Down(NodeId),
    /// The registry's: begin the next epoch, with new settings.
    Advance,
    /// Output what it knows.
    Show,
}

/// The outputs of a node.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The registry's: it has signed a certificate.
    Issued {
        /// Of that node.
        subject: NodeId,
        /// Its prefix.
        prefix: u32,
        /// The last epoch in which it holds.
        until: u32,
    },
    /// It has a certificate, or a new one.
    Enrolled {
        /// Its prefix.
        prefix: u32,
        /// The last epoch in which it holds.
        until: u32,
    },
    /// An epoch begins for it.
    Configured {
        /// Its number.
        epoch: u32,
        /// The settings of the network.
        #[describe(with = super::signed::hex)]
        settings: u64,
    },
    /// It trusts a neighbour, or has a newer certificate of it.
    Trusted {
        /// The neighbour.
        neighbour: NodeId,
        /// Its prefix.
        prefix: u32,
        /// The last epoch in which the certificate holds.
        until: u32,
    },
    /// It does not take what a neighbour has sent.
    Refused {
        /// The neighbour.
        neighbour: NodeId,
        /// Why.
        why: Reason,
    },
    /// The certificate of a neighbour has ended, and it has no newer one.
    Expelled {
        /// The neighbour.
        neighbour: NodeId,
        /// The last epoch in which it held.
        until: u32,
    },
    /// The answer to [`Command::Show`].
    Shown {
        /// The number of its epoch.
        epoch: u32,
        /// How many neighbours it trusts.
        members: usize,
    },
}

/// Why a certificate or an epoch is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Reason {
    /// The registry has not signed it.
    Signature,
    /// It is the certificate of another node.
    Subject,
    /// The certificate has ended.
    Ended,
    /// A newer epoch is known.
    Older,
}

/// The timers of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// The registry's: the epoch is over.
    Epoch,
    /// It presents itself again.
    Remind,
}

/// The choices of a network.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Config {
    /// Who signs.
    pub registry: NodeId,
    /// Its public key.
    pub key: Key,
    /// In how many epochs a certificate holds, with that in which it is signed: two at least.
    pub holds: u32,
    /// How long an epoch lasts; `None`: until [`Command::Advance`].
    pub epoch: Option<Duration>,
    /// How often a node presents itself again; `None` for never.
    pub remind: Option<Duration>,
    /// Whether all are neighbours from the start.
    pub open: bool,
}
