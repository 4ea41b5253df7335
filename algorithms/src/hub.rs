//! A hub's sessions: how can a server help many peers, and not be run up the bill?
//!
//! The idea of making clients pay with work: Adam Back, "Hashcash - A Denial of Service
//! Counter-Measure" (2002), after Cynthia Dwork and Moni Naor, "Pricing via Processing or
//! Combatting Junk Mail" (CRYPTO '92). Answering without keeping state: Tuomas Aura, Pekka
//! Nikander and Jussipekka Leiwo, "DOS-Resistant Authentication with Client Puzzles" (2000).
//! The metric of the neighbours is Kademlia's: Petar Maymounkov and David Mazières (2002).
//!
//! Peers register at a *hub*, find each other through it, and reach each other over it until
//! they have a connection of their own. All of that costs the hub more than it costs them, so
//! a peer pays first: it asks with NEW_SESSION, gets a CHALLENGE, and looks for a number that
//! makes a hash begin with some zero bits. That takes 2^bits hashes on average, and the hub
//! needs one to see that the PROOF is right. The hash has the peer, the hub, the *epoch* and a
//! seed in it: the proof serves nobody else, nowhere else, and not later. The more sessions
//! begin in an epoch, the more bits the hub asks for.
//!
//! The hub remembers nothing of those who have not paid. The seed is a keyed hash of what the
//! challenge says, which only the hub can compute, and so is the session that it accepts the
//! peer with. A hub that restarts has its key and its epoch still: a peer shows its session
//! again with REGISTER, and has lost nothing.
//!
//! A registered peer is one that the others find. It stays so while it is heard of: each PING
//! sets its time anew, and when that runs out the session ends. What the hub passes on for a
//! peer is *rationed* by a bucket of bytes, which a tick of its clock fills: a peer that
//! reconnects, or has no patience, gets no more. The hub never waits for anybody: it does
//! what it is asked to or says why not, and when there is room again.
//!
//! What it needs: a channel between the hub and each peer, whose sender is known; in any
//! order, and it may lose messages when the hub restarts. Peers ask again.
//!
//! Cost: six messages and 2^bits hashes a session; two messages a question; and for what is
//! passed on one more, and another two if it is answered.
//!
//! The messages are in this file; the hub is in `hub/server.rs`, the peers are in
//! `hub/node.rs`, and what both compute in `hub/proof.rs`.

mod flawed;
mod node;
mod proof;
mod relay;
mod server;
#[cfg(test)]
mod tests;

use std::time::Duration;

use proto::Bytes;

use crate::{Algorithm, Describe, NodeId, Out};

pub use flawed::{Flaw, Flawed};
pub use node::Node;
pub use proof::{Puzzle, place};
pub use server::{Server, Terms};

/// The version of these messages.
pub const VERSION: u64 = 1;

/// A session: the hub computes the seal, and nobody else can.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub struct Session {
    /// The epoch in which the proof was accepted.
    #[message(tag = 1)]
    pub epoch: u64,
    /// The keyed hash of the peer and the epoch.
    #[message(tag = 2)]
    #[describe(with = proof::hex)]
    pub seal: Bytes,
}

/// Why the hub does not do what it is asked to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
#[message(nested)]
pub enum Code {
    /// The peer speaks a version that is too old.
    #[message(tag = 1)]
    Version {
        /// The one that it needs.
        #[message(tag = 1)]
        needs: u64,
    },
    /// The proof is wrong, was accepted before, or is of an earlier epoch.
    #[message(tag = 2)]
    Proof,
    /// The session is none of this hub, or too old.
    #[message(tag = 3)]
    Session,
    /// The peer is not registered.
    #[message(tag = 4)]
    Unregistered,
    /// The other one is not registered, or is the peer itself.
    #[message(tag = 5)]
    Nobody,
    /// The message is too large.
    #[message(tag = 6)]
    Large,
    /// The ration is used up.
    #[message(tag = 7)]
    Ration {
        /// When there will be room.
        #[message(tag = 1)]
        wait: Duration,
    },
}

