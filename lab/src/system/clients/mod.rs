//! Clients: each asks processes for operations, one after the other, and waits for each
//! answer. Every engine asks for them here.

mod measures;
mod operations;
#[cfg(test)]
mod tests;

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::time::Duration;

use algorithms::{Describe, NodeId};
use trace::steps::RequestRecord;

pub use measures::throughput;
pub use operations::Operations;

/// A client, which asks for one operation at a time.
///
/// In a simulated and a live run it asks at the times given here. The model checker has no
/// time: there a client may ask at any moment after the last answer, and its patience ends
/// when nothing else can happen.
#[derive(Clone, Debug)]
pub struct Client<C> {
    /// When it asks for its first operation, after the start.
    pub at: Duration,
    /// What it asks.
    pub to: To,
    /// What it asks for, in this order.
    pub requests: Vec<Request<C>>,
    /// How long after an answer it asks again.
    pub think: Duration,
    /// How long it waits for an answer, or for a leader to ask. Then it goes on with its next
    /// request. The one that was not answered may have taken effect, or may still.
    pub patience: Duration,
    /// How often it repeats a request that was [refused](Answer::Refused).
    pub retries: u32,
}

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum To {
    /// This process.
    Process(NodeId),
    /// The process that leads, as the last output says that states it ([`System::leads`](crate::system::System::leads)).
    Leader,
}

/// What a client asks for.
#[derive(Clone, Debug)]
pub struct Request<C> {
    command: C,
    record: RequestRecord,
}

/// How an output answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// The operation was carried out.
    Done,
    /// The process refuses it, and it has no effect: the process may not be the leader.
    Refused,
}

impl<C: Describe> Request<C> {
    /// The command that begins an operation of that name. The trace has the command's
    /// fields.
    pub fn new(operation: &'static str, command: C) -> Self {
        let fields = command.fields();
        let record = RequestRecord {
            operation: operation.into(),
            fields,
        };
        Self { command, record }
    }
}

/// The clients of a run, in progress.
#[derive(Clone, Debug)]
pub struct Clients<C> {
    all: Arc<Vec<Client<C>>>,
    progress: Vec<Progress>,
    leader: Option<NodeId>,
}

/// How far a client got.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Progress {
    /// Which of its requests is the next, or is open.
    next: usize,
    /// How often that was refused.
    refused: u32,
    /// How often it has asked.
    asked: u64,
    is_open: bool,
    /// Since when it waits: for an answer if a request is open, or else to ask.
    since: Duration,
}

/// One request that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Ticket {
    client: usize,
    asked: u64,
}

/// What a client does when it is due.
#[derive(Clone, Debug)]
pub enum Act<C> {
    /// It asks that process.
    Ask {
        /// The process.
        node: NodeId,
        /// The command.
        command: C,
        /// What is recorded of it.
        record: RequestRecord,
        /// The request.
        ticket: Ticket,
    },
    /// Its patience has ended, and it goes on with its next request.
    GoOn,
}

