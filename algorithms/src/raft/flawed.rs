//! Raft with a mistake in it, for judges to find and for readers to see what a rule is
//! there for.

use super::{Command, Message, Output, Raft, Role, Timer};
use crate::{Algorithm, Describe, Input, NodeId, Out};

/// A mistake.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Flaw {
    /// A process votes for every candidate of its term.
    VotesTwice,
    /// A process forgets its vote when it restarts.
    ForgetsVote,
    /// A process votes for any candidate, whatever that one's log.
    IgnoresLog,
    /// A leader commits whatever a majority has, entries of earlier terms as well. It sends
    /// one entry a message, so a majority has such an entry before it has one of the
    /// leader's own.
    CountsOldTerms,
    /// A process adds entries without looking at the one before.
    SkipsConsistencyCheck,
}

/// Raft with that mistake.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flawed {
    #[describe(flatten)]
    raft: Raft,
    #[describe(skip)]
    flaw: Flaw,
}

impl Flawed {
    /// The process with that mistake.
    pub const fn new(raft: Raft, flaw: Flaw) -> Self {
        Self { raft, flaw }
    }
}

impl Algorithm for Flawed {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.right(Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        if self.flaw == Flaw::ForgetsVote {
            self.raft.voted_for = None;
        }
        self.right(Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        self.right(Input::Command(command), out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        self.right(Input::Timer(timer), out);
    }

    fn on_message(&mut self, from: NodeId, mut message: Message, out: &mut Out<Self>) {
        self.spoil(from, &mut message);
        self.right(Input::Message { from, message }, out);
    }
}

impl Flawed {
    /// What Raft does.
    fn right(&mut self, input: Input<Raft>, out: &mut Out<Self>) {
        let one_by_one = self.flaw == Flaw::CountsOldTerms;
        let message = |_, mut message| {
            if let Message::AppendEntries { entries, .. } = &mut message
                && one_by_one
            {
                entries.truncate(1);
            }
            message
        };
        out.forward(
            &mut self.raft,
            input,
            message,
            |timer| timer,
            |output| output,
        );
    }

    /// Changes a message, or the state before it is handled, so that Raft makes the
    /// mistake.
    fn spoil(&mut self, from: NodeId, message: &mut Message) {
        let raft = &mut self.raft;
        match (self.flaw, message) {
            (Flaw::VotesTwice, Message::RequestVote { term, .. }) if *term == raft.term => {
                raft.voted_for = None;
            }
            (Flaw::IgnoresLog, Message::RequestVote { last_term, .. }) => *last_term = u64::MAX,
            (Flaw::CountsOldTerms, Message::Appended { term, matching }) => {
                let (
                    Role::Leader {
                        matching: known, ..
                    },
                    Some(index),
                ) = (&mut raft.role, *matching)
                else {
                    return;
                };
                if *term == raft.term && index <= raft.log.len() as u64 {
                    known.insert(from, index);
                    raft.committed = raft.committed.max(raft.majority_has());
                }
            }
            (
                Flaw::SkipsConsistencyCheck,
                Message::AppendEntries {
                    previous_index,
                    previous_term,
                    ..
                },
            ) => {
                *previous_index = (*previous_index).min(raft.log.len() as u64);
                *previous_term = raft.term_at(*previous_index).unwrap_or(0);
            }
            _ => {}
        }
    }
}
