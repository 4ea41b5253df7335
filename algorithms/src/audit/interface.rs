//! What a process gets and gives, beside its messages.

use crate::{Describe, NodeId};

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Audit each of the others, with so many probes.
    Audit(u32),
}

/// What came of a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Describe)]
pub enum Finding {
    /// The block is right.
    Right,
    /// It is not the block that was asked for.
    Wrong,
    /// There was no answer in time.
    Missed,
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// What came of a question.
    Found {
        /// Who was asked.
        target: NodeId,
        /// The number of the question.
        number: u64,
        /// The block.
        index: u32,
        /// What came of it.
        finding: Finding,
        /// The score of the target from now on.
        score: u32,
    },
    /// That process is not asked again.
    Dropped {
        /// The process.
        target: NodeId,
    },
    /// An audit of that process is over.
    Audited {
        /// The process.
        target: NodeId,
    },
}

/// The audit of a process that is under way.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Open {
    /// The question that waits for an answer.
    pub(super) number: u64,
    pub(super) index: u32,
    pub(super) tries: u32,
    /// How many questions are left, and how many commands wait for them.
    pub(super) left: u32,
    pub(super) commands: u32,
}
