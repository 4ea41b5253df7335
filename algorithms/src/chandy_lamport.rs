//! The Chandy-Lamport snapshot: what is the global state of a system that
//! never stops?
//!
//! K. Mani Chandy and Leslie Lamport, "Distributed Snapshots: Determining
//! Global States of Distributed Systems", ACM TOCS 3(1), 1985.
//!
//! No observer can read all processes in the same instant. But it is enough to
//! record them along a *consistent cut*: whenever the receipt of a message is
//! recorded, so is its sending. The system may never have been in such a state,
//! and yet it could have been: it can be reached from the state in which the
//! snapshot began, and the state in which it ends can be reached from it
//! (theorem 1 of the paper).
//!
//! The idea is a *marker* that travels in the same channels as the messages, and
//! in their order. It separates the messages sent before its sender recorded from
//! those sent after. A process that receives its first marker records its state
//! and at once sends a marker on every outgoing channel. A message that then
//! arrives on a channel ahead of the marker was sent before its sender recorded,
//! and received after its receiver did. So it was in the channel, and belongs to
//! the recorded state of the channel.
//!
//! What it needs: channels that lose nothing and keep the order (FIFO), a path
//! from the initiator to every process, and no crashes. Without order a marker
//! can overtake a message, and the cut is inconsistent: try
//! `testbed snapshot --channel per-message`.
//!
//! Cost: one marker on each directed channel, N(N-1) in a full mesh, and one
//! FINISHED for each process on each hop of its way back to the initiator. The
//! markers take one hop more than the distance to the farthest process, the
//! FINISHED messages as many as the tree of first markers is high. In a full mesh
//! of equal delays these are 3 message delays.
//!
//! It is *superimposed*: the application below does not know of it, and never
//! stops for it. Several snapshots may be under way at once, each with an id.
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
    /// Messages after this one in the channel were sent after the sender recorded.
    #[message(tag = 1)]
    Marker(#[describe(name = "snapshot")] InstanceId),
    /// A process has recorded its state and its channels. On its way to the
    /// initiator.
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
pub struct ChandyLamport<A: Algorithm> {
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
    /// Snapshots whose state this process has recorded, and not yet all
    /// channels.
    recording: BTreeMap<InstanceId, Recording<A::Message>>,
    /// For each snapshot that it knows of: where its FINISHED messages go.
    reports: BTreeMap<InstanceId, Report>,
}

/// The channels that lead here, for one snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Recording<M> {
    /// Channels without a marker yet, with the messages that arrived on them.
    open: BTreeMap<NodeId, Vec<M>>,
    /// Channels whose marker arrived, with the messages before it.
    closed: Vec<(NodeId, Vec<M>)>,
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
            recording: BTreeMap::new(),
            reports: BTreeMap::new(),
        }
    }

    /// The application below.
    pub fn application(&self) -> &A {
        &self.application
    }
}

impl<A: Algorithm> SnapshotAlgorithm for ChandyLamport<A> {
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
        self.reports.get_mut(&id)
    }

    /// The paper lets a process begin spontaneously: it records its state without a
    /// marker, and acts by the marker-sending rule from then on.
    fn initiate(&mut self, out: &mut Out<Self>) {
        let id = InstanceId::new(self.me, self.next);
        self.next += 1;
        self.record(id, Report::Missing(self.processes.clone()), out);
    }

    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        match message {
            Message::Marker(id) if self.can_be(from, id) => self.on_marker(from, id, out),
            Message::Marker(_) => {} // Forged.
            Message::Finished { id, process } => self.on_finished(id, process, out),
            Message::Application(message) => self.on_application(from, message, out),
        }
    }

    /// Aborts a snapshot whose FINISHED messages have not all arrived in time.
    fn abort(&mut self, id: InstanceId, out: &mut Out<Self>) {
        let recording = self.recording.remove(&id);
        let missing = match self.reports.get_mut(&id) {
            Some(Report::Missing(missing)) => std::mem::take(missing).into_iter().collect(),
            Some(Report::To(_)) | None => {
                let open = recording.map(|recording| recording.open.into_keys());
                open.into_iter().flatten().collect()
            }
        };
        out.output(Output::Aborted { id, missing });
    }
}

impl<A: Algorithm> ChandyLamport<A> {
    /// The marker-sending rule, "for each channel c, incident on, and directed away
    /// from p: p sends one marker along c after p records its state and before p
    /// sends further messages along c". One step does both, so nothing comes between.
    fn record(&mut self, id: InstanceId, report: Report, out: &mut Out<Self>) {
        let state = self.application.clone();
        out.output(Output::Recorded { id, state });
        for &to in &self.neighbours {
            out.send(to, Message::Marker(id));
        }
        let open = self.neighbours.iter().map(|&from| (from, Vec::new()));
        let (open, closed) = (open.collect(), Vec::new());
        self.recording.insert(id, Recording { open, closed });
        self.reports.insert(id, report);
        out.set_timer(Timer::GiveUp(id), self.patience);
        self.finish_if_all_came(id, out);
    }

    /// The marker-receiving rule. If q has not recorded its state, it does, and records c
    /// "as the empty sequence"; else c held what came along it "after q's
    /// state was recorded and before q received the marker along c".
    fn on_marker(&mut self, from: NodeId, id: InstanceId, out: &mut Out<Self>) {
        if !self.reports.contains_key(&id) {
            self.record(id, Report::To(from), out);
        }
        let Some(recording) = self.recording.get_mut(&id) else {
            return; // Aborted, or a duplicate marker.
        };
        if let Some(messages) = recording.open.remove(&from) {
            if !messages.is_empty() {
                recording.closed.push((from, messages));
            }
            self.finish_if_all_came(id, out);
        }
    }

    /// Whether an honest process can have sent a marker for that snapshot.
    fn can_be(&self, from: NodeId, id: InstanceId) -> bool {
        let mine = id.by == self.me && id.number >= self.next;
        self.neighbours.contains(&from) && self.processes.contains(&id.by) && !mine
    }

    /// The sequence of the marker-receiving rule: the messages that arrive on a channel
    /// after this process has recorded and before the marker. Each was sent before its
    /// sender recorded.
    fn on_application(&mut self, from: NodeId, message: A::Message, out: &mut Out<Self>) {
        for recording in self.recording.values_mut() {
            if let Some(messages) = recording.open.get_mut(&from) {
                messages.push(message.clone());
            }
        }
        self.forward(Input::Message { from, message }, out);
    }

    /// The paper's condition for the end: the process has recorded its state, and that of
    /// every channel that leads to it.
    fn finish_if_all_came(&mut self, id: InstanceId, out: &mut Out<Self>) {
        let all_came = |recording: &Recording<_>| recording.open.is_empty();
        if !self.recording.get(&id).is_some_and(all_came) {
            return;
        }
        let recording = self.recording.remove(&id).expect("just seen");
        if let Some(Report::To(_)) = self.reports.get(&id) {
            out.cancel_timer(Timer::GiveUp(id));
        }
        let channels = recording.closed;
        out.output(Output::Finished { id, channels });
        self.on_finished(id, self.me, out);
    }
}

impl<A: Algorithm> Describe for ChandyLamport<A> {
    fn describe(&self, fields: &mut Fields) {
        self.application.describe(fields);
        fields.integer("recording", self.recording.len());
    }
}
