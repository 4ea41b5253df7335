//! A register that servers share (Attiya, Bar-Noy and Dolev, "Sharing Memory Robustly in
//! Message-Passing Systems", 1995), and clients of which each writes once and then reads.

use std::collections::{BTreeMap, BTreeSet};

use lab::own::{Algorithm, Describe, Message, NodeId, Out};

use super::{Example, Said, majority, other_servers};

/// The time of a value: a number, and the server that gave it.
type Stamp = (u64, u64);

#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub(crate) struct Process {
    #[describe(skip)]
    me: NodeId,
    #[describe(skip)]
    servers: u32,
    #[describe(skip)]
    stamp: Stamp,
    value: u64,
    #[describe(skip)]
    phase: Phase,
    read: Option<u64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Idle,
    /// It asks the servers for their values.
    Asks {
        client: NodeId,
        /// The value to be written, unless the client reads.
        writes: Option<u64>,
        answers: BTreeMap<NodeId, (Stamp, u64)>,
    },
    /// It gives the servers a value.
    Gives {
        client: NodeId,
        read: Option<u64>,
        answers: BTreeSet<NodeId>,
    },
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message, Describe)]
pub(crate) enum Abd {
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
    Ask {
        #[message(tag = 1)]
        client: u64,
    },
    #[message(tag = 6)]
    Has {
        #[message(tag = 1)]
        client: u64,
        #[message(tag = 2)]
        number: u64,
        #[message(tag = 3)]
        by: u64,
        #[message(tag = 4)]
        value: u64,
    },
    #[message(tag = 7)]
    Give {
        #[message(tag = 1)]
        client: u64,
        #[message(tag = 2)]
        number: u64,
        #[message(tag = 3)]
        by: u64,
        #[message(tag = 4)]
        value: u64,
    },
    #[message(tag = 8)]
    Given {
        #[message(tag = 1)]
        client: u64,
    },
}
use Abd::{Ask, Get, GetOk, Give, Given, Has, Put, PutOk};

/// So many servers, and after them so many clients.
pub(crate) fn processes(servers: u32, clients: u32) -> Vec<Process> {
    let process = |id| Process {
        me: NodeId(id),
        servers,
        stamp: (0, id.into()),
        value: 0,
        phase: Phase::Idle,
        read: None,
    };
    (0..servers + clients).map(process).collect()
}

impl Process {
    fn to_others(&self, message: &Abd, out: &mut Out<Self>) {
        out.broadcast(other_servers(self.me, self.servers), message);
    }

    fn begin(&mut self, client: NodeId, writes: Option<u64>, out: &mut Out<Self>) {
        self.phase = Phase::Asks {
            client,
            writes,
            answers: BTreeMap::from([(self.me, (self.stamp, self.value))]),
        };
        let client = client.0.into();
        self.to_others(&Ask { client }, out);
    }

    fn keep(&mut self, stamp: Stamp, value: u64) {
        if stamp > self.stamp {
            (self.stamp, self.value) = (stamp, value);
        }
    }

    fn has(&mut self, from: NodeId, of: u64, answer: (Stamp, u64), out: &mut Out<Self>) {
        let enough = majority(self.servers);
        let Phase::Asks {
            client,
            writes,
            answers,
        } = &mut self.phase
        else {
            return;
        };
        if u64::from(client.0) != of {
            return;
        }
        answers.insert(from, answer);
        if answers.len() < enough {
            return;
        }
        let (client, writes) = (*client, *writes);
        let (last, held) = answers.values().max().copied().unwrap_or_default();
        let (stamp, value) = match writes {
            Some(value) => ((last.0 + 1, self.me.0.into()), value),
            None => (last, held),
        };
        self.keep(stamp, value);
        self.phase = Phase::Gives {
            client,
            read: writes.is_none().then_some(value),
            answers: BTreeSet::from([self.me]),
        };
        let give = Give {
            client: client.0.into(),
            number: stamp.0,
            by: stamp.1,
            value,
        };
        self.to_others(&give, out);
    }

    fn given(&mut self, from: NodeId, of: u64, out: &mut Out<Self>) {
        let enough = majority(self.servers);
        let Phase::Gives {
            client,
            read,
            answers,
        } = &mut self.phase
        else {
            return;
        };
        if u64::from(client.0) != of || !answers.insert(from) || answers.len() < enough {
            return;
        }
        let answer = read.map_or(PutOk, |value| GetOk { value });
        out.send(*client, answer);
        self.phase = Phase::Idle;
    }
}

impl Algorithm for Process {
    type Message = Abd;
    type Timer = ();
    type Command = ();
    type Output = Said;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if self.me.0 >= self.servers {
            out.send(NodeId(self.me.0 % self.servers), Put);
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Abd, out: &mut Out<Self>) {
        match message {
            PutOk => out.send(NodeId((self.me.0 + 1) % self.servers), Get),
            GetOk { value } => {
                self.read = Some(value);
                out.output(Said { value });
            }
            Put if self.phase == Phase::Idle => self.begin(from, Some(from.0.into()), out),
            Get if self.phase == Phase::Idle => self.begin(from, None, out),
            // A server serves one client at a time.
            Put | Get => {}
            Ask { client } => {
                let ((number, by), value) = (self.stamp, self.value);
                let has = Has {
                    client,
                    number,
                    by,
                    value,
                };
                out.send(from, has);
            }
            Has {
                client,
                number,
                by,
                value,
            } => self.has(from, client, ((number, by), value), out),
            Give {
                client,
                number,
                by,
                value,
            } => {
                self.keep((number, by), value);
                out.send(from, Given { client });
            }
            Given { client } => self.given(from, client, out),
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Example for Process {
    fn said(&self) -> Option<u64> {
        self.read
    }

    /// No client writes zero, and each client reads after its own write.
    fn may_say(mut values: impl Iterator<Item = u64>) -> bool {
        values.all(|value| value > 0)
    }
}
