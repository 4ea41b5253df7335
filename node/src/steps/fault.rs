//! What no algorithm may do, in any engine.

use std::fmt;
use std::sync::Arc;

use crate::driver::Forbidden;

/// A step that breaks a rule of [`Algorithm`](algorithms::Algorithm): an error in
/// the algorithm. Nothing of what the step wants is done, and the run ends as
/// failed, in each engine with the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It sends to a process that is no neighbour.
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
}

/// `peer-01 sends TOKEN to itself; a process may send to its neighbours only`
impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Misdirected {
            from,
            kind,
            to,
            why,
        } = self;
        write!(f, "{from} sends {kind} to ")?;
        match why {
            Forbidden::Itself => f.write_str("itself")?,
            Forbidden::NoNeighbour => write!(f, "{to}, which is no neighbour of it")?,
            Forbidden::NoProcess => write!(f, "{to}, which is no process of the run")?,
        }
        f.write_str("; a process may send to its neighbours only")
    }
}
