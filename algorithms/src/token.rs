//! Tokens that wander: an application to take snapshots of.
//!
//! Every process holds some tokens. It keeps each for a random time and passes
//! it to a random neighbour. No token is created or lost, so at any one time the
//! tokens held, and those on their way, are the tokens of the start, each of them
//! once. Unlike money (see `bank.rs`) a token has a name: a wrong snapshot shows
//! which tokens are duplicated, and which are missing. A run with a single token
//! is the "single-token conservation" with which Chandy and Lamport begin their
//! paper.
//!
//! After a limited number of hops a token stays where it is, so that a run ends.
//!
//! What it needs: channels that neither lose nor duplicate messages, in any order.
//!
//! Cost: one message a hop.
//!
//! The whole application is in this file.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::{Algorithm, Describe, Fields, Message, NodeId, Out};

/// Identifies a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// The process that held it at the start.
    pub holder: NodeId,
    /// Zero-based index among that process's tokens.
    pub index: u64,
}

/// A token on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Message)]
#[message(kind = "TOKEN", check = |pass: &Self| pass.hops > 0)]
pub struct Pass {
    /// The sender.
    #[message(tag = 1)]
    pub from: NodeId,
    /// Zero-based sequence number, per sender.
    #[message(tag = 2)]
    pub number: u64,
    /// The process that held the token at the start.
    #[message(tag = 3)]
    pub holder: NodeId,
    /// Zero-based index among that process's tokens.
    #[message(tag = 4)]
    pub index: u64,
    /// How often it was passed on, this hop included.
    #[message(tag = 5)]
    pub hops: u64,
}

/// When a token is to be passed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due(pub Token);

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tokens {
    me: NodeId,
    /// The processes to which it may pass tokens.
    neighbours: Vec<NodeId>,
    /// The mean time for which a token is kept.
    pace: Duration,
    /// The tokens held, with how many hops each has made.
    held: BTreeMap<Token, u64>,
    /// How many tokens were passed on.
    sent: u64,
    /// How many hops each token makes.
    limit: u64,
}

impl Tokens {
    /// A process that holds `tokens` tokens, of which each is kept for `pace`
    /// on average, here and elsewhere, until it has made `limit` hops.
    pub fn new(
        me: NodeId,
        neighbours: Vec<NodeId>,
        tokens: u64,
        pace: Duration,
        limit: u64,
    ) -> Self {
        let token = |index| (Token { holder: me, index }, 0);
        Self {
            me,
            neighbours,
            pace,
            held: (0..tokens).map(token).collect(),
            sent: 0,
            limit,
        }
    }

    /// The tokens that it holds.
    pub fn held(&self) -> impl Iterator<Item = Token> {
        self.held.keys().copied()
    }
}

impl Algorithm for Tokens {
    type Message = Pass;
    type Timer = Due;
    type Command = ();
    type Output = ();

    fn on_start(&mut self, out: &mut Out<Self>) {
        for (&token, &hops) in &self.held {
            self.keep(token, hops, out);
        }
    }

    fn on_command(&mut self, (): (), _: &mut Out<Self>) {}

    fn on_message(&mut self, _: NodeId, pass: Pass, out: &mut Out<Self>) {
        let Pass {
            holder,
            index,
            hops,
            ..
        } = pass;
        let token = Token { holder, index };
        self.held.insert(token, hops);
        self.keep(token, hops, out);
    }

    fn on_timer(&mut self, Due(token): Due, out: &mut Out<Self>) {
        let Some(&to) = self.neighbours.choose(out.rng()) else {
            return;
        };
        if let Some(hops) = self.held.remove(&token) {
            self.pass(to, token, hops, out);
        }
    }

    fn begins_operation(Due(_): &Due) -> bool {
        true
    }
}

impl Tokens {
    fn pass(&mut self, to: NodeId, token: Token, hops: u64, out: &mut Out<Self>) {
        let pass = Pass {
            from: self.me,
            number: self.sent,
            holder: token.holder,
            index: token.index,
            hops: hops.saturating_add(1),
        };
        self.sent += 1;
        out.send(to, pass);
    }

