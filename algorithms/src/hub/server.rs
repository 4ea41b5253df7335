//! A hub.

use std::collections::BTreeMap;
use std::time::Duration;

use proto::Bytes;

use super::handing::Errand;
use super::pace::{Requests, TooMany};
use super::proof::{Puzzle, seal};
use super::{
    Challenge, Code, Hub, Kind, Known, Message, Output, Pace, Parcel, Proof, Registry, Reversal,
    Session, Timer, VERSION,
};
use crate::{Describe, NodeId, Out};

/// How many questions to other hubs have a number in an epoch: more than it can ask.
const QUESTIONS: u64 = 1 << 32;

/// What a hub grants, and on which terms.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Terms {
    /// How many zero bits a proof takes at least.
    pub bits: u32,
    /// After so many sessions in an epoch, the next take a bit more.
    pub crowd: u64,
    /// How long an epoch lasts; `None` for ever.
    pub epoch: Option<Duration>,
    /// For how many epochs after its own a session is good.
    pub kept: u64,
    /// How long a session lasts of which nothing is heard; `None` for ever.
    pub life: Option<Duration>,
    /// How many neighbours a peer is told of.
    pub nearest: usize,
    /// How many bytes may be passed on at once for a peer that was quiet: the bucket.
    pub burst: u64,
    /// How often buckets are filled.
    pub tick: Duration,
    /// By how many bytes.
    pub fill: u64,
    /// The largest data that is passed on.
    pub largest: u64,
    /// How long another hub has to answer.
    pub patience: Duration,
    /// How much is handed over to other hubs for a peer at once.
    pub errands: usize,
    /// How many requests of a peer are served; `None` for any number.
    pub pace: Option<Pace>,
}

/// The state of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Server {
    #[describe(skip)]
    pub(super) me: String,
    #[describe(skip)]
    pub(super) terms: Terms,
    /// Its secret: a hub that restarts has the same.
    #[describe(skip)]
    pub(super) key: [u8; 32],
    #[describe(durable)]
    pub(super) epoch: u64,
    /// How many proofs of each peer were accepted in this epoch.
    #[describe(skip)]
    pub(super) accepted: BTreeMap<String, u64>,
    /// How many that are in all.
    #[describe(skip)]
    pub(super) sessions: u64,
    /// Who is registered: the trace has how many.
    #[describe(with = Registry::len)]
    pub(super) registered: Registry,
    /// What is missing in the buckets that are not full, in bytes.
    #[describe(skip)]
    pub(super) spent: BTreeMap<String, u64>,
    /// The other hubs.
    #[describe(skip)]
    pub(super) others: Vec<Known>,
    /// What other hubs were asked and have not answered, by the numbers of the questions.
    #[describe(skip)]
    pub(super) errands: BTreeMap<u64, Errand>,
    /// The number of the last question to another hub.
    #[describe(skip)]
    pub(super) last_errand: u64,
    /// How many requests peers have sent of late.
    #[describe(skip)]
    pub(super) requests: Requests,
}

/// Who sent a message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer<'a> {
    pub(super) node: NodeId,
    pub(super) name: &'a str,
}

impl Server {
    /// A hub with that name and secret.
    pub fn new(me: String, terms: Terms, key: [u8; 32]) -> Self {
        Self {
            me,
            terms,
            key,
            epoch: 0,
            accepted: BTreeMap::new(),
            sessions: 0,
            registered: Registry::default(),
            spent: BTreeMap::new(),
            others: Vec::new(),
            errands: BTreeMap::new(),
            last_errand: 0,
            requests: Requests::default(),
        }
    }

    /// The same, with these hubs beside it.
    #[must_use]
    pub fn beside(self, others: Vec<Known>) -> Self {
        Self { others, ..self }
    }

    /// The same, whose epochs begin after that one: where nothing but the key is kept, the
    /// clock tells the epoch.
    #[must_use]
    pub fn after_epoch(self, epoch: u64) -> Self {
        Self { epoch, ..self }
    }

    /// An epoch begins, after a restart as well: what was accepted in the last one is
    /// forgotten.
    pub(super) fn begin(&mut self, out: &mut Out<Hub>) {
        self.epoch = self.epoch.saturating_add(1);
        self.accepted.clear();
        self.sessions = 0;
        // A hub that restarts does not count again from 1: answers from before may be under way.
        self.last_errand = self.last_errand.max(self.epoch.saturating_mul(QUESTIONS));
        out.persist();
        if let Some(epoch) = self.terms.epoch {
            out.set_timer(Timer::Epoch, epoch);
        }
    }

    pub(super) fn on_timer(&mut self, timer: Timer, out: &mut Out<Hub>) {
        match timer {
            Timer::Epoch => self.begin(out),
            Timer::Expire(node) => {
                self.registered.remove(&node);
                out.output(Output::SessionEnded { node });
            }
            Timer::Tick => self.fill(out),
            Timer::Overdue(number) => self.on_overdue(number, out),
            Timer::Solve | Timer::Alive | Timer::Deadline(_) => {}
        }
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Hub>) {
        let number = message.question().unwrap_or(0);
        let name = out.name(from).into_owned();
        let from = Peer {
            node: from,
            name: &name,
        };
        if let Err(code) = self.serve(from, message, out) {
            out.send(from.node, Message::Refused { number, code });
        }
    }

