//! What all snapshot algorithms have in common: what they are asked, what they
//! wait for, what they say, and how the initiator hears of the end. Whoever checks or
//! shows a snapshot need not know which one it was.

use std::collections::BTreeSet;

use crate::{Algorithm, Describe, Fields, Input, InstanceId, NodeId, Out, Value};

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

/// Where the news goes that a process has finished: back along the way on which the
/// snapshot spread, which is a tree with the initiator at its root.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Report {
    /// To the one from whom the snapshot came.
    To(NodeId),
    /// Nowhere: this is the initiator, and waits for these.
    Missing(BTreeSet<NodeId>),
}

/// A snapshot algorithm, superimposed on an application. It is an [`Algorithm`] by that:
/// what is the application's own goes through to it.
pub trait SnapshotAlgorithm: Value + Describe {
    /// What snapshots are taken of.
    type Application: Algorithm;
    /// What processes send each other.
    type Message: crate::Message;

    /// The application, and what makes a message for that process of one of its own.
    #[expect(clippy::type_complexity, reason = "an opaque type cannot be named")]
    fn below(
        &mut self,
    ) -> (
        &mut Self::Application,
        impl FnMut(NodeId, <Self::Application as Algorithm>::Message) -> Self::Message,
    );

    /// The news that a process has finished, as a message.
    fn finished(id: InstanceId, process: NodeId) -> Self::Message;

    /// Where the news of that snapshot goes; `None` if this process has none such.
    fn report(&mut self, id: InstanceId) -> Option<&mut Report>;

    /// A snapshot begins here.
    fn initiate(&mut self, out: &mut Out<Self>);

    /// A message has come.
    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>);

    /// What has not come by now is not waited for.
    fn give_up(&mut self, id: InstanceId, out: &mut Out<Self>);

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

    /// The news that a process has finished has come here. Chandy and Lamport leave open
    /// how what was recorded is collected; this is one way.
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
            None => {} // Made up: there is no such snapshot here.
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
            Timer::GiveUp(id) => self.give_up(id, out),
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
