//! Dijkstra and Scholten's termination detection: has the computation ended?
//!
//! Edsger W. Dijkstra and C. S. Scholten, "Termination Detection for Diffusing
//! Computations", Information Processing Letters 11(1), 1980.
//!
//! A *diffusing computation* begins at one process, the *root*. A process is
//! *active* or *passive*: an active one may send messages and may become
//! passive at any time, a passive one only becomes active on receipt of a message.
//! The computation has terminated when all are passive and no message is on its
//! way. No process can observe that: each may be passive when asked, while a
//! message is on its way to reactivate it.
//!
//! The idea is to acknowledge each message by a SIGNAL: the message has been
//! processed, and so has all work that it caused. A process counts the messages
//! that it has sent and that are not acknowledged yet, its *deficit*. A message
//! that finds a process idle *engages* it: the sender becomes the process's
//! parent, and its SIGNAL waits until the process is passive and its deficit is
//! 0. Any further message is acknowledged at once, for the parent waits for the
//! engaged process anyway. So the engaged processes always form a tree with the
//! initiator as its root. The tree grows with the work and loses its leaves with
//! it, and when the root is passive with a deficit of 0, no other is left.
//!
//! What it needs: channels in both directions that neither lose nor duplicate
//! messages, no crashes, and one computation at a time: with two roots, neither
//! could distinguish its own work from the other's. It does not need channels
//! that keep the order, for SIGNALs are only counted.
//!
//! Cost: one SIGNAL for each message of the application, see [`signals`]. That
//! is optimal in the worst case: Chandy and Misra, "How Processes Learn",
//! Distributed Computing 1(1), 1986. After the end the detection takes as many
//! hops as the tree is high, and one more where the SIGNAL of the very last
//! message comes last.
//!
//! It is *superimposed*: the application below does not know of it. The
//! application only has to report whether it is active: [`Activity`].
//!
//! The whole algorithm is in this file; `work.rs` is an application for it.

use crate::{Algorithm, Describe, Input, NodeId, Out};

/// An application whose termination can be detected.
pub trait Activity {
    /// Whether it may send messages before it receives another one.
    fn is_active(&self) -> bool;
}

/// The messages between processes. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message<M> {
    /// One message of the receiver's is processed, and so is all work that it caused.
    #[message(tag = 1)]
    Signal,
    /// The application's own.
    #[message(tag = 2)]
    Application(#[message(application)] M),
}

/// The outputs of a process. `O` is the application's output.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output<O> {
    /// It has become part of the tree.
    Engaged {
        /// The sender of the message that engaged it.
        parent: NodeId,
    },
    /// It is no longer part of the tree.
    Disengaged,
    /// The root's: the computation has terminated.
    Terminated,
    /// An output of the application.
    Application(#[output(application)] O),
}

/// The state of one process, the application's included.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct DijkstraScholten<A> {
    #[describe(flatten)]
    application: A,
    /// As a sender: how many messages are not acknowledged.
    deficit: u64,
    /// As a receiver: its place in the tree.
    place: Place,
}

/// The place of a process in the tree.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
enum Place {
    /// Outside the tree: it is passive, owes no SIGNAL and waits for none.
    Neutral,
    /// The root: the computation began here.
    Root,
    /// It owes the parent a SIGNAL.
    Engaged { parent: NodeId },
}

/// How many SIGNALs a computation with this many messages costs: one each.
pub fn signals(messages: u64) -> u64 {
    messages
}

impl<A: Algorithm + Activity> DijkstraScholten<A> {
    /// A process with `application` below it.
    pub fn new(application: A) -> Self {
        Self {
            application,
            place: Place::Neutral,
            deficit: 0,
        }
    }

    /// The application below.
    pub fn application(&self) -> &A {
        &self.application
    }
}

