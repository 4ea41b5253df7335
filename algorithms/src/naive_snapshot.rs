//! How not to take a snapshot: ask all processes for their state. Wrong on purpose.
//!
//! The initiator asks its neighbours, they ask those of theirs that have not been
//! asked, and each records its state on receipt of the question. They do not all
//! record at the same instant, but that is not the problem: Chandy and Lamport's
//! processes do not either. There are two other problems.
//!
//! **A message on its way is in no process's state.** A message that was sent
//! before its sender recorded, and arrives after its receiver did, is missing:
//! `Finished` names no channels at all. The sum over the snapshot is too small. A
//! checker finds channel states that lack messages, and a total that is too low.
//!
//! **A message may be received that was never sent.** The question takes one path
//! and the messages take others. A process that has recorded sends a message to
//! one that the question has not reached, which handles it and then records. In
//! the snapshot the sender has not sent it. The sum is too large, and this state
//! could not have occurred at any time: an effect without its cause. A checker
//! finds an *orphan*, a receipt before the cut whose sending is after it, and
//! vector clocks that know more of a process than it knew of itself. It takes a
//! triangle of channels, as in a full mesh, or a channel without order, where the
//! message overtakes the question.
//!
//! The two errors may cancel: the sum is right and the snapshot is wrong, so a
//! checker has to compare the messages as well. And where nothing is under way
//! the snapshot is right, so a test on a quiescent system shows nothing.
//!
//! The remedy is in `chandy_lamport.rs`: send the question on *every* channel,
//! before any further message, and record the messages that arrive before it.
//!
//! What it needs to be correct: a system that stands still, which is exactly what
//! a snapshot must not require.
//!
//! Cost: in a full mesh N-1 questions and N-1 answers, where Chandy and Lamport's
//! algorithm takes N(N-1) markers.
//!
//! The whole algorithm is in this file. Its commands and outputs are in
//! `snapshot.rs`, the same for all snapshot algorithms.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::snapshot::{Output, Report, SnapshotAlgorithm, Timer};
use crate::{Algorithm, Describe, Fields, Input, InstanceId, NodeId, Out};

/// The messages between processes. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message<M> {
    /// What is your state?
    #[message(tag = 1)]
    Request {
        /// The snapshot.
        #[message(tag = 1)]
        #[describe(name = "snapshot")]
        id: InstanceId,
        /// The processes that have been asked.
        #[message(tag = 2)]
        asked: BTreeSet<NodeId>,
    },
    /// A process has recorded its state. On its way to the initiator.
    #[message(tag = 2)]
    Finished {
        /// The snapshot.
        #[message(tag = 1)]
        #[describe(name = "snapshot")]
        id: InstanceId,
        /// The process that has finished.
        #[message(tag = 2)]
        process: NodeId,
    },
    /// The application's own.
    #[message(tag = 3)]
    Application(#[message(application)] M),
}

/// The state of one process, the application's included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NaiveSnapshot<A: Algorithm> {
    application: A,
    me: NodeId,
    /// The neighbours, with a channel in each direction.
    neighbours: BTreeSet<NodeId>,
    /// All processes of the run: as an initiator, it waits for each.
    processes: BTreeSet<NodeId>,
    /// How long to wait for the others.
    patience: Duration,
    /// As an initiator: the number of the next snapshot.
    next: u32,
    /// The snapshots for which this process has recorded its state: where the FINISHED
    /// messages of each go.
    snapshots: BTreeMap<InstanceId, Report>,
}

impl<A: Algorithm> NaiveSnapshot<A> {
    /// A process with `application` below it.
    pub fn new(
        application: A,
        me: NodeId,
        neighbours: impl IntoIterator<Item = NodeId>,
        processes: impl IntoIterator<Item = NodeId>,
        patience: Duration,
    ) -> Self {
        Self {
            application,
            me,
            neighbours: neighbours.into_iter().collect(),
            processes: processes.into_iter().collect(),
            patience,
            next: 0,
            snapshots: BTreeMap::new(),
        }
    }

