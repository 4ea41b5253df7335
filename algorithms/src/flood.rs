//! Flooding: how does a rumour reach all processes of an unknown network?
//!
//! Each process forwards every new rumour to all its neighbours. It is the oldest
//! broadcast there is, and the simplest: Nancy Lynch, "Distributed Algorithms",
//! section 4.1, floods the largest identity; Gerard Tel, "Introduction to
//! Distributed Algorithms", chapter 6, builds waves on it. That some neighbours,
//! chosen at random, are enough is from Alan Demers et al., "Epidemic Algorithms
//! for Replicated Database Maintenance", PODC 1987.
//!
//! A process that *publishes* a rumour sends it to its neighbours. A process that
//! receives the first copy *delivers* it, and forwards it, once, but not to its
//! sender. Later copies are *duplicates* and are dropped, which is why the flood
//! ends. So each process has to recognize a rumour, by its id, and each copy
//! counts its hops.
//!
//! Over all neighbours the rumour takes every edge, so it reaches all processes,
//! and the first copy arrives by the fastest path. The price is that most copies
//! are duplicates. With a *fanout* a process chooses some of its neighbours for
//! each rumour, and sends only to them. That is cheaper, but delivery is no longer
//! certain: a process that none of its neighbours chooses never receives the
//! rumour. If in each round every process that knows it sends it to one of all N,
//! chosen at random, all N know it after about log2 N + ln N rounds (Boris Pittel,
//! "On Spreading a Rumor", SIAM J. Appl. Math. 47(1), 1987). Here a process sends
//! to its choice once and is silent from then on, so the fanout decides how many
//! processes are left out (Demers et al. call it *residue*).
//!
//! What it needs: edges in both directions. Over all neighbours it reaches all
//! processes if the network is connected, channels lose nothing, and no process
//! crashes; where there are several paths, most losses and crashes do no harm.
//! Messages may be duplicated, and may overtake each other.
//!
//! Cost: over all neighbours, two messages on each edge, but one on an edge by
//! which a first copy came: 2|E| - (N-1) messages a rumour, of which N-1 are first
//! copies. With fanout k: at most k for each process that has it. It takes as many
//! hops as the distance to the farthest process, if all message delays are equal.
//!
//! A process remembers every rumour for ever: it has no other way to recognize a
//! late copy. Protocols in use evict old rumours, and take the risk.
//!
//! The whole algorithm is in this file.

use std::collections::BTreeSet;

use proto::{Bytes, MAX_BODY};
use rand::seq::SliceRandom as _;

use crate::{Algorithm, Describe, InstanceId, NodeId, Out};

/// How many messages a rumour takes over all neighbours, in a connected network
/// with that many edges and processes.
pub const fn messages(edges: u64, processes: u64) -> u64 {
    (2 * edges).saturating_sub(processes.saturating_sub(1))
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Publish a rumour.
    Publish {
        /// Its content.
        data: Bytes,
    },
}

/// The message between processes: a copy of a rumour.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
#[message(tag = 1, kind = "RUMOUR", check = Self::is_possible)]
pub struct Message {
    /// The rumour.
    #[message(tag = 1)]
    #[describe(with = InstanceId::named)]
    pub rumour: InstanceId,
    /// How many messages have carried it, this one included.
    #[message(tag = 2)]
    pub hops: u32,
    /// The content.
    #[message(tag = 3)]
    #[describe(name = "size", with = Bytes::len)]
    pub data: Bytes,
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// It has begun to spread its own rumour.
    Published {
        /// The rumour.
        #[describe(with = InstanceId::named)]
        rumour: InstanceId,
    },
    /// It has received a rumour for the first time.
    Delivered {
        /// The rumour.
        #[describe(with = InstanceId::named)]
        rumour: InstanceId,
        /// How many messages carried it here.
        hops: u32,
    },
}

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Flood {
    #[describe(skip)]
    me: NodeId,
    /// The process at the other end of each edge.
    #[describe(skip)]
    neighbours: BTreeSet<NodeId>,
    /// How many of them get each rumour; all, if there is none.
    #[describe(skip)]
    fanout: Option<u32>,
    /// As an origin: the number of the next rumour.
    #[describe(skip)]
    next: u32,
    /// The rumours that it has published or delivered. Any other is new.
    #[describe(with = BTreeSet::len)]
    known: BTreeSet<InstanceId>,
    /// How many duplicates it has received.
    duplicates: u64,
}