    /// A token is kept for a time between zero and twice the pace, or for ever if
    /// it has made all its hops.
    fn keep(&self, token: Token, hops: u64, out: &mut Out<Self>) {
        if hops < self.limit && !self.neighbours.is_empty() {
            let after = self.pace.mul_f64(out.rng().random_range(0.0..2.0));
            out.set_timer(Due(token), after);
        }
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.holder.0, self.index)
    }
}

/// The `id` is that of the message: a token comes by more than once.
impl Describe for Pass {
    fn describe(&self, fields: &mut Fields) {
        fields.text("id", format_args!("{}/{}", self.from.0, self.number));
        fields.integer("amount", 1);
        fields.text("token", format_args!("{}/{}", self.holder.0, self.index));
        fields.integer("hops", self.hops);
    }
}

impl Describe for Tokens {
    fn describe(&self, fields: &mut Fields) {
        fields.integer("tokens", self.held.len());
        fields.list("held", self.held());
        fields.integer("sent", self.sent);
        fields.integer("total.share", self.held.len());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proto::Bytes;

    use super::*;
    use crate::testing::{Network, mesh, neighbours};
    use crate::{Effect, Input, step};

    /// Lets the tokens wander until none moves. Returns the processes and the
    /// number of hops.
    fn wander(processes: u32, tokens: u64, limit: u64, seed: u64) -> (Vec<Tokens>, u64) {
        let edges = mesh(processes);
        let pace = Duration::from_millis(1);
        let new = |me| Tokens::new(me, neighbours(&edges, me), tokens, pace, limit);
        let mut network = Network::new(processes, new, seed);
        for me in (0..processes).map(NodeId) {
            network.later(me, Input::Start);
        }
        network.run();
        assert!(network.sent.iter().all(|(from, to, _)| from != to));
        (network.processes, network.sent.len() as u64)
    }

    #[test]
    fn every_token_makes_all_its_hops_and_exists_once() {
        let cases = [(2, 1, 0), (2, 1, 1), (3, 4, 10), (5, 2, 33), (1, 3, 10)];
        for (processes, tokens, limit) in cases {
            for seed in 0..20 {
                let (network, hops) = wander(processes, tokens, limit, seed);
                let all: Vec<_> = network.iter().flat_map(Tokens::held).collect();
                let distinct: BTreeSet<_> = all.iter().collect();
                let count = u64::from(processes) * tokens;
                let case = format!("{processes} processes, {tokens} tokens, seed {seed}");
                assert_eq!(all.len() as u64, count, "{case}");
                assert_eq!(distinct.len() as u64, count, "{case}");
                let moved = if processes > 1 { count * limit } else { 0 };
                assert_eq!(hops, moved, "{case}");
            }
        }
    }

    #[test]
    fn shares_and_messages_are_described_alike() {
        let (me, other) = (NodeId(0), NodeId(1));
        let mut tokens = Tokens::new(me, vec![other], 3, Duration::from_millis(1), 5);
        let token = tokens.held().next().unwrap();
        let effects = step(&mut tokens, Input::Timer(Due(token)), 0);
        let [Effect::Send { message, .. }] = &effects[..] else {
            panic!("{effects:?}");
        };
        let text = "id=0/0 amount=1 token=0/0 hops=1";
        assert_eq!(message.fields().to_string(), text);
        assert_eq!(tokens.fields().get_integer("total.share"), Some(2));
        assert_eq!(
            step(&mut tokens, Input::Timer(Due(token)), 0),
            [],
            "it is not held"
        );
    }

    #[test]
    fn malformed_payload_is_rejected() {
        for bytes in [&b""[..], b"\xff\xff", b"\x08\x01"] {
            assert_eq!(Pass::from_payload(Bytes::from_static(bytes)), None);
        }
    }
}
