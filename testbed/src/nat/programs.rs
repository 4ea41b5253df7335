//! The programs of the two peers of a cell.

use std::fmt;
use std::path::PathBuf;

use serde::{Serialize, Serializer};

/// A program that plays a peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Program {
    /// This program, as `testbed-node`.
    #[default]
    Node,
    /// The program at that path, which takes the same arguments and prints the same lines.
    Other(PathBuf),
}

/// Which program is on which side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Programs {
    /// The one that dials.
    pub dialler: Program,
    /// The one that is dialled.
    pub listener: Program,
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Node => f.write_str(node::daemon::NAME),
            Self::Other(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Display for Programs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { dialler, listener } = self;
        write!(f, "dialler {dialler}, listener {listener}")
    }
}

impl Serialize for Program {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
