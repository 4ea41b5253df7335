//! A peer.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::Bytes;

use super::moving::Hubs;
use super::{
    Challenge, Code, Command, Hub, Invitation, Known, Message, Nearest, Output, Parcel, Proof,
    Puzzle, Reversal, Timer,
};
use crate::{Describe, NodeId, Out};

/// How many numbers a peer tries in one step. A guess: a millisecond of work, between which
/// it handles other messages.
const SLICE: u64 = 4096;

/// The most bits of a challenge that a peer works on: 2^32 hashes take it half an hour.
const MOST_BITS: u32 = 32;

/// How long it waits between two such steps.
const PAUSE: Duration = Duration::from_millis(1);

/// After so many tries the time until the next does not double any more. A guess.
const MOST_TRIES: u32 = 2;

/// The state of a peer.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Node {
    #[describe(skip)]
    pub(super) me: String,
    /// The hubs, and its sessions with them.
    #[describe(skip)]
    pub(super) hubs: Hubs,
    /// The version that it speaks.
    #[describe(skip)]
    version: u64,
    /// The one that it needs, once it was told so.
    #[describe(skip)]
    needs: Option<u64>,
    /// How often it says that it is there, and tries again; `None` for never.
    #[describe(skip)]
    alive: Option<Duration>,
    phase: Phase,
    /// Whether it has not yet said that it joined.
    #[describe(skip)]
    joins: bool,
    /// Whether it has heard from the hub since it last said that it is there.
    #[describe(skip)]
    hears: bool,
    /// How often it has tried in vain to register.
    #[describe(skip)]
    tries: u32,
    /// The number of its last question.
    questions: u64,
    /// The number of the last question when it last said that it is there.
    #[describe(skip)]
    asked_before: u64,
    /// The questions that the hub has not answered.
    #[describe(skip)]
    pub(super) open: BTreeMap<u64, Message>,
    /// What it answers calls with; `None`: with what they bring.
    #[describe(skip)]
    answer: Option<Bytes>,
}

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
enum Phase {
    /// It wants nothing.
    Outside,
    /// It has asked for a challenge.
    Asking,
    /// It looks for a number, from this one on.
    Solving {
        #[describe(skip)]
        puzzle: Puzzle,
        nonce: u64,
    },
    /// It has sent its proof.
    Proving,
    /// It has shown its session.
    Registering,
    /// It is registered.
    Inside,
}

impl Node {
    /// A peer of that name, which knows these hubs: at least one.
    pub fn new(me: String, hubs: Vec<Known>, version: u64, alive: Option<Duration>) -> Self {
        Self {
            hubs: Hubs::new(hubs, &me),
            me,
            version,
            needs: None,
            alive,
            phase: Phase::Outside,
            joins: false,
            hears: false,
            tries: 0,
            questions: 0,
            asked_before: 0,
            open: BTreeMap::new(),
            answer: None,
        }
    }

    pub(super) fn on_command(&mut self, command: Command, out: &mut Out<Hub>) {
        if let Command::AnswerWith(data) = command {
            self.answer = Some(data);
            return;
        }
        if let (Some(needs), true) = (self.needs, command != Command::Leave) {
            let code = Code::Version { needs };
            let number = self.number_of(&command);
            return out.output(Output::Refused { number, code });
        }
        let number = self.number_of(&command);
        let question = match command {
            Command::Join => return self.join(out),
            Command::Leave => return self.leave(out),
            Command::AnswerWith(_) => return,
            Command::Find(target) => Message::Find { number, target },
            Command::Forward(peer, data) => Message::Forward(Parcel { number, peer, data }),
            Command::Call(peer, data, within) => {
                out.set_timer(Timer::Deadline(number), within);
                Message::Call(Parcel { number, peer, data })
            }
            Command::Reverse(to, data) => Message::Reverse(Reversal { number, to, data }),
        };
        if self.phase == Phase::Inside {
            out.send(self.hubs.current(), question.clone());
        }
        self.open.insert(number, question);
    }

    /// Counts questions.
    fn number_of(&mut self, command: &Command) -> u64 {
        match command {
            Command::Join | Command::Leave | Command::AnswerWith(_) => 0,
            Command::Find(_) | Command::Forward(..) | Command::Call(..) | Command::Reverse(..) => {
                self.questions += 1;
                self.questions
            }
        }
    }

