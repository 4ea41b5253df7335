//! The Chandy-Lamport snapshot: what is the state of a system that never
//! stands still?
//!
//! K. Mani Chandy and Leslie Lamport, "Distributed Snapshots: Determining
//! Global States of Distributed Systems", ACM TOCS 3(1), 1985.
//!
//! Nobody can look at all processes in the same instant. But it is enough to
//! record them along a *consistent cut*: whenever the receipt of a message is
//! recorded, so is its sending. The system may never have been in such a state,
//! and yet it could have been: it can be reached from the state in which the
//! snapshot began, and the state in which it ends can be reached from it
//! (theorem 1 of the paper).
//!
//! The trick is a *marker* that travels in the same channels as the messages,
//! and in their order. It separates what was sent before its sender recorded
//! from what was sent after. A process that sees its first marker records its
//! state and at once puts a marker into every channel it sends on. What then
//! comes on a channel before that channel's marker was sent before its sender
//! recorded and received after its receiver did: it was in the channel, and
//! belongs to the recorded state of the channel.
//!
//! What it needs: channels that lose nothing and keep the order (FIFO), every
//! process to be reachable from the initiator, and nobody to crash. Without
//! order a marker can overtake a message, and the cut is wrong: try
//! `testbed snapshot --channel per-message`.
//!
//! Cost: one marker on each directed channel, N(N-1) in a full mesh, and one
//! FINISHED for each process on each hop of its way back to the initiator. The
//! markers take as many hops as the farthest process is away and one more, the
//! news as many as the tree of first markers is high. In a full mesh of equal
//! delays these are 3 message delays.
//!
//! It is *superimposed*: the application below does not know of it, and is
//! never stopped. Several snapshots may be under way at once, each with an id.
//!
//! The whole algorithm is in this file. What it is asked and what it says is in
//! `snapshot.rs`, the same for all snapshot algorithms.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proto::Bytes;
use proto::prost::Message as _;
use proto::v1::{self, chandy_lamport::Body};

use crate::snapshot::{Command, Id, Output};
use crate::{Algorithm, Describe, Fields, Input, NodeId, Out, Role};

/// What processes send each other. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Message<M> {
    /// What comes after this in the channel was sent after the sender recorded.
    Marker(Id),
    /// A process has recorded its state and its channels. On its way to the
    /// initiator.
    Finished {
        /// For which snapshot.
        id: Id,
        /// Who has.
        process: NodeId,
    },
    /// The application's own.
    Application(M),
}

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
pub struct ChandyLamport<A: Algorithm> {
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
    /// The snapshots that this process has recorded its state for.
    snapshots: BTreeMap<Id, Snapshot<A::Message>>,
}

/// A snapshot, from recording the state on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Snapshot<M> {
    /// From whom the first marker came; nobody, at the initiator.
    parent: Option<NodeId>,
    /// Channels on which no marker came yet, with what came on them.
    recording: BTreeMap<NodeId, Vec<M>>,
    /// Channels whose marker came after messages.
    recorded: Vec<(NodeId, Vec<M>)>,
    /// At the initiator: who has not finished.
    missing: BTreeSet<NodeId>,
}

impl<A: Algorithm> ChandyLamport<A> {
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

impl<A: Algorithm> Algorithm for ChandyLamport<A> {
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
            Message::Marker(id) => self.on_marker(from, id, out),
            Message::Finished { id, process } => self.on_finished(id, process, out),
            Message::Application(message) => self.on_application(from, message, out),
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

impl<A: Algorithm> ChandyLamport<A> {
    fn initiate(&mut self, out: &mut Out<Self>) {
        let id = Id {
            initiator: self.me,
            number: self.next,
        };
        self.next += 1;
        self.record(id, None, out);
    }