impl Flood {
    /// A process with edges to these, which sends to `fanout` of them, or to all.
    pub fn new(
        me: NodeId,
        neighbours: impl IntoIterator<Item = NodeId>,
        fanout: Option<u32>,
    ) -> Self {
        Self {
            me,
            neighbours: neighbours.into_iter().collect(),
            fanout,
            next: 0,
            known: BTreeSet::new(),
            duplicates: 0,
        }
    }
}

impl Algorithm for Flood {
    type Message = Message;
    type Timer = ();
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Publish { data } => self.publish(data, out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        let Message { rumour, .. } = message;
        if self.known.contains(&rumour) {
            self.duplicates = self.duplicates.saturating_add(1);
        } else if rumour.by != self.me && self.neighbours.contains(&from) {
            self.deliver(from, message, out);
        }
        // Else it is forged: we did not publish it, or there is no such edge.
    }

    fn on_timer(&mut self, (): (), _: &mut Out<Self>) {}
}

impl Flood {
    fn publish(&mut self, data: Bytes, out: &mut Out<Self>) {
        let rumour = InstanceId::new(self.me, self.next);
        self.next += 1;
        self.known.insert(rumour);
        out.output(Output::Published { rumour });
        let first = Message {
            rumour,
            hops: 1,
            data,
        };
        self.spread(None, &first, out);
    }

    /// Demers et al.: a process that receives a rumour for the first time spreads it, and
    /// here it loses interest after it has done so once.
    fn deliver(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        let Message { rumour, hops, data } = message;
        self.known.insert(rumour);
        out.output(Output::Delivered { rumour, hops });
        let next = Message {
            rumour,
            // A hostile peer may claim any number.
            hops: hops.saturating_add(1),
            data,
        };
        self.spread(Some(from), &next, out);
    }

    /// Sends the rumour to others, but not back to its sender.
    fn spread(&self, from: Option<NodeId>, message: &Message, out: &mut Out<Self>) {
        let others = self.neighbours.iter().filter(|to| Some(**to) != from);
        let mut others: Vec<_> = others.copied().collect();
        let chosen = match self.fanout {
            None => &others,
            Some(count) => &*others.partial_shuffle(out.rng(), count as usize).0,
        };
        for &to in chosen {
            out.send(to, message.clone());
        }
    }
}

impl Message {
    /// Whether an honest process can have sent this copy: at least one message has
    /// carried it, and its data is at most [`MAX_BODY`] bytes.
    fn is_possible(&self) -> bool {
        self.hops > 0 && self.data.len() <= MAX_BODY
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Network, count, mesh, neighbours};
    use crate::{Effect, Input, Message as _, step};

    const ME: NodeId = NodeId(0);

    fn rumour(origin: u32) -> InstanceId {
        InstanceId {
            by: NodeId(origin),
            number: 0,
        }
    }

    fn copy(rumour: InstanceId, hops: u32) -> Message {
        Message {
            rumour,
            hops,
            data: Bytes::from_static(b"news"),
        }
    }

    fn receive(flood: &mut Flood, from: u32, message: Message) -> Vec<Effect<Flood>> {
        let from = NodeId(from);
        step(flood, Input::Message { from, message }, 0)
    }

    fn send(to: u32, message: Message) -> Effect<Flood> {
        Effect::Send {
            to: NodeId(to),
            message,
            within: None,
        }
    }

    fn publish() -> Input<Flood> {
        let data = Bytes::from_static(b"news");
        Input::Command(Command::Publish { data })
    }

    /// How many processes deliver a rumour of process 0, and how many messages that
    /// takes.
    fn run(edges: &[(u32, u32)], fanout: Option<u32>, seed: u64) -> (u64, u64) {
        let new = |me| Flood::new(me, neighbours(edges, me), fanout);
        let mut network = Network::new(count(edges), new, seed);
        network.now(ME, publish());
        network.run();
        let delivers = |(_, output): &&_| matches!(output, Output::Delivered { .. });
        let delivered = network.outputs.iter().filter(delivers).count();
        (delivered as u64, network.sent.len() as u64)
    }

