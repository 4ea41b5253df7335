//! Ricart and Agrawala's mutual exclusion: how do equals take turns?
//!
//! Glenn Ricart and Ashok K. Agrawala, "An Optimal Algorithm for Mutual
//! Exclusion in Computer Networks", CACM 24(1), 1981.
//!
//! At most one process at a time may be in the *critical section*, and there is no
//! coordinator. So a process asks all others: it sends a REQUEST, and enters when
//! each of them has sent a REPLY. A process that neither is inside nor waits to
//! enter replies at once. A process that is inside replies when it leaves.
//!
//! What if two ask at once? Each REQUEST carries its time by a *logical clock*
//! (Leslie Lamport, "Time, Clocks, and the Ordering of Events in a Distributed
//! System", CACM 21(7), 1978): a number larger than every one that the process has
//! seen. The earlier request goes first; of two with the same time, that of the
//! process with the lower id. Both processes compare the same two pairs, so one of
//! them replies and the other *defers* its reply until it has left. All requests
//! are totally ordered, so there is no deadlock; and after a reply to a request a
//! process asks with a later time, so there is no starvation.
//!
//! What it needs: a reliable channel between any two processes, and no crashes: a
//! single process that does not reply blocks all that wait to enter. It does not
//! need channels that keep the order. A process sends a REQUEST only when every
//! REPLY to its last one has arrived, so it is always clear to which request a
//! REPLY belongs. A REQUEST can overtake the REPLY that its sender sent before; its
//! receiver then still waits, with an earlier time, and defers the reply, as it
//! would a moment later.
//!
//! Cost: N-1 REQUESTs and as many REPLYs for each entry, see [`messages`]. When
//! a process leaves, the next enters after one message delay. There are cheaper ones:
//! a REPLY can count until the process has to answer a REQUEST of the other, 0 to
//! 2(N-1) messages (O. Carvalho and G. Roucairol, CACM 26(2), 1983); a quorum of about
//! sqrt(N) others can be asked, 3 to 5 times sqrt(N) (M. Maekawa, ACM TOCS 3(2), 1985).
//!
//! The whole algorithm is in this file.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// The sender wants to enter.
    #[message(tag = 1, request)]
    Request {
        /// The time of the request, by the sender's logical clock.
        #[message(tag = 1)]
        time: u64,
    },
    /// The sender's permission to enter.
    #[message(tag = 2, reply)]
    Reply,
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Enter the critical section once more.
    Acquire,
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// It has entered the critical section.
    Entered {
        /// The time of the request.
        time: u64,
    },
    /// It has left it.
    Left {
        /// The time of the request.
        time: u64,
    },
}

/// When to leave the critical section.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Leave;

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct RicartAgrawala {
    #[describe(skip)]
    me: NodeId,
    /// All other processes.
    #[describe(skip)]
    others: BTreeSet<NodeId>,
    /// How long it stays inside.
    #[describe(skip)]
    hold: Duration,
    /// The logical clock: the largest time of any request, its own included.
    clock: u64,
    /// As a requester: how many entries are still wanted.
    wanted: u64,
    /// As a requester: its phase.
    #[describe(flatten)]
    phase: Phase,
    /// As a receiver of REQUESTs: the processes whose REPLY is deferred.
    deferred: BTreeSet<NodeId>,
}

/// The phase of an entry.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// It does not request the section.
    Outside,
    /// It requested at `time`; the REPLYs of those in `missing` are outstanding.
    Waiting {
        time: u64,
        missing: BTreeSet<NodeId>,
    },
    /// It is inside: its request of `time` was granted.
    Inside { time: u64 },
}

/// The messages of an entry: a REQUEST to each of the others and its REPLY.
pub fn messages(processes: u64) -> u64 {
    2 * processes.saturating_sub(1)
}

impl RicartAgrawala {
    /// A process that shares the critical section with `others` and stays in it
    /// for `hold`.
    pub fn new(me: NodeId, others: impl IntoIterator<Item = NodeId>, hold: Duration) -> Self {
        Self {
            me,
            others: others.into_iter().filter(|&other| other != me).collect(),
            hold,
            clock: 0,
            wanted: 0,
            phase: Phase::Outside,
            deferred: BTreeSet::new(),
        }
    }
}