    /// Records the state and sends the markers. Both in one step: whatever the
    /// application sends next comes after the marker.
    fn record(&mut self, id: Id, parent: Option<NodeId>, out: &mut Out<Self>) {
        out.output(Output::Recorded {
            id,
            state: self.application.clone(),
        });
        for &to in &self.neighbours {
            out.send(to, Message::Marker(id));
        }
        let snapshot = Snapshot {
            parent,
            recording: self
                .neighbours
                .iter()
                .map(|&from| (from, Vec::new()))
                .collect(),
            recorded: Vec::new(),
            missing: parent.map_or_else(|| self.processes.clone(), |_| BTreeSet::new()),
        };
        self.snapshots.insert(id, snapshot);
        out.set_timer(Timer::GiveUp(id), self.patience);
        self.finish_if_all_came(id, out);
    }

    fn on_marker(&mut self, from: NodeId, id: Id, out: &mut Out<Self>) {
        if !self.snapshots.contains_key(&id) {
            self.record(id, Some(from), out);
        }
        let snapshot = self.snapshots.get_mut(&id).expect("just recorded");
        // A second marker on one channel is no honest one. It changes nothing.
        if let Some(messages) = snapshot.recording.remove(&from) {
            if !messages.is_empty() {
                snapshot.recorded.push((from, messages));
            }
            self.finish_if_all_came(id, out);
        }
    }

    /// A message that comes on a channel whose marker has not come was in the
    /// channel: sent before its sender recorded, received after we did.
    fn on_application(&mut self, from: NodeId, message: A::Message, out: &mut Out<Self>) {
        for snapshot in self.snapshots.values_mut() {
            if let Some(messages) = snapshot.recording.get_mut(&from) {
                messages.push(message.clone());
            }
        }
        self.forward(Input::Message { from, message }, out);
    }

    /// This process's part is done when every channel's marker has come.
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

    /// The news that a process has finished goes back along the way that the
    /// first markers took, which is a tree with the initiator at its root.
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
            let unmarked = std::mem::take(&mut snapshot.recording).into_keys();
            let missing: BTreeSet<_> = match snapshot.parent {
                None => std::mem::take(&mut snapshot.missing),
                Some(_) => unmarked.collect(),
            };
            let missing = missing.into_iter().collect();
            out.output(Output::Aborted { id, missing });
        }
    }

    fn forward(&mut self, input: Input<A>, out: &mut Out<Self>) {
        out.forward(
            &mut self.application,
            input,
            |_, message| Message::Application(message),
            Timer::Application,
            Output::Application,
        );
    }
}

impl<M: crate::Message> crate::Message for Message<M> {
    fn kind(&self) -> &'static str {
        match self {
            Self::Marker(_) => "MARKER",
            Self::Finished { .. } => "FINISHED",
            Self::Application(message) => message.kind(),
        }
    }

    fn role(&self) -> Role {
        match self {
            Self::Marker(_) | Self::Finished { .. } => Role::OneWay,
            Self::Application(message) => message.role(),
        }
    }

    fn to_payload(&self) -> Bytes {
        let body = Some(match self {
            Self::Marker(id) => Body::Marker((*id).into()),
            Self::Finished { id, process } => Body::Finished(v1::Finished {
                id: Some((*id).into()),
                process: process.0,
            }),
            Self::Application(message) => Body::Application(message.to_payload()),
        });
        v1::ChandyLamport { body }.encode_to_vec().into()
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        Some(match v1::ChandyLamport::decode(payload).ok()?.body? {
            Body::Marker(id) => Self::Marker(id.into()),
            Body::Finished(v1::Finished { id, process }) => Self::Finished {
                id: id?.into(),
                process: NodeId(process),
            },
            Body::Application(message) => Self::Application(M::from_payload(message)?),
        })
    }
}

impl<M: Describe> Describe for Message<M> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Marker(id) => fields.text("snapshot", id),
            Self::Finished { id, process } => {
                fields.text("snapshot", id);
                fields.text("process", process);
            }
            Self::Application(message) => message.describe(fields),
        }
    }
}

impl<A: Algorithm> Describe for ChandyLamport<A> {
    fn describe(&self, fields: &mut Fields) {
        self.application.describe(fields);
        let recording = |(_, snapshot): &(&Id, &Snapshot<_>)| !snapshot.recording.is_empty();
        let under_way = self.snapshots.iter().filter(recording);
        fields.list("recording", under_way.map(|(id, _)| id));
    }
}
