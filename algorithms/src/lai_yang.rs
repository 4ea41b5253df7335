//! The Lai-Yang snapshot: a consistent cut without order in the channels.
//!
//! Ten H. Lai and Tao H. Yang, "On Distributed Snapshots", Information
//! Processing Letters 25(3), 1987. The counters are from Friedemann Mattern,
//! "Efficient Algorithms for Distributed Snapshots and Global Virtual Time
//! Approximation", Journal of Parallel and Distributed Computing 18(4), 1993.
//!
//! A marker parts the messages that were sent before its sender recorded from
//! those that were sent after, but only where nothing overtakes it (see
//! `chandy_lamport.rs`). Lai and Yang let each message say it itself. A
//! process is *white* until it records and *red* from then on, and a message
//! has the colour of its sender. A white process that receives a red message
//! records *before* it handles it: so no receipt is in the cut whose sending is
//! not, in whatever order messages come. A white message that comes to a red
//! process was in the channel.
//!
//! Two things are left to find out, and both are told by an *announcement*
//! that a process sends to its neighbours when it records. That there is a
//! snapshot at all: it might be long before a red message comes by itself. And
//! when a channel is empty of white messages: the announcement says how many
//! the sender has put into it (Mattern's counter), and the receiver counts
//! them. Lai and Yang instead keep all messages ever sent and received, and
//! subtract.
//!
//! Each snapshot has its colours. As an initiator starts its snapshots one
//! after the other, a process that hears of one records those before it too,
//! if it has not yet. A message's colours then fit into one number for each
//! initiator, however many snapshots there are.
//!
//! What it needs: channels that lose and double nothing, every process to be
//! reachable from the initiator, and nobody to crash. Not needed: order.
//!
//! Cost: as for Chandy and Lamport, one announcement on each directed channel,
//! N(N-1) in a full mesh, and one message for each process on each hop of its
//! way back to the initiator. What the missing order costs is on the
//! application's messages: each carries up to one number for each initiator,
//! also when no snapshot is under way.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proto::Bytes;
use proto::prost::Message as _;
use proto::v1::{self, lai_yang::Body};

use crate::snapshot::{Command, Id, Output};
use crate::{Algorithm, Describe, Fields, Input, NodeId, Out, Role};

/// How many snapshots a process records at once, at most, because it hears of
/// the last of them. A guess: as many as one initiator may start while one
/// message is on its way. What claims more is not believed.
const MAX_BEHIND: u32 = 1024;

/// What processes send each other. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message<M> {
    /// The sender has recorded its state.
    Announce {
        /// For which snapshot.
        id: Id,
        /// How many messages of the application it had put into this channel.
        sent: u64,
    },
    /// A process has recorded its state and its channels. On its way to the
    /// initiator.
    Finished {
        /// For which snapshot.
        id: Id,
        /// Who has.
        process: NodeId,
    },
    /// The application's own.
    Application {
        /// For which snapshots the sender had recorded.
        colours: Colours,
        /// What the application sent.
        message: M,
    },
}

/// For which snapshots a process is red: of each initiator the latest, and all
/// before it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Colours(BTreeMap<NodeId, u32>);

/// Timers, the application's among them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer<T> {
    /// Somebody has not answered.
    GiveUp(Id),
    /// The application's own.
    Application(T),
}

/// The state of one process, the application's included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LaiYang<A: Algorithm> {
    application: A,
    me: NodeId,
    /// Channels lead to these and come from these.
    neighbours: BTreeMap<NodeId, Counters>,
    /// All of the run: as an initiator, it waits for each.
    processes: BTreeSet<NodeId>,
    /// How long to wait for the others.
    patience: Duration,
    /// The colours of what the application sends now.
    colours: Colours,
    /// The snapshots that this process has recorded its state for.
    snapshots: BTreeMap<Id, Snapshot<A::Message>>,
}

/// How many messages of the application went over the two channels to and from
/// a neighbour since the start, whatever their colours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
struct Counters {
    sent: u64,
    received: u64,
}

/// A snapshot, from recording the state on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Snapshot<M> {
    /// From whom the first announcement or red message came; nobody, at the
    /// initiator.
    parent: Option<NodeId>,
    /// Channels that may still hold white messages.
    recording: BTreeMap<NodeId, Channel<M>>,
    /// Channels that held white messages and are empty of them now.
    recorded: Vec<(NodeId, Vec<M>)>,
    /// At the initiator: who has not finished.
    missing: BTreeSet<NodeId>,
}