    /// The application below.
    pub fn application(&self) -> &A {
        &self.application
    }
}

impl<A: Algorithm> SnapshotAlgorithm for NaiveSnapshot<A> {
    type Application = A;
    type Message = Message<A::Message>;

    fn below(&mut self) -> (&mut A, impl FnMut(NodeId, A::Message) -> Self::Message) {
        (&mut self.application, |_, message| {
            Message::Application(message)
        })
    }

    fn finished(id: InstanceId, process: NodeId) -> Self::Message {
        Message::Finished { id, process }
    }

    fn report(&mut self, id: InstanceId) -> Option<&mut Report> {
        self.snapshots.get_mut(&id)
    }

    fn initiate(&mut self, out: &mut Out<Self>) {
        let id = InstanceId::new(self.me, self.next);
        self.next += 1;
        out.set_timer(Timer::GiveUp(id), self.patience);
        let report = Report::Missing(self.processes.clone());
        self.record(id, report, BTreeSet::from([self.me]), out);
    }

    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        match message {
            Message::Request { id, asked } => self.on_request(from, id, asked, out),
            Message::Finished { id, process } => self.on_finished(id, process, out),
            // The first error: whether the message was under way is ignored.
            Message::Application(message) => self.forward(Input::Message { from, message }, out),
        }
    }

    /// Aborts a snapshot to which not all processes have answered in time.
    fn abort(&mut self, id: InstanceId, out: &mut Out<Self>) {
        if let Some(Report::Missing(missing)) = self.snapshots.get_mut(&id) {
            let missing = std::mem::take(missing).into_iter().collect();
            out.output(Output::Aborted { id, missing });
        }
    }
}

impl<A: Algorithm> NaiveSnapshot<A> {
    fn on_request(
        &mut self,
        from: NodeId,
        id: InstanceId,
        asked: BTreeSet<NodeId>,
        out: &mut Out<Self>,
    ) {
        // Two neighbours may have asked independently.
        if !self.snapshots.contains_key(&id) {
            self.record(id, Report::To(from), asked, out);
        }
    }

    /// Records the state, asks the others, and has finished.
    fn record(
        &mut self,
        id: InstanceId,
        report: Report,
        mut asked: BTreeSet<NodeId>,
        out: &mut Out<Self>,
    ) {
        let state = self.application.clone();
        out.output(Output::Recorded { id, state });
        // The second error: a channel to a process that another one asks gets no
        // marker to separate messages sent before the recording from those after.
        let unasked: Vec<_> = self.neighbours.difference(&asked).copied().collect();
        asked.extend(&unasked);
        for to in unasked {
            let asked = asked.clone();
            out.send(to, Message::Request { id, asked });
        }
        self.snapshots.insert(id, report);
        out.output(Output::Finished {
            id,
            channels: Vec::new(),
        });
        self.on_finished(id, self.me, out);
    }
}

impl<A: Algorithm> Describe for NaiveSnapshot<A> {
    fn describe(&self, fields: &mut Fields) {
        self.application.describe(fields);
        let waits = |report: &&Report| matches!(report, Report::Missing(some) if !some.is_empty());
        let under_way = self.snapshots.values().filter(waits);
        fields.integer("recording", under_way.count());
    }
}

#[cfg(test)]
mod tests {
    use std::cmp::Ordering;

    use super::*;
    use crate::bank::{Bank, Due, Transfer};
    use crate::snapshot::Command;
    use crate::{Effect, Message as _, Output as _, step};

    type Process = NaiveSnapshot<Bank>;

