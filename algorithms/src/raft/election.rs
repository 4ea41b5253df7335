//! Raft: how a term gets its leader.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Message, Output, Raft, Role};
use crate::{NodeId, Out};

/// The timers of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// No leader was heard of.
    Election,
    /// The leader has to be heard of again.
    Heartbeat,
}

/// The times of a process, the same for all.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Times {
    /// The shortest and the longest election time-out.
    pub election: (Duration, Duration),
    /// How often a leader is heard of.
    pub heartbeat: Duration,
    /// The last term: no process stands for a later one. So a model checker has finitely
    /// many states.
    pub last_term: u64,
}

impl Raft {
    /// The rules for all servers: a later term makes a follower.
    pub(super) fn see(&mut self, term: u64, out: &mut Out<Self>) {
        if term > self.term {
            self.enter(term, None, Role::Follower { leader: None }, out);
            self.wait_for_leader(out);
        }
    }

    fn enter(&mut self, term: u64, vote: Option<NodeId>, role: Role, out: &mut Out<Self>) {
        (self.term, self.voted_for, self.role) = (term, vote, role);
        out.cancel_timer(Timer::Heartbeat);
        out.persist();
    }

    /// The election time-out begins.
    pub(super) fn wait_for_leader(&mut self, out: &mut Out<Self>) {
        let (shortest, longest) = self.times.election;
        let after = match longest.checked_sub(shortest) {
            Some(Duration::ZERO) | None => shortest,
            Some(range) => shortest + range / 1000 * out.random(0..=1000),
        };
        match self.term < self.times.last_term {
            true => out.set_timer(Timer::Election, after),
            false => out.cancel_timer(Timer::Election),
        }
    }

    /// The rules for candidates: the next term, and a vote for itself.
    pub(super) fn stand(&mut self, out: &mut Out<Self>) {
        let votes = BTreeSet::from([self.me]);
        self.enter(self.term + 1, Some(self.me), Role::Candidate { votes }, out);
        self.wait_for_leader(out);
        let (last_term, last_index) = self.last();
        let request = Message::RequestVote {
            term: self.term,
            last_index,
            last_term,
        };
        out.broadcast(self.others.clone(), &request);
        self.count_votes(out);
    }

    /// RequestVote RPC, receiver: one vote a term, for a log that is as up to date.
    pub(super) fn on_request_vote(
        &mut self,
        from: NodeId,
        term: u64,
        last: (u64, u64),
        out: &mut Out<Self>,
    ) {
        self.see(term, out);
        let is_free = self.voted_for.is_none_or(|candidate| candidate == from);
        let granted = term == self.term && is_free && last >= self.last();
        if granted {
            self.voted_for = Some(from);
            out.persist();
            self.wait_for_leader(out);
        }
        let term = self.term;
        out.send(from, Message::Vote { term, granted });
    }

    pub(super) fn on_vote(&mut self, from: NodeId, term: u64, granted: bool, out: &mut Out<Self>) {
        self.see(term, out);
        match &mut self.role {
            Role::Candidate { votes } if granted && term == self.term => votes.insert(from),
            Role::Candidate { .. } | Role::Follower { .. } | Role::Leader { .. } => return,
        };
        self.count_votes(out);
    }

    /// A majority makes a leader.
    fn count_votes(&mut self, out: &mut Out<Self>) {
        let all = self.others.len() + 1;
        if matches!(&self.role, Role::Candidate { votes } if votes.len() > all / 2) {
            self.lead(out);
        }
    }

    fn lead(&mut self, out: &mut Out<Self>) {
        let next = self.log.len() as u64 + 1;
        self.role = Role::Leader {
            next: self.others.iter().map(|other| (*other, next)).collect(),
            matching: self.others.iter().map(|other| (*other, 0)).collect(),
        };
        out.cancel_timer(Timer::Election);
        out.output(Output::Leads { term: self.term });
        self.add(None, out);
        for command in self.waiting.clone() {
            self.on_propose(command, out);
        }
    }

    /// The last entry's term and index: of two logs, the greater is more up to date.
    fn last(&self) -> (u64, u64) {
        let term = self.log.last().map_or(0, |entry| entry.term);
        (term, self.log.len() as u64)
    }
}
