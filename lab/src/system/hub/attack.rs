//! Peers that flood the hub: a process of their own, over the same messages.
//!
//! An attacker sends a wave of messages every few milliseconds, and waits for no answer. It
//! pays for one session, and goes on with it as without it. To the judge it is a sender like
//! any other.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use algorithms::hub::{
    Challenge, Command, Message, Output, Parcel, Proof, Puzzle, Session, Timer, VERSION,
};
use algorithms::{Algorithm, Describe, Effect, Fields, Input, Message as _, NodeId, Out};
use proto::Bytes;
use serde::Serialize;

/// The time between two waves of an attacker: with [`Attacker::wave`] some thousand messages a
/// second.
const WAVE: Duration = Duration::from_millis(10);

/// An attacker gives up a proof after so many hashes: as many as 20 bits take on average.
const MOST_HASHES: u64 = 1 << 20;

/// The name of the field that says what an attacker does.
pub(super) const ATTACK: &str = "attack";

/// How many of the peers attack. The last ones do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub struct Attack {
    /// How many.
    pub count: u32,
}

/// `spam:3`
impl FromStr for Attack {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let count = text
            .strip_prefix("spam:")
            .and_then(|count| count.parse().ok());
        match count.filter(|count| *count > 0) {
            Some(count) => Ok(Self { count }),
            None => Err(format!(
                "{text:?} names no attack and its number of peers; write for example spam:3"
            )),
        }
    }
}

impl fmt::Display for Attack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "spam:{}", self.count)
    }
}

impl From<Attack> for String {
    fn from(attack: Attack) -> Self {
        attack.to_string()
    }
}

fn proof((epoch, bits): (u64, u32), nonce: u64, seed: Bytes) -> Message {
    Message::Proof(Proof {
        epoch,
        bits,
        nonce,
        seed,
    })
}

/// When attackers attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// After the start.
    pub begins: Duration,
    /// For so long.
    pub lasts: Duration,
}

/// A process of the hub, or an attacker.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::large_enum_variant, reason = "one for each process")]
pub enum Member<A> {
    /// It does what it should.
    Honest(A),
    /// It attacks.
    Attacker(Attacker),
}

/// A peer that floods the hub.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Attacker {
    me: String,
    hub: NodeId,
    span: Span,
    largest: u64,
    /// How many waves there were.
    waves: u64,
    /// The last challenge.
    challenge: Option<Puzzle>,
    /// The one that it solved, and with which number.
    paid: Option<(Puzzle, u64)>,
    session: Option<Session>,
    hashes: u64,
    sent: u64,
    bytes: u64,
}

impl Attacker {
    /// An attacker of that name.
    pub fn new(me: String, hub: NodeId, span: Span, largest: u64) -> Self {
        Self {
            me,
            hub,
            span,
            largest,
            waves: 0,
            challenge: None,
            paid: None,
            session: None,
            hashes: 0,
            sent: 0,
            bytes: 0,
        }
    }

    fn send(&mut self, message: Message, out: &mut Out<Self>) {
        self.sent += 1;
        self.bytes += message.to_payload().len() as u64;
        out.send(self.hub, message);
    }

    fn waves(&self) -> u64 {
        (self.span.lasts.as_nanos() / WAVE.as_nanos()) as u64
    }

    /// Asks for a challenge that it never solves, proves with what is forged, replayed and
    /// computed before its time, and asks for what it may not have.
    fn wave(&mut self, out: &mut Out<Self>) {
        let number = self.waves;
        self.send(Message::NewSession { version: VERSION }, out);
        let nonce = out.random(0..=u64::MAX >> 1);
        let epoch = self.prove(nonce, out);
        let seal = Bytes::copy_from_slice(&nonce.to_be_bytes().repeat(2));
        let forged = Session { epoch, seal };
        self.send(Message::Register { session: forged }, out);
        if let Some(session) = self.session.clone() {
            self.send(Message::Register { session }, out);
        }
        self.send(Message::Ping, out);
        self.send(
            Message::Find {
                number,
                target: nonce,
            },
            out,
        );
        let parcel = |peer: &str, bytes: u64| Parcel {
            number,
            peer: peer.to_owned(),
            data: Bytes::from(vec![0; bytes as usize]),
        };
        self.send(Message::Forward(parcel("nobody", 1)), out);
        let me = self.me.clone();
        self.send(Message::Forward(parcel(&me, 1)), out);
        self.send(Message::Call(parcel(&me, 1)), out);
        self.send(Message::Answer(parcel("nobody", 1)), out);
        let honest = NodeId(self.hub.0 + 1).to_string();
        self.send(Message::Forward(parcel(&honest, self.largest + 1)), out);
    }