    #[test]
    fn a_rumour_reaches_all_processes_over_every_edge() {
        let ring: Vec<_> = (0..6).map(|a| (a, (a + 1) % 6)).collect();
        let tree = [(0, 1), (0, 2), (1, 3), (1, 4), (2, 5)];
        let full = mesh(5);
        let networks: [(&[(u32, u32)], u64); 5] =
            [(&[], 1), (&[(0, 1)], 2), (&ring, 6), (&full, 5), (&tree, 6)];
        for (edges, processes) in networks {
            for seed in 0..50 {
                let expected = (processes - 1, messages(edges.len() as u64, processes));
                assert_eq!(run(edges, None, seed), expected, "{edges:?}, seed {seed}");
            }
        }
    }

    #[test]
    fn a_fanout_costs_less_and_may_leave_processes_out() {
        let full = mesh(30);
        let runs: Vec<_> = (0..50).map(|seed| run(&full, Some(2), seed)).collect();
        for (seed, &(delivered, sent)) in runs.iter().enumerate() {
            assert_eq!(
                sent,
                2 * (delivered + 1),
                "seed {seed}: two for each that knows"
            );
            assert!(delivered > 1, "seed {seed}: {delivered}");
        }
        assert!(runs.iter().any(|(delivered, _)| *delivered < 29));
        assert!(run(&full, Some(8), 1).0 > 25, "a larger one leaves out few");
    }

    #[test]
    fn a_rumour_is_forwarded_once_and_not_back() {
        let mut flood = Flood::new(ME, [1, 2, 3].map(NodeId), None);
        let new = rumour(7);
        let delivered = Effect::Output(Output::Delivered {
            rumour: new,
            hops: 4,
        });
        let on = || copy(new, 5);
        let effects = receive(&mut flood, 2, copy(new, 4));
        assert_eq!(effects, [delivered, send(1, on()), send(3, on())]);
        for from in [1, 2, 3] {
            assert_eq!(receive(&mut flood, from, copy(new, 1)), []);
        }
        assert_eq!(flood.fields().to_string(), "known=1 duplicates=3");
    }

    #[test]
    fn an_origin_numbers_its_rumours_and_recognizes_them() {
        let mut flood = Flood::new(ME, [1, 2].map(NodeId), Some(1));
        for number in 0..3 {
            let rumour = InstanceId { by: ME, number };
            let effects = step(&mut flood, publish(), 9);
            assert_eq!(effects.len(), 2, "{effects:?}");
            let published = Effect::Output(Output::Published { rumour });
            assert_eq!(effects[0], published);
            assert_eq!(receive(&mut flood, 1, copy(rumour, 3)), []);
        }
        assert_eq!(flood.fields().to_string(), "known=3 duplicates=3");
    }

    #[test]
    fn forged_messages_change_nothing() {
        let mut flood = Flood::new(ME, [1, 2].map(NodeId), None);
        let before = flood.clone();
        for (from, message) in [
            (1, copy(rumour(0), 1)), // We published none.
            (9, copy(rumour(7), 1)), // There is no such edge.
        ] {
            assert_eq!(
                receive(&mut flood, from, message.clone()),
                [],
                "{message:?}"
            );
            assert_eq!(flood, before, "{message:?}");
        }
        let effects = receive(&mut flood, 1, copy(rumour(7), u32::MAX));
        assert_eq!(effects[1], send(2, copy(rumour(7), u32::MAX)));
    }

    #[test]
    fn malformed_payload_is_rejected() {
        for data in [Bytes::new(), vec![7; MAX_BODY].into()] {
            let message = Message {
                data,
                ..copy(rumour(3), 2)
            };
            assert_eq!(Message::from_payload(message.to_payload()), Some(message));
        }
        let too_large = Message {
            data: vec![7; MAX_BODY + 1].into(),
            ..copy(rumour(3), 2)
        };
        assert_eq!(Message::from_payload(too_large.to_payload()), None);
        assert_eq!(Message::from_payload(copy(rumour(3), 0).to_payload()), None);
        for bytes in [
            &b""[..],
            b"\xff",
            b"\x0a\x00",
            b"\x0a\x02\x10\x01",
            b"GET /",
        ] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
