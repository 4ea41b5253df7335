//! The echo algorithm: how does one process reach all others, and learn that it
//! has?
//!
//! Ernest J. H. Chang, "Echo Algorithms: Depth Parallel Operations on General
//! Graphs", IEEE TSE SE-8(4), 1982. The form in which an explorer also answers
//! an explorer is in Adrian Segall, "Distributed Network Protocols", IEEE
//! Trans. Information Theory 29(1), 1983. Both are described in Gerard Tel,
//! "Introduction to Distributed Algorithms", chapter 6.
//!
//! No process knows the network; each knows its neighbours. A message that one
//! process sends to all its neighbours, and that they forward to theirs, reaches
//! all processes, but the initiator never learns that it has. So there must be a
//! way back as well.
//!
//! *Explorers* flood the network. The sender of the first explorer that a
//! process receives becomes its parent, and the parents form a spanning tree,
//! with the initiator as its root. When a process has received a message from
//! every neighbour, it sends an *echo* to its parent: its whole subtree has been
//! reached. On an edge outside the tree two explorers cross, one in each
//! direction. Each shows that its sender has been reached already, so each
//! serves as an echo to the other. When the initiator has received a message
//! from all its neighbours, it *decides*.
//!
//! This is a *wave* (Tel, definition 6.1): it terminates, there is a decision,
//! and the decision is preceded by an event in every process. Election,
//! termination detection and the sum over a network are built on waves. This one
//! carries the simplest sum: each process counts as one, and the initiator
//! learns how many there are.
//!
//! What it needs: edges in both directions, a connected network, channels that
//! lose nothing, and no crashes. It does not need channels that keep the order.
//! Several waves may be under way at once, each with an id.
//!
//! Cost: two messages on each edge, 2|E|: an explorer and its echo on the edges
//! of the tree, two explorers on the others. If messages take at most one unit
//! of time, it ends after O(N) units: a slow edge can keep a short path out of
//! the tree, so that the way back is longer than the way out. If all messages take
//! the same time it ends after 2e or 2e+1 of them, where the farthest process is e
//! hops away: one more where an edge joins two of the farthest, so that each
//! waits for the other's explorer. In a full mesh these are 3, in a ring of 5 they
//! are 5, in a ring of 4 they are 4.
//!
//! The whole algorithm is in this file.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Algorithm, Describe, Fields, InstanceId, NodeId, Out};

/// How many messages a wave takes in a network of so many edges.
pub const fn messages(edges: u64) -> u64 {
    2 * edges
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Start a wave.
    Start,
}

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// Looks for processes that the wave has not reached.
    #[message(tag = 1)]
    Explorer(#[describe(name = "wave", with = InstanceId::named)] InstanceId),
    /// The sender's whole subtree has been reached.
    #[message(tag = 2)]
    Echo {
        /// The wave.
        #[message(tag = 1)]
        #[describe(with = InstanceId::named)]
        wave: InstanceId,
        /// How many processes the subtree has, the sender included.
        #[message(tag = 2)]
        visited: u64,
    },
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The wave has reached this process.
    Joined {
        /// The wave.
        #[describe(with = InstanceId::named)]
        wave: InstanceId,
        /// The sender of the first message; the initiator has none.
        parent: Option<NodeId>,
    },
    /// The wave, which began here, has reached all processes.
    Decided {
        /// The wave.
        #[describe(with = InstanceId::named)]
        wave: InstanceId,
        /// How many processes it reached.
        visited: u64,
    },
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Echo {
    me: NodeId,
    /// The process at the other end of each edge.
    neighbours: BTreeSet<NodeId>,
    /// As an initiator: the number of the next wave.
    next: u32,
    /// The waves that have reached this process. A completed wave stays, so that a
    /// late message does not start it anew.
    waves: BTreeMap<InstanceId, Visit>,
}

/// A wave that has reached this process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Visit {
    /// The sender of the first explorer; none at the initiator.
    parent: Option<NodeId>,
    /// The neighbours that have not answered.
    missing: BTreeSet<NodeId>,
    /// How many processes were reached through this one, itself included.
    visited: u64,
}

impl Echo {
    /// A process with edges to these.
    pub fn new(me: NodeId, neighbours: impl IntoIterator<Item = NodeId>) -> Self {
        Self {
            me,
            neighbours: neighbours.into_iter().collect(),
            next: 0,
            waves: BTreeMap::new(),
        }
    }
}

