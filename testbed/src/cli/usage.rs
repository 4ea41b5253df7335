//! Usage errors that the command line detects itself.

/// A usage error that the command line detects itself, and what to do instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Usage {
    /// A value is invalid for this run, or conflicts with another option.
    #[error("{given}: {reason}")]
    Value {
        /// The option with its value, or the arguments that were read.
        given: String,
        /// What is wrong with it, and a remedy.
        reason: String,
    },
    /// An option is not allowed here.
    #[error("{option} {reason}")]
    Option {
        /// The option.
        option: String,
        /// Why not, and a remedy.
        reason: String,
    },
    /// There is no algorithm of that name.
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
    /// A binary format would be written to a terminal.
    #[error("perfetto's form is no text: name a file, as in --to run.pftrace")]
    Terminal,
}

impl Usage {
    /// A value that is invalid here. `reason` states a remedy.
    pub(super) fn value(given: impl Into<String>, reason: impl Into<String>) -> Self {
        let (given, reason) = (given.into(), reason.into());
        Self::Value { given, reason }
    }

    /// An option that is not allowed here. `reason` states a remedy.
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
