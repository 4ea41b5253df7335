//! Why there is no such world.

use std::io;
use std::path::PathBuf;

/// Why there is no such world: change it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It is neither a preset nor a file.
    #[error(
        "--network {name}: there is neither such a network nor such a file; take none, lan, wan or \
         regions, or write one (docs/world.md)"
    )]
    Unknown {
        /// The name.
        name: String,
    },
    /// The file cannot be read.
    #[error("--network {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The file is no world.
    #[error("--network {}, line {line}: {reason}", path.display())]
    Malformed {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong there, and what to write.
        reason: String,
    },
}
