//! What transactions may see of each other.

use clap::ValueEnum;
use serde::Serialize;

/// A consistency model of transactions: Adya, "Weak Consistency: A Generalized Theory and
/// Optimistic Implementations for Distributed Transactions" (MIT, 1999).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Consistency {
    /// One after the other, each between its request and its answer
    #[default]
    StrictSerializable,
    /// One after the other
    Serializable,
    /// Each reads a state of the past, and of two that append to a list one fails
    SnapshotIsolation,
    /// Each reads what was committed
    ReadCommitted,
}

impl Consistency {
    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::StrictSerializable => "strict-serializable",
            Self::Serializable => "serializable",
            Self::SnapshotIsolation => "snapshot-isolation",
            Self::ReadCommitted => "read-committed",
        }
    }

    /// The property that transactions have it.
    pub(in crate::program) fn property(self) -> &'static str {
        match self {
            Self::StrictSerializable => "transactions are strictly serializable",
            Self::Serializable => "transactions are serializable",
            Self::SnapshotIsolation => "transactions have snapshot isolation",
            Self::ReadCommitted => "transactions read what was committed",
        }
    }
}
