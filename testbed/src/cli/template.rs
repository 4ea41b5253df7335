//! The crates that `testbed new` writes. Their files are in `testbed/templates`, where
//! NAME stands for the name of the crate, and SOURCE for the place of the testbed's sources.

use clap::ValueEnum;

/// What a new crate begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Template {
    /// The echo algorithm: a wave that reaches all processes, and comes back
    Echo,
    /// Reliable broadcast by flooding: a start for causal broadcast
    Broadcast,
    /// The election of Raft: votes that survive a crash
    Raft,
}

/// A file of a template: its path in the crate, and its content.
type File = (&'static str, &'static str);

macro_rules! files {
    ($($path:literal: $from:literal,)+) => {
        &[$(($path, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/templates/", $from)))),+]
    };
}

/// What all crates have.
const COMMON: &[File] = files! {
    "Cargo.toml": "Cargo.toml",
    "README.md": "README.md",
    ".gitignore": "gitignore",
    ".github/workflows/test.yml": "test.yml",
};

impl Template {
    /// The files of the crate.
    pub fn files(self) -> impl Iterator<Item = File> {
        let own: &[File] = match self {
            Self::Echo => files! {
                "src/main.rs": "echo/main.rs",
                "src/system.rs": "echo/system.rs",
                "src/tests.rs": "echo/tests.rs",
            },
            Self::Broadcast => files! {
                "src/main.rs": "broadcast/main.rs",
                "src/system.rs": "broadcast/system.rs",
                "src/tests.rs": "broadcast/tests.rs",
            },
            Self::Raft => files! {
                "crash.toml": "raft/crash.toml",
                "src/main.rs": "raft/main.rs",
                "src/system.rs": "raft/system.rs",
                "src/tests.rs": "raft/tests.rs",
            },
        };
        own.iter().chain(COMMON).copied()
    }
}
