//! The echo algorithm: how does one process reach all others, and know when it
//! has?
//!
//! Ernest J. H. Chang, "Echo Algorithms: Depth Parallel Operations on General
//! Graphs", IEEE TSE SE-8(4), 1982. The form in which an explorer also answers
//! an explorer is in Adrian Segall, "Distributed Network Protocols", IEEE
//! Trans. Information Theory 29(1), 1983. Both are told in Gerard Tel,
//! "Introduction to Distributed Algorithms", chapter 6.
//!
//! Nobody knows the network; each knows its neighbours. If one sends something
//! to all its neighbours, and they send it on to theirs, it reaches everybody,
//! but the one that began never learns that it has. So there must be a way back
//! as well.
//!
//! *Explorers* flood the network. The neighbour from whom a process gets its
//! first explorer becomes its parent, and the parents make a spanning tree,
//! with the initiator at its root. When something has come from every
//! neighbour, a process sends an *echo* to its parent: all behind it has been
//! reached. On an edge outside the tree two explorers meet, one in each
//! direction. Each says that its sender has been reached already, so each does
//! for an echo to the other. When something has come from all neighbours of
//! the initiator, it *decides*.
//!
//! This is a *wave* (Tel, definition 6.1): it comes to an end, there is a
//! decision, and before the decision there was an event in every process.
//! Election, termination detection and the sum over a network are made of
//! waves. This one carries a sum, the simplest: each process is one, and the
//! initiator learns how many there are.
//!
//! What it needs: edges in both directions, a connected network, channels that
//! lose nothing, and nobody to crash. It does not need their order. Several
//! waves may be under way at once, each with an id.
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

/// What the world outside may ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Start a wave.
    Start,
}

/// What processes send each other.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// Looks for those that the wave has not reached.
    #[message(tag = 1)]
    Explorer(#[describe(name = "wave", with = InstanceId::named)] InstanceId),
    /// Everybody behind the sender has been reached.
    #[message(tag = 2)]
    Echo {
        /// By which wave.
        #[message(tag = 1)]
        #[describe(with = InstanceId::named)]
        wave: InstanceId,
        /// How many processes that is, the sender included.
        #[message(tag = 2)]
        visited: u64,
    },
}

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The wave has come here.
    Joined {
        /// Which wave.
        #[describe(with = InstanceId::named)]
        wave: InstanceId,
        /// The sender of the first message; the initiator has none.
        parent: Option<NodeId>,
    },
    /// The wave, which began here, has been everywhere.
    Decided {
        /// Which wave.
        #[describe(with = InstanceId::named)]
        wave: InstanceId,
        /// At how many processes.
        visited: u64,
    },
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Echo {
    me: NodeId,
    /// Who is at the other end of each edge.
    neighbours: BTreeSet<NodeId>,
    /// As an initiator: the number of the next wave.
    next: u32,
    /// The waves that have come here. Those that are over stay, so that what
    /// comes late does not begin them anew.
    waves: BTreeMap<InstanceId, Visit>,
}

/// A wave that has come here.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Visit {
    /// From whom the first explorer came; nobody, at the initiator.
    parent: Option<NodeId>,
    /// Those from whom nothing has come.
    missing: BTreeSet<NodeId>,
    /// How many were reached through this process, itself included.
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
        // Else it is made up: we did not start it, or there is no such edge.
    }

    /// Each neighbour answers once. What else comes changes nothing.
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
        let visit = self.waves.get(&wave).expect("it has come here");
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

    /// What processes with these edges say, and how many messages they send,
    /// when each of `initiators` starts a wave.
    fn run(edges: &[(u32, u32)], initiators: &[u32], seed: u64) -> (Vec<Output>, u64) {
        let new = |me| Echo::new(me, neighbours(edges, me));
        let mut network = Network::new(count(edges), new, seed);
        for &by in initiators {
            network.later(NodeId(by), Input::Command(Command::Start));
        }
        network.run();
        let said = network.said.into_iter().map(|(_, output)| output);
        (said.collect(), network.sent.len() as u64)
    }

    #[test]
    fn a_wave_reaches_everybody_with_two_messages_an_edge() {
        let ring: Vec<_> = (0..6).map(|a| (a, (a + 1) % 6)).collect();
        let full = mesh(5);
        let tree = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5)];
        let networks: [(&[(u32, u32)], u64); 5] =
            [(&[], 1), (&[(0, 1)], 2), (&ring, 6), (&full, 5), (&tree, 6)];
        for (edges, processes) in networks {
            for seed in 0..50 {
                let (said, sent) = run(edges, &[0], seed);
                assert_eq!(sent, messages(edges.len() as u64), "{edges:?}, seed {seed}");
                let wave = InstanceId { by: ME, number: 0 };
                let decided = Output::Decided {
                    wave,
                    visited: processes,
                };
                assert_eq!(said.last(), Some(&decided), "{edges:?}, seed {seed}");
                assert_eq!(said.len() as u64, processes + 1, "{edges:?}, seed {seed}");
            }
        }
    }

    #[test]
    fn waves_do_not_mix() {
        let edges = [(0, 1), (1, 2), (2, 3), (3, 0), (0, 2)];
        for seed in 0..50 {
            let (said, sent) = run(&edges, &[0, 2, 2], seed);
            assert_eq!(sent, 3 * messages(5), "seed {seed}");
            let mut decided: Vec<_> = said
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
        assert_eq!(effects, [], "it is not behind us, and 3 is missing");
        let answer = |visited| Message::Echo {
            wave: WAVE,
            visited,
        };
        let effects = receive(&mut echo, 3, answer(4));
        assert_eq!(effects, [send(2, answer(5))], "4 behind 3, and we");
        assert_eq!(echo.fields().to_string(), "waiting=[]");
    }

    #[test]
    fn what_is_doubled_or_made_up_changes_nothing() {
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
            (9, Message::Explorer(unknown)), // Nor for a wave of its own.
            (2, Message::Explorer(mine)),    // Nobody else starts our waves.
            (2, echo_of(unknown)),           // It never came here.
        ] {
            assert_eq!(receive(&mut echo, from, message.clone()), [], "{message:?}");
            assert_eq!(echo, before, "{message:?}");
        }
        let effects = receive(&mut echo, 3, echo_of(WAVE));
        assert_eq!(effects, [send(1, echo_of(WAVE))], "a sum without overflow");
    }

    #[test]
    fn what_is_no_message_is_none() {
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