impl<C: Clone> Clients<C> {
    /// Clients that have asked for nothing yet.
    pub fn new(all: Vec<Client<C>>) -> Self {
        let progress = all.iter().map(|client| Progress {
            next: 0,
            refused: 0,
            asked: 0,
            is_open: false,
            since: client.at,
        });
        Self {
            progress: progress.collect(),
            all: Arc::new(all),
            leader: None,
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether none will ask for anything more.
    pub fn are_finished(&self) -> bool {
        (0..self.all.len()).all(|client| self.is_finished(client))
    }

    fn is_finished(&self, client: usize) -> bool {
        self.progress[client].next >= self.all[client].requests.len()
    }

    /// How many requests there are.
    pub fn requests(&self) -> u64 {
        self.all.iter().map(|one| one.requests.len() as u64).sum()
    }

    /// How many of them no client waits for any more.
    pub fn over(&self) -> u64 {
        self.progress.iter().map(|one| one.next as u64).sum()
    }

    /// How long they ask at most, after the start.
    pub fn last(&self) -> Duration {
        let all = self.all.iter().map(|client| {
            let tries = u32::try_from(client.requests.len()).unwrap_or(u32::MAX);
            let tries = tries.saturating_mul(client.retries.saturating_add(1));
            let each = client.patience.saturating_add(pause(client));
            client.at.saturating_add(each.saturating_mul(tries))
        });
        all.max().unwrap_or_default()
    }

    /// Whether that process may still be asked, or is being asked.
    pub fn may_ask(&self, node: NodeId) -> bool {
        let all = self.all.iter().enumerate();
        let mut open = all.filter(|(client, _)| !self.is_finished(*client));
        open.any(|(_, client)| match client.to {
            To::Process(target) => target == node,
            To::Leader => true,
        })
    }

    /// The process that a client asks next; `None` if there is none, or if it waits for an
    /// answer.
    pub fn target(&self, client: usize) -> Option<NodeId> {
        match self.all[client].to {
            _ if self.progress[client].is_open || self.is_finished(client) => None,
            To::Process(node) => Some(node),
            To::Leader => self.leader,
        }
    }

    /// Whether a client waits for an answer.
    pub fn waits(&self, client: usize) -> bool {
        self.progress[client].is_open
    }

    /// How many clients there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The client that acts first, and when.
    pub fn due(&self) -> Option<(Duration, usize)> {
        let open = (0..self.all.len()).filter(|client| !self.is_finished(*client));
        let all = open.map(|client| {
            let since = self.progress[client].since;
            let due = match self.target(client) {
                Some(_) => since,
                None => since.saturating_add(self.all[client].patience),
            };
            (due, client)
        });
        all.min()
    }

    /// Lets a client act.
    pub fn act(&mut self, client: usize, now: Duration) -> Act<C> {
        let target = self.target(client);
        let Some(node) = target else {
            self.go_on(client, now);
            return Act::GoOn;
        };
        let progress = &mut self.progress[client];
        progress.is_open = true;
        progress.since = now;
        progress.asked += 1;
        let Request { command, record } = self.all[client].requests[progress.next].clone();
        let asked = progress.asked;
        Act::Ask {
            node,
            command,
            record,
            ticket: Ticket { client, asked },
        }
    }

    /// A request was answered. Returns whether its client still waited for that.
    pub fn answered(&mut self, ticket: Ticket, answer: Answer, now: Duration) -> bool {
        let Ticket { client, asked } = ticket;
        let progress = &mut self.progress[client];
        if !progress.is_open || progress.asked != asked {
            return false;
        }
        match answer {
            Answer::Refused if progress.refused < self.all[client].retries => {
                progress.refused += 1;
                progress.is_open = false;
                progress.since = now.saturating_add(pause(&self.all[client]));
            }
            Answer::Refused | Answer::Done => self.go_on(client, now),
        }
        true
    }

    /// A process leads, by an output of a process.
    pub fn led_by(&mut self, leader: NodeId) {
        self.leader = Some(leader);
    }

    /// A client goes on with its next request.
    pub fn go_on(&mut self, client: usize, now: Duration) {
        let progress = &mut self.progress[client];
        progress.next += 1;
        progress.refused = 0;
        progress.is_open = false;
        progress.since = now.saturating_add(pause(&self.all[client]));
    }
}

/// The time between an answer and the next request. It is never zero, so that the times of
/// two operations of a client state their order.
fn pause<C>(client: &Client<C>) -> Duration {
    client.think.max(Duration::from_nanos(1))
}

/// The clients as far as a model checker distinguishes them: without times.
impl<C> Hash for Clients<C> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.leader.hash(state);
        for progress in &self.progress {
            let Progress {
                next,
                refused,
                asked,
                is_open,
                since: _,
            } = progress;
            (next, refused, asked, is_open).hash(state);
        }
    }
}
