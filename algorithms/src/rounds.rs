//! Synchronous rounds: algorithms as the textbooks write them for the synchronous model.
//!
//! Nancy Lynch, "Distributed Algorithms" (1996), chapter 2: in each round every process
//! sends a message to each neighbour, receives what was sent to it in this round, and
//! changes its state. [`Synchronous`] is such a process, and [`Rounds`] lets it run in
//! networks that have no rounds: live, in the simulator and under the model checker.
//! [`Ending`] says how a process learns that a round is over.
//!
//! **By messages.** Baruch Awerbuch, "Complexity of Network Synchronization", JACM 32(4),
//! 1985, calls this a synchronizer; the simple one of Lynch's chapter 16 is used here. A
//! process sends each neighbour exactly one message a round, NOTHING where the algorithm
//! has none, and the round ends when it has one from each. This needs no clock and is
//! exact, however long messages take. (Awerbuch's α saves the empty messages with
//! acknowledgements.) If a process stops, its neighbours wait for ever.
//!
//! **By the clock.** The synchronous model has an advantage that no synchronizer can
//! give: a message that is missing says that its sender has stopped, or is silent. For
//! that a process has to know how long messages take. Here a round lasts a given time,
//! all processes start together, and what has not come by the end of the round was not
//! sent. That is an assumption about the network. Where a message comes after its round,
//! it does not hold: the receiver outputs [`Output::Late`], and nothing is known of the
//! run. A round has to last longer than its sends, the longest delay and the difference of
//! the starts together. In the model checker messages take no time, so the rounds are
//! exact there.
//!
//! A process that crashes in a round may have sent to some neighbours and not to others,
//! which is what makes agreement hard. A step's messages are sent at once, so in rounds
//! by the clock each message is a step of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::{Algorithm, Describe, NodeId, Out, Value};

/// A process of a synchronous algorithm. The value is its state.
pub trait Synchronous: Value + Describe {
    /// The messages between processes.
    type Message: crate::Message;
    /// The outputs of a process to the environment.
    type Output: crate::Output;

    /// How many rounds there are: the same number at all processes.
    fn rounds(&self) -> u64;

    /// What the process sends to that neighbour in that round, if anything. Rounds are
    /// counted from 1.
    fn send(&self, round: u64, to: NodeId) -> Option<Self::Message>;

    /// The end of a round: its messages, by their senders. Returns an output, if there is
    /// one. Random choices come from `out`, which is for nothing else.
    fn receive(
        &mut self,
        round: u64,
        received: BTreeMap<NodeId, Self::Message>,
        out: &mut Out<Rounds<Self>>,
    ) -> Option<Self::Output>;
}

/// How a process learns that a round is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ending {
    /// It has a message of each neighbour.
    Messages,
    /// The round's time is over.
    Clock {
        /// How long a round lasts.
        round: Duration,
        /// The time between two sends of a process in a round.
        pace: Duration,
    },
}

/// The messages between processes. `M` is the algorithm's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message<M> {
    /// The algorithm's own.
    #[message(tag = 1)]
    Something {
        /// The round in which it was sent.
        #[message(tag = 1)]
        round: u64,
        /// The message.
        #[message(tag = 2, application)]
        #[describe(flatten)]
        message: M,
    },
    /// The algorithm has no message for the receiver in this round.
    #[message(tag = 2)]
    Nothing {
        /// The round.
        #[message(tag = 1)]
        round: u64,
    },
}

/// The outputs of a process. `O` is the algorithm's output.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output<O> {
    /// A message came after its round was over: the rounds were not synchronous.
    Late {
        /// The message's round.
        round: u64,
        /// Its sender.
        from: NodeId,
    },
    /// An output of the algorithm.
    Algorithm(#[output(application)] O),
}

/// The timers of rounds by the clock.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// Send this round's message to that neighbour.
    Send(NodeId),
    /// The round is over.
    Close,
}