impl Algorithm for RicartAgrawala {
    type Message = Message;
    type Timer = Leave;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, Command::Acquire: Command, out: &mut Out<Self>) {
        self.wanted = self.wanted.saturating_add(1);
        self.request_if_wanted(out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Request { time } => self.on_request(from, time, out),
            Message::Reply => self.on_reply(from, out),
        }
    }

    fn on_timer(&mut self, Leave: Leave, out: &mut Out<Self>) {
        if let Phase::Inside { time } = self.phase {
            self.leave(time, out);
        }
    }
}

impl RicartAgrawala {
    /// The paper's invoking process: `Our_Sequence_Number := Highest_Sequence_Number + 1`,
    /// and a REQUEST to all others. One request at a time is under way.
    fn request_if_wanted(&mut self, out: &mut Out<Self>) {
        if self.wanted == 0 || self.phase != Phase::Outside {
            return;
        }
        // A hostile peer may claim the largest time there is.
        self.clock = self.clock.saturating_add(1);
        for &to in &self.others {
            out.send(to, Message::Request { time: self.clock });
        }
        let (time, missing) = (self.clock, self.others.clone());
        self.phase = Phase::Waiting { time, missing };
        self.enter_if_all_replied(out);
    }

    /// The paper's receiver of REQUESTs: `Highest_Sequence_Number :=
    /// Maximum(Highest_Sequence_Number, k)`, then it defers or replies.
    fn on_request(&mut self, from: NodeId, time: u64, out: &mut Out<Self>) {
        // Every later request of this process has a larger time.
        self.clock = self.clock.max(time);
        if self.goes_before((time, from)) {
            self.deferred.insert(from);
        } else {
            out.send(from, Message::Reply);
        }
    }

    /// The paper's `Defer_it`: this process is inside, or it asks and the other's time is
    /// later, or the same with a higher id.
    fn goes_before(&self, other: (u64, NodeId)) -> bool {
        match self.phase {
            Phase::Outside => false,
            Phase::Waiting { time, .. } => (time, self.me) < other,
            Phase::Inside { .. } => true,
        }
    }

    /// The paper's process that receives REPLYs: one less is outstanding.
    fn on_reply(&mut self, from: NodeId, out: &mut Out<Self>) {
        // A REPLY that is not outstanding is forged. It changes nothing.
        if let Phase::Waiting { missing, .. } = &mut self.phase {
            missing.remove(&from);
            self.enter_if_all_replied(out);
        }
    }

    /// The end of the paper's wait: no REPLY is outstanding.
    fn enter_if_all_replied(&mut self, out: &mut Out<Self>) {
        match &self.phase {
            Phase::Waiting { time, missing } if missing.is_empty() => {
                let time = *time;
                self.phase = Phase::Inside { time };
                self.wanted -= 1;
                out.output(Output::Entered { time });
                out.set_timer(Leave, self.hold);
            }
            Phase::Outside | Phase::Waiting { .. } | Phase::Inside { .. } => {}
        }
    }

    /// The paper's release: each deferred REPLY is sent, and only then does this process
    /// ask anew, with a later time than theirs.
    fn leave(&mut self, time: u64, out: &mut Out<Self>) {
        self.phase = Phase::Outside;
        out.output(Output::Left { time });
        for to in std::mem::take(&mut self.deferred) {
            out.send(to, Message::Reply);
        }
        self.request_if_wanted(out);
    }
}

