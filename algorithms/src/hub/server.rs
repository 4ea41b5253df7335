//! The hub.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proto::Bytes;

use super::proof::{Puzzle, seal};
use super::{Code, Hub, Message, Output, Session, Timer, VERSION};
use crate::{Describe, NodeId, Out};

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
}

/// The state of the hub.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Describe)]
pub struct Server {
    #[describe(skip)]
    pub(super) me: NodeId,
    #[describe(skip)]
    pub(super) terms: Terms,
    /// Its secret: a hub that restarts has the same.
    #[describe(skip)]
    pub(super) key: [u8; 32],
    #[describe(durable)]
    pub(super) epoch: u64,
    /// How many proofs of each peer were accepted in this epoch.
    #[describe(skip)]
    pub(super) accepted: BTreeMap<NodeId, u64>,
    /// How many that are in all.
    #[describe(skip)]
    pub(super) sessions: u64,
    pub(super) registered: BTreeSet<NodeId>,
    /// What is missing in the buckets that are not full, in bytes.
    #[describe(skip)]
    pub(super) spent: BTreeMap<NodeId, u64>,
}

impl Server {
    /// A hub with that secret.
    pub fn new(me: NodeId, terms: Terms, key: [u8; 32]) -> Self {
        Self {
            me,
            terms,
            key,
            epoch: 0,
            accepted: BTreeMap::new(),
            sessions: 0,
            registered: BTreeSet::new(),
            spent: BTreeMap::new(),
        }
    }

    /// An epoch begins, after a restart as well: what was accepted in the last one is
    /// forgotten.
    pub(super) fn begin(&mut self, out: &mut Out<Hub>) {
        self.epoch = self.epoch.saturating_add(1);
        self.accepted.clear();
        self.sessions = 0;
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
            Timer::Solve | Timer::Alive | Timer::Deadline(_) => {}
        }
    }

    pub(super) fn on_message(&mut self, from: NodeId, message: Message, out: &mut Out<Hub>) {
        let number = message.question().unwrap_or(0);
        if let Err(code) = self.answer(from, message, out) {
            out.send(from, Message::Refused { number, code });
        }
    }

    fn answer(&mut self, from: NodeId, message: Message, out: &mut Out<Hub>) -> Result<(), Code> {
        match message {
            Message::NewSession { version } => self.challenge(from, version, out),
            Message::Proof { epoch, bits, nonce } => self.prove(from, (epoch, bits), nonce, out),
            Message::Register { session } => self.register(from, &session, out),
            Message::Ping => self.ping(from, out),
            Message::Find { number, target } => self.find(from, number, target, out),
            Message::Forward(parcel) => {
                let number = parcel.number;
                self.pass_on(from, parcel, Message::Relayed, out)?;
                out.send(from, Message::Forwarded { number });
                Ok(())
            }
            Message::Call(parcel) => self.pass_on(from, parcel, Message::Called, out),
            Message::Answer(parcel) => self.pass_on(from, parcel, Message::Answered, out),
            Message::Reverse { number, to } => self.reverse(from, to, number, out),
            // These are the hub's own.
            _ => Ok(()),
        }
    }

    /// Nothing is remembered: the seed tells later what was asked for.
    fn challenge(&self, from: NodeId, version: u64, out: &mut Out<Hub>) -> Result<(), Code> {
        if version < VERSION {
            return Err(Code::Version { needs: VERSION });
        }
        let more = u32::try_from(self.sessions / self.terms.crowd.max(1)).unwrap_or(u32::MAX);
        let (epoch, bits) = (self.epoch, self.terms.bits.saturating_add(more));
        let seed = self.seed(from, bits);
        out.send(from, Message::Challenge { epoch, bits, seed });
        Ok(())
    }

    /// Each proof that is accepted changes the seed of the next, so none is accepted twice.
    fn seed(&self, node: NodeId, bits: u32) -> Bytes {
        let before = self.accepted.get(&node).copied().unwrap_or(0);
        let parts = [node.0.into(), self.epoch, bits.into(), before];
        seal(&self.key, b"challenge", &parts)
    }

    /// A hash for the seed, and one for the proof.
    fn prove(
        &mut self,
        from: NodeId,
        (epoch, bits): (u64, u32),
        nonce: u64,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        let puzzle = Puzzle {
            node: from,
            hub: self.me,
            epoch,
            bits,
            seed: self.seed(from, bits),
        };
        if epoch != self.epoch || bits < self.terms.bits || !puzzle.is_solved_by(nonce) {
            return Err(Code::Proof);
        }
        self.accept(from, out);
        Ok(())
    }

    pub(super) fn accept(&mut self, from: NodeId, out: &mut Out<Hub>) {
        *self.accepted.entry(from).or_default() += 1;
        self.sessions += 1;
        let session = self.session(from, self.epoch);
        out.send(from, Message::Accepted { session });
    }

    pub(super) fn session(&self, node: NodeId, epoch: u64) -> Session {
        let seal = seal(&self.key, b"session", &[node.0.into(), epoch]);
        Session { epoch, seal }
    }

    fn register(
        &mut self,
        from: NodeId,
        session: &Session,
        out: &mut Out<Hub>,
    ) -> Result<(), Code> {
        let age = self.epoch.checked_sub(session.epoch);
        let is_young = age.is_some_and(|age| age <= self.terms.kept);
        if !is_young || *session != self.session(from, session.epoch) {
            return Err(Code::Session);
        }
        self.admit(from, out);
        Ok(())
    }

    pub(super) fn admit(&mut self, from: NodeId, out: &mut Out<Hub>) {
        self.registered.insert(from);
        self.keep(from, out);
        out.send(from, Message::Registered);
    }

    fn ping(&self, from: NodeId, out: &mut Out<Hub>) -> Result<(), Code> {
        self.require(from)?;
        self.keep(from, out);
        out.send(from, Message::Pong);
        Ok(())
    }

    /// The session lasts from now on.
    fn keep(&self, node: NodeId, out: &mut Out<Hub>) {
        if let Some(life) = self.terms.life {
            out.set_timer(Timer::Expire(node), life);
        }
    }

    pub(super) fn require(&self, node: NodeId) -> Result<(), Code> {
        let is_registered = self.registered.contains(&node);
        is_registered.then_some(()).ok_or(Code::Unregistered)
    }
}
