//! Single-decree Paxos (Lamport, "Paxos Made Simple", 2001): servers that decide on one
//! value, and clients of which each puts one and then gets the decision.

use std::collections::{BTreeMap, BTreeSet};

use lab::own::{Algorithm, Describe, Message, NodeId, Out};

use super::{Example, Said, are_equal, majority, other_servers};

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub(crate) struct Process {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    servers: u32,
    ballot: u64,
    /// The client whose value is proposed here. Its number is the value.
    proposed: Option<u64>,
    #[describe(skip)]
    promises: BTreeMap<NodeId, Option<(u64, u64)>>,
    #[describe(skip)]
    accepts: BTreeSet<NodeId>,
    /// The ballot and the value that were accepted last.
    #[describe(skip)]
    accepted: Option<(u64, u64)>,
    decided: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message, Describe)]
pub(crate) enum Paxos {
    #[message(tag = 1)]
    Put,
    #[message(tag = 2)]
    PutOk,
    #[message(tag = 3)]
    Get,
    #[message(tag = 4)]
    GetOk {
        #[message(tag = 1)]
        value: u64,
    },
    #[message(tag = 5)]
    Prepare {
        #[message(tag = 1)]
        ballot: u64,
    },
    #[message(tag = 6)]
    Promise {
        #[message(tag = 1)]
        ballot: u64,
        /// Zero: nothing was accepted.
        #[message(tag = 2)]
        accepted_in: u64,
        #[message(tag = 3)]
        value: u64,
    },
    #[message(tag = 7)]
    Accept {
        #[message(tag = 1)]
        ballot: u64,
        #[message(tag = 2)]
        value: u64,
    },
    #[message(tag = 8)]
    Accepted {
        #[message(tag = 1)]
        ballot: u64,
    },
    #[message(tag = 9)]
    Decided {
        #[message(tag = 1)]
        ballot: u64,
        #[message(tag = 2)]
        value: u64,
    },
}
use Paxos::{Accept, Accepted, Decided, Get, GetOk, Prepare, Promise, Put, PutOk};

/// So many servers, and after them so many clients.
pub(crate) fn processes(servers: u32, clients: u32) -> Vec<Process> {
    let process = |id| Process {
        me: NodeId(id),
        servers,
        ballot: 0,
        proposed: None,
        promises: BTreeMap::new(),
        accepts: BTreeSet::new(),
        accepted: None,
        decided: None,
    };
    (0..servers + clients).map(process).collect()
}

impl Process {
    fn to_others(&self, message: &Paxos, out: &mut Out<Self>) {
        out.broadcast(other_servers(self.me, self.servers), message);
    }

    /// A ballot of this server above all it knows.
    fn next_ballot(&self) -> u64 {
        let servers = u64::from(self.servers);
        (self.ballot / servers + 1) * servers + u64::from(self.me.0)
    }

    fn propose(&mut self, client: NodeId, out: &mut Out<Self>) {
        self.proposed = Some(client.0.into());
        self.ballot = self.next_ballot();
        self.promises = BTreeMap::from([(self.me, self.accepted)]);
        self.accepts.clear();
        let ballot = self.ballot;
        self.to_others(&Prepare { ballot }, out);
    }

    fn promised(&mut self, from: NodeId, accepted: Option<(u64, u64)>, out: &mut Out<Self>) {
        self.promises.insert(from, accepted);
        if self.promises.len() != majority(self.servers) {
            return;
        }
        let last = self.promises.values().max().copied().flatten();
        let value = last.map(|(_, value)| value).or(self.proposed);
        let (ballot, value) = (self.ballot, value.unwrap_or_default());
        self.proposed = Some(value);
        self.accepted = Some((ballot, value));
        self.accepts.insert(self.me);
        self.to_others(&Accept { ballot, value }, out);
    }

    fn accepted_by(&mut self, from: NodeId, out: &mut Out<Self>) {
        self.accepts.insert(from);
        if self.accepts.len() != majority(self.servers) {
            return;
        }
        let (ballot, value) = (self.ballot, self.proposed.unwrap_or_default());
        self.to_others(&Decided { ballot, value }, out);
        out.send(NodeId(value as u32), PutOk);
        self.decide(value, out);
    }

    fn decide(&mut self, value: u64, out: &mut Out<Self>) {
        if self.decided.is_none() {
            self.decided = Some(value);
            out.output(Said { value });
        }
    }

    fn as_server(&mut self, from: NodeId, message: Paxos, out: &mut Out<Self>) {
        match message {
            Put if self.proposed.is_none() => self.propose(from, out),
            Prepare { ballot } if self.ballot < ballot => {
                self.ballot = ballot;
                let (accepted_in, value) = self.accepted.unwrap_or_default();
                let promise = Promise {
                    ballot,
                    accepted_in,
                    value,
                };
                out.send(from, promise);
            }
            Promise {
                ballot,
                accepted_in,
                value,
            } if ballot == self.ballot => {
                let accepted = (accepted_in > 0).then_some((accepted_in, value));
                self.promised(from, accepted, out);
            }
            Accept { ballot, value } if self.ballot <= ballot => {
                self.ballot = ballot;
                self.accepted = Some((ballot, value));
                out.send(from, Accepted { ballot });
            }
            Accepted { ballot } if ballot == self.ballot => self.accepted_by(from, out),
            Decided { ballot, value } => {
                self.ballot = ballot;
                self.accepted = Some((ballot, value));
                self.decide(value, out);
            }
            _ => {}
        }
    }
}

impl Algorithm for Process {
    type Message = Paxos;
    type Timer = ();
    type Command = ();
    type Output = Said;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if self.me.0 >= self.servers {
            out.send(NodeId(self.me.0 % self.servers), Put);
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Paxos, out: &mut Out<Self>) {
        match (message, self.decided) {
            (PutOk, _) => out.send(NodeId((self.me.0 + 1) % self.servers), Get),
            (GetOk { value }, _) => self.decide(value, out),
            (Get, Some(value)) => out.send(from, GetOk { value }),
            (_, Some(_)) => {}
            (message, None) => self.as_server(from, message, out),
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Example for Process {
    fn said(&self) -> Option<u64> {
        self.decided
    }

    fn may_say(values: impl Iterator<Item = u64>) -> bool {
        are_equal(values)
    }
}
