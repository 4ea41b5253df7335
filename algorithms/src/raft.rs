//! Raft: how do processes keep the same log, although some of them stop and come back?
//!
//! Diego Ongaro and John Ousterhout, "In Search of an Understandable Consensus
//! Algorithm", USENIX ATC 2014; the rules are those of its figure 2.
//!
//! Clients give *commands* to any process. All processes are to carry out the same ones in
//! the same order, so they agree on a *log*: a list of entries, a command each. Time is
//! divided into *terms* from 1 on. A term has at most one leader, which alone adds entries.
//!
//! **Election.** A process that hears from no leader for a random time starts the next
//! term as a *candidate* and requests the votes of all. A process votes once a term,
//! and only for a candidate whose log is at least as up to date as its own. A majority
//! of votes makes a leader; any two majorities share a process, so there is one leader.
//!
//! **Log.** The leader sends each entry with the index and the term of the one before
//! it. A process whose log has no such entry rejects it, and the leader tries an earlier
//! one; an entry that contradicts the leader's is removed with all that follow it. So
//! two logs that have an entry of one term at one index agree up to that index.
//!
//! **Commitment.** An entry of the leader's own term is *committed* when a majority has
//! it, and all before it are committed with it. Committed entries are carried out in
//! order. That a majority has it does not commit an entry of an earlier term: a process
//! with a later term's entry instead could still win and remove it (figure 8). So a new
//! leader begins with an entry without a command, which commits those before (section 8).
//!
//! **Persistence.** Term, vote and log are durable: a process that forgot its vote could
//! vote twice in a term. So is the number of entries carried out, as is what they changed.
//!
//! The process that a client asked offers the command to each leader that it hears from
//! until its own log has it. Commands are distinct numbers: a leader takes none twice.
//!
//! What it needs: channels between all, which may lose, duplicate and reorder messages; a
//! majority that is up; for progress, election time-outs well above a round trip.
//!
//! Cost: with a stable leader, 2(N-1) messages and one round trip an entry, and a message
//! more if the client asked another process. An election takes 2(N-1) messages.
//! What a process handles is in this file; `election.rs` and `log.rs` have how.

mod election;
mod flawed;
mod log;

use std::collections::{BTreeMap, BTreeSet};

use crate::{Algorithm, Describe, NodeId, Out};

pub use election::{Timer, Times};
pub use flawed::{Flaw, Flawed};
pub use log::{Entry, messages};

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// A candidate requests a vote.
    #[message(tag = 1, request)]
    RequestVote {
        /// The candidate's.
        #[message(tag = 1)]
        term: u64,
        /// The index of the candidate's last entry.
        #[message(tag = 2)]
        last_index: u64,
        /// That entry's term.
        #[message(tag = 3)]
        last_term: u64,
    },
    /// The answer to a candidate.
    #[message(tag = 2, reply)]
    Vote {
        /// The voter's.
        #[message(tag = 1)]
        term: u64,
        /// Whether the candidate has the vote.
        #[message(tag = 2)]
        granted: bool,
    },
    /// A leader's entries; without any, that it is up.
    #[message(tag = 3, request)]
    AppendEntries {
        /// The leader's.
        #[message(tag = 1)]
        term: u64,
        /// The index of the entry before these.
        #[message(tag = 2)]
        previous_index: u64,
        /// That entry's term.
        #[message(tag = 3)]
        previous_term: u64,
        /// The entries.
        #[message(tag = 4)]
        #[describe(with = log::texts)]
        entries: Vec<Entry>,
        /// How many entries the leader knows to be committed.
        #[message(tag = 5)]
        committed: u64,
    },
    /// The answer to a leader.
    #[message(tag = 4, reply)]
    Appended {
        /// The sender's.
        #[message(tag = 1)]
        term: u64,
        /// Up to which index the logs agree; none if the entry before is missing.
        #[message(tag = 2)]
        matching: Option<u64>,
    },
    /// A client's command, for the leader.
    #[message(tag = 5)]
    Propose {
        /// What is to be carried out.
        #[message(tag = 1)]
        command: u64,
    },
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// A client asks for this command, a number that no other client uses.
    Propose(u64),
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// It has become the leader of this term.
    Leads {
        /// Its number.
        term: u64,
    },
    /// It has carried out a command.
    Applied {
        /// The command's place in the log, from 1.
        index: u64,
        /// The command.
        command: u64,
        /// The term in which the process is.
        term: u64,
    },
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Raft {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    others: Vec<NodeId>,
    #[describe(skip)]
    times: Times,
    #[describe(durable)]
    term: u64,
    #[describe(durable)]
    voted_for: Option<NodeId>,
    #[describe(durable, with = log::texts)]
    log: Vec<Entry>,
    /// How many entries were carried out.
    #[describe(durable)]
    applied: u64,
    role: Role,
    /// How many entries are known to be committed.
    committed: u64,
    /// The commands of this process's clients that were not carried out here.
    waiting: BTreeSet<u64>,
}

/// What a process does in its term.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
enum Role {
    /// It follows the leader of the term, once it has heard from it.
    Follower { leader: Option<NodeId> },
    /// It requests votes, and has these.
    Candidate { votes: BTreeSet<NodeId> },
    /// It leads. By process: which entry to send next, and up to which its log matches.
    Leader {
        #[describe(skip)]
        next: BTreeMap<NodeId, u64>,
        #[describe(skip)]
        matching: BTreeMap<NodeId, u64>,
    },
}

impl Algorithm for Raft {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    /// A process that restarts does the same.
    fn on_start(&mut self, out: &mut Out<Self>) {
        self.wait_for_leader(out);
    }

    fn on_command(&mut self, Command::Propose(command): Command, out: &mut Out<Self>) {
        self.waiting.insert(command);
        if let Role::Follower { leader: Some(to) } = self.role {
            out.send(to, Message::Propose { command });
        }
        self.on_propose(command, out);
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match timer {
            Timer::Election => self.stand(out),
            Timer::Heartbeat => self.send_entries(out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::RequestVote {
                term,
                last_term,
                last_index,
            } => self.on_request_vote(from, term, (last_term, last_index), out),
            Message::Vote { term, granted } => self.on_vote(from, term, granted, out),
            Message::AppendEntries {
                term,
                previous_term,
                previous_index,
                entries,
                committed,
            } => {
                let before = (previous_term, previous_index);
                self.on_append_entries(from, term, before, entries, committed, out);
            }
            Message::Appended { term, matching } => self.on_appended(from, term, matching, out),
            Message::Propose { command } => self.on_propose(command, out),
        }
    }
}

impl Raft {
    /// A process among `all`.
    pub fn new(me: NodeId, all: impl IntoIterator<Item = NodeId>, times: Times) -> Self {
        Self {
            me,
            others: all.into_iter().filter(|other| *other != me).collect(),
            times,
            term: 0,
            voted_for: None,
            log: Vec::new(),
            applied: 0,
            role: Role::Follower { leader: None },
            committed: 0,
            waiting: BTreeSet::new(),
        }
    }
}

#[cfg(test)]
mod tests;
