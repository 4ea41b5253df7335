//! Two-phase commit (Gray and Lamport, "Consensus on Transaction Commit", 2006): a manager,
//! and participants of which each may abort alone until it has prepared.

use std::collections::BTreeSet;

use lab::own::{Algorithm, Describe, Message, NodeId, Out, Symmetry};

use super::{Example, SOON, Said, are_equal};

/// The transaction is to be aborted, or committed.
const ABORTED: u64 = 0;
const COMMITTED: u64 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub(crate) struct Process {
    /// How many participants there are.
    #[describe(skip)]
    participants: u32,
    /// Of a participant: it has prepared.
    prepared: bool,
    /// Of the manager: who has prepared.
    all_prepared: BTreeSet<NodeId>,
    decided: Option<u64>,
    #[describe(skip)]
    is_manager: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message, Describe)]
pub(crate) enum Vote {
    #[message(tag = 1)]
    Prepared,
    #[message(tag = 2)]
    Decide {
        #[message(tag = 1)]
        value: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Timer {
    Prepare,
    Abort,
}

/// The manager, and so many participants.
pub(crate) fn processes(participants: u32) -> Vec<Process> {
    let process = |id| Process {
        participants,
        prepared: false,
        all_prepared: BTreeSet::new(),
        decided: None,
        is_manager: id == 0,
    };
    (0..=participants).map(process).collect()
}

/// The participants are interchangeable.
pub(crate) fn symmetry(participants: u32) -> Symmetry<Process> {
    Symmetry::new((1..=participants).map(NodeId), |process, names| Process {
        all_prepared: names.set(&process.all_prepared),
        ..process.clone()
    })
}

impl Process {
    fn decide(&mut self, value: u64, out: &mut Out<Self>) {
        self.decided = Some(value);
        out.cancel_timer(Timer::Prepare);
        out.cancel_timer(Timer::Abort);
        out.output(Said { value });
    }

    fn decide_for_all(&mut self, value: u64, out: &mut Out<Self>) {
        self.decide(value, out);
        let participants = (1..=self.participants).map(NodeId);
        out.broadcast(participants, &Vote::Decide { value });
    }
}

impl Algorithm for Process {
    type Message = Vote;
    type Timer = Timer;
    type Command = ();
    type Output = Said;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if !self.is_manager {
            out.set_timer(Timer::Prepare, SOON);
        }
        out.set_timer(Timer::Abort, SOON);
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, vote: Vote, out: &mut Out<Self>) {
        match vote {
            Vote::Prepared => {
                self.all_prepared.insert(from);
                let all = self.all_prepared.len() == self.participants as usize;
                if all && self.decided.is_none() {
                    self.decide_for_all(COMMITTED, out);
                }
            }
            Vote::Decide { value } => {
                if self.decided.is_none() {
                    self.decide(value, out);
                }
            }
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Abort if self.is_manager => self.decide_for_all(ABORTED, out),
            Timer::Abort => self.decide(ABORTED, out),
            Timer::Prepare => {
                self.prepared = true;
                out.cancel_timer(Timer::Abort);
                out.send(NodeId(0), Vote::Prepared);
            }
        }
    }
}

impl Example for Process {
    fn said(&self) -> Option<u64> {
        self.decided
    }

    fn may_say(values: impl Iterator<Item = u64>) -> bool {
        are_equal(values)
    }
}
