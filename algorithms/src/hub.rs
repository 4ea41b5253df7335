//! A hub's sessions: how can a server help many peers, and not be run up the bill?
//!
//! The idea of making clients pay with work: Adam Back, "Hashcash - A Denial of Service
//! Counter-Measure" (2002), after Cynthia Dwork and Moni Naor, "Pricing via Processing or
//! Combatting Junk Mail" (CRYPTO '92). Answering without keeping state: Tuomas Aura, Pekka
//! Nikander and Jussipekka Leiwo, "DOS-Resistant Authentication with Client Puzzles" (2000).
//! The metric is Kademlia's: Petar Maymounkov and David Mazières (2002).
//!
//! Peers register at a *hub*, find each other through it, and reach each other over it until
//! they have a connection of their own. All of that costs the hub more than it costs them, so
//! a peer pays first: it asks with NEW_SESSION, gets a CHALLENGE, and looks for a number that
//! makes a hash begin with some zero bits. That takes 2^bits hashes on average, and the hub
//! needs one to see that the PROOF is right. The hash has the peer, the hub, the *epoch* and a
//! seed in it, so the proof is valid for this peer, this hub and this epoch alone. The more
//! sessions begin in an epoch, the more bits the hub asks for.
//!
//! The hub remembers nothing of those who have not paid. The seed is a keyed hash of what the
//! challenge says, which only the hub can compute, and so is the session that it accepts the
//! peer with. A hub that restarts has its key and its epoch still: a peer shows its session
//! again with REGISTER, and has lost nothing.
//!
//! A registered peer is one that the others find. It stays so while it is heard of: each PING
//! sets its time anew, and when that runs out the session ends. What the hub passes on for a
//! peer is *rationed* by a bucket of bytes, which a tick of its clock fills: a peer that
//! reconnects, or has no patience, gets no more. So are requests, also without a
//! session. The hub never waits: it does what it is asked to or says why not, and until when.
//!
//! What it needs: a channel between the hub and each peer, whose sender is known. It may
//! lose and reorder messages: peers ask again, so what is passed on may arrive twice.
//!
//! There may be several hubs, each with peers, a key and rations of its own. All have the same
//! list of them. A peer registers at the hub whose place is the nearest to its own, so all can
//! compute where to ask for it. When that hub does not answer, the peer goes on to the next
//! nearest, and pays there. What is for a peer of another hub is *handed over*: the sender's
//! hub takes it out of the sender's bucket, and asks the other hubs, those that are nearest to
//! the receiver first. A hub that is gone blocks nothing: each has a deadline.
//!
//! Cost: six messages and 2^bits hashes a session; two messages a question; and for what is
//! passed on one more, and another two if it is answered. Two more for each hub that is asked.
//!
//! What they say to each other is in this file, and `hub/parts.rs`. A hub is in `server.rs`,
//! `relay.rs`, `pace.rs` and `handing.rs` there, a peer in `node.rs` and `moving.rs`.

mod flawed;
mod handing;
mod interface;
mod moving;
mod node;
mod pace;
mod parts;
mod proof;
mod registry;
mod relay;
mod server;

use crate::{Algorithm, Describe, NodeId, Out};

pub use flawed::{Flaw, Flawed};
pub use handing::{Handing, Kind, Look};
pub use interface::{Code, Command, Known, Output, Timer};
pub use node::Node;
pub use pace::Pace;
pub use parts::{Challenge, Invitation, Nearest, Parcel, Proof, Reversal, Session};
pub use proof::{Puzzle, place};
pub use registry::Registry;
pub use server::{Server, Terms};

/// The version of these messages.
pub const VERSION: u64 = 1;

