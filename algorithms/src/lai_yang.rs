//! The Lai-Yang snapshot: a consistent cut without order in the channels.
//!
//! Ten H. Lai and Tao H. Yang, "On Distributed Snapshots", Information
//! Processing Letters 25(3), 1987. The counters are from Friedemann Mattern,
//! "Efficient Algorithms for Distributed Snapshots and Global Virtual Time
//! Approximation", Journal of Parallel and Distributed Computing 18(4), 1993.
//!
//! A marker separates the messages that were sent before its sender recorded
//! from those that were sent after, but only where nothing overtakes it (see
//! `chandy_lamport.rs`). In Lai and Yang's algorithm each message carries this
//! information itself. A process is *white* until it records and *red* from then
//! on, and a message has the colour of its sender. A white process that receives
//! a red message records *before* it handles it: so no receipt is in the cut
//! whose sending is not, whatever the order of the messages. A white message that
//! arrives at a red process was in the channel.
//!
//! Two facts are left to learn, and an *announcement* that a process sends to its
//! neighbours when it records carries both. That there is a snapshot at all: a
//! red message might arrive much later. And when a channel has no more white
//! messages: the announcement has the number that the sender has put into it
//! (Mattern's counter), and the receiver counts them. Lai and Yang instead keep
//! all messages ever sent and received, and subtract.
//!
//! Each snapshot has its colours. As an initiator starts its snapshots one after
//! the other, a process that learns of one also records for those before it, if
//! it has not yet. A message's colours then fit into one number for each
//! initiator, however many snapshots there are.
//!
//! What it needs: channels that neither lose nor duplicate messages, a path from
//! the initiator to every process, and no crashes. Not needed: order.
//!
//! Cost: as for Chandy and Lamport, one announcement on each directed channel,
//! N(N-1) in a full mesh, and one FINISHED for each process on each hop of its
//! way back to the initiator. The missing order costs space in the application's
//! messages: each carries up to one number for each initiator, also when no
//! snapshot is under way.
//!
//! The algorithm is in this file; `lai_yang/` has the colours, the counters and the
//! recorded channels. Its commands and outputs are in `snapshot.rs`, the same for all
//! snapshot algorithms.

mod channels;
mod colours;
mod process;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use channels::{Channels, Counters};
pub use colours::Colours;
use colours::{contain, ids, next, unrecorded};

use crate::snapshot::{Output, Report, SnapshotAlgorithm, Timer};
use crate::{Algorithm, Describe, Input, InstanceId, NodeId, Out};

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
    /// Where FINISHED messages go: to the sender of the first announcement or red
    /// message.
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
                Report::Missing(missing) => std::mem::take(missing),
                Report::To(_) => open,
            };
            let missing = missing.into_iter().collect();
            out.output(Output::Aborted { id, missing });
        }
    }
}

impl<A: Algorithm> LaiYang<A> {
    /// Lai and Yang: a process is white at first, and turns red when it records its
    /// state. Mattern's counters: the messages that the application has sent by now,
    /// and none after, are announced as white.
    fn record(&mut self, id: InstanceId, report: Report, out: &mut Out<Self>) {
        let state = self.application.clone();
        out.output(Output::Recorded { id, state });
        self.colours.insert(id.by, id.number);
        for (&to, &Counters { sent, .. }) in &self.neighbours {
            out.send(to, Message::Announce { id, sent });
        }
        let channels = Channels::new(&self.neighbours);
        let snapshot = Snapshot { report, channels };
        self.snapshots.insert(id, snapshot);
        self.open.insert(id);
        out.set_timer(Timer::GiveUp(id), self.patience);
        self.finish_if_all_came(id, out);
    }

    /// Records for the snapshots of `last.by` for which the sender has recorded and
    /// this process has not. Snapshots of this process, or of no process, are forged.
    fn catch_up(&mut self, from: NodeId, last: InstanceId, out: &mut Out<Self>) {
        if last.by != self.me && self.processes.contains(&last.by) {
            let unrecorded = unrecorded(&self.colours, last).into_iter().flatten();
            for number in unrecorded {
                self.record(InstanceId::new(last.by, number), Report::To(from), out);
            }
        }
    }

    /// Mattern: a receiver that knows how many white messages were sent knows when it has
    /// them all.
    fn on_announce(&mut self, from: NodeId, id: InstanceId, sent: u64, out: &mut Out<Self>) {
        self.catch_up(from, id, out);
        if let Some(snapshot) = self.snapshots.get_mut(&id)
            && snapshot.channels.on_announced(from, sent)
        {
            self.finish_if_all_came(id, out);
        }
    }

    /// Lai and Yang: a process records before it receives a red message. Each message is
    /// red for some snapshots and white for the others.
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
        let ids: Vec<InstanceId> = self.open.iter().copied().collect();
        // A white message that arrives at a red process was in the channel: sent
        // before its sender recorded, received after we did.
        for id in ids.into_iter().filter(|&id| !contain(colours, id)) {
            if let Some(snapshot) = self.snapshots.get_mut(&id)
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

    /// This process's part is done when no channel holds white messages, which is when
    /// Lai and Yang have their difference of what was sent and received.
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