/// A channel that leads here and is being recorded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Channel<M> {
    /// How many white messages have come on it since the start.
    white: u64,
    /// How many were sent, once that is announced.
    announced: Option<u64>,
    /// Those that came after this process recorded its state.
    messages: Vec<M>,
}

impl<A: Algorithm> LaiYang<A> {
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
            neighbours: neighbours
                .into_iter()
                .map(|neighbour| (neighbour, Counters::default()))
                .collect(),
            processes: processes.into_iter().collect(),
            patience,
            colours: Colours::default(),
            snapshots: BTreeMap::new(),
        }
    }

    /// The application below.
    pub fn application(&self) -> &A {
        &self.application
    }
}

impl<A: Algorithm> Algorithm for LaiYang<A> {
    type Message = Message<A::Message>;
    type Timer = Timer<A::Timer>;
    type Command = Command<A::Command>;
    type Output = Output<A>;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.forward(Input::Start, out);
    }

    fn on_command(&mut self, command: Self::Command, out: &mut Out<Self>) {
        match command {
            Command::Snapshot => self.initiate(out),
            Command::Application(command) => self.forward(Input::Command(command), out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        match message {
            Message::Announce { id, sent } => self.on_announce(from, id, sent, out),
            Message::Finished { id, process } => self.on_finished(id, process, out),
            Message::Application { colours, message } => {
                self.on_application(from, &colours, message, out);
            }
        }
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
            Timer::Application(timer) => A::begins_operation(timer),
        }
    }
}

impl<A: Algorithm> LaiYang<A> {
    fn initiate(&mut self, out: &mut Out<Self>) {
        let id = Id {
            initiator: self.me,
            number: self.colours.next(self.me),
        };
        self.record(id, None, out);
    }

    /// Records the state and turns red. What the application has sent by now,
    /// and nothing after, is announced as white.
    fn record(&mut self, id: Id, parent: Option<NodeId>, out: &mut Out<Self>) {
        out.output(Output::Recorded {
            id,
            state: self.application.clone(),
        });
        self.colours.add(id);
        for (&to, &Counters { sent, .. }) in &self.neighbours {
            out.send(to, Message::Announce { id, sent });
        }
        // All that came so far was white: a red message would have come after
        // the record that it set off.
        let channel = |(&from, counters): (&NodeId, &Counters)| {
            let channel = Channel {
                white: counters.received,
                announced: None,
                messages: Vec::new(),
            };
            (from, channel)
        };
        let snapshot = Snapshot {
            parent,
            recording: self.neighbours.iter().map(channel).collect(),
            recorded: Vec::new(),
            missing: parent.map_or_else(|| self.processes.clone(), |_| BTreeSet::new()),
        };
        self.snapshots.insert(id, snapshot);
        out.set_timer(Timer::GiveUp(id), self.patience);
        self.finish_if_all_came(id, out);
    }

    /// Records for whatever snapshots of `last.initiator` the sender is known
    /// to have recorded for, if this process has not.
    fn catch_up(&mut self, from: NodeId, last: Id, out: &mut Out<Self>) {
        let Id { initiator, number } = last;
        let next = self.colours.next(initiator);
        // Snapshots of nobody's, or of this process that it did not start, are
        // made up.
        let made_up = initiator == self.me || !self.processes.contains(&initiator);
        if self.colours.contain(last) || made_up || number - next >= MAX_BEHIND {
            return;
        }
        for number in next..=number {
            self.record(Id { initiator, number }, Some(from), out);
        }
    }

    fn on_announce(&mut self, from: NodeId, id: Id, sent: u64, out: &mut Out<Self>) {
        self.catch_up(from, id, out);
        if let Some(channel) = self.recording(id, from) {
            // A second announcement is no honest one. It changes nothing.
            channel.announced.get_or_insert(sent);
            self.close_if_empty(id, from, out);
        }
    }