    /// Sends proofs: once the one that its challenge asks for, and then those that the hub has
    /// to refuse: replayed, for an epoch to come, and forged. Returns the epoch.
    fn prove(&mut self, forged: u64, out: &mut Out<Self>) -> u64 {
        let Some(puzzle) = self.challenge.clone() else {
            self.send(proof((0, 0), forged, Bytes::new()), out);
            return 0;
        };
        let (epoch, bits) = (puzzle.epoch, puzzle.bits);
        let Some((paid, nonce)) = self.paid.clone() else {
            self.pay(puzzle, out);
            return epoch;
        };
        self.send(proof((epoch + 2, bits), nonce, paid.seed.clone()), out);
        self.send(proof((paid.epoch, bits), nonce, paid.seed), out);
        self.hashes += 1;
        if !puzzle.is_solved_by(forged) {
            self.send(proof((epoch, bits), forged, puzzle.seed), out);
        }
        epoch
    }

    /// Looks for the number that its challenge asks for, and sends it.
    fn pay(&mut self, puzzle: Puzzle, out: &mut Out<Self>) {
        let found = (0..MOST_HASHES).find(|nonce| puzzle.is_solved_by(*nonce));
        self.hashes += found.map_or(MOST_HASHES, |nonce| nonce + 1);
        if let Some(nonce) = found {
            let terms = (puzzle.epoch, puzzle.bits);
            self.send(proof(terms, nonce, puzzle.seed.clone()), out);
            self.paid = Some((puzzle, nonce));
        }
    }
}

impl Algorithm for Attacker {
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        out.set_timer(Timer::Alive, self.span.begins);
    }

    fn on_command(&mut self, _: Command, _: &mut Out<Self>) {}

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        match message {
            Message::Challenge(Challenge { epoch, bits, seed }) => {
                self.challenge = Some(Puzzle {
                    node: self.me.clone(),
                    hub: out.name(from).into_owned(),
                    epoch,
                    bits,
                    seed,
                });
            }
            Message::Accepted { session } => self.session = Some(session),
            _ => {}
        }
    }

    fn on_timer(&mut self, _: Timer, out: &mut Out<Self>) {
        if self.waves < self.waves() {
            self.wave(out);
            self.waves += 1;
            out.set_timer(Timer::Alive, WAVE);
        }
    }
}

impl Describe for Attacker {
    fn describe(&self, fields: &mut Fields) {
        fields.text(ATTACK, "spam");
        fields.integer("hashes", self.hashes);
        fields.integer("sent", self.sent);
        fields.integer("bytes", self.bytes);
    }
}

impl<A> Member<A>
where
    A: Algorithm<Message = Message, Timer = Timer, Command = Command, Output = Output>,
{
    fn step(&mut self, honest: Input<A>, attacker: Input<Attacker>, out: &mut Out<Self>) {
        match self {
            Self::Honest(process) => add_all(out.step_below(process, honest), out),
            Self::Attacker(process) => add_all(out.step_below(process, attacker), out),
        }
    }
}

fn add_all<A, B>(effects: Vec<Effect<B>>, out: &mut Out<A>)
where
    A: Algorithm,
    B: Algorithm<Message = A::Message, Timer = A::Timer, Output = A::Output>,
{
    effects.into_iter().for_each(|effect| out.add(effect));
}

impl<A> Algorithm for Member<A>
where
    A: Algorithm<Message = Message, Timer = Timer, Command = Command, Output = Output>,
{
    type Message = Message;
    type Timer = Timer;
    type Command = Command;
    type Output = Output;

    fn on_start(&mut self, out: &mut Out<Self>) {
        self.step(Input::Start, Input::Start, out);
    }

    fn on_restart(&mut self, out: &mut Out<Self>) {
        self.step(Input::Restart, Input::Restart, out);
    }

    fn on_command(&mut self, command: Command, out: &mut Out<Self>) {
        let same = command.clone();
        self.step(Input::Command(command), Input::Command(same), out);
    }

    fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Self>) {
        let same = message.clone();
        self.step(
            Input::Message { from, message },
            Input::Message {
                from,
                message: same,
            },
            out,
        );
    }

    fn on_timer(&mut self, timer: Timer, out: &mut Out<Self>) {
        let same = timer.clone();
        self.step(Input::Timer(timer), Input::Timer(same), out);
    }
}

impl<A: Describe> Describe for Member<A> {
    fn describe(&self, fields: &mut Fields) {
        match self {
            Self::Honest(process) => process.describe(fields),
            Self::Attacker(process) => process.describe(fields),
        }
    }

    fn recover(&mut self, stored: &Self) {
        if let (Self::Honest(new), Self::Honest(old)) = (self, stored) {
            new.recover(old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attacks_are_read_as_the_command_line_names_them() {
        let attack: Attack = "spam:3".parse().expect("an attack");
        assert_eq!((attack.count, attack.to_string()), (3, "spam:3".into()));
        for wrong in ["", "spam", "spam:", "spam:0", "spam:-1", "drop:3"] {
            let error = wrong.parse::<Attack>().expect_err(wrong);
            assert!(error.contains("write for example spam:3"), "{error}");
        }
    }
}
