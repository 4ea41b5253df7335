//! The Lai-Yang snapshot: a consistent cut without order in the channels.
//!
//! Ten H. Lai and Tao H. Yang, "On Distributed Snapshots", Information
//! Processing Letters 25(3), 1987. The counters are from Friedemann Mattern,
//! "Efficient Algorithms for Distributed Snapshots and Global Virtual Time
//! Approximation", Journal of Parallel and Distributed Computing 18(4), 1993.
//!
//! A marker separates what was sent before its sender recorded from what was sent
//! after, but only where nothing overtakes it. In Lai and Yang's algorithm each
//! message carries this information itself. A process is *white* until it records
//! and *red* from then on, and a message has the colour of its sender. A white
//! process that receives a red message records *before* it handles it. So if the
//! receipt of a message is in the cut, so is its sending, whatever the order of the
//! messages. A white message that arrives at a red process was in the channel.
//!
//! Two facts remain: that there is a snapshot, and when a channel has no more white
//! messages. An *announcement* carries both. A process that records sends one to each
//! neighbour, with the number of white messages that it has put into the channel
//! (Mattern's counter). Lai and Yang instead keep all messages, and subtract.
//!
//! Each snapshot has its colours. A process that learns of a snapshot also records
//! for the earlier ones of its initiator, if it has not yet. A message's colours
//! then fit into one number for each initiator.
//!
//! What it needs: channels that neither lose nor duplicate messages, a path from
//! the initiator to every process, and no crashes. Not needed: order.
//!
//! Cost: as for Chandy and Lamport, one announcement on each directed channel,
//! N(N-1) in a full mesh, and one FINISHED for each process on each hop of its way
//! to the initiator. Each message of the application carries up to one number for
//! each initiator, also when no snapshot is under way.
//!
//! The algorithm is in this file; `lai_yang/` has the colours, the counters and the
//! recorded channels, and `snapshot.rs` the commands and outputs of all snapshots.

mod channels;
mod colours;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::snapshot::{Output, Report, SnapshotAlgorithm, Timer};
use crate::{Algorithm, Describe, Input, InstanceId, NodeId, Out};
use channels::{Channels, Counters};
pub use colours::Colours;
use colours::{contain, ids, next, unrecorded};

/// The messages between processes. `M` is the application's message.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message<M> {
    /// The sender has recorded its state.
    #[message(tag = 1)]
    Announce {
        /// The snapshot.
        #[message(tag = 1)]
        #[describe(name = "snapshot")]
        id: InstanceId,
        /// How many messages of the application it had sent on this channel.
        #[message(tag = 2)]
        sent: u64,
    },
    /// A process has recorded its state and channels; on its way to the initiator.
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
    Application {
        /// The application's message.
        #[message(tag = 2, application)]
        #[describe(flatten)]
        message: M,
        /// The snapshots for which the sender had recorded.
        #[message(tag = 1)]
        #[describe(name = "recorded", with = ids)]
        colours: Colours,
    },
}

/// The state of one process, the application's included.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LaiYang<A: Algorithm> {
    application: A,
    me: NodeId,
    /// The neighbours, with a channel in each direction.
    neighbours: BTreeMap<NodeId, Counters>,
    /// All processes of the run: as an initiator, it waits for each.
    processes: BTreeSet<NodeId>,
    /// How long to wait for the others.
    patience: Duration,
    /// The colours of the messages that the application sends now.
    colours: Colours,
    /// The snapshots for which this process has recorded its state.
    snapshots: BTreeMap<InstanceId, Snapshot<A::Message>>,
    /// The snapshots among them whose channels may still hold white messages.
    open: BTreeSet<InstanceId>,
}

/// A snapshot, from recording the state on.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Snapshot<M> {
    /// Where FINISHED messages go: to the sender of the first red message or announcement.
    report: Report,
    /// The channels that lead here.
    channels: Channels<M>,
}

impl<A: Algorithm> SnapshotAlgorithm for LaiYang<A> {
    type Application = A;
    type Message = Message<A::Message>;

    fn below(&mut self) -> (&mut A, impl FnMut(NodeId, A::Message) -> Self::Message) {
        let (neighbours, colours) = (&mut self.neighbours, &self.colours);
        // Lai and Yang: a message has the colour of its sender.
        let message = move |to, message| {
            if let Some(counters) = neighbours.get_mut(&to) {
                counters.sent += 1;
            }
            let colours = colours.clone();
            Message::Application { colours, message }
        };
        (&mut self.application, message)
    }

