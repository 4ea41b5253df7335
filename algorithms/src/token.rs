//! Tokens that wander: an application to take snapshots of.
//!
//! Every process holds some tokens. It keeps each for a random while and
//! passes it to a random neighbour. No token is made or lost, so at any one
//! time those that are held, and those on their way, are all that there were
//! at the start, each of them once. Unlike money (see `bank.rs`) a token has a
//! name: in a wrong snapshot one sees which are there twice, and which are
//! gone. With one token in all of the run it is the token that Chandy and
//! Lamport begin with, in the "single-token conservation" of their paper.
//!
//! A token stays where it is after so many hops, so that a run ends.
//!
//! Cost: one message a hop.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use proto::Bytes;
use proto::prost::Message as _;
use proto::v1;
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// Which token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token {
    /// Who held it at the start.
    pub holder: NodeId,
    /// Its how-manieth it was, from 0.
    pub index: u64,
}

/// A token on its way.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pass {
    /// Who passes it on.
    pub from: NodeId,
    /// The sender's how-manieth pass it is, from 0.
    pub number: u64,
    /// Which token.
    pub token: Token,
    /// How often it was passed on, this time included.
    pub hops: u64,
}

/// When a token is to be passed on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Due(pub Token);

/// The state of one process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tokens {
    me: NodeId,
    /// Whom tokens may be passed to.
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
        self.held.insert(pass.token, pass.hops);
        self.keep(pass.token, pass.hops, out);
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
            token,
            hops: hops + 1,
        };
        self.sent += 1;
        out.send(to, pass);
    }

    /// A token is kept for a time between none and twice the pace, or for ever
    /// if it has made all its hops.
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

impl crate::Message for Pass {
    fn kind(&self) -> &'static str {
        "TOKEN"
    }

    fn to_payload(&self) -> Bytes {
        let Self {
            from,
            number,
            token: Token { holder, index },
            hops,
        } = *self;
        v1::Token {
            from: from.0,
            number,
            holder: holder.0,
            index,
            hops,
        }
        .encode_to_vec()
        .into()
    }

    fn from_payload(payload: Bytes) -> Option<Self> {
        let v1::Token {
            from,
            number,
            holder,
            index,
            hops,
        } = v1::Token::decode(payload).ok()?;
        let token = Token {
            holder: NodeId(holder),
            index,
        };
        (hops > 0).then_some(Self {
            from: NodeId(from),
            number,
            token,
            hops,
        })
    }
}

/// The `id` is that of the message: a token comes by more than once.
impl Describe for Pass {
    fn describe(&self, fields: &mut Fields) {
        fields.text("id", format_args!("{}/{}", self.from.0, self.number));
        fields.integer("amount", 1);
        fields.text("token", self.token);
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
