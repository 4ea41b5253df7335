//! Why a network cannot be built or measured.

use std::io;

/// Why a network cannot be built, or its peers do not start.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A program cannot be started.
    #[error("{program}: {source}")]
    Start {
        /// The program.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// A program has failed.
    #[error("{said}")]
    Failed {
        /// The first line of its standard error, or its exit status.
        said: String,
    },
    /// A program takes too long.
    #[error("{command} takes longer than {seconds} s")]
    Slow {
        /// The program.
        command: String,
        /// How long it may take.
        seconds: u64,
    },
    /// The system refuses something.
    #[error("{what}: {source}")]
    System {
        /// What was done.
        what: String,
        /// What the system says.
        source: io::Error,
    },
    /// A peer has not printed what was expected of it.
    #[error("{peer} has not printed {expected:?} {when}{}", last_words(said))]
    Silent {
        /// The peer.
        peer: &'static str,
        /// The beginning of the line.
        expected: String,
        /// Until when.
        when: String,
        /// The last line of its standard error.
        said: String,
    },
}

impl Error {
    /// The system's error about this.
    pub(super) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        |source| Self::System { what, source }
    }
}

fn last_words(said: &str) -> String {
    match said {
        "" => String::new(),
        said => format!("; its last words: {said}"),
    }
}
