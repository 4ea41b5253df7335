//! The model of what a hub knows.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::handing::Errand;
use super::proof::{Challenge, solves};
use super::{Checks, Sent, Terms, sent};

/// The least by which the clock of a machine may be late. A guess: where it stands still for
/// longer, the engine says so.
const LATE: Duration = Duration::from_secs(1);

/// What the hub should know.
pub(super) struct Book<'a> {
    pub(super) terms: &'a Terms,
    /// Its name.
    pub(super) hub: &'a str,
    pub(super) epoch: i64,
    /// What each peer was asked for in this epoch.
    challenges: BTreeMap<Arc<str>, BTreeSet<Challenge>>,
    /// Those of them that were given since a proof of it was accepted, which voids the others.
    live: BTreeMap<Arc<str>, BTreeSet<Challenge>>,
    /// The proofs that were accepted.
    used: BTreeSet<(Arc<str>, Challenge, i64)>,
    /// The sessions that were given.
    sessions: BTreeSet<(Arc<str>, i64, String)>,
    /// Who is registered, and when it was last heard of.
    pub(super) registered: BTreeMap<Arc<str>, u64>,
    /// What is missing in each bucket.
    pub(super) spent: BTreeMap<Arc<str>, i64>,
    /// What other hubs are asked, by the numbers of the questions.
    pub(super) errands: BTreeMap<i64, Errand>,
    /// The numbers that questions had.
    pub(super) numbers: BTreeSet<i64>,
    /// How many requests each peer has sent of late.
    pub(super) asked: BTreeMap<Arc<str>, i64>,
    /// The times of the hub's steps so far, in nanoseconds since the Unix epoch.
    times: Vec<u64>,
    /// By how many nanoseconds timers may be late.
    late: u64,
}

impl<'a> Book<'a> {
    pub(super) fn new(terms: &'a Terms, hub: &'a str) -> Self {
        let late = terms.life.unwrap_or_default() / 2 + LATE;
        Self {
            terms,
            hub,
            epoch: 0,
            challenges: BTreeMap::new(),
            live: BTreeMap::new(),
            used: BTreeSet::new(),
            sessions: BTreeSet::new(),
            registered: BTreeMap::new(),
            spent: BTreeMap::new(),
            errands: BTreeMap::new(),
            numbers: BTreeSet::new(),
            asked: BTreeMap::new(),
            times: Vec::new(),
            late: late.as_nanos() as u64,
        }
    }

    /// Follows a step of the hub.
    pub(super) fn follow(&mut self, step: &StepRecord, checks: &mut Checks) {
        self.times.push(step.at_unix_nano);
        if step.restarts {
            self.registered.clear();
            self.spent.clear();
            self.errands.clear();
            self.asked.clear();
        }
        if step.timer.as_deref() == Some("Tick") {
            let fill = self.terms.fill;
            self.spent.retain(|_, spent| {
                *spent -= fill;
                *spent > 0
            });
            self.serves_more();
        }
        let epoch = step.state.get_integer("epoch").unwrap_or(self.epoch);
        if epoch != self.epoch {
            self.challenges.clear();
            self.live.clear();
            self.epoch = epoch;
        }
        for event in &step.events {
            match event {
                Event::Output { kind, fields } if kind == "SessionEnded" => {
                    let node = fields.get_text("node").unwrap_or_default();
                    self.ended(node, step.at_unix_nano, checks);
                }
                Event::Output { .. } | Event::Sent { .. } => {}
            }
        }
        let answer: Vec<_> = sent(step).collect();
        let Some(received) = &step.received else {
            return self.went_on(None, &answer, checks);
        };
        let (from, message) = (&received.from, &received.message);
        if !self.terms.is_hub(from) && !self.is_served(from, &answer, checks) {
            return;
        }
        match &*message.kind {
            "NEW_SESSION" => self.challenged(from, &answer, checks),
            "PROOF" => self.proved(from, &message.fields, &answer, checks),
            "REGISTER" => self.registers(from, step, &answer, checks),
            "PING" => self.pinged(from, step.at_unix_nano, &answer, checks),
            "FIND" => self.asked_for_nearest(from, &message.fields, &answer, checks),
            "FORWARD" | "CALL" | "ANSWER" | "REVERSE" => {
                self.asked_to_pass_on(from, message, &answer, checks);
            }
            _ if !self.terms.is_hub(from) => {
                checks.handing.check(answer.is_empty(), || {
                    let kind = &message.kind;
                    format!("{from} is no hub, and {} answers its {kind}", self.hub)
                });
            }
            "HAND_OVER" => self.took_over(from, &message.fields, &answer, checks),
            "LOOK" => self.showed(from, &message.fields, &answer, checks),
            _ => self.went_on(Some((from, message)), &answer, checks),
        }
    }

