//! How not to take a snapshot: ask everybody for their state. Wrong on purpose.
//!
//! The initiator asks its neighbours, they ask theirs whom nobody has asked,
//! and each tells its state when the question comes. That no two look at the
//! same instant is not the trouble: Chandy and Lamport's processes do not
//! either. There are two others.
//!
//! **What is on its way is in nobody's state.** A message that was sent before
//! its sender recorded, and comes after its receiver did, is missing: `Finished`
//! names no channels at all. The sum over the snapshot is too small. A checker
//! finds channel states that lack messages, and a total that is short of them.
//!
//! **What is received may never have been sent.** The question goes one way
//! and the messages go others. A process that has recorded sends a message to
//! one whom the question has not reached, which counts it among what it has,
//! and then records. Its sender, in the snapshot, has it still. The sum is too
//! large, and this state could not have been at any time: an effect without its
//! cause. A checker finds an *orphan*, a receipt before the cut whose sending is
//! after it, and vector clocks that know more of a process than it knew of
//! itself. It takes a triangle of channels, as in a full mesh, or a channel
//! without order, where the message overtakes the question.
//!
//! Both at once may cancel, and the sum be right while the snapshot is wrong:
//! add up nothing without looking at the messages. And where nothing is under
//! way the snapshot is right, so that a test on a quiet system shows nothing.
//!
//! The remedy is in `chandy_lamport.rs`: put the question into *every* channel,
//! before whatever is sent next, and count what comes before it.
//!
//! What it needs to be right: a system that stands still, which is the very
//! thing that a snapshot is to do without.
//!
//! Cost: in a full mesh N-1 questions and N-1 answers, where a right one takes
//! N(N-1) markers. It is what the error saves.
//!
//! The whole algorithm is in this file. What it is asked and what it says is in
//! `snapshot.rs`, the same for all snapshot algorithms.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::snapshot::{Output, Report, SnapshotAlgorithm, Timer};
use crate::{Algorithm, Describe, Fields, Input, InstanceId, NodeId, Out};

/// What processes send each other. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message<M> {
    /// What is your state?
    #[message(tag = 1)]
    Request {
        /// For which snapshot.
        #[message(tag = 1)]
        #[describe(name = "snapshot")]
        id: InstanceId,
        /// Whom nobody need ask any more.
        #[message(tag = 2)]
        asked: BTreeSet<NodeId>,
    },
    /// A process has recorded its state. On its way to the initiator.
    #[message(tag = 2)]
    Finished {
        /// For which snapshot.
        #[message(tag = 1)]
        #[describe(name = "snapshot")]
        id: InstanceId,
        /// Who has.
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
    /// Channels lead to these and come from these.
    neighbours: BTreeSet<NodeId>,
    /// All of the run: as an initiator, it waits for each.
    processes: BTreeSet<NodeId>,
    /// How long to wait for the others.
    patience: Duration,
    /// As an initiator: the number of the next snapshot.
    next: u32,
    /// The snapshots that this process has recorded its state for: where the news of
    /// each goes.
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
            // The first error: whether it was under way is of no concern here.
            Message::Application(message) => self.forward(Input::Message { from, message }, out),
        }
    }

    /// Who has not answered by now is not waited for. The snapshot has failed.
    fn give_up(&mut self, id: InstanceId, out: &mut Out<Self>) {
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
        // Two neighbours may have asked, neither knowing of the other.
        if !self.snapshots.contains_key(&id) {
            self.record(id, Report::To(from), asked, out);
        }
    }

    /// Records the state, asks on, and has finished: that is all.
    fn record(
        &mut self,
        id: InstanceId,
        report: Report,
        mut asked: BTreeSet<NodeId>,
        out: &mut Out<Self>,
    ) {
        let state = self.application.clone();
        out.output(Output::Recorded { id, state });
        // The second error: into a channel to one who is asked by another goes
        // nothing that would part what is sent before from what is sent after.
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

    /// What happens next, by process number.
    #[derive(Clone, Copy, Debug)]
    enum Event {
        /// It starts a snapshot.
        Snapshot(u32),
        /// The one sends money to the other.
        Transfer(u32, u32),
        /// The oldest message in the channel from the one to the other comes.
        Deliver(u32, u32),
        /// So does every other, the oldest first.
        DeliverAll,
        /// The newest comes first.
        DeliverNewest(u32, u32),
        /// It waits no more.
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

        /// With some seed the random neighbour is the wanted one.
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
                    Effect::SetTimer { .. } | Effect::CancelTimer { .. } => {}
                }
            }
        }

        /// The recorded balances, less what there was.
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

    /// A name, the channels, what happens, and whether there is less or more in
    /// the snapshot than there was.
    type Case<'a> = (&'a str, &'a [(u32, u32)], &'a [Event], Ordering);

    const PAIR: &[(u32, u32)] = &[(0, 1)];
    const LINE: &[(u32, u32)] = &[(0, 1), (1, 2)];
    const TRIANGLE: &[(u32, u32)] = &[(0, 1), (0, 2), (1, 2)];

    #[test]
    fn what_is_under_way_is_missing_and_what_overtakes_is_there_twice() {
        use Ordering::{Equal, Greater, Less};
        let cases: &[Case] = &[
            ("nothing moves", LINE, &[Take(0), DeliverAll], Equal),
            (
                "it came before",
                PAIR,
                &[Pay(0, 1), DeliverAll, Take(1), DeliverAll],
                Equal,
            ),
            // The receiver records, then the message comes.
            (
                "under way",
                PAIR,
                &[Pay(1, 0), Take(0), Deliver(1, 0), DeliverAll],
                Less,
            ),
            // In order, the question comes before what is sent after it.
            ("in order", PAIR, &[Take(0), Pay(0, 1), DeliverAll], Equal),
            (
                "overtaken",
                PAIR,
                &[Take(0), Pay(0, 1), DeliverNewest(0, 1), DeliverAll],
                Greater,
            ),
            // 1 has recorded and pays 2, whom the question of 0 reaches later.
            (
                "another way",
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
    fn everybody_is_asked_in_any_connected_topology() {
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
    fn who_does_not_answer_is_named() {
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
        assert_eq!(network.count("Complete"), 0, "not after it was given up");
    }
}
