//! The election of Raft: a leader a term, by votes that survive a crash.
//!
//! Diego Ongaro and John Ousterhout, "In Search of an Understandable Consensus Algorithm",
//! USENIX ATC 2014, section 5.2. Without a log and without timeouts: the environment says
//! which process stands, and when.
//!
//! A process votes once a term, for the first that asks. It writes its vote to stable
//! storage before it answers: a process that forgets its vote in a crash may vote for
//! another in the same term. A majority of the votes makes a leader.
//!
//! The next step is a timer in place of the command: `out.set_timer((), time)` with a time
//! of `out.random(150..300)` milliseconds, and a heartbeat of the leader that sets it anew.

mod system;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::process::ExitCode;

// The engines: simulator and model checker, and with `live` also real peers.
#[cfg(not(feature = "live"))]
use lab as engines;
use lab::own::*;
#[cfg(feature = "live")]
use testbed as engines;

fn main() -> ExitCode {
    engines::own::main(system::Election::new)
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Message, Describe)]
pub enum Vote {
    #[message(tag = 1, request)]
    Request {
        #[message(tag = 1)]
        term: u64,
    },
    #[message(tag = 2, reply)]
    Granted {
        #[message(tag = 1)]
        term: u64,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, Output, Describe)]
pub struct Leads {
    term: u64,
}

/// The state of one process. After a crash it has its durable fields again.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Voter {
    #[describe(durable)]
    term: u64,
    #[describe(durable)]
    voted_for: Option<NodeId>,
    /// As a candidate: the processes that have voted for it.
    votes: BTreeSet<NodeId>,
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    others: Vec<NodeId>,
    /// How many votes make a leader.
    #[describe(skip)]
    majority: usize,
    /// Whether it writes its votes; the broken variant does not.
    #[describe(skip)]
    persists: bool,
}

impl Algorithm for Voter {
    type Message = Vote;
    type Timer = ();
    type Command = ();
    type Output = Leads;

    /// The process stands in the next term, and votes for itself.
    fn on_command(&mut self, (): (), out: &mut Out<Self>) {
        let term = self.term + 1;
        self.vote(term, self.me, out);
        self.votes = BTreeSet::from([self.me]);
        out.broadcast(self.others.iter().copied(), &Vote::Request { term });
    }

    fn on_message(&mut self, from: NodeId, vote: Vote, out: &mut Out<Self>) {
        match vote {
            Vote::Request { term } if self.may_vote(term, from) => {
                self.vote(term, from, out);
                out.send(from, Vote::Granted { term });
            }
            Vote::Granted { term } if term == self.term && self.voted_for == Some(self.me) => {
                if self.votes.insert(from) && self.votes.len() == self.majority {
                    out.output(Leads { term });
                }
            }
            Vote::Request { .. } | Vote::Granted { .. } => {}
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Voter {
    fn may_vote(&self, term: u64, candidate: NodeId) -> bool {
        term > self.term || term == self.term && self.voted_for == Some(candidate)
    }

    fn vote(&mut self, term: u64, candidate: NodeId, out: &mut Out<Self>) {
        self.term = term;
        self.voted_for = Some(candidate);
        if self.persists {
            out.persist();
        }
    }
}
