//! Errors of an algorithm, the same in every engine: it sends where no channel leads, or
//! panics.

use std::fmt;
use std::sync::Arc;

use super::processes::Forbidden;

/// A step that breaks a rule of [`Algorithm`](algorithms::Algorithm), or a handler
/// that panics: an error in the algorithm. No effect of the step is carried out, and the
/// run ends as failed, in each engine with the same message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It sends to a process that is not a neighbour.
    Misdirected {
        /// The sender.
        from: Arc<str>,
        /// The kind of the message.
        kind: &'static str,
        /// The receiver.
        to: Arc<str>,
        /// Why it may not send there.
        why: Forbidden,
    },
    /// Its handler panicked.
    Panicked {
        /// The process.
        process: Arc<str>,
        /// The input that it handled.
        handling: String,
        /// The panic's message, and its place in the source.
        message: String,
    },
    /// It is declared symmetric, and is not.
    Asymmetric {
        /// The process.
        process: Arc<str>,
        /// The process under whose name its step, or its initial state, is another.
        other: Arc<str>,
    },
}

/// `peer-01 sends TOKEN to itself; a process may send to its neighbours only`, or
/// `peer-02 panicked while handling PING from peer-01: index out of bounds`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Misdirected {
                from,
                kind,
                to,
                why,
            } => {
                write!(f, "{from} sends {kind} to ")?;
                match why {
                    Forbidden::Itself => f.write_str("itself")?,
                    Forbidden::NoNeighbour => write!(f, "{to}, which is no neighbour of it")?,
                    Forbidden::NoProcess => write!(f, "{to}, which is no process of the run")?,
                }
                f.write_str("; a process may send to its neighbours only")
            }
            Self::Panicked {
                process,
                handling,
                message,
            } => write!(f, "{process} panicked while handling {handling}: {message}"),
            Self::Asymmetric { process, other } => write!(
                f,
                "{process} is declared symmetric, and would do something else if it were {other}"
            ),
        }
    }
}