impl Algorithm for Echo {
    type Message = Message;
    type Timer = ();
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Start => self.initiate(out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Explorer(wave) => self.on_explorer(from, wave, out),
            Message::Echo { wave, visited } => self.on_answer(from, wave, visited, out),
        }
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Echo {
    /// Chang's beginning of the forward phase, at one node.
    fn initiate(&mut self, out: &mut Out<Self>) {
        let wave = InstanceId::new(self.me, self.next);
        self.next += 1;
        self.join(wave, None, out);
    }

    /// Chang's forward phase: a node sends the first explorer on, over all edges but the
    /// one by which it came, and remembers that one.
    fn join(&mut self, wave: InstanceId, parent: Option<NodeId>, out: &mut Out<Self>) {
        out.output(Output::Joined { wave, parent });
        let mut missing = self.neighbours.clone();
        if let Some(parent) = parent {
            missing.remove(&parent);
        }
        for &to in &missing {
            out.send(to, Message::Explorer(wave));
        }
        let visit = Visit {
            parent,
            missing,
            visited: 1,
        };
        self.waves.insert(wave, visit);
        self.echo_if_all_came(wave, out);
    }

    /// Segall's form: an explorer that comes later answers ours. Its sender was reached
    /// on another path, and no new process is behind it.
    fn on_explorer(&mut self, from: NodeId, wave: InstanceId, out: &mut Out<Self>) {
        if self.waves.contains_key(&wave) {
            self.on_answer(from, wave, 0, out);
        } else if wave.by != self.me && self.neighbours.contains(&from) {
            self.join(wave, Some(from), out);
        }
        // Else it is forged: we did not start it, or there is no such edge.
    }

    /// Each neighbour answers once. Any further message changes nothing.
    fn on_answer(&mut self, from: NodeId, wave: InstanceId, visited: u64, out: &mut Out<Self>) {
        if let Some(visit) = self.waves.get_mut(&wave)
            && visit.missing.remove(&from)
        {
            // A hostile peer may claim to have reached any number.
            visit.visited = visit.visited.saturating_add(visited);
            self.echo_if_all_came(wave, out);
        }
    }

    /// Chang's backward phase: when all other edges have answered, a node echoes to where
    /// its first explorer came from. At the initiator the wave is over (Tel: it decides).
    fn echo_if_all_came(&self, wave: InstanceId, out: &mut Out<Self>) {
        let visit = self.waves.get(&wave).expect("the wave is here");
        if !visit.missing.is_empty() {
            return;
        }
        let visited = visit.visited;
        match visit.parent {
            Some(parent) => out.send(parent, Message::Echo { wave, visited }),
            None => out.output(Output::Decided { wave, visited }),
        }
    }
}

/// `waiting` has the waves that wait for a neighbour.
impl Describe for Echo {
    fn describe(&self, fields: &mut Fields) {
        let waiting = |(_, visit): &(&InstanceId, &Visit)| !visit.missing.is_empty();
        let waiting = self.waves.iter().filter(waiting);
        fields.list("waiting", waiting.map(|(wave, _)| wave.named()));
    }
}

#[cfg(test)]
mod tests {
    use proto::Bytes;

    use super::*;
    use crate::testing::{Network, count, mesh, neighbours};
    use crate::{Effect, Input, Message as _, step};

    const ME: NodeId = NodeId(0);
    const WAVE: InstanceId = InstanceId {
        by: NodeId(7),
        number: 0,
    };

    fn receive(echo: &mut Echo, from: u32, message: Message) -> Vec<Effect<Echo>> {
        let from = NodeId(from);
        step(echo, Input::Message { from, message }, 0)
    }

    fn send(to: u32, message: Message) -> Effect<Echo> {
        Effect::Send {
            to: NodeId(to),
            message,
            within: None,
        }
    }

    /// The outputs of processes with these edges, and how many messages they send,
    /// when each of `initiators` starts a wave.
    fn run(edges: &[(u32, u32)], initiators: &[u32], seed: u64) -> (Vec<Output>, u64) {
        let new = |me| Echo::new(me, neighbours(edges, me));
        let mut network = Network::new(count(edges), new, seed);
        for &by in initiators {
            network.later(NodeId(by), Input::Command(Command::Start));
        }
        network.run();
        let outputs = network.outputs.into_iter().map(|(_, output)| output);
        (outputs.collect(), network.sent.len() as u64)
    }