    /// An event of the run, by process number.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        /// It starts a snapshot.
        Snapshot(u32),
        /// The first sends money to the second.
        Transfer(u32, u32),
        /// The oldest message in the channel from the first to the second is delivered.
        Deliver(u32, u32),
        /// All messages are delivered, the oldest first.
        DeliverAll,
        /// All messages are delivered, the newest first.
        DeliverNewest(u32, u32),
        /// Its timeout expires.
        GiveUp(u32),
    }
    use Event::{Deliver, DeliverAll, DeliverNewest, GiveUp, Snapshot as Take, Transfer as Pay};

    struct Network {
        processes: Vec<Process>,
        under_way: Vec<(NodeId, NodeId, Message<Transfer>)>,
        outputs: Vec<(NodeId, Output<Bank>)>,
    }

    impl Network {
        /// A network with those channels, in both directions.
        fn new(processes: u32, channels: &[(u32, u32)]) -> Self {
            let all = || (0..processes).map(NodeId);
            let new = |me: NodeId| {
                let neighbours = || {
                    let other = |&(a, b): &(u32, u32)| match me.0 {
                        me if me == a => Some(NodeId(b)),
                        me if me == b => Some(NodeId(a)),
                        _ => None,
                    };
                    channels.iter().filter_map(other)
                };
                let bank = Bank::new(me, neighbours().collect(), 100, Duration::ZERO, 1000);
                NaiveSnapshot::new(bank, me, neighbours(), all(), Duration::from_secs(1))
            };
            Self {
                processes: all().map(new).collect(),
                under_way: Vec::new(),
                outputs: Vec::new(),
            }
        }

        fn on_event(&mut self, event: Event) {
            match event {
                Take(who) => self.input(NodeId(who), Input::Command(Command::Snapshot)),
                Pay(from, to) => self.pay(NodeId(from), NodeId(to)),
                GiveUp(who) => {
                    let id = InstanceId {
                        by: NodeId(who),
                        number: 0,
                    };
                    self.input(NodeId(who), Input::Timer(Timer::GiveUp(id)));
                }
                Deliver(from, to) => {
                    let place = self.under_way.iter().position(on(from, to));
                    self.deliver(place.expect("a message is on that channel"));
                }
                DeliverNewest(from, to) => {
                    let place = self.under_way.iter().rposition(on(from, to));
                    self.deliver(place.expect("a message is on that channel"));
                }
                DeliverAll => {
                    while !self.under_way.is_empty() {
                        self.deliver(0);
                    }
                }
            }
        }

        fn deliver(&mut self, place: usize) {
            let (from, to, message) = self.under_way.remove(place);
            let message = Message::from_payload(message.to_payload()).unwrap();
            self.input(to, Input::Message { from, message });
        }

        /// Searches for a seed with which the random neighbour is the wanted one.
        fn pay(&mut self, from: NodeId, wanted: NodeId) {
            let input = || Input::Timer(Timer::Application(Due));
            let process = &mut self.processes[usize::from(from)];
            let goes_there = |seed: &u64| {
                let effects = step(&mut process.clone(), input(), *seed);
                let right = |effect: &_| matches!(effect, Effect::Send { to, .. } if *to == wanted);
                effects.iter().any(right)
            };
            let seed = (0..100).find(goes_there).expect("they are neighbours");
            let effects = step(process, input(), seed);
            self.on_effects(from, effects);
        }

        fn input(&mut self, me: NodeId, input: Input<Process>) {
            let effects = step(&mut self.processes[usize::from(me)], input, 0);
            self.on_effects(me, effects);
        }

        fn on_effects(&mut self, me: NodeId, effects: Vec<Effect<Process>>) {
            for effect in effects {
                match effect {
                    Effect::Send { to, message, .. } => self.under_way.push((me, to, message)),
                    Effect::Output(output) => self.outputs.push((me, output)),
                    Effect::SetTimer { .. } | Effect::CancelTimer { .. } | Effect::Persist => {}
                }
            }
        }

        /// The recorded balances, less the total at the start.
        fn error(&self) -> i64 {
            let balance = |(_, output): &(NodeId, Output<Bank>)| match output {
                Output::Recorded { state, .. } => Some(state.balance() as i64 - 100),
                _ => None,
            };
            self.outputs.iter().filter_map(balance).sum()
        }

        fn count(&self, kind: &str) -> usize {
            let is = |(_, output): &&(NodeId, Output<Bank>)| output.kind() == kind;
            self.outputs.iter().filter(is).count()
        }
    }

    fn on(from: u32, to: u32) -> impl Fn(&(NodeId, NodeId, Message<Transfer>)) -> bool {
        move |(a, b, _)| (a.0, b.0) == (from, to)
    }

    /// A name, the channels, the events, and whether the snapshot has less or more
    /// than the total at the start.
    type Case<'a> = (&'a str, &'a [(u32, u32)], &'a [Event], Ordering);

    const PAIR: &[(u32, u32)] = &[(0, 1)];
    const LINE: &[(u32, u32)] = &[(0, 1), (1, 2)];
    const TRIANGLE: &[(u32, u32)] = &[(0, 1), (0, 2), (1, 2)];

    #[test]
    fn messages_under_way_are_missing_and_overtaking_ones_count_twice() {
        use Ordering::{Equal, Greater, Less};
        let cases: &[Case] = &[
            ("nothing moves", LINE, &[Take(0), DeliverAll], Equal),
            (
                "it came before",
                PAIR,
                &[Pay(0, 1), DeliverAll, Take(1), DeliverAll],
                Equal,
            ),
            // The receiver records, then the message arrives.
            (
                "under way",
                PAIR,
                &[Pay(1, 0), Take(0), Deliver(1, 0), DeliverAll],
                Less,
            ),
            // In order, the question arrives before any message sent after it.
            ("in order", PAIR, &[Take(0), Pay(0, 1), DeliverAll], Equal),
            (
                "overtaken",
                PAIR,
                &[Take(0), Pay(0, 1), DeliverNewest(0, 1), DeliverAll],
                Greater,
            ),
            // 1 has recorded and pays 2, which the question of 0 reaches later.
            (
                "another path",
                TRIANGLE,
                &[Take(0), Deliver(0, 1), Pay(1, 2), Deliver(1, 2), DeliverAll],
                Greater,
            ),
        ];
        for (name, channels, events, expected) in cases {
            let processes = if channels.len() == 1 { 2 } else { 3 };
            let mut network = Network::new(processes, channels);
            for &event in *events {
                network.on_event(event);
            }
            assert_eq!(network.error().cmp(&0), *expected, "{name}");
            for kind in ["Recorded", "Finished"] {
                assert_eq!(network.count(kind), processes as usize, "{name}: {kind}");
            }
            assert_eq!(network.count("Complete"), 1, "{name}");
        }
    }

    #[test]
    fn all_processes_are_asked_in_any_connected_topology() {
        let star = (1..9).map(|leaf| (0, leaf)).collect();
        let ring = (0..9).map(|i| (i, (i + 1) % 9)).collect();
        let mesh = (0..9).flat_map(|i| (0..i).map(move |j| (j, i))).collect();
        let topologies: [(&str, Vec<_>); 3] = [("star", star), ("ring", ring), ("mesh", mesh)];
        for (name, channels) in topologies {
            for initiator in 0..9 {
                let mut network = Network::new(9, &channels);
                network.on_event(Take(initiator));
                network.on_event(DeliverAll);
                assert_eq!(network.count("Recorded"), 9, "{name} from {initiator}");
                assert_eq!(network.count("Complete"), 1, "{name} from {initiator}");
            }
        }
    }

    #[test]
    fn processes_that_do_not_answer_are_named() {
        let mut network = Network::new(3, LINE);
        network.on_event(Take(0));
        network.on_event(Deliver(0, 1));
        network.on_event(Deliver(1, 0));
        network.on_event(GiveUp(0));
        network.on_event(DeliverAll);
        let id = InstanceId {
            by: NodeId(0),
            number: 0,
        };
        let missing = vec![NodeId(2)];
        let aborted = (NodeId(0), Output::Aborted { id, missing });
        assert!(network.outputs.contains(&aborted));
        assert_eq!(network.count("Complete"), 0, "not after the abort");
    }
}
