//! PING and PONG: is a process there, and how far away is it?
//!
//! The smallest algorithm with a question and an answer. A process that is
//! told to ping sends PING with a fresh id; whoever receives PING sends back
//! PONG with the same id and data; when PONG comes, the ping is answered.
//!
//! What can go wrong shapes the state. An answer may never come, so each PING
//! has a timer. It may come late, twice, or from somebody who was not asked,
//! so a process remembers whom it asked, and takes one answer from them alone.
//! In an asynchronous system a timeout proves nothing about the other process:
//! it may be dead, slow, or merely far away (Fischer, Lynch and Paterson,
//! "Impossibility of Distributed Consensus with One Faulty Process", JACM
//! 32(2), 1985). That is why the output says `TimedOut` and not `Dead`.
//!
//! What it needs: a channel in each direction. It may lose, double and reorder
//! messages, and the other process may crash; a ping then times out, and no
//! answer is counted twice.
//!
//! Cost: 2 messages and one round trip for each ping.
//!
//! The whole algorithm is in this file.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::Bytes;

use crate::{Algorithm, Describe, Fields, NodeId, Out};

/// What processes send each other.
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
    /// I am. It repeats what it answers.
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

/// What the world outside may ask.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// Ping a process.
    Ping {
        /// Whom.
        to: NodeId,
        /// Ballast to send along and get back.
        data: Bytes,
        /// How long to wait for the answer.
        timeout: Duration,
    },
}

/// What a process says.
#[derive(Clone, Debug, PartialEq, Eq, Hash, crate::Output, Describe)]
pub enum Output {
    /// The answer has come.
    Answered {
        /// Which ping, counted from 0 in the order of the commands.
        id: u64,
        /// Who answered.
        by: NodeId,
    },
    /// No answer came in time.
    TimedOut {
        /// Which ping.
        id: u64,
        /// Who did not answer.
        by: NodeId,
    },
    /// A PONG that nobody waits for: late, doubled or made up. Ignored.
    Unexpected {
        /// The id that it names.
        id: u64,
        /// Who sent it.
        by: NodeId,
    },
}

/// A timer runs for each ping under way, told apart by its id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timeout {
    /// Which ping.
    pub id: u64,
}

/// The state of one process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct PingPong {
    /// As the one who asks: the id of the next ping.
    next_id: u64,
    /// As the one who asks: who was asked and has not answered yet.
    waiting_for: BTreeMap<u64, NodeId>,
    // As the one who answers: nothing. PONG repeats what PING said.
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
    fn an_answer_counts_once_and_from_the_one_asked_alone() {
        let mut alice = PingPong::default();
        ping(&mut alice);
        let unexpected = |id, by| vec![Effect::Output(Output::Unexpected { id, by })];

        assert_eq!(
            pong(&mut alice, CAROL, 0),
            unexpected(0, CAROL),
            "not the one asked"
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
    fn what_is_no_message_is_none() {
        let data = Bytes::from_static(b"x");
        let ping = Message::Ping { id: 7, data };
        assert_eq!(Message::from_payload(ping.to_payload()), Some(ping));
        for bytes in [&b""[..], b"\xff", b"\x0a\x7f", b"GET /"] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert_eq!(Message::from_payload(bytes), None);
        }
    }
}