/// The messages between a hub and a peer, and between hubs. Processes are named as
/// [`Out::name`] has them, which is the same name everywhere. Tags below 16 are those of PING
/// and PONG, so that one channel carries both.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, crate::Message, Describe)]
pub enum Message {
    /// The peer wants a session.
    #[message(tag = 17, request)]
    NewSession {
        /// The version that it speaks.
        #[message(tag = 1)]
        version: u64,
    },
    /// What the peer has to find a number for.
    #[message(tag = 18, reply)]
    Challenge(#[describe(flatten)] Challenge),
    /// The number.
    #[message(tag = 19, request)]
    Proof(#[describe(flatten)] Proof),
    /// The proof is right.
    #[message(tag = 20, reply)]
    Accepted {
        /// What the peer registers with.
        #[message(tag = 1)]
        session: Session,
    },
    /// The peer wants to be found, with its session.
    #[message(tag = 21, request)]
    Register {
        /// The session.
        #[message(tag = 1)]
        session: Session,
    },
    /// It is found from now on.
    #[message(tag = 22, reply)]
    Registered,
    /// The peer is still there.
    #[message(tag = 23, request)]
    Ping,
    /// So is its session.
    #[message(tag = 24, reply)]
    Pong,
    /// The peer looks for those who are nearest to a place.
    #[message(tag = 25, request)]
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
    #[message(tag = 26, reply)]
    Neighbours(#[describe(flatten)] Nearest),
    /// The hub is to pass data on.
    #[message(tag = 27, request)]
    Forward(#[describe(flatten)] Parcel),
    /// The hub has passed it on.
    #[message(tag = 28, reply)]
    Forwarded {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
    },
    /// Data of another peer.
    #[message(tag = 29)]
    Relayed(#[describe(flatten)] Parcel),
    /// The hub is to pass a question on.
    #[message(tag = 30, request)]
    Call(#[describe(flatten)] Parcel),
    /// A question of another peer.
    #[message(tag = 31)]
    Called(#[describe(flatten)] Parcel),
    /// The answer to it, which the hub is to pass on: it has the question's number.
    #[message(tag = 32)]
    Answer(#[describe(flatten)] Parcel),
    /// The answer.
    #[message(tag = 33, reply)]
    Answered(#[describe(flatten)] Parcel),
    /// Another peer is to dial this one, which cannot dial it.
    #[message(tag = 34, request)]
    Reverse(#[describe(flatten)] Reversal),
    /// The other one was asked to.
    #[message(tag = 35, reply)]
    Reversed {
        /// The number of the question.
        #[message(tag = 1)]
        number: u64,
    },
    /// The receiver is to dial this peer.
    #[message(tag = 36)]
    DialBack(#[describe(flatten)] Invitation),
    /// The hub does not do that.
    #[message(tag = 37, reply)]
    Refused {
        /// The number of the question; 0 for what has none.
        #[message(tag = 1)]
        number: u64,
        /// Why.
        #[message(tag = 2)]
        code: Code,
    },
    /// Another hub is to pass on what a peer of this one has paid for.
    #[message(tag = 38, request)]
    HandOver(#[describe(flatten)] Handing),
    /// It has.
    #[message(tag = 39, reply)]
    HandedOver {
        /// The number of the hub's question.
        #[message(tag = 1)]
        number: u64,
    },
    /// The receiver is not registered there.
    #[message(tag = 40, reply)]
    NotHere {
        /// The number of the hub's question.
        #[message(tag = 1)]
        number: u64,
    },
    /// The hub looks for peers of another hub.
    #[message(tag = 41, request)]
    Look(#[describe(flatten)] Look),
    /// They are these.
    #[message(tag = 42, reply)]
    Seen(#[describe(flatten)] Nearest),
}

/// A process: a hub, or a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub enum Hub {
    /// A hub.
    Server(#[describe(flatten)] Server),
    /// A peer.
    Node(#[describe(flatten)] Node),
}

impl Algorithm for Hub {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        if let Self::Server(server) = self {
            server.begin(out);
        }
    }

    /// A peer registers by itself, since it does not know whether it was.
    fn on_restart(&mut self, out: &mut Out<Self>) {
        match self {
            Self::Server(server) => server.begin(out),
            Self::Node(node) => node.enrol(out),
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

#[cfg(test)]
mod tests;