    /// A message is red for some snapshots and white for the others.
    fn on_application(
        &mut self,
        from: NodeId,
        colours: &Colours,
        message: A::Message,
        out: &mut Out<Self>,
    ) {
        for last in colours.ids() {
            self.catch_up(from, last, out);
        }
        let ids: Vec<Id> = self.snapshots.keys().copied().collect();
        for id in ids.into_iter().filter(|&id| !colours.contain(id)) {
            self.on_white(id, from, &message, out);
        }
        if let Some(counters) = self.neighbours.get_mut(&from) {
            counters.received += 1;
        }
        self.forward(Input::Message { from, message }, out);
    }

    /// A white message that comes to a red process was in the channel: sent
    /// before its sender recorded, received after we did.
    fn on_white(&mut self, id: Id, from: NodeId, message: &A::Message, out: &mut Out<Self>) {
        if let Some(channel) = self.recording(id, from) {
            channel.white += 1;
            channel.messages.push(message.clone());
            self.close_if_empty(id, from, out);
        }
    }

    /// The channel from `from`, if it may still hold white messages.
    fn recording(&mut self, id: Id, from: NodeId) -> Option<&mut Channel<A::Message>> {
        self.snapshots.get_mut(&id)?.recording.get_mut(&from)
    }

    /// A channel is done with when all white messages that were sent have come.
    /// More than were sent is a lie, and ends in an aborted snapshot.
    fn close_if_empty(&mut self, id: Id, from: NodeId, out: &mut Out<Self>) {
        let snapshot = self.snapshots.get_mut(&id).expect("it is under way");
        let empty = |channel: &Channel<_>| channel.announced == Some(channel.white);
        if !snapshot.recording.get(&from).is_some_and(empty) {
            return;
        }
        if let Some(Channel { messages, .. }) = snapshot.recording.remove(&from)
            && !messages.is_empty()
        {
            snapshot.recorded.push((from, messages));
        }
        self.finish_if_all_came(id, out);
    }

    /// This process's part is done when no channel holds white messages.
    fn finish_if_all_came(&mut self, id: Id, out: &mut Out<Self>) {
        let snapshot = self.snapshots.get_mut(&id).expect("it is under way");
        if !snapshot.recording.is_empty() {
            return;
        }
        let channels = std::mem::take(&mut snapshot.recorded);
        if snapshot.parent.is_some() {
            out.cancel_timer(Timer::GiveUp(id));
        }
        out.output(Output::Finished { id, channels });
        self.on_finished(id, self.me, out);
    }

    /// The news that a process has finished goes back along the way on which
    /// processes turned red, which is a tree with the initiator at its root.
    fn on_finished(&mut self, id: Id, process: NodeId, out: &mut Out<Self>) {
        match self.snapshots.get_mut(&id) {
            Some(Snapshot {
                parent: Some(parent),
                ..
            }) => {
                out.send(*parent, Message::Finished { id, process });
            }
            Some(Snapshot { missing, .. }) => {
                let news = missing.remove(&process);
                if news && missing.is_empty() {
                    out.cancel_timer(Timer::GiveUp(id));
                    out.output(Output::Complete { id });
                }
            }
            None => {} // Made up: there is no such snapshot here.
        }
    }

    /// What has not come by now is not waited for. The snapshot has failed.
    fn give_up(&mut self, id: Id, out: &mut Out<Self>) {
        if let Some(snapshot) = self.snapshots.get_mut(&id) {
            let not_empty = std::mem::take(&mut snapshot.recording).into_keys();
            let missing: BTreeSet<_> = match snapshot.parent {
                None => std::mem::take(&mut snapshot.missing),
                Some(_) => not_empty.collect(),
            };
            let missing = missing.into_iter().collect();
            out.output(Output::Aborted { id, missing });
        }
    }

    /// Lets the application handle an input. What it sends is counted and gets
    /// this process's colours.
    fn forward(&mut self, input: Input<A>, out: &mut Out<Self>) {
        let (neighbours, colours) = (&mut self.neighbours, &self.colours);
        out.forward(
            &mut self.application,
            input,
            |to, message| {
                if let Some(counters) = neighbours.get_mut(&to) {
                    counters.sent += 1;
                }
                let colours = colours.clone();
                Message::Application { colours, message }
            },
            Timer::Application,
            Output::Application,
        );
    }
}

impl Colours {
    fn contain(&self, id: Id) -> bool {
        let last = self.0.get(&id.initiator);
        last.is_some_and(|&last| id.number <= last)
    }

    fn add(&mut self, id: Id) {
        self.0.insert(id.initiator, id.number);
    }

