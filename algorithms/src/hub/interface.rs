//! What a hub and its peers get and give, beside their messages.

use std::time::Duration;

use proto::Bytes;

use super::{Message, Reversal, proof};
use crate::{Describe, NodeId};

/// A hub of the list that all have: its process and its name.
pub type Known = (NodeId, String);

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
    /// The receiver is registered at no hub, or is the sender itself.
    #[message(tag = 5)]
    UnknownReceiver,
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
    /// The peer asks too often.
    #[message(tag = 8)]
    Pace {
        /// When it may ask again.
        #[message(tag = 1)]
        wait: Duration,
    },
    /// As much is handed over for the peer already as may be at once.
    #[message(tag = 9)]
    Full,
    /// The receiver is registered at no hub that has answered, and one has not.
    #[message(tag = 10)]
    Silent,
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
    /// Send another one data.
    Forward(String, Bytes),
    /// Ask another one, with data, and wait so long for its answer.
    Call(String, Bytes, Duration),
    /// Be dialled by another one, with the data that it needs for it.
    Reverse(String, Bytes),
    /// Answer calls with these data from now on, and not with what they bring.
    AnswerWith(Bytes),
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The peer is registered.
    Joined,
    /// It is registered there: for the first time, again, or after it has moved.
    Entered {
        /// The hub.
        hub: String,
    },
    /// The peer says nothing more.
    Left,
    /// It has found these.
    Found {
        /// The number of its question. Questions are counted from 1.
        number: u64,
        /// The nearest first.
        nodes: Vec<String>,
    },
    /// Its data was passed on.
    Sent {
        /// The number of its question.
        number: u64,
    },
    /// Its question was answered.
    Answered {
        /// The number of its question.
        number: u64,
        /// With these.
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// What it asked for was not there in time, or before it left.
    Late {
        /// The number of its question; 0 for a session.
        number: u64,
    },
    /// The other one was asked to dial it.
    Reversed {
        /// The number of its question.
        number: u64,
    },
    /// The hub has refused what it asked for.
    Refused {
        /// The number of its question; 0 for a session.
        number: u64,
        /// Why.
        code: Code,
    },
    /// Another one has sent it data.
    Received {
        /// The other one.
        node: String,
        /// The data.
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// It is to dial another one.
    DialBack {
        /// The other one.
        node: String,
        /// What that has said for it.
        #[describe(with = proof::length)]
        data: Bytes,
    },
    /// The hub's: a peer has registered that was not.
    SessionBegan {
        /// Which.
        node: String,
    },
    /// The hub's: a session has ended.
    SessionEnded {
        /// Whose.
        node: String,
    },
    /// The hub's: another hub has handed over what that peer has sent, which has a session
    /// there.
    Vouched {
        /// Which.
        node: String,
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
    Expire(String),
    /// The hub's: the next epoch begins.
    Epoch,
    /// The hub's: rations grow.
    Tick,
    /// The hub's: another hub has not answered that question in time.
    Overdue(u64),
}

impl Message {
    /// The number of a peer's question; `None` for what has none.
    pub(crate) const fn question(&self) -> Option<u64> {
        match self {
            Self::Find { number, .. } | Self::Reverse(Reversal { number, .. }) => Some(*number),
            Self::Forward(parcel) | Self::Call(parcel) => Some(parcel.number),
            _ => None,
        }
    }
}