    /// One that is about to register, and tries again by itself, goes on with it.
    fn join(&mut self, out: &mut Out<Hub>) {
        self.joins = true;
        let is_about_to = !matches!(self.phase, Phase::Outside | Phase::Inside);
        if !is_about_to || self.alive.is_none() {
            self.enrol(out);
        }
    }

    /// Registers, and stays registered.
    pub(super) fn enrol(&mut self, out: &mut Out<Hub>) {
        self.begin(out);
        if let Some(alive) = self.alive {
            out.set_timer(Timer::Alive, alive);
        }
    }

    fn leave(&mut self, out: &mut Out<Hub>) {
        self.phase = Phase::Outside;
        out.cancel_timer(Timer::Alive);
        out.cancel_timer(Timer::Solve);
        // It does not wait for what it asked.
        for number in std::mem::take(&mut self.open).into_keys() {
            out.cancel_timer(Timer::Deadline(number));
            out.output(Output::Late { number });
        }
        if std::mem::take(&mut self.joins) {
            out.output(Output::Late { number: 0 });
        }
        out.output(Output::Left);
    }

    /// With its session, if it has one.
    fn begin(&mut self, out: &mut Out<Hub>) {
        let (phase, message) = match self.hubs.session().clone() {
            Some(session) => (Phase::Registering, Message::Register { session }),
            None => (
                Phase::Asking,
                Message::NewSession {
                    version: self.version,
                },
            ),
        };
        self.phase = phase;
        self.attempt(message, out);
    }

    /// Sends the hub what it has to answer if it is there.
    fn attempt(&mut self, message: Message, out: &mut Out<Hub>) {
        self.hubs.tried();
        out.send(self.hubs.current(), message);
    }

    pub(super) fn on_timer(&mut self, timer: Timer, out: &mut Out<Hub>) {
        match timer {
            Timer::Solve => self.solve(out),
            Timer::Alive => self.say_alive(out),
            Timer::Deadline(number) => {
                if self.open.remove(&number).is_some() {
                    out.output(Output::Late { number });
                }
            }
            Timer::Expire(_) | Timer::Epoch | Timer::Tick | Timer::Overdue(_) => {}
        }
    }

    /// Messages may be lost, by the network or by a hub that restarts.
    fn say_alive(&mut self, out: &mut Out<Hub>) {
        let Some(alive) = self.alive else { return };
        match self.phase {
            Phase::Outside => return,
            Phase::Solving { .. } => {}
            Phase::Inside if self.hears => {
                self.hears = false;
                self.attempt(Message::Ping, out);
                self.ask_again(out);
            }
            // A hub that has much to do does not get more to do from those who wait.
            Phase::Asking | Phase::Proving | Phase::Registering | Phase::Inside => {
                self.tries = match self.hubs.go_on() {
                    true => 0,
                    false => (self.tries + 1).min(MOST_TRIES),
                };
                self.begin(out);
            }
        }
        out.set_timer(Timer::Alive, alive.saturating_mul(1 << self.tries));
    }

    /// What was asked a whole time ago may be lost.
    fn ask_again(&mut self, out: &mut Out<Hub>) {
        for question in self.open.range(..=self.asked_before) {
            out.send(self.hubs.current(), question.1.clone());
        }
        self.asked_before = self.questions;
    }

    /// Tries some numbers.
    fn solve(&mut self, out: &mut Out<Hub>) {
        let Phase::Solving { puzzle, nonce } = &mut self.phase else {
            return;
        };
        let from = *nonce;
        let found = (from..from.saturating_add(SLICE)).find(|nonce| puzzle.is_solved_by(*nonce));
        let Some(found) = found else {
            *nonce = from.saturating_add(SLICE);
            out.set_timer(Timer::Solve, PAUSE);
            return;
        };
        let proof = Message::Proof(Proof {
            epoch: puzzle.epoch,
            bits: puzzle.bits,
            nonce: found,
            seed: puzzle.seed.clone(),
        });
        self.phase = Phase::Proving;
        self.attempt(proof, out);
    }

