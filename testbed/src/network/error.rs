//! Why peers cannot be started or connected.

use std::fmt;

use algorithms::NodeId;
use node::{ListenError, dial};

use super::BARRIER;
use crate::run;

/// How many failed dials are named; the others are counted.
const NAMED: usize = 5;

/// Why there is no network.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A peer cannot start.
    #[error("{peer} cannot start: {source}")]
    Start {
        /// The peer.
        peer: NodeId,
        /// Why not.
        source: node::Error,
    },
    /// A peer cannot listen.
    #[error("{peer} cannot start: {source}")]
    Listen {
        /// The peer.
        peer: NodeId,
        /// Why not.
        source: Box<ListenError>,
    },
    /// Peers cannot reach others.
    #[error(transparent)]
    Dials(#[from] FailedDials),
    /// A peer has not seen all of its connections in time.
    #[error("{peer} has {connected} of {expected} connections after {BARRIER:?}")]
    Unconnected {
        /// The peer.
        peer: NodeId,
        /// How many it has.
        connected: usize,
        /// How many it should have.
        expected: usize,
    },
    /// The addresses of the peers cannot be saved.
    #[error(transparent)]
    Save(#[from] run::Error),
}

/// The dials that failed.
#[derive(Debug, thiserror::Error)]
pub struct FailedDials {
    /// Those that failed.
    pub failed: Vec<FailedDial>,
    /// How many there were in all.
    pub all: usize,
}

/// A dial that failed.
#[derive(Debug, thiserror::Error)]
#[error("{by} to {to}: {source}")]
pub struct FailedDial {
    /// The dialler.
    pub by: NodeId,
    /// The name of the peer that was dialled.
    pub to: String,
    /// What went wrong.
    pub source: dial::Error,
}

impl FailedDial {
    /// Whether the peer did not answer in time.
    pub(super) fn had_no_answer(&self) -> bool {
        matches!(self.source, dial::Error::Timeout { .. })
    }
}

/// The first failed dials, and their number.
impl fmt::Display for FailedDials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { failed, all } = self;
        if let ([failure], 1) = (failed.as_slice(), *all) {
            return failure.fmt(f);
        }
        let named: Vec<_> = failed.iter().take(NAMED).map(ToString::to_string).collect();
        let (count, named) = (failed.len(), named.join("; "));
        write!(f, "{count} of {all} dials failed: {named}")?;
        match count.saturating_sub(NAMED) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}