/// A process of a synchronous algorithm, with the rounds below it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Rounds<S: Synchronous> {
    #[describe(flatten)]
    process: S,
    /// The round under way. After the last one it is one more than there are.
    round: u64,
    #[describe(skip)]
    neighbours: BTreeSet<NodeId>,
    #[describe(skip)]
    ending: Ending,
    /// What has come for this round and for later ones, by round and by sender.
    #[describe(skip)]
    received: BTreeMap<u64, BTreeMap<NodeId, Option<S::Message>>>,
}

impl<S: Synchronous> Rounds<S> {
    /// A process that has not begun.
    pub fn new(process: S, neighbours: impl IntoIterator<Item = NodeId>, ending: Ending) -> Self {
        Self {
            process,
            round: 0,
            neighbours: neighbours.into_iter().collect(),
            ending,
            received: BTreeMap::new(),
        }
    }

    /// The process of the algorithm.
    pub fn process(&self) -> &S {
        &self.process
    }
}

impl<S: Synchronous> Algorithm for Rounds<S> {
    type Message = Message<S::Message>;
    type Timer = Timer;
    type Command = ();
    type Output = Output<S::Output>;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.begin(out);
    }

    /// A process that has lost its state does not know the round. It has stopped.
    fn on_restart(&mut self, _: &mut Out<Self>) {}

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        let (round, message) = match message {
            Message::Something { round, message } => (round, Some(message)),
            Message::Nothing { round } => (round, None),
        };
        // Any other was forged.
        if !self.neighbours.contains(&from) || !(1..=self.process.rounds()).contains(&round) {
            return;
        }
        if round < self.round {
            self.on_late(round, from, out);
            return;
        }
        // Only the first message of a round counts.
        let of_round = self.received.entry(round).or_default();
        of_round.entry(from).or_insert(message);
        if self.ending == Ending::Messages {
            self.close_if_all_came(out);
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Send(to) => {
                let round = self.round;
                if let Some(message) = self.process.send(round, to) {
                    out.send(to, Message::Something { round, message });
                }
            }
            Timer::Close => self.close(out),
        }
    }
}

impl<S: Synchronous> Rounds<S> {
    /// Begins the next round, if there is one.
    fn begin(&mut self, out: &mut Out<Self>) {
        self.round += 1;
        if self.round > self.process.rounds() {
            return;
        }
        match self.ending {
            Ending::Messages => {
                for &to in &self.neighbours {
                    out.send(to, self.message(to));
                }
                self.close_if_all_came(out);
            }
            Ending::Clock { round, pace } => {
                for (place, &to) in (0..).zip(&self.neighbours) {
                    out.set_timer(Timer::Send(to), pace.saturating_mul(place));
                }
                out.set_timer(Timer::Close, round);
            }
        }
    }

    /// The one message of this round to that neighbour.
    fn message(&self, to: NodeId) -> Message<S::Message> {
        let round = self.round;
        match self.process.send(round, to) {
            Some(message) => Message::Something { round, message },
            None => Message::Nothing { round },
        }
    }

    /// The simple synchronizer: a round is over when each neighbour's message is here.
    fn close_if_all_came(&mut self, out: &mut Out<Self>) {
        let came = self.received.get(&self.round).map_or(0, BTreeMap::len);
        if self.round <= self.process.rounds() && came == self.neighbours.len() {
            self.close(out);
        }
    }

    /// The transition of the synchronous model: the state changes by all messages of the
    /// round together.
    fn close(&mut self, out: &mut Out<Self>) {
        let received = self.received.remove(&self.round).unwrap_or_default();
        let received = received.into_iter();
        let received = received.filter_map(|(from, message)| Some((from, message?)));
        let output = self.process.receive(self.round, received.collect(), out);
        if let Some(output) = output {
            out.output(Output::Algorithm(output));
        }
        self.begin(out);
    }

    /// With a synchronizer this is the copy of a message that came in time.
    fn on_late(&self, round: u64, from: NodeId, out: &mut Out<Self>) {
        if let Ending::Clock { .. } = self.ending {
            out.output(Output::Late { round, from });
        }
    }
}