    /// The number of the initiator's first snapshot that is not recorded.
    fn next(&self, initiator: NodeId) -> u32 {
        let last = self.0.get(&initiator);
        last.map_or(0, |last| last.saturating_add(1))
    }

    /// Of each initiator the latest.
    fn ids(&self) -> impl Iterator<Item = Id> {
        self.0
            .iter()
            .map(|(&initiator, &number)| Id { initiator, number })
    }
}

impl FromIterator<Id> for Colours {
    fn from_iter<T: IntoIterator<Item = Id>>(ids: T) -> Self {
        let last = |Id { initiator, number }| (initiator, number);
        Self(ids.into_iter().map(last).collect())
    }
}

impl<M: crate::Message> crate::Message for Message<M> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Announce { .. } => "ANNOUNCE",
            Self::Finished { .. } => "FINISHED",
            Self::Application { message, .. } => message.kind(),
        }
    }

    fn role(&self) -> Role {
        match self {
            Self::Announce { .. } | Self::Finished { .. } => Role::OneWay,
            Self::Application { message, .. } => message.role(),
        }
    }

    fn to_payload(&self) -> Bytes {
        let body = Some(match self {
            &Self::Announce { id, sent } => Body::Announce(v1::Announce {
                id: Some(id.into()),
                sent,
            }),
            Self::Finished { id, process } => Body::Finished(v1::Finished {
                id: Some((*id).into()),
                process: process.0,
            }),
            Self::Application { colours, message } => Body::Application(v1::Coloured {
                recorded: colours.ids().map(Into::into).collect(),
                message: message.to_payload(),
            }),
        });
        v1::LaiYang { body }.encode_to_vec().into()
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        Some(match v1::LaiYang::decode(payload).ok()?.body? {
            Body::Announce(v1::Announce { id, sent }) => Self::Announce {
                id: id?.into(),
                sent,
            },
            Body::Finished(v1::Finished { id, process }) => Self::Finished {
                id: id?.into(),
                process: NodeId(process),
            },
            Body::Application(v1::Coloured { recorded, message }) => Self::Application {
                colours: recorded.into_iter().map(Id::from).collect(),
                message: M::from_payload(message)?,
            },
        })
    }
}

impl<M: Describe> Describe for Message<M> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Announce { id, sent } => {
                fields.text("snapshot", id);
                fields.integer("sent", *sent);
            }
            Self::Finished { id, process } => {
                fields.text("snapshot", id);
                fields.text("process", process);
            }
            Self::Application { colours, message } => {
                message.describe(fields);
                fields.list("recorded", colours.ids());
            }
        }
    }
}