    /// A peer that asks too often costs the hub no more than this.
    fn serve(&mut self, from: Peer<'_>, message: Message, out: &mut Out<Hub>) -> Result<(), Code> {
        if self.is_hub(from) {
            return self.answer(from, message, out);
        }
        let was_quiet = self.is_quiet();
        let counted = self.requests.count(from.name, &self.terms);
        if was_quiet && !self.is_quiet() {
            out.set_timer(Timer::Tick, self.terms.tick);
        }
        match counted {
            Ok(()) => self.answer(from, message, out),
            Err(TooMany::Refused(code)) => Err(code),
            Err(TooMany::Ignored) => Ok(()),
        }
    }

    /// Whether all buckets are full.
    pub(super) fn is_quiet(&self) -> bool {
        self.spent.is_empty() && self.requests.is_empty()
    }

    fn answer(&mut self, from: Peer<'_>, message: Message, out: &mut Out<Hub>) -> Result<(), Code> {
        match message {
            Message::NewSession { version } => self.challenge(from, version, out),
            Message::Proof(proof) => self.prove(from, proof, out),
            Message::Register { session } => self.register(from, &session, out),
            Message::Ping => self.ping(from, out),
            Message::Find { number, target } => self.find(from, number, target, out),
            Message::Forward(parcel) => self.pass_on(from, Kind::Forward, parcel, out),
            Message::Call(parcel) => self.pass_on(from, Kind::Call, parcel, out),
            Message::Answer(parcel) => self.pass_on(from, Kind::Answer, parcel, out),
            Message::Reverse(Reversal { number, to, data }) => {
                let peer = to;
                self.pass_on(from, Kind::Reverse, Parcel { number, peer, data }, out)
            }
            message if self.is_hub(from) => {
                self.on_hub(from, message, out);
                Ok(())
            }
            // These are the hub's own.
            _ => Ok(()),
        }
    }

    /// Nothing is remembered: the seed tells later what was asked for.
    fn challenge(&self, from: Peer<'_>, version: u64, out: &mut Out<Hub>) -> Result<(), Code> {
        if version < VERSION {
            return Err(Code::Version { needs: VERSION });
        }
        let more = u32::try_from(self.sessions / self.terms.crowd.max(1)).unwrap_or(u32::MAX);
        let (epoch, bits) = (self.epoch, self.terms.bits.saturating_add(more));
        let seed = self.seed(from.name, bits);
        out.send(
            from.node,
            Message::Challenge(Challenge { epoch, bits, seed }),
        );
        Ok(())
    }

    /// Each proof that is accepted changes the seed of the next, so none is accepted twice.
    pub(super) fn seed(&self, name: &str, bits: u32) -> Bytes {
        let before = self.accepted.get(name).copied().unwrap_or(0);
        let parts = [self.epoch, bits.into(), before];
        seal(&self.key, b"challenge", name, &parts)
    }

    /// A hash for the seed, and one for the proof.
    fn prove(&mut self, from: Peer<'_>, proof: Proof, out: &mut Out<Hub>) -> Result<(), Code> {
        let Proof {
            epoch,
            bits,
            nonce,
            seed,
        } = proof;
        let is_asked =
            epoch == self.epoch && bits >= self.terms.bits && seed == self.seed(from.name, bits);
        let puzzle = Puzzle {
            node: from.name.to_owned(),
            hub: self.me.clone(),
            epoch,
            bits,
            seed,
        };
        if !is_asked || !puzzle.is_solved_by(nonce) {
            return Err(Code::Proof);
        }
        self.accept(from, out);
        Ok(())
    }

    fn accept(&mut self, from: Peer<'_>, out: &mut Out<Hub>) {
        *self.accepted.entry(from.name.to_owned()).or_default() += 1;
        self.sessions += 1;
        let session = self.session(from.name, self.epoch);
        out.send(from.node, Message::Accepted { session });
    }

    pub(super) fn session(&self, name: &str, epoch: u64) -> Session {
        let seal = seal(&self.key, b"session", name, &[epoch]);
        Session { epoch, seal }
    }

    fn register(
        &mut self,
        from: Peer<'_>,
        session: &Session,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        let age = self.epoch.checked_sub(session.epoch);
        let is_young = age.is_some_and(|age| age <= self.terms.kept);
        if !is_young || *session != self.session(from.name, session.epoch) {
            return Err(Code::Session);
        }
        self.admit(from, out);
        Ok(())
    }

    fn admit(&mut self, from: Peer<'_>, out: &mut Out<Hub>) {
        if self.registered.insert(from.name, from.node) {
            let node = from.name.to_owned();
            out.output(Output::SessionBegan { node });
        }
        self.keep(from, out);
        out.send(from.node, Message::Registered);
    }

    /// Who connects again is another process of the same name.
    fn ping(&mut self, from: Peer<'_>, out: &mut Out<Hub>) -> Result<(), Code> {
        self.require(from)?;
        self.registered.insert(from.name, from.node);
        self.keep(from, out);
        out.send(from.node, Message::Pong);
        Ok(())
    }

    /// The session lasts from now on.
    fn keep(&self, peer: Peer<'_>, out: &mut Out<Hub>) {
        if let Some(life) = self.terms.life {
            out.set_timer(Timer::Expire(peer.name.to_owned()), life);
        }
    }

    pub(super) fn require(&self, peer: Peer<'_>) -> Result<(), Code> {
        let found = self.registered.get(peer.name);
        found.map(|_| ()).ok_or(Code::Unregistered)
    }
}
