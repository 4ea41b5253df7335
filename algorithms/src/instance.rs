//! Instances of an algorithm: several snapshots, waves or rumours in one run.

use std::fmt;

use crate::{Message, NodeId};

/// Identifies an instance of an algorithm, of which several may be under way: a snapshot,
/// a wave, a rumour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message)]
#[message(nested)]
pub struct InstanceId {
    /// The process that started it.
    #[message(tag = 1)]
    pub by: NodeId,
    /// Zero-based sequence number, per initiator.
    #[message(tag = 2)]
    pub number: u32,
}

impl InstanceId {
    /// Instance `number` of the initiator `by`.
    pub fn new(by: NodeId, number: u32) -> Self {
        Self { by, number }
    }

    /// `peer-00/17`: with the name of the process, as the trace shows waves and rumours.
    pub fn named(&self) -> String {
        format!("{}/{}", self.by, self.number)
    }
}

/// `0/17`
impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.by.0, self.number)
    }
}
