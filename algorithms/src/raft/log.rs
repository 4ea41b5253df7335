//! Raft: how all logs become the leader's, and what of it is carried out.

use super::{Message, Output, Raft, Role, Timer};
use crate::{NodeId, Out};

/// How many messages replicate an entry among `processes`: one to each other, and its reply.
pub const fn messages(processes: u64) -> u64 {
    2 * processes.saturating_sub(1)
}

/// An entry of the log: `2:7` is command 7 of term 2, and `2:-` has no command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, crate::Message)]
#[message(nested)]
pub struct Entry {
    /// The term of the leader that added it.
    #[message(tag = 1)]
    pub term: u64,
    /// What is to be carried out; nothing in the first entry of a leader.
    #[message(tag = 2)]
    pub command: Option<u64>,
}

/// How entries get into all logs.
impl Raft {
    /// A leader takes a command, unless its log has it.
    pub(super) fn on_propose(&mut self, command: u64, out: &mut Out<Self>) {
        if matches!(self.role, Role::Leader { .. }) && !self.has(command) {
            self.add(Some(command), out);
        }
    }

    fn has(&self, command: u64) -> bool {
        self.log.iter().any(|entry| entry.command == Some(command))
    }

    pub(super) fn add(&mut self, command: Option<u64>, out: &mut Out<Self>) {
        self.log.push(Entry {
            term: self.term,
            command,
        });
        out.persist();
        self.send_entries(out);
        self.commit(out);
    }

    /// The rules for leaders: each process gets the entries that it may lack.
    pub(super) fn send_entries(&mut self, out: &mut Out<Self>) {
        for other in self.others.clone() {
            self.send_entries_to(other, out);
        }
        out.set_timer(Timer::Heartbeat, self.times.heartbeat);
    }

    fn send_entries_to(&mut self, other: NodeId, out: &mut Out<Self>) {
        let Role::Leader { next, .. } = &self.role else {
            return;
        };
        let previous_index = next[&other] - 1;
        let message = Message::AppendEntries {
            term: self.term,
            previous_index,
            previous_term: self.term_at(previous_index).unwrap_or(0),
            entries: self.log[previous_index as usize..].to_vec(),
            committed: self.committed,
        };
        out.send(other, message);
    }

    /// The term of the entry at that index, 0 before the first; none beyond the last.
    pub(super) fn term_at(&self, index: u64) -> Option<u64> {
        match index.checked_sub(1) {
            None => Some(0),
            Some(place) => Some(self.log.get(usize::try_from(place).ok()?)?.term),
        }
    }

    /// AppendEntries RPC, receiver: a leader of an earlier term gets the later one.
    pub(super) fn on_append_entries(
        &mut self,
        from: NodeId,
        term: u64,
        before: (u64, u64),
        entries: Vec<Entry>,
        committed: u64,
        out: &mut Out<Self>,
    ) {
        self.see(term, out);
        let mut matching = None;
        if term == self.term {
            self.role = Role::Follower { leader: Some(from) };
            self.wait_for_leader(out);
            matching = self.append(before, entries, out);
        }
        let term = self.term;
        out.send(from, Message::Appended { term, matching });
        if let Some(end) = matching {
            self.committed = self.committed.max(committed.min(end));
            self.apply(out);
        }
        for &command in self.waiting.iter().filter(|&&command| !self.has(command)) {
            out.send(from, Message::Propose { command });
        }
    }

    /// Makes the log the leader's, as far as these entries go. Returns how far that is;
    /// nothing if the log has no such entry before them.
    fn append(
        &mut self,
        (term, index): (u64, u64),
        entries: Vec<Entry>,
        out: &mut Out<Self>,
    ) -> Option<u64> {
        if self.term_at(index) != Some(term) {
            return None;
        }
        let end = index + entries.len() as u64;
        for (place, entry) in (index as usize..).zip(entries) {
            if self.log.get(place).map(|entry| entry.term) != Some(entry.term) {
                self.log.truncate(place);
                self.log.push(entry);
                out.persist();
            }
        }
        Some(end)
    }

    pub(super) fn on_appended(
        &mut self,
        from: NodeId,
        term: u64,
        matched: Option<u64>,
        out: &mut Out<Self>,
    ) {
        self.see(term, out);
        if term != self.term {
            return;
        }
        let length = self.log.len() as u64;
        let Role::Leader { next, matching } = &mut self.role else {
            return;
        };
        let (Some(next), Some(matching)) = (next.get_mut(&from), matching.get_mut(&from)) else {
            return; // It is no process of the run.
        };
        match matched {
            Some(index) => {
                *matching = index.min(length).max(*matching);
                *next = *matching + 1;
                self.commit(out);
            }
            None => {
                *next = (*matching + 1).max(*next - 1);
                self.send_entries_to(from, out);
            }
        }
    }
}

/// How entries are committed.
impl Raft {
    /// The last of the rules for leaders: what a majority has is committed, if it is an
    /// entry of this term.
    fn commit(&mut self, out: &mut Out<Self>) {
        let index = self.majority_has();
        if self.term_at(index) == Some(self.term) {
            self.committed = self.committed.max(index);
        }
        self.apply(out);
    }

    /// Up to which index a majority, this leader included, is known to have the log.
    pub(super) fn majority_has(&self) -> u64 {
        let Role::Leader { matching, .. } = &self.role else {
            return 0;
        };
        let mut indices: Vec<_> = matching.values().copied().collect();
        indices.push(self.log.len() as u64);
        indices.sort_unstable();
        indices[(indices.len() - 1) / 2]
    }

    fn apply(&mut self, out: &mut Out<Self>) {
        let log = self.log.iter().zip(1..=self.committed);
        for (entry, index) in log.skip(self.applied as usize) {
            self.applied = index;
            out.persist();
            if let Some(command) = entry.command {
                self.waiting.remove(&command);
                let term = self.term;
                out.output(Output::Applied {
                    index,
                    command,
                    term,
                });
            }
        }
    }
}

/// `2:7`, or `2:-`.
pub(super) fn texts(log: &[Entry]) -> Vec<String> {
    let texts = log.iter().map(|Entry { term, command }| match command {
        Some(command) => format!("{term}:{command}"),
        None => format!("{term}:-"),
    });
    texts.collect()
}
