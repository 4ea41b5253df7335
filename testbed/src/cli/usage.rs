//! Wrong usage that the command line sees itself.

/// Wrong usage that the command line sees itself, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Usage {
    /// A value goes neither with the run nor with the other options: take another.
    #[error("{given}: {reason}")]
    Value {
        /// The option with its value, or the words that were read.
        given: String,
        /// What is wrong with it, and the way out.
        reason: String,
    },
    /// An option has no place here: leave it out.
    #[error("{option} {reason}")]
    Option {
        /// The option.
        option: String,
        /// Why not, and the way out.
        reason: String,
    },
    /// There is no such algorithm: take one that there is.
    #[error(
        "{name:?} is no algorithm{}; there are {}", meant(similar), all.join(", ")
    )]
    NoAlgorithm {
        /// The name.
        name: String,
        /// The names that may be meant.
        similar: Vec<&'static str>,
        /// All names.
        all: Vec<&'static str>,
    },
    /// A binary form would go to a terminal.
    #[error("perfetto's form is no text: name a file, as in --to run.pftrace")]
    Terminal,
}

impl Usage {
    /// A value that is wrong here. `reason` names the way out.
    pub(super) fn value(given: impl Into<String>, reason: impl Into<String>) -> Self {
        let (given, reason) = (given.into(), reason.into());
        Self::Value { given, reason }
    }

    /// An option that has no place here. `reason` names the way out.
    pub(super) fn option(option: impl Into<String>, reason: impl Into<String>) -> Self {
        let (option, reason) = (option.into(), reason.into());
        Self::Option { option, reason }
    }
}

fn meant(similar: &[&str]) -> String {
    match similar {
        [] => String::new(),
        some => format!(" (do you mean {}?)", some.join(", ")),
    }
}