impl<A: Algorithm + Activity> Algorithm for DijkstraScholten<A> {
    type Message = Message<A::Message>;
    type Timer = A::Timer;
    type Command = A::Command;
    type Output = Output<A::Output>;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.forward(Input::Start, out);
        self.disengage_if_done(out);
    }

    fn on_command(&mut self, command: Self::Command, out: &mut Out<Self>) {
        self.forward(Input::Command(command), out);
        self.disengage_if_done(out);
    }

    fn on_message(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        match message {
            Message::Signal => self.on_signal(),
            Message::Application(message) => self.on_application(from, message, out),
        }
        self.disengage_if_done(out);
    }

    fn on_timer(&mut self, timer: Self::Timer, out: &mut Out<Self>) {
        self.forward(Input::Timer(timer), out);
        self.disengage_if_done(out);
    }

    fn begins_operation(timer: &Self::Timer) -> bool {
        A::begins_operation(timer)
    }
}

impl<A: Algorithm + Activity> DijkstraScholten<A> {
    /// The paper's engagement: the message that finds a neutral node makes its sender
    /// the parent, whose SIGNAL is the last that the node sends. The process answers any
    /// other as soon as the application has handled it: the messages that the application
    /// sends for it are in this process's own deficit by then.
    fn on_application(&mut self, from: NodeId, message: A::Message, out: &mut Out<Self>) {
        let engages = self.place == Place::Neutral;
        if engages {
            self.place = Place::Engaged { parent: from };
            out.output(Output::Engaged { parent: from });
        }
        self.forward(Input::Message { from, message }, out);
        if !engages {
            out.send(from, Message::Signal);
        }
    }

    /// The paper counts a signal against the deficit of the edge it comes along; the sum
    /// over all edges is enough here.
    fn on_signal(&mut self) {
        // A SIGNAL that is not owed is forged. It changes nothing.
        self.deficit = self.deficit.saturating_sub(1);
    }

    /// The paper's condition for the last SIGNAL: a node that is passive with a deficit of
    /// 0 becomes neutral, and leaves the tree. The root is the last: the computation has
    /// terminated.
    fn disengage_if_done(&mut self, out: &mut Out<Self>) {
        if self.application.is_active() || self.deficit > 0 {
            return;
        }
        match std::mem::replace(&mut self.place, Place::Neutral) {
            Place::Neutral => {}
            Place::Root => out.output(Output::Terminated),
            Place::Engaged { parent } => {
                out.send(parent, Message::Signal);
                out.output(Output::Disengaged);
            }
        }
    }