    #[test]
    fn a_wave_reaches_all_processes_with_two_messages_an_edge() {
        let ring: Vec<_> = (0..6).map(|a| (a, (a + 1) % 6)).collect();
        let full = mesh(5);
        let tree = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5)];
        let networks: [(&[(u32, u32)], u64); 5] =
            [(&[], 1), (&[(0, 1)], 2), (&ring, 6), (&full, 5), (&tree, 6)];
        for (edges, processes) in networks {
            for seed in 0..50 {
                let (outputs, sent) = run(edges, &[0], seed);
                assert_eq!(sent, messages(edges.len() as u64), "{edges:?}, seed {seed}");
                let wave = InstanceId { by: ME, number: 0 };
                let decided = Output::Decided {
                    wave,
                    visited: processes,
                };
                assert_eq!(outputs.last(), Some(&decided), "{edges:?}, seed {seed}");
                assert_eq!(
                    outputs.len() as u64,
                    processes + 1,
                    "{edges:?}, seed {seed}"
                );
            }
        }
    }

    #[test]
    fn waves_do_not_mix() {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)];
        for seed in 0..50 {
            let (outputs, sent) = run(&edges, &[0, 2, 2], seed);
            assert_eq!(sent, 3 * messages(5), "seed {seed}");
            let mut decided: Vec<_> = outputs
                .iter()
                .filter_map(|output| match output {
                    Output::Decided { wave, visited } => Some((wave.named(), *visited)),
                    Output::Joined { .. } => None,
                })
                .collect();
            decided.sort();
            let expected = ["peer-00/0", "peer-02/0", "peer-02/1"];
            assert_eq!(decided, expected.map(|wave| (wave.to_owned(), 4)));
        }
    }

    #[test]
    fn a_process_echoes_when_all_neighbours_have_answered() {
        let mut echo = Echo::new(ME, [1, 2, 3].map(NodeId));
        let explorer = || Message::Explorer(WAVE);
        let joined = Effect::Output(Output::Joined {
            wave: WAVE,
            parent: Some(NodeId(2)),
        });
        let effects = receive(&mut echo, 2, explorer());
        assert_eq!(effects, [joined, send(1, explorer()), send(3, explorer())]);
        assert_eq!(echo.fields().to_string(), "waiting=[peer-07/0]");

        let effects = receive(&mut echo, 1, explorer());
        assert_eq!(effects, [], "it is not in our subtree, and 3 is missing");
        let answer = |visited| Message::Echo {
            wave: WAVE,
            visited,
        };
        let effects = receive(&mut echo, 3, answer(4));
        assert_eq!(
            effects,
            [send(2, answer(5))],
            "4 in the subtree of 3, and we"
        );
        assert_eq!(echo.fields().to_string(), "waiting=[]");
    }

    #[test]
    fn duplicate_and_forged_messages_change_nothing() {
        let mut echo = Echo::new(ME, [1, 2, 3].map(NodeId));
        receive(&mut echo, 1, Message::Explorer(WAVE));
        receive(&mut echo, 2, Message::Explorer(WAVE));
        let mine = InstanceId { by: ME, number: 0 };
        let unknown = InstanceId { number: 9, ..WAVE };
        let echo_of = |wave| Message::Echo {
            wave,
            visited: u64::MAX,
        };
        let before = echo.clone();
        for (from, message) in [
            (1, Message::Explorer(WAVE)),    // From the parent, again.
            (2, Message::Explorer(WAVE)),    // From one that has answered.
            (1, echo_of(WAVE)),              // The parent owes no answer.
            (9, echo_of(WAVE)),              // There is no such edge.
            (9, Message::Explorer(unknown)), // Nor in an unknown wave.
            (2, Message::Explorer(mine)),    // No other process starts our waves.
            (2, echo_of(unknown)),           // It never reached this process.
        ] {
            assert_eq!(receive(&mut echo, from, message.clone()), [], "{message:?}");
            assert_eq!(echo, before, "{message:?}");
        }
        let effects = receive(&mut echo, 3, echo_of(WAVE));
        assert_eq!(effects, [send(1, echo_of(WAVE))], "a sum without overflow");
    }

    #[test]
    fn malformed_payload_is_rejected() {
        let answer = Message::Echo {
            wave: WAVE,
            visited: 3,
        };
        for message in [Message::Explorer(WAVE), answer] {
            assert_eq!(Message::from_payload(message.to_payload()), Some(message));
        }
        for bytes in [
            &b""[..],
            b"\xff",
            b"\x0a\x7f",
            b"\x12\x02\x10\x03",
            b"GET /",
        ] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
