//! What all snapshot algorithms have in common: what they are asked, what they
//! wait for, and what they say. Whoever checks or shows a snapshot need not
//! know which one it was.

use crate::{Algorithm, Describe, Fields, InstanceId, NodeId};

/// What is asked of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command<C> {
    /// Start a snapshot.
    Snapshot,
    /// Do something with the application.
    Application(C),
}

/// The timers of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer<T> {
    /// Somebody has not answered.
    GiveUp(InstanceId),
    /// The application's own.
    Application(T),
}

/// What a process says. `M` is the application's message and `A` its state.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output)]
pub enum Output<A: Algorithm> {
    /// The state is recorded.
    Recorded {
        /// For which snapshot.
        id: InstanceId,
        /// As it was in that moment.
        state: A,
    },
    /// All channels that lead here are recorded.
    Finished {
        /// For which snapshot.
        id: InstanceId,
        /// The messages on those that held any, in their order.
        channels: Vec<(NodeId, Vec<A::Message>)>,
    },
    /// The initiator has heard from every process.
    Complete {
        /// Which snapshot.
        id: InstanceId,
    },
    /// Somebody did not answer in time. There is no snapshot.
    Aborted {
        /// Which snapshot.
        id: InstanceId,
        /// For whom this process has waited in vain.
        missing: Vec<NodeId>,
    },
    /// The application says something.
    Application(#[output(application)] A::Output),
}

impl<A: Algorithm> Describe for Output<A> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Recorded { id, state } => {
                fields.text("snapshot", id);
                fields.nested("state", state);
            }
            Self::Finished { id, channels } => {
                fields.text("snapshot", id);
                for (from, messages) in channels {
                    let messages = messages.iter().map(Describe::fields);
                    fields.list(format!("channel.{}", from.0), messages);
                }
            }
            Self::Complete { id } => fields.text("snapshot", id),
            Self::Aborted { id, missing } => {
                fields.text("snapshot", id);
                fields.list("missing", missing);
            }
            Self::Application(output) => output.describe(fields),
        }
    }
}
