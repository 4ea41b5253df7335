//! PING and PONG: is a process there, and how far away is it?
//!
//! The smallest algorithm with a question and an answer. On a ping command a
//! process sends PING with a fresh id; a process that receives PING sends back
//! PONG with the same id and data; when PONG arrives, the ping is answered.
//!
//! The possible failures shape the state. An answer may never arrive, so each
//! PING has a timer. It may arrive late, twice, or from another process, so a
//! process keeps the receiver of each PING, and accepts one answer from it alone.
//! In an asynchronous system a timeout proves nothing about the other process:
//! it may be crashed, slow, or far away (Fischer, Lynch and Paterson,
//! "Impossibility of Distributed Consensus with One Faulty Process", JACM
//! 32(2), 1985). That is why the output is `TimedOut` and not `Dead`.
//!
//! What it needs: a channel in each direction. It may lose, duplicate and
//! reorder messages, and the other process may crash; a ping then times out, and
//! no answer is counted twice.
//!
//! Cost: 2 messages and one round trip for each ping.
//!
//! The whole algorithm is in this file.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::Bytes;

use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// The messages between processes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Message, Describe)]
pub enum Message {
    /// Are you there?
    #[message(tag = 1, request)]
    Ping {
        /// Unique among the pings of its sender.
        #[message(tag = 1)]
        id: u64,
        /// Ballast, so that the cost of larger messages can be measured.
        #[message(tag = 2)]
        #[describe(name = "data.size", with = Bytes::len)]
        data: Bytes,
    },
    /// Yes. It repeats the content of the PING.
    #[message(tag = 2, reply)]
    Pong {
        /// That of the PING.
        #[message(tag = 1)]
        id: u64,
        /// That of the PING.
        #[message(tag = 2)]
        #[describe(name = "data.size", with = Bytes::len)]
        data: Bytes,
    },
}

/// The commands of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Ping a process.
    Ping {
        /// The receiver of the PING.
        to: NodeId,
        /// Ballast to send along and get back.
        data: Bytes,
        /// How long to wait for the answer.
        timeout: Duration,
    },
}

/// The outputs of a process.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The answer has arrived.
    Answered {
        /// The ping, counted from 0 in the order of the commands.
        id: u64,
        /// The process that answered.
        by: NodeId,
    },
    /// No answer arrived in time.
    TimedOut {
        /// The ping.
        id: u64,
        /// The process that did not answer.
        by: NodeId,
    },
    /// A PONG that answers no open ping: late, duplicate or forged. Ignored.
    Unexpected {
        /// The id that it names.
        id: u64,
        /// The sender.
        by: NodeId,
    },
}

/// The timer of a ping under way, identified by the ping's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout {
    /// The ping.
    pub id: u64,
}

/// The state of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PingPong {
    /// As a sender of PING: the id of the next ping.
    next_id: u64,
    /// As a sender of PING: the open pings, each with the process asked.
    waiting_for: BTreeMap<u64, NodeId>,
    // As a receiver of PING: no state. PONG repeats the content of PING.
}

impl Algorithm for PingPong {
    type Message = Message;
    type Timer = Timeout;
    type Command = Command;
    type Output = Output;

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        match command {
            Command::Ping { to, data, timeout } => self.ping(to, data, timeout, out),
        }
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Ping { id, data } => self.on_ping(from, id, data, out),
            Message::Pong { id, .. } => self.on_pong(from, id, out),
        }
    }

    fn on_timer(&mut self, Timeout { id }: Timeout, out: &mut Out<Self>) {
        if let Some(by) = self.waiting_for.remove(&id) {
            out.output(Output::TimedOut { id, by });
        }
    }
}

impl PingPong {
    fn ping(&mut self, to: NodeId, data: Bytes, timeout: Duration, out: &mut Out<Self>) {
        let id = self.next_id;
        self.next_id += 1;
        self.waiting_for.insert(id, to);
        out.set_timer(Timeout { id }, timeout);
        out.send_within(to, Message::Ping { id, data }, timeout);
    }

    fn on_ping(&mut self, from: NodeId, id: u64, data: Bytes, out: &mut Out<Self>) {
        out.send(from, Message::Pong { id, data });
    }