/// The messages between a hub and a peer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
pub enum Message {
    /// The peer wants a session.
    #[message(tag = 1, request)]
    NewSession {
        /// The version that it speaks.
        #[message(tag = 1)]
        version: u64,
    },
    /// What the peer has to find a number for.
    #[message(tag = 2, reply)]
    Challenge {
        /// The epoch in which it has to.
        #[message(tag = 1)]
        epoch: u64,
        /// With how many zero bits the hash has to begin.
        #[message(tag = 2)]
        bits: u32,
        /// The keyed hash of all this.
        #[message(tag = 3)]
        #[describe(with = proof::hex)]
        seed: Bytes,
    },
    /// The number.
    #[message(tag = 3, request)]
    Proof {
        /// The challenge's.
        #[message(tag = 1)]
        epoch: u64,
        /// The challenge's.
        #[message(tag = 2)]
        bits: u32,
        /// What makes the hash begin so.
        #[message(tag = 3)]
        nonce: u64,
    },
    /// The proof is right.
    #[message(tag = 4, reply)]
    Accepted {
        /// What the peer registers with.
        #[message(tag = 1)]
        session: Session,
    },
    /// The peer wants to be found, with its session.
    #[message(tag = 5, request)]
    Register {
        /// The session.
        #[message(tag = 1)]
        session: Session,
    },
    /// It is found from now on.
    #[message(tag = 6, reply)]
    Registered,
    /// The peer is still there.
    #[message(tag = 7, request)]
    Ping,
    /// So is its session.
    #[message(tag = 8, reply)]
    Pong,
    /// The peer looks for those who are nearest to a place.
    #[message(tag = 9, request)]
    Find {
        /// The number of the peer's question.
        #[message(tag = 1)]
        number: u64,
        /// The place.
        #[message(tag = 2)]
        #[describe(with = proof::place_text)]
        target: u64,
    },
    /// They are these, the nearest first.
    #[message(tag = 10, reply)]
    Neighbours {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
        /// The registered peers.
        #[message(tag = 2)]
        nodes: Vec<NodeId>,
    },
    /// The hub is to pass data on.
    #[message(tag = 11, request)]
    Forward {
        /// The number of the peer's question.
        #[message(tag = 1)]
        number: u64,
        /// To whom.
        #[message(tag = 2)]
        to: NodeId,
        /// The data.
        #[message(tag = 3)]
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// The hub has passed it on.
    #[message(tag = 12, reply)]
    Forwarded {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
    },
    /// Data of another peer.
    #[message(tag = 13)]
    Relayed {
        /// Whose.
        #[message(tag = 1)]
        from: NodeId,
        /// The data.
        #[message(tag = 2)]
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// The hub is to pass a question on, whose answer is of use for some time.
    #[message(tag = 14, request)]
    Call {
        /// The number of the peer's question.
        #[message(tag = 1)]
        number: u64,
        /// To whom.
        #[message(tag = 2)]
        to: NodeId,
        /// The data.
        #[message(tag = 3)]
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// A question of another peer.
    #[message(tag = 15)]
    Called {
        /// Whose.
        #[message(tag = 1)]
        from: NodeId,
        /// Its number there.
        #[message(tag = 2)]
        number: u64,
        /// The data.
        #[message(tag = 3)]
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// The answer to such a question, which the hub is to pass on.
    #[message(tag = 16)]
    Answer {
        /// Who asked.
        #[message(tag = 1)]
        to: NodeId,
        /// The number of the question there.
        #[message(tag = 2)]
        number: u64,
        /// The data.
        #[message(tag = 3)]
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// The answer.
    #[message(tag = 17, reply)]
    Answered {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
        /// The data.
        #[message(tag = 2)]
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// Another peer is to dial this one, which cannot dial it.
    #[message(tag = 18, request)]
    Reverse {
        /// The number of the peer's question.
        #[message(tag = 1)]
        number: u64,
        /// The other one.
        #[message(tag = 2)]
        to: NodeId,
    },
    /// The other one was asked to.
    #[message(tag = 19, reply)]
    Reversed {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
    },
    /// The receiver is to dial this peer.
    #[message(tag = 20)]
    DialBack {
        /// Whom.
        #[message(tag = 1)]
        from: NodeId,
    },
    /// The hub does not do that.
    #[message(tag = 21, reply)]
    Refused {
        /// The number of the question; 0 for what has none.
        #[message(tag = 1)]
        number: u64,
        /// Why.
        #[message(tag = 2)]
        code: Code,
    },
}

impl Message {
    /// The number of a peer's question; `None` for what has none.
    pub(crate) const fn question(&self) -> Option<u64> {
        match self {
            Self::Find { number, .. }
            | Self::Forward { number, .. }
            | Self::Call { number, .. }
            | Self::Reverse { number, .. } => Some(*number),
            _ => None,
        }
    }
}

/// The commands of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Register.
    Join,
    /// Fall silent.
    Leave,
    /// Find those who are nearest to a place.
    Find(u64),
    /// Send another one so many bytes.
    Forward(NodeId, u32),
    /// Ask another one, with so many bytes, and wait so long for its answer.
    Call(NodeId, u32, Duration),
    /// Be dialled by another one.
    Reverse(NodeId),
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The peer is registered.
    Joined,
    /// The peer says nothing more.
    Left,
    /// It has found these.
    Found {
        /// The nearest first.
        nodes: Vec<NodeId>,
    },
    /// Its data was passed on.
    Sent,
    /// Its question was answered.
    Answered,
    /// Its question was not answered in time.
    Late,
    /// The other one was asked to dial it.
    Reversed,
    /// The hub has refused what it asked for.
    Refused {
        /// Why.
        code: Code,
    },
    /// The hub's: a session has ended.
    SessionEnded {
        /// Whose.
        node: NodeId,
    },
}

/// The timers of a process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Timer {
    /// A peer tries the next numbers.
    Solve,
    /// A peer tells that it is there, or tries again.
    Alive,
    /// The answer to that question is of no use any more.
    Deadline(u64),
    /// The hub's: that session ends.
    Expire(NodeId),
    /// The hub's: the next epoch begins.
    Epoch,
    /// The hub's: rations grow.
    Tick,
}

/// A process: the hub, or a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Hub {
    /// The hub.
    Server(#[describe(flatten)] Server),
    /// A peer of it.
    Node(#[describe(flatten)] Node),
}

impl Algorithm for Hub {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    /// A process that restarts does the same.
    fn on_start(&mut self, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.begin(out),
            Self::Node(_) => {}
        }
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match self {
            Self::Server(_) => {}
            Self::Node(node) => node.on_command(command, out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.on_message(from, message, out),
            Self::Node(node) => node.on_message(from, message, out),
        }
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.on_timer(timer, out),
            Self::Node(node) => node.on_timer(timer, out),
        }
    }
}
