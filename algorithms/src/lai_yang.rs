//! The Lai-Yang snapshot: a consistent cut without order in the channels.
//!
//! Ten H. Lai and Tao H. Yang, "On Distributed Snapshots", Information
//! Processing Letters 25(3), 1987. The counters are from Friedemann Mattern,
//! "Efficient Algorithms for Distributed Snapshots and Global Virtual Time
//! Approximation", Journal of Parallel and Distributed Computing 18(4), 1993.
//!
//! A marker separates the messages that were sent before its sender recorded
//! from those that were sent after, but only where nothing overtakes it (see
//! `chandy_lamport.rs`). Lai and Yang let each message say it itself. A process
//! is *white* until it records and *red* from then on, and a message has the
//! colour of its sender. A white process that receives a red message records
//! *before* it handles it: so no receipt is in the cut whose sending is not, in
//! whatever order messages come. A white message that comes to a red process
//! was in the channel.
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
//! N(N-1) in a full mesh, and one FINISHED for each process on each hop of its
//! way back to the initiator. What the missing order costs is on the
//! application's messages: each carries up to one number for each initiator,
//! also when no snapshot is under way.
//!
//! The whole algorithm is in this file. What it is asked and what it says is in
//! `snapshot.rs`, the same for all snapshot algorithms.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::snapshot::{Command, Output, Timer};
use crate::{Algorithm, Describe, Fields, Input, InstanceId, NodeId, Out};

/// How many snapshots a process records at once, at most, because it hears of
/// the last of them. A guess: as many as one initiator may start while one
/// message is on its way. What claims more is not believed.
const MAX_BEHIND: u32 = 1024;

/// What processes send each other. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message<M> {
    /// The sender has recorded its state.
    #[message(tag = 1)]
    Announce {
        /// For which snapshot.
        #[message(tag = 1)]
        #[describe(name = "snapshot")]
        id: InstanceId,
        /// How many messages of the application it had put into this channel.
        #[message(tag = 2)]
        sent: u64,
    },
    /// A process has recorded its state and its channels. On its way to the
    /// initiator.
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
    Application {
        /// What the application sent.
        #[message(tag = 2, application)]
        #[describe(flatten)]
        message: M,
        /// For which snapshots the sender had recorded.
        #[message(tag = 1)]
        #[describe(name = "recorded", with = ids)]
        colours: Colours,
    },
}

/// For which snapshots a process is red: of each initiator the latest, and all
/// before it.
pub type Colours = BTreeMap<NodeId, u32>;

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
    snapshots: BTreeMap<InstanceId, Snapshot<A::Message>>,
    /// Those of them whose channels may still hold white messages.
    open: BTreeSet<InstanceId>,
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
            open: BTreeSet::new(),
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
        let id = InstanceId {
            by: self.me,
            number: next(&self.colours, self.me),
        };
        self.record(id, None, out);
    }

    /// Records the state and turns red. What the application has sent by now,
    /// and nothing after, is announced as white.
    fn record(&mut self, id: InstanceId, parent: Option<NodeId>, out: &mut Out<Self>) {
        out.output(Output::Recorded {
            id,
            state: self.application.clone(),
        });
        self.colours.insert(id.by, id.number);
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
        self.open.insert(id);
        out.set_timer(Timer::GiveUp(id), self.patience);
        self.finish_if_all_came(id, out);
    }

    /// Records for whatever snapshots of `last.by` the sender is known
    /// to have recorded for, if this process has not.
    fn catch_up(&mut self, from: NodeId, last: InstanceId, out: &mut Out<Self>) {
        let InstanceId { by, number } = last;
        let next = next(&self.colours, by);
        // Snapshots of nobody's, or of this process that it did not start, are
        // made up.
        let made_up = by == self.me || !self.processes.contains(&by);
        if contain(&self.colours, last) || made_up || number - next >= MAX_BEHIND {
            return;
        }
        for number in next..=number {
            self.record(InstanceId { by, number }, Some(from), out);
        }
    }

    fn on_announce(&mut self, from: NodeId, id: InstanceId, sent: u64, out: &mut Out<Self>) {
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
        for (&by, &number) in colours {
            self.catch_up(from, InstanceId { by, number }, out);
        }
        let ids: Vec<InstanceId> = self.open.iter().copied().collect();
        for id in ids.into_iter().filter(|&id| !contain(colours, id)) {
            self.on_white(id, from, &message, out);
        }
        if let Some(counters) = self.neighbours.get_mut(&from) {
            counters.received += 1;
        }
        self.forward(Input::Message { from, message }, out);
    }

    /// A white message that comes to a red process was in the channel: sent
    /// before its sender recorded, received after we did.
    fn on_white(
        &mut self,
        id: InstanceId,
        from: NodeId,
        message: &A::Message,
        out: &mut Out<Self>,
    ) {
        if let Some(channel) = self.recording(id, from) {
            channel.white += 1;
            channel.messages.push(message.clone());
            self.close_if_empty(id, from, out);
        }
    }

    /// The channel from `from`, if it may still hold white messages.
    fn recording(&mut self, id: InstanceId, from: NodeId) -> Option<&mut Channel<A::Message>> {
        self.snapshots.get_mut(&id)?.recording.get_mut(&from)
    }

    /// A channel is done with when all white messages that were sent have come.
    /// More than were sent is a lie, and ends in an aborted snapshot.
    fn close_if_empty(&mut self, id: InstanceId, from: NodeId, out: &mut Out<Self>) {
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
    fn finish_if_all_came(&mut self, id: InstanceId, out: &mut Out<Self>) {
        let snapshot = self.snapshots.get_mut(&id).expect("it is under way");
        if !snapshot.recording.is_empty() {
            return;
        }
        let channels = std::mem::take(&mut snapshot.recorded);
        self.open.remove(&id);
        if snapshot.parent.is_some() {
            out.cancel_timer(Timer::GiveUp(id));
        }
        out.output(Output::Finished { id, channels });
        self.on_finished(id, self.me, out);
    }

    /// The news that a process has finished goes back along the way on which
    /// processes turned red, which is a tree with the initiator at its root.
    fn on_finished(&mut self, id: InstanceId, process: NodeId, out: &mut Out<Self>) {
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
    fn give_up(&mut self, id: InstanceId, out: &mut Out<Self>) {
        self.open.remove(&id);
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

fn contain(colours: &Colours, id: InstanceId) -> bool {
    colours.get(&id.by).is_some_and(|&last| id.number <= last)
}

/// The number of the initiator's first snapshot that is not recorded.
fn next(colours: &Colours, initiator: NodeId) -> u32 {
    let last = colours.get(&initiator);
    last.map_or(0, |last| last.saturating_add(1))
}

/// Of each initiator the latest.
fn ids(colours: &Colours) -> Vec<InstanceId> {
    let id = |(&by, &number)| InstanceId { by, number };
    colours.iter().map(id).collect()
}

impl<A: Algorithm> Describe for LaiYang<A> {
    fn describe(&self, fields: &mut Fields) {
        self.application.describe(fields);
        let recording =
            |(_, snapshot): &(&InstanceId, &Snapshot<_>)| !snapshot.recording.is_empty();
        let under_way = self.snapshots.iter().filter(recording);
        fields.integer("recording", under_way.count());
    }
}

#[cfg(test)]
mod tests;