impl<A: Algorithm> Describe for LaiYang<A> {
    fn describe(&self, fields: &mut Fields) {
        self.application.describe(fields);
        let recording = |(_, snapshot): &(&Id, &Snapshot<_>)| !snapshot.recording.is_empty();
        let under_way = self.snapshots.iter().filter(recording);
        fields.list("recording", under_way.map(|(id, _)| id));
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;
    use crate::bank::{Bank, Due, Transfer};
    use crate::{Effect, Message as _, step};

    type Process = LaiYang<Bank>;
    type Packet = (NodeId, NodeId, Message<Transfer>);

    /// A name, how many processes, and the channels between them.
    type Topology = (&'static str, u32, Vec<(u32, u32)>);

    const START: u64 = 50;

    /// Which message under way comes next.
    #[derive(Clone, Copy, Debug)]
    enum Order {
        Oldest,
        Newest,
        Random,
    }

    /// What was seen of the run from outside: each entry has its place in it.
    #[derive(Clone, Debug)]
    enum Seen {
        Sent(NodeId, NodeId, Transfer),
        Received(Transfer),
        Said(NodeId, Output<Bank>),
    }

    struct Network {
        processes: Vec<Process>,
        under_way: Vec<Packet>,
        /// Who may make a transfer.
        due: Vec<NodeId>,
        seen: Vec<Seen>,
        rng: ChaCha8Rng,
    }

    impl Network {
        /// A network with those channels, in both directions.
        fn new(processes: u32, channels: &[(u32, u32)], limit: u64, seed: u64) -> Self {
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
                let bank = Bank::new(me, neighbours().collect(), START, Duration::ZERO, limit);
                LaiYang::new(bank, me, neighbours(), all(), Duration::from_secs(1))
            };
            let mut network = Self {
                processes: all().map(new).collect(),
                under_way: Vec::new(),
                due: Vec::new(),
                seen: Vec::new(),
                rng: ChaCha8Rng::seed_from_u64(seed),
            };
            for me in all() {
                network.input(me, Input::Start);
            }
            network
        }

        fn input(&mut self, me: NodeId, input: Input<Process>) {
            let seed = self.rng.random();
            for effect in step(&mut self.processes[usize::from(me)], input, seed) {
                match effect {
                    Effect::Send { to, message, .. } => {
                        if let Message::Application { message, .. } = &message {
                            self.seen.push(Seen::Sent(me, to, message.clone()));
                        }
                        self.under_way.push((me, to, message));
                    }
                    Effect::SetTimer {
                        timer: Timer::Application(Due),
                        ..
                    } => self.due.push(me),
                    Effect::Output(output) => self.seen.push(Seen::Said(me, output)),
                    Effect::SetTimer { .. } | Effect::CancelTimer { .. } => {}
                }
            }
        }

        fn deliver(&mut self, place: usize) {
            let (from, to, message) = self.under_way.remove(place);
            let message = Message::<Transfer>::from_payload(message.to_payload()).unwrap();
            // Recording comes before handling: the outputs of the step do, too.
            let received = match &message {
                Message::Application { message, .. } => Some(Seen::Received(message.clone())),
                Message::Announce { .. } | Message::Finished { .. } => None,
            };
            self.input(to, Input::Message { from, message });
            self.seen.extend(received);
        }

        fn deliver_next(&mut self, order: Order) {
            let place = match order {
                Order::Oldest => 0,
                Order::Newest => self.under_way.len() - 1,
                Order::Random => self.rng.random_range(0..self.under_way.len()),
            };
            self.deliver(place);
        }

        fn take_snapshot(&mut self, initiator: NodeId) {
            self.input(initiator, Input::Command(Command::Snapshot));
        }

        fn transfer(&mut self, who: NodeId) {
            self.input(who, Input::Timer(Timer::Application(Due)));
        }

        /// Lets transfers, deliveries and the snapshots of those initiators
        /// happen in a random mixture, until nothing more can.
        fn run(&mut self, order: Order, mut initiators: Vec<NodeId>) {
            for steps in 0.. {
                // Who has nothing left would try for ever.
                if steps == 500 {
                    self.due.clear();
                }
                let due = self.due.len();
                let (under_way, waiting) = (self.under_way.len(), initiators.len());
                if due + under_way + waiting == 0 {
                    return;
                }
                let choice = self.rng.random_range(0..2 * due + under_way + waiting);
                if choice < 2 * due {
                    let who = self.due.swap_remove(choice / 2);
                    self.transfer(who);
                } else if choice < 2 * due + under_way {
                    self.deliver_next(order);
                } else if let Some(initiator) = initiators.pop() {
                    self.take_snapshot(initiator);
                }
            }
        }

        /// How often a process said something of that kind about a snapshot.
        fn count(&self, kind: &str, id: Id) -> usize {
            let is = |seen: &&Seen| match seen {
                Seen::Said(_, output) => {
                    use crate::Output as _;
                    let snapshot = output.fields();
                    let snapshot = snapshot.get_text("snapshot");
                    output.kind() == kind && snapshot == Some(id.to_string().as_str())
                }
                Seen::Sent(..) | Seen::Received(_) => false,
            };
            self.seen.iter().filter(is).count()
        }

        /// What the channels held in the snapshot, with the receivers.
        fn channels(&self, id: Id) -> Vec<(NodeId, NodeId, Transfer)> {
            let mut all = Vec::new();
            for seen in &self.seen {
                if let Seen::Said(to, Output::Finished { id: of, channels }) = seen
                    && *of == id
                {
                    for (from, messages) in channels {
                        let messages = messages.iter().cloned();
                        all.extend(messages.map(|message| (*from, *to, message)));
                    }
                }
            }
            all.sort();
            all
        }

        /// Where in the run each process recorded.
        fn cut(&self, id: Id) -> BTreeMap<NodeId, usize> {
            let record = |(place, seen): (usize, &Seen)| match seen {
                Seen::Said(me, Output::Recorded { id: of, .. }) if *of == id => Some((*me, place)),
                _ => None,
            };
            self.seen.iter().enumerate().filter_map(record).collect()
        }

        /// Compares a snapshot with what was seen.
        fn check(&self, id: Id, case: &str) {
            let all = self.processes.len();
            assert_eq!(self.count("Recorded", id), all, "{case} {id}");
            assert_eq!(self.count("Finished", id), all, "{case} {id}");
            assert_eq!(self.count("Complete", id), 1, "{case} {id}");
            let cut = self.cut(id);
            let received = |wanted: &Transfer| {
                let is = |seen: &Seen| matches!(seen, Seen::Received(it) if it == wanted);
                self.seen.iter().position(is).expect("nothing is lost")
            };
            let mut expected = Vec::new();
            for (place, seen) in self.seen.iter().enumerate() {
                if let Seen::Sent(from, to, transfer) = seen {
                    let sent_before = place < cut[from];
                    let received_before = received(transfer) < cut[to];
                    assert!(sent_before || !received_before, "{case} {id}: an orphan");
                    if sent_before && !received_before {
                        expected.push((*from, *to, transfer.clone()));
                    }
                }
            }
            expected.sort();
            let channels = self.channels(id);
            assert_eq!(channels, expected, "{case} {id}");
            let amounts = channels.iter().map(|(_, _, transfer)| transfer.amount);
            let total = self.balances(id) + amounts.sum::<u64>();
            assert_eq!(total, START * all as u64, "{case} {id}");
        }

        fn balances(&self, id: Id) -> u64 {
            let balance = |seen: &Seen| match seen {
                Seen::Said(_, Output::Recorded { id: of, state }) if *of == id => {
                    Some(state.balance())
                }
                _ => None,
            };
            self.seen.iter().filter_map(balance).sum()
        }
    }

    fn topologies() -> Vec<Topology> {
        vec![
            ("alone", 1, vec![]),
            ("pair", 2, vec![(0, 1)]),
            ("line", 4, vec![(0, 1), (1, 2), (2, 3)]),
            ("ring", 5, (0..5).map(|i| (i, (i + 1) % 5)).collect()),
            ("star", 5, (1..5).map(|leaf| (0, leaf)).collect()),
            (
                "mesh",
                4,
                (0..4).flat_map(|i| (0..i).map(move |j| (j, i))).collect(),
            ),
        ]
    }

    fn id(initiator: u32, number: u32) -> Id {
        Id {
            initiator: NodeId(initiator),
            number,
        }
    }

    #[test]
    fn snapshots_are_right_in_any_order() {
        let mut held_some = 0;
        for (name, processes, channels) in topologies() {
            for order in [Order::Oldest, Order::Newest, Order::Random] {
                for seed in 0..60 {
                    let case = format!("{name}, {order:?}, seed {seed}:");
                    let mut network = Network::new(processes, &channels, 20, seed);
                    let last = NodeId(processes - 1);
                    // Three of one initiator and two of another.
                    let initiators = vec![NodeId(0), last, NodeId(0), last, NodeId(0)];
                    network.run(order, initiators);
                    let ids: BTreeSet<_> = match last {
                        NodeId(0) => (0..5).map(|number| id(0, number)).collect(),
                        NodeId(last) => (0..3)
                            .map(|number| id(0, number))
                            .chain((0..2).map(|number| id(last, number)))
                            .collect(),
                    };
                    for id in ids {
                        network.check(id, &case);
                        held_some += usize::from(!network.channels(id).is_empty());
                    }
                }
            }
        }
        assert!(held_some > 1000, "else nothing was tested: {held_some}");
    }

    #[test]
    fn a_message_is_in_the_channel_if_it_is_white_and_comes_to_a_red_one() {
        // 0 takes the snapshot. How many payments 1 makes before it hears of it,
        // in which order they and its announcement then come, and how many are
        // in the channel.
        let cases: [(usize, &[usize], usize); 5] = [
            (0, &[0], 0),
            (1, &[0, 0], 1),
            (1, &[1, 0], 1),
            (3, &[0, 0, 0, 0], 3),
            (3, &[3, 1, 0, 0], 3),
        ];
        for (payments, order, held) in cases {
            let mut network = Network::new(2, &[(0, 1)], 100, 1);
            for _ in 0..payments {
                network.transfer(NodeId(1));
            }
            network.take_snapshot(NodeId(0));
            // 1 answers with its own announcement, and with the news that it has
            // finished, which does not matter here.
            network.deliver(payments);
            network.under_way.truncate(payments + 1);
            for (i, &place) in order.iter().enumerate() {
                let before = network.channels(id(0, 0)).len();
                assert_eq!(before, 0, "finished after {i} of {order:?}");
                network.deliver(place);
            }
            let channels = network.channels(id(0, 0));
            assert_eq!(channels.len(), held, "{payments} {order:?}");
        }
    }

    #[test]
    fn a_red_message_that_overtakes_the_announcement_is_recorded_for_first() {
        let mut network = Network::new(2, &[(0, 1)], 100, 1);
        network.take_snapshot(NodeId(0));
        network.take_snapshot(NodeId(0));
        network.transfer(NodeId(0));
        network.deliver(2);
        // One message tells of both, and is part of neither.
        for number in [0, 1] {
            let cut = network.cut(id(0, number));
            assert!(cut.contains_key(&NodeId(1)));
        }
        while !network.under_way.is_empty() {
            network.deliver_next(Order::Newest);
        }
        for number in [0, 1] {
            network.check(id(0, number), "overtaken");
            assert_eq!(network.channels(id(0, number)), []);
        }
    }

    #[test]
    fn a_message_that_never_comes_aborts_the_snapshot() {
        let mut network = Network::new(2, &[(0, 1)], 100, 1);
        network.transfer(NodeId(1));
        network.under_way.clear();
        network.take_snapshot(NodeId(0));
        while !network.under_way.is_empty() {
            network.deliver_next(Order::Oldest);
        }
        assert_eq!(network.count("Complete", id(0, 0)), 0);
        network.input(NodeId(0), Input::Timer(Timer::GiveUp(id(0, 0))));
        let Some(Seen::Said(_, output)) = network.seen.last() else {
            panic!("{:?}", network.seen);
        };
        let missing = vec![NodeId(0)];
        let id = id(0, 0);
        assert_eq!(*output, Output::Aborted { id, missing });
    }

    #[test]
    fn what_liars_send_is_not_recorded_for() {
        let (me, liar) = (NodeId(0), NodeId(1));
        let cases = [
            ("of nobody", id(7, 0)),
            ("of the process itself", id(0, 0)),
            ("of far too many", id(1, u32::MAX)),
        ];
        for (name, id) in cases {
            let transfer = Transfer {
                from: liar,
                number: 0,
                amount: 1,
            };
            let messages = [
                Message::Announce { id, sent: 0 },
                Message::Finished { id, process: liar },
                Message::Application {
                    colours: [id].into_iter().collect(),
                    message: transfer,
                },
            ];
            for message in messages {
                let mut network = Network::new(2, &[(0, 1)], 100, 1);
                let from = liar;
                network.input(me, Input::Message { from, message });
                assert!(network.seen.is_empty(), "{name}: {:?}", network.seen);
            }
        }
    }

    #[test]
    fn messages_travel_and_describe_themselves() {
        let transfer = Transfer {
            from: NodeId(1),
            number: 2,
            amount: 3,
        };
        let cases = [
            (
                Message::Announce {
                    id: id(4, 5),
                    sent: 6,
                },
                "ANNOUNCE",
                "snapshot=4/5 sent=6",
            ),
            (
                Message::Finished {
                    id: id(4, 5),
                    process: NodeId(6),
                },
                "FINISHED",
                "snapshot=4/5 process=peer-06",
            ),
            (
                Message::Application {
                    colours: [id(4, 5), id(0, 1)].into_iter().collect(),
                    message: transfer,
                },
                "TRANSFER",
                "id=1/2 amount=3 recorded=[0/1, 4/5]",
            ),
        ];
        for (message, kind, text) in cases {
            assert_eq!(message.kind(), kind);
            assert_eq!(message.fields().to_string(), text);
            let payload = message.to_payload();
            assert_eq!(Message::from_payload(payload), Some(message));
        }
        for bytes in [&b""[..], b"\xff\xff", b"\x0a\x00", b"\x1a\x00"] {
            let message = Message::<Transfer>::from_payload(Bytes::from_static(bytes));
            assert_eq!(message, None);
        }
    }
}