    /// A hub that the peer has left may still have something for it.
    pub(super) fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Hub>) {
        if from == self.hubs.current() {
            self.hubs.heard();
            self.on_session(message, out);
        } else if self.hubs.include(from) {
            self.on_answer(message, out);
        }
    }

    /// A message of the hub that it registers at.
    fn on_session(&mut self, message: Message, out: &mut Out<Hub>) {
        if message == Message::Registered {
            self.hubs.entered();
        }
        match (message, &self.phase) {
            (Message::Challenge(Challenge { epoch, bits, seed }), Phase::Asking)
                if bits <= MOST_BITS =>
            {
                let puzzle = Puzzle {
                    node: self.me.clone(),
                    hub: self.hubs.name().to_owned(),
                    epoch,
                    bits,
                    seed,
                };
                self.phase = Phase::Solving { puzzle, nonce: 0 };
                out.set_timer(Timer::Solve, Duration::ZERO);
            }
            (Message::Accepted { session }, Phase::Proving) => {
                *self.hubs.session() = Some(session);
                self.begin(out);
            }
            (Message::Registered, Phase::Registering) => self.enter(out),
            (Message::Pong, _) => self.hears = true,
            (Message::Refused { number: 0, code }, _) => self.on_refused(code, out),
            (
                Message::Refused {
                    code: Code::Unregistered,
                    ..
                },
                Phase::Inside,
            ) => self.begin(out),
            (message, _) => self.on_answer(message, out),
        }
    }

    /// What a hub has for it, or answers to its questions.
    fn on_answer(&mut self, message: Message, out: &mut Out<Hub>) {
        match message {
            Message::Neighbours(Nearest { number, nodes }) => {
                self.end(number, Output::Found { number, nodes }, out);
            }
            Message::Forwarded { number } => self.end(number, Output::Sent { number }, out),
            Message::Answered(parcel) if self.has_called(&parcel) => {
                let Parcel { number, data, .. } = parcel;
                self.end(number, Output::Answered { number, data }, out);
            }
            Message::Reversed { number } => self.end(number, Output::Reversed { number }, out),
            Message::Called(parcel) if self.phase == Phase::Inside => {
                let data = self.answer.clone().unwrap_or(parcel.data);
                out.send(
                    self.hubs.current(),
                    Message::Answer(Parcel { data, ..parcel }),
                );
            }
            Message::Relayed(parcel) => {
                let (node, data) = (parcel.peer, parcel.data);
                out.output(Output::Received { node, data });
            }
            Message::DialBack(Invitation { from: node, data }) => {
                out.output(Output::DialBack { node, data });
            }
            Message::Refused { number, code } if code != Code::Unregistered => {
                self.end(number, Output::Refused { number, code }, out);
            }
            _ => {}
        }
    }

    /// Anybody may answer, and only the one that was asked is heard.
    fn has_called(&self, answer: &Parcel) -> bool {
        let question = self.open.get(&answer.number);
        matches!(question, Some(Message::Call(call)) if call.peer == answer.peer)
    }

    fn enter(&mut self, out: &mut Out<Hub>) {
        self.phase = Phase::Inside;
        self.hears = true;
        self.tries = 0;
        if let Some(alive) = self.alive {
            out.set_timer(Timer::Alive, alive);
        }
        let hub = self.hubs.name().to_owned();
        out.output(Output::Entered { hub });
        if std::mem::take(&mut self.joins) {
            out.output(Output::Joined);
        }
        for question in self.open.values() {
            out.send(self.hubs.current(), question.clone());
        }
    }

    /// The hub has answered that question.
    fn end(&mut self, number: u64, output: Output, out: &mut Out<Hub>) {
        if let Some(question) = self.open.remove(&number) {
            if matches!(question, Message::Call(_)) {
                out.cancel_timer(Timer::Deadline(number));
            }
            out.output(output);
        }
    }

    /// The session was refused, or an answer that the peer gave: that has no number of its own,
    /// and ends no question.
    fn on_refused(&mut self, code: Code, out: &mut Out<Hub>) {
        match (code, &self.phase) {
            (Code::Version { needs }, Phase::Asking) => {
                self.phase = Phase::Outside;
                self.needs = Some(needs);
                self.joins = false;
                out.cancel_timer(Timer::Alive);
                out.output(Output::Refused { number: 0, code });
                for number in std::mem::take(&mut self.open).into_keys() {
                    out.cancel_timer(Timer::Deadline(number));
                    out.output(Output::Refused { number, code });
                }
            }
            (Code::Proof, Phase::Proving) | (Code::Session, Phase::Registering) => {
                *self.hubs.session() = None;
                self.begin(out);
            }
            // The hub has restarted, or the session has ended.
            (Code::Unregistered, Phase::Inside) => self.begin(out),
            _ => {}
        }
    }
}