    /// Whether the step has sent something, and each refusal the reason that there is.
    pub(super) fn answered(
        answer: &[Sent<'_>],
        from: &str,
        reason: Option<&str>,
        checks: &mut Checks,
    ) {
        checks.answers.check(!answer.is_empty(), || {
            format!("{from} asked, and nothing was said")
        });
        let refused = answer.iter().filter(|sent| sent.kind == "REFUSED");
        for refusal in refused {
            let code = refusal.fields.get_text("code").unwrap_or("no code");
            checks
                .refusals
                .check(reason == Some(code), || match reason {
                    Some(reason) => format!("{from} was refused with {code}, and it is {reason}"),
                    None => format!("{from} was refused with {code}, and nothing is wrong"),
                });
        }
    }

    fn challenged(&mut self, from: &Arc<str>, answer: &[Sent<'_>], checks: &mut Checks) {
        let mut reason = Some("version");
        for sent in answer.iter().filter(|sent| sent.kind == "CHALLENGE") {
            reason = None;
            let challenge = Challenge {
                epoch: sent.fields.get_integer("epoch").unwrap_or(-1),
                bits: sent.fields.get_integer("bits").unwrap_or(-1),
                seed: sent.fields.get_text("seed").unwrap_or_default().into(),
            };
            let least = i64::from(self.terms.bits);
            checks.proof.check(challenge.bits >= least, || {
                format!(
                    "{from} was asked for {} bits, at least are {least}",
                    challenge.bits
                )
            });
            for given in [&mut self.live, &mut self.challenges] {
                let given = given.entry(Arc::clone(from)).or_default();
                given.insert(challenge.clone());
            }
        }
        Self::answered(answer, from, reason, checks);
    }

    fn proved(
        &mut self,
        from: &Arc<str>,
        proof: &algorithms::Fields,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let nonce = proof.get_integer("nonce").unwrap_or(-1);
        let [epoch, bits] = ["epoch", "bits"].map(|name| proof.get_integer(name));
        let seed = proof.get_text("seed").unwrap_or_default();
        let asked = self.challenges.get(from).into_iter().flatten();
        let right = asked.filter(|challenge| {
            Some(challenge.epoch) == epoch
                && Some(challenge.bits) == bits
                && challenge.epoch == self.epoch
                && challenge.seed == seed
                && solves(challenge, from, self.hub, nonce)
        });
        let right: Vec<_> = right
            .map(|challenge| (Arc::clone(from), challenge.clone(), nonce))
            .collect();
        let fresh = right.iter().find(|proof| !self.used.contains(*proof));
        let live = self.live.get(from);
        let is_live = |challenge| live.is_some_and(|live| live.contains(challenge));
        let is_due = fresh.is_some() && right.iter().any(|proof| is_live(&proof.1));
        for accepted in answer.iter().filter(|sent| sent.kind == "ACCEPTED") {
            checks.proof.check(!right.is_empty(), || {
                format!("{from} was accepted with the number {nonce}, which proves nothing")
            });
            checks.once.check(right.is_empty() || fresh.is_some(), || {
                format!("{from} was accepted twice with the number {nonce}")
            });
            let seal = accepted.fields.get_text("session.seal").unwrap_or_default();
            let epoch = accepted.fields.get_integer("session.epoch").unwrap_or(-1);
            self.sessions.insert((Arc::clone(from), epoch, seal.into()));
        }
        Self::answered(answer, from, (!is_due).then_some("proof"), checks);
        if answer.iter().any(|sent| sent.kind == "ACCEPTED") {
            self.live.remove(from);
            self.used.extend(right);
        }
    }

    fn registers(
        &mut self,
        from: &Arc<str>,
        step: &StepRecord,
        answer: &[Sent<'_>],
        checks: &mut Checks,
    ) {
        let fields = step
            .received
            .as_ref()
            .map(|received| &received.message.fields);
        let session = fields.and_then(|fields| {
            let epoch = fields.get_integer("session.epoch")?;
            Some((
                Arc::clone(from),
                epoch,
                fields.get_text("session.seal")?.to_owned(),
            ))
        });
        let is_young = |epoch| (0..=self.terms.kept).contains(&(self.epoch - epoch));
        let is_good =
            session.is_some_and(|session| is_young(session.1) && self.sessions.contains(&session));
        for _ in answer.iter().filter(|sent| sent.kind == "REGISTERED") {
            checks.register.check(is_good, || {
                format!("{from} was registered with a session that it was not given")
            });
            self.registered.insert(Arc::clone(from), step.at_unix_nano);
        }
        Self::answered(answer, from, (!is_good).then_some("session"), checks);
    }

    fn pinged(&mut self, from: &Arc<str>, at: u64, answer: &[Sent<'_>], checks: &mut Checks) {
        let is_there = self.registered.contains_key(from);
        for _ in answer.iter().filter(|sent| sent.kind == "PONG") {
            checks.unregistered.check(is_there, || {
                format!("{from} got a PONG, and has no session")
            });
            self.require_young(from, at, checks);
            self.registered.insert(Arc::clone(from), at);
        }
        Self::answered(answer, from, (!is_there).then_some("unregistered"), checks);
    }

    /// A session of which nothing was heard for longer has ended. A hub that was paused ends it
    /// when it goes on.
    fn require_young(&self, peer: &str, at: u64, checks: &mut Checks) {
        let (Some(life), Some(heard)) = (self.terms.life, self.registered.get(peer)) else {
            return;
        };
        let due = *heard + life.as_nanos() as u64 + self.late;
        let awake = self
            .times
            .get(self.times.partition_point(|time| *time <= due));
        let goes_on = awake.is_some_and(|awake| at > awake + LATE.as_nanos() as u64);
        checks.life.check(!goes_on, || {
            let age = Duration::from_nanos(at - heard);
            format!("{peer} was not heard of for {age:?}, and its session of {life:?} goes on")
        });
    }

    fn ended(&mut self, peer: &str, at: u64, checks: &mut Checks) {
        let heard = self.registered.remove(peer);
        let life = self.terms.life.unwrap_or(Duration::MAX);
        let age = heard.map(|heard| Duration::from_nanos(at.saturating_sub(heard)));
        checks
            .life
            .check(age.is_some_and(|age| age >= life), || match age {
                Some(age) => {
                    format!("{peer} lost its session of {life:?} {age:?} after it was heard of")
                }
                None => format!("{peer} lost a session that it did not have"),
            });
    }

    /// At the end no session is older than it may be.
    pub(super) fn end(&self, history: &History, checks: &mut Checks) {
        let hub = history.processes.get(self.hub);
        let last = hub
            .and_then(|steps| steps.last())
            .map(|step| step.at_unix_nano);
        if let Some(last) = last.filter(|_| history.stopped(self.hub).is_none()) {
            for peer in self.registered.keys() {
                self.require_young(peer, last, checks);
            }
        }
    }
}