    fn on_pong(&mut self, from: NodeId, id: u64, out: &mut Out<Self>) {
        if self.waiting_for.get(&id) == Some(&from) {
            self.waiting_for.remove(&id);
            out.cancel_timer(Timeout { id });
            out.output(Output::Answered { id, by: from });
        } else {
            out.output(Output::Unexpected { id, by: from });
        }
    }
}

impl Describe for PingPong {
    fn describe(&self, fields: &mut Fields) {
        fields.list("waiting_for", self.waiting_for.values());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Effect, Input, Message as _, step};

    const ALICE: NodeId = NodeId(0);
    const BOB: NodeId = NodeId(1);
    const CAROL: NodeId = NodeId(2);
    const SECOND: Duration = Duration::from_secs(1);

    fn ping(alice: &mut PingPong) -> Vec<Effect<PingPong>> {
        let command = Command::Ping {
            to: BOB,
            data: Bytes::from_static(b"x"),
            timeout: SECOND,
        };
        step(alice, Input::Command(command), 0)
    }

    fn pong(alice: &mut PingPong, from: NodeId, id: u64) -> Vec<Effect<PingPong>> {
        let data = Bytes::new();
        let message = Message::Pong { id, data };
        step(alice, Input::Message { from, message }, 0)
    }

    #[test]
    fn a_ping_is_answered() {
        let (mut alice, mut bob) = (PingPong::default(), PingPong::default());

        let effects = ping(&mut alice);
        let [
            Effect::SetTimer {
                timer,
                after: SECOND,
            },
            Effect::Send {
                to: BOB,
                message,
                within: Some(SECOND),
            },
        ] = &effects[..]
        else {
            panic!("{effects:?}");
        };
        assert_eq!(timer, &Timeout { id: 0 });

        let effects = step(
            &mut bob,
            Input::Message {
                from: ALICE,
                message: message.clone(),
            },
            0,
        );
        let [
            Effect::Send {
                to: ALICE,
                message,
                within: None,
            },
        ] = &effects[..]
        else {
            panic!("{effects:?}");
        };
        assert_eq!(
            bob,
            PingPong::default(),
            "answering leaves no trace in the state"
        );

        let effects = step(
            &mut alice,
            Input::Message {
                from: BOB,
                message: message.clone(),
            },
            0,
        );
        let expected = [
            Effect::CancelTimer {
                timer: Timeout { id: 0 },
            },
            Effect::Output(Output::Answered { id: 0, by: BOB }),
        ];
        assert_eq!(effects, expected);
        assert!(alice.waiting_for.is_empty());
    }

    #[test]
    fn an_answer_counts_once_and_only_from_the_process_asked() {
        let mut alice = PingPong::default();
        ping(&mut alice);
        let unexpected = |id, by| vec![Effect::Output(Output::Unexpected { id, by })];

        assert_eq!(
            pong(&mut alice, CAROL, 0),
            unexpected(0, CAROL),
            "not the process asked"
        );
        assert_eq!(pong(&mut alice, BOB, 9), unexpected(9, BOB), "never asked");
        assert_eq!(pong(&mut alice, BOB, 0).len(), 2);
        assert_eq!(
            pong(&mut alice, BOB, 0),
            unexpected(0, BOB),
            "answered already"
        );
    }

    #[test]
    fn a_ping_times_out_once() {
        let mut alice = PingPong::default();
        ping(&mut alice);
        let timer = || Input::Timer(Timeout { id: 0 });
        assert_eq!(
            step(&mut alice, timer(), 0),
            [Effect::Output(Output::TimedOut { id: 0, by: BOB })]
        );
        assert_eq!(step(&mut alice, timer(), 0), []);
        assert_eq!(
            pong(&mut alice, BOB, 0),
            [Effect::Output(Output::Unexpected { id: 0, by: BOB })],
            "too late"
        );
    }

    #[test]
    fn malformed_payload_is_rejected() {
        let data = Bytes::from_static(b"x");
        let ping = Message::Ping { id: 7, data };
        assert_eq!(Message::from_payload(ping.to_payload()), Some(ping));
        for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /"] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