    fn finished(id: InstanceId, process: NodeId) -> Self::Message {
        Message::Finished { id, process }
    }

    fn report(&mut self, id: InstanceId) -> Option<&mut Report> {
        Some(&mut self.snapshots.get_mut(&id)?.report)
    }

    fn initiate(&mut self, out: &mut Out<Self>) {
        let id = InstanceId::new(self.me, next(&self.colours, self.me));
        self.record(id, Report::Missing(self.processes.clone()), out);
    }

    fn receive(&mut self, from: NodeId, message: Self::Message, out: &mut Out<Self>) {
        match message {
            Message::Announce { id, sent } => self.on_announce(from, id, sent, out),
            Message::Finished { id, process } => self.on_finished(id, process, out),
            Message::Application { colours, message } => {
                self.on_application(from, &colours, message, out);
            }
        }
    }

    /// Aborts a snapshot whose FINISHED messages have not all arrived in time.
    fn abort(&mut self, id: InstanceId, out: &mut Out<Self>) {
        self.open.remove(&id);
        if let Some(snapshot) = self.snapshots.get_mut(&id) {
            let open = snapshot.channels.abort();
            let missing = match &mut snapshot.report {
                Report::Missing(missing) => std::mem::take(missing).into_iter().collect(),
                Report::To(_) => open.into_iter().collect(),
            };
            out.output(Output::Aborted { id, missing });
        }
    }
}

impl<A: Algorithm> LaiYang<A> {
    /// Lai and Yang: a process turns red when it records its state. Mattern's counters: the
    /// messages that were sent by now, and none after, are announced as white.
    fn record(&mut self, id: InstanceId, report: Report, out: &mut Out<Self>) {
        let state = self.application.clone();
        out.output(Output::Recorded { id, state });
        self.colours.insert(id.by, id.number);
        for (&to, &Counters { sent, .. }) in &self.neighbours {
            out.send(to, Message::Announce { id, sent });
        }
        let channels = Channels::new(&self.neighbours);
        self.snapshots.insert(id, Snapshot { report, channels });
        self.open.insert(id);
        out.set_timer(Timer::GiveUp(id), self.patience);
        self.finish_if_all_came(id, out);
    }

    /// Records for the snapshots of `last.by` for which the sender has recorded and
    /// this process has not. Snapshots of this process, or of no process, are forged.
    fn catch_up(&mut self, from: NodeId, last: InstanceId, out: &mut Out<Self>) {
        if last.by != self.me && self.processes.contains(&last.by) {
            for number in unrecorded(&self.colours, last).into_iter().flatten() {
                self.record(InstanceId::new(last.by, number), Report::To(from), out);
            }
        }
    }

    /// Mattern: with the number of white messages, the receiver knows when it has them
    /// all.
    fn on_announce(&mut self, from: NodeId, id: InstanceId, sent: u64, out: &mut Out<Self>) {
        self.catch_up(from, id, out);
        if let Some(snapshot) = self.snapshots.get_mut(&id)
            && snapshot.channels.on_announced(from, sent)
        {
            self.finish_if_all_came(id, out);
        }
    }

    /// Lai and Yang: a process records before it receives a message that is red for it.
    fn on_application(
        &mut self,
        from: NodeId,
        colours: &Colours,
        message: A::Message,
        out: &mut Out<Self>,
    ) {
        for (&by, &number) in colours {
            self.catch_up(from, InstanceId::new(by, number), out);
        }
        // A white message that arrives at a red process was in the channel: sent
        // before its sender recorded, received after this process did.
        for id in self.open.clone() {
            if !contain(colours, id)
                && let Some(snapshot) = self.snapshots.get_mut(&id)
                && snapshot.channels.on_white(from, &message)
            {
                self.finish_if_all_came(id, out);
            }
        }
        if let Some(counters) = self.neighbours.get_mut(&from) {
            counters.received += 1;
        }
        self.forward(Input::Message { from, message }, out);
    }

    /// Lai and Yang: a process is done when no channel holds white messages.
    fn finish_if_all_came(&mut self, id: InstanceId, out: &mut Out<Self>) {
        let snapshot = self.snapshots.get_mut(&id).expect("it is under way");
        if !snapshot.channels.are_recorded() {
            return;
        }
        self.open.remove(&id);
        if let Report::To(_) = snapshot.report {
            out.cancel_timer(Timer::GiveUp(id));
        }
        let channels = snapshot.channels.take();
        out.output(Output::Finished { id, channels });
        self.on_finished(id, self.me, out);
    }
}

#[cfg(test)]
mod tests;
