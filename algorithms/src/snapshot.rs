//! The common part of all snapshot algorithms: commands, timers, outputs, and how the
//! initiator learns of the end. So the checker and the page handle the snapshots of all
//! of them alike.

use std::collections::BTreeSet;

use crate::{Algorithm, Describe, Fields, Input, InstanceId, NodeId, Out, Value};

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command<C> {
    /// Start a snapshot.
    Snapshot,
    /// A command of the application.
    Application(C),
}

/// The timers of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer<T> {
    /// A process has not answered in time.
    GiveUp(InstanceId),
    /// The application's own.
    Application(T),
}

/// The outputs of a process. `A` is the application.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output)]
pub enum Output<A: Algorithm> {
    /// The state is recorded.
    Recorded {
        /// The snapshot.
        id: InstanceId,
        /// The recorded state.
        state: A,
    },
    /// All channels that lead here are recorded.
    Finished {
        /// The snapshot.
        id: InstanceId,
        /// The channels that held messages, with the messages in their order.
        channels: Vec<(NodeId, Vec<A::Message>)>,
    },
    /// The initiator has heard from every process.
    Complete {
        /// The snapshot.
        id: InstanceId,
    },
    /// A process did not answer in time. The snapshot is aborted.
    Aborted {
        /// The snapshot.
        id: InstanceId,
        /// The processes that did not answer.
        missing: Vec<NodeId>,
    },
    /// An output of the application.
    Application(#[output(application)] A::Output),
}

/// Where a FINISHED message goes: back along the path on which the snapshot spread. These
/// paths are a tree with the initiator at its root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// To the process whose message spread the snapshot here.
    To(NodeId),
    /// Nowhere: this process is the initiator, and waits for these.
    Missing(BTreeSet<NodeId>),
}

/// A snapshot algorithm, superimposed on an application. That makes it an [`Algorithm`],
/// which forwards the application's messages, timers and commands to the application.
pub trait SnapshotAlgorithm: Value + Describe {
    /// The application whose state is recorded.
    type Application: Algorithm;
    /// The messages of both.
    type Message: crate::Message;

    /// The application, and a function that wraps a message of the application to a
    /// process.
    #[expect(clippy::type_complexity, reason = "an opaque type cannot be named")]
    fn below(
        &mut self,
    ) -> (
        &mut Self::Application,
        impl FnMut(NodeId, <Self::Application as Algorithm>::Message) -> Self::Message,
    );

    /// The FINISHED message of that process.
    fn finished(id: InstanceId, process: NodeId) -> Self::Message;

    /// Where FINISHED messages of that snapshot go; `None` for a snapshot that this
    /// process does not know.
    fn report(&mut self, id: InstanceId) -> Option<&mut Report>;

    /// Starts a snapshot.
    fn initiate(&mut self, out: &mut Out<Self>);

    /// Handles a message.
    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>);

    /// Aborts a snapshot that is not complete.
    fn abort(&mut self, id: InstanceId, out: &mut Out<Self>);

    /// Lets the application handle an input.
    fn forward(&mut self, input: Input<Self::Application>, out: &mut Out<Self>) {
        let (application, message) = self.below();
        out.forward(
            application,
            input,
            message,
            Timer::Application,
            Output::Application,
        );
    }

    /// Handles a FINISHED message. Chandy and Lamport leave open how the initiator collects
    /// the recorded states; this is one way.
    fn on_finished(&mut self, id: InstanceId, process: NodeId, out: &mut Out<Self>) {
        match self.report(id) {
            Some(&mut Report::To(parent)) => out.send(parent, Self::finished(id, process)),
            Some(Report::Missing(missing)) => {
                let news = missing.remove(&process);
                if news && missing.is_empty() {
                    out.cancel_timer(Timer::GiveUp(id));
                    out.output(Output::Complete { id });
                }
            }
            None => {} // Forged: there is no such snapshot here.
        }
    }
}

impl<S: SnapshotAlgorithm> Algorithm for S {
    type Message = S::Message;
    type Timer = Timer<<S::Application as Algorithm>::Timer>;
    type Command = Command<<S::Application as Algorithm>::Command>;
    type Output = Output<S::Application>;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.forward(Input::Start, out);
    }

    fn on_command(&mut self, command: Self::Command, out: &mut Out<Self>) {
        match command {
            Command::Snapshot => self.initiate(out),
            Command::Application(command) => self.forward(Input::Command(command), out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: S::Message, out: &mut Out<Self>) {
        self.receive(from, message, out);
    }

    fn on_timer(&mut self, timer: Self::Timer, out: &mut Out<Self>) {
        match timer {
            Timer::GiveUp(id) => self.abort(id, out),
            Timer::Application(timer) => self.forward(Input::Timer(timer), out),
        }
    }

    fn begins_operation(timer: &Self::Timer) -> bool {
        match timer {
            Timer::GiveUp(_) => false,
            Timer::Application(timer) => S::Application::begins_operation(timer),
        }
    }
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
                    fields.records(format!("channel.{}", from.0), messages);
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