impl Describe for Phase {
    fn describe(&self, fields: &mut Fields) {
        let (inside, missing) = match self {
            Self::Outside => (false, None),
            Self::Waiting { missing, .. } => (false, Some(missing)),
            Self::Inside { .. } => (true, None),
        };
        fields.flag("inside", inside);
        fields.list("waiting_for", missing.into_iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use proto::Bytes;

    use super::*;
    use crate::testing::Network;
    use crate::{Effect, Input, Message as _, step};

    const ALICE: NodeId = NodeId(0);
    const BOB: NodeId = NodeId(1);
    const HOLD: Duration = Duration::from_millis(1);

    fn processes(count: u32) -> Vec<RicartAgrawala> {
        let all = (0..count).map(NodeId);
        let new = |me| RicartAgrawala::new(me, all.clone(), HOLD);
        all.clone().map(new).collect()
    }

    fn request(process: &mut RicartAgrawala, from: NodeId, time: u64) -> bool {
        let message = Message::Request { time };
        let effects = step(process, Input::Message { from, message }, 0);
        match &effects[..] {
            [] => false,
            [Effect::Send { to, message, .. }] => (*to, message) == (from, &Message::Reply),
            _ => panic!("{effects:?}"),
        }
    }

    /// Lets `count` processes enter 20 times in all. Returns the processes, how many
    /// messages were sent, and the entries in order: the time of the request, and the
    /// process.
    fn enter(count: u32, seed: u64) -> (Vec<RicartAgrawala>, u64, Vec<(u64, NodeId)>) {
        let new = |me| RicartAgrawala::new(me, (0..count).map(NodeId), HOLD);
        let mut network = Network::new(count, new, seed);
        for entry in 0..20 {
            network.later(NodeId(entry % count), Input::Command(Command::Acquire));
        }
        network.run();
        let (mut entries, mut inside) = (Vec::new(), None);
        for (me, output) in network.outputs {
            match output {
                Output::Entered { time } => {
                    assert_eq!(inside.replace(me), None, "seed {seed}: two are inside");
                    entries.push((time, me));
                }
                Output::Left { .. } => {
                    assert_eq!(inside.take(), Some(me), "seed {seed}: it was not inside");
                }
            }
        }
        (network.processes, network.sent.len() as u64, entries)
    }

    #[test]
    fn processes_enter_in_the_order_of_their_requests_without_fifo() {
        for seed in 0..500 {
            let count = 1 + (seed % 6) as u32;
            let (processes, sent, entries) = enter(count, seed);
            assert_eq!(entries.len(), 20, "seed {seed}");
            assert!(entries.is_sorted(), "seed {seed}: {entries:?}");
            assert_eq!(sent, 20 * messages(count.into()), "seed {seed}");
            for process in processes {
                assert_eq!((process.wanted, process.phase), (0, Phase::Outside));
            }
        }
    }

    #[test]
    fn the_earlier_request_wins_and_ties_go_to_the_lower_id() {
        let asked_at_1 = |me: NodeId| {
            let mut process = processes(2).swap_remove(me.into());
            step(&mut process, Input::Command(Command::Acquire), 0);
            process
        };
        assert!(!request(&mut asked_at_1(ALICE), BOB, 1), "a lower id waits");
        assert!(
            request(&mut asked_at_1(BOB), ALICE, 1),
            "a higher id yields"
        );
        assert!(!request(&mut asked_at_1(BOB), ALICE, 2), "a later request");
        let mut idle = processes(2).swap_remove(0);
        assert!(request(&mut idle, BOB, 41), "it does not ask");
        let effects = step(&mut idle, Input::Command(Command::Acquire), 0);
        let [Effect::Send { message, .. }] = &effects[..] else {
            panic!("{effects:?}");
        };
        assert_eq!(message, &Message::Request { time: 42 });
    }

    #[test]
    fn a_reply_that_is_not_outstanding_changes_nothing() {
        let mut alice = processes(3).swap_remove(0);
        step(&mut alice, Input::Command(Command::Acquire), 0);
        let mut reply = |from| {
            let message = Message::Reply;
            step(&mut alice, Input::Message { from, message }, 0)
        };
        assert_eq!(reply(BOB), []);
        assert_eq!(reply(BOB), [], "it has replied already");
        assert_eq!(reply(NodeId(9)), [], "a stranger");
        assert_eq!(reply(NodeId(2)).len(), 2, "it enters, with a timer");
        assert_eq!(reply(NodeId(2)), []);
    }

    #[test]
    fn malformed_payload_is_rejected() {
        for message in [Message::Request { time: 7 }, Message::Reply] {
            let payload = message.to_payload();
            assert_eq!(Message::from_payload(payload), Some(message));
        }
        for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /"] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