    /// Lets the application handle an input, and counts the messages that it sends.
    /// If it becomes active though no message engaged the process, a computation
    /// begins here.
    fn forward(&mut self, input: Input<A>, out: &mut Out<Self>) {
        let mut sent = 0;
        out.forward(
            &mut self.application,
            input,
            |_, message| {
                sent += 1;
                Message::Application(message)
            },
            |timer| timer,
            Output::Application,
        );
        self.deficit += sent;
        let busy = self.application.is_active() || self.deficit > 0;
        if self.place == Place::Neutral && busy {
            self.place = Place::Root;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proto::Bytes;

    use super::*;
    use crate::testing::Network;
    use crate::work::{self, Done, Work};
    use crate::{Effect, Message as _, step};

    type Process = DijkstraScholten<Work>;

    const PACE: Duration = Duration::from_millis(1);
    const ALICE: NodeId = NodeId(0);
    const BOB: NodeId = NodeId(1);

    fn processes(count: u32) -> Vec<Process> {
        let all = (0..count).map(NodeId);
        let new = |me| DijkstraScholten::new(Work::new(me, all.clone(), PACE));
        all.clone().map(new).collect()
    }

    fn job(jobs: u64) -> Message<work::Job> {
        Message::Application(work::Job { jobs })
    }

    fn message(
        process: &mut Process,
        from: NodeId,
        message: Message<work::Job>,
    ) -> Vec<Effect<Process>> {
        step(process, Input::Message { from, message }, 0)
    }

    /// Starts a computation and runs it to its end. Returns how many JOBs and SIGNALs
    /// were sent.
    fn run(network: &mut Network<Process>, root: NodeId, jobs: u64) -> (u64, u64) {
        network.sent.clear();
        network.outputs.clear();
        network.later(root, Input::Command(work::Command::Begin { jobs }));
        let terminated = (root, Output::Terminated);
        let mut ended = false;
        while network.step() {
            assert!(!ended, "an input after the end");
            ended = network.outputs.contains(&terminated);
        }
        assert_eq!(
            network.outputs.last(),
            Some(&terminated),
            "termination is not detected"
        );
        let signals = network
            .sent
            .iter()
            .filter(|(_, _, sent)| *sent == Message::Signal);
        let signals = signals.count() as u64;
        (network.sent.len() as u64 - signals, signals)
    }

    #[test]
    fn termination_is_announced_once_it_is_reached_and_not_earlier() {
        for seed in 0..500 {
            let count = 1 + (seed % 6) as u32;
            let process = |me| DijkstraScholten::new(Work::new(me, (0..count).map(NodeId), PACE));
            let mut network = Network::new(count, process, seed);
            for (root, jobs) in [(0, 40), (count - 1, 7), (0, 1)] {
                let (sent, answered) = run(&mut network, NodeId(root), jobs);
                let all = if count > 1 { work::messages(jobs) } else { 0 };
                assert_eq!((sent, answered), (all, signals(all)), "seed {seed}");
            }
            for process in network.processes {
                assert_eq!((process.place, process.deficit), (Place::Neutral, 0));
            }
        }
    }

    #[test]
    fn the_engaging_message_is_acknowledged_last() {
        let mut bob = processes(2).swap_remove(1);
        let signal = |to| Effect::Send {
            to,
            message: Message::Signal,
            within: None,
        };

        let effects = message(&mut bob, ALICE, job(1));
        let engaged = Effect::Output(Output::Engaged { parent: ALICE });
        assert_eq!(effects[0], engaged);
        assert!(!effects.contains(&signal(ALICE)), "it is active");
        let carol = NodeId(2);
        assert!(message(&mut bob, carol, job(1)).contains(&signal(carol)));
        assert_eq!(step(&mut bob, Input::Timer(Done { job: 0 }), 0), []);
        let effects = step(&mut bob, Input::Timer(Done { job: 1 }), 0);
        assert_eq!(effects, [signal(ALICE), Effect::Output(Output::Disengaged)]);
    }

    #[test]
    fn a_signal_that_is_not_owed_changes_nothing() {
        let mut alice = processes(2).swap_remove(0);
        assert_eq!(message(&mut alice, BOB, Message::Signal), []);
        let begin = work::Command::Begin { jobs: 2 };
        step(&mut alice, Input::Command(begin), 0);
        assert_eq!(
            message(&mut alice, BOB, Message::Signal),
            [],
            "it is active"
        );
        let effects = step(&mut alice, Input::Timer(Done { job: 0 }), 0);
        assert!(matches!(&effects[..], [Effect::Send { to: BOB, .. }]));
        let effects = message(&mut alice, BOB, Message::Signal);
        assert_eq!(effects, [Effect::Output(Output::Terminated)]);
    }

    #[test]
    fn a_command_without_jobs_starts_no_computation() {
        let mut alice = processes(2).swap_remove(0);
        let begin = work::Command::Begin { jobs: 0 };
        assert_eq!(step(&mut alice, Input::Command(begin), 0), []);
    }

    #[test]
    fn malformed_payload_is_rejected() {
        for message in [Message::Signal, job(7)] {
            let payload = message.to_payload();
            assert_eq!(Message::from_payload(payload), Some(message));
        }
        // The last one is a malformed message of the application.
        for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /", b"\x12\x01\xff"] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::<work::Job>::from_payload(bytes), None);
        }
    }
}
