//! What a run says of keys, proofs and verifiers.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use trace::history::History;
use trace::steps::{Event, StepRecord};

/// A verifier has accepted a process.
#[derive(Clone, Debug)]
pub struct Acceptance<'a> {
    /// The verifier.
    pub verifier: &'a str,
    /// The number of its step.
    pub step: u64,
    /// By which scheme.
    pub scheme: &'a str,
    /// The claimed identity.
    pub id: &'a str,
    /// The process with that identity, if there is one.
    pub owner: Option<&'a str>,
    /// The process at the other end of the channel.
    pub by: &'a str,
    /// The keys that it held when it sent the proof; `None` if that is not recorded.
    pub holds: Option<&'a [Arc<str>]>,
    /// The key that was current at the verifier: two, where a crash may have undone the
    /// knowledge of the new one.
    pub current: Vec<&'a str>,
    /// The keys with which the owner has ever replaced its first one.
    pub announced: Vec<&'a str>,
}

impl Acceptance<'_> {
    /// Whether the accepted process held a current key.
    pub fn holds_current(&self) -> bool {
        self.current.iter().any(|key| self.held(key))
    }

    /// The same, or the owner held a key that the verifier did not know yet.
    pub fn is_right(&self) -> bool {
        let is_newer = || self.announced.iter().any(|key| self.held(key));
        self.holds_current() || (self.owner == Some(self.by) && is_newer())
    }

    fn held(&self, key: &str) -> bool {
        let holds = self.holds.unwrap_or_default();
        holds.iter().any(|held| **held == *key)
    }
}

/// `peer-00 (step 7) accepted peer-02 as peer-01`
impl fmt::Display for Acceptance<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            verifier,
            step,
            by,
            id,
            ..
        } = self;
        let owner = self.owner.unwrap_or("a process of no run");
        write!(
            f,
            "{verifier} (step {step}) accepted {by} as {owner} ({id})"
        )
    }
}

/// What a run says.
#[derive(Clone, Debug, Default)]
pub struct Facts<'a> {
    /// Every acceptance by a process that is no attacker.
    pub accepted: Vec<Acceptance<'a>>,
    /// The attackers.
    pub attackers: BTreeSet<&'a str>,
    /// The keys of the owners that have sent a REPLACE, other than their first ones.
    pub replaced: BTreeMap<&'a str, Vec<&'a str>>,
    /// The processes between which a message was sent that did not arrive, both ways.
    pub lost: BTreeSet<(&'a str, &'a str)>,
    /// How many proofs of attackers arrived at verifiers, by the scheme.
    pub tried: BTreeMap<&'a str, u64>,
    /// How often each reason was given to attackers, by the scheme.
    pub refused: BTreeMap<&'a str, BTreeMap<String, u64>>,
}

/// What a verifier knows: for each identity the keys that may be current, the latest first.
type Known<'a> = BTreeMap<&'a str, Vec<&'a str>>;

impl<'a> Facts<'a> {
    /// Reads a run.
    pub fn read(history: &'a History) -> Self {
        let mut facts = Self::default();
        let mut owners = BTreeMap::new();
        for (name, _, step) in history.steps() {
            if let Some(id) = step.state.get_text("id") {
                owners.entry(id).or_insert(&**name);
            }
            if step.state.get_text("attack").is_some() {
                facts.attackers.insert(name);
            }
        }
        let sent: BTreeMap<u64, &StepRecord> = history
            .sends()
            .filter(|(.., message)| message.kind == "PROOF")
            .map(|(by, at, _, message)| (message.id, &history.processes[by][at]))
            .collect();
        let received = history
            .steps()
            .filter_map(|(.., step)| step.received.as_ref());
        let received: BTreeSet<_> = received.map(|received| received.message.id).collect();
        for (by, _, to, message) in history.sends() {
            if !received.contains(&message.id) {
                facts.lost.extend([(&**by, &**to), (&**to, &**by)]);
            }
            if message.kind == "REPLACE"
                && !facts.attackers.contains(&**by)
                && let Some(key) = message.fields.get_text("key")
            {
                facts.replaced.entry(by).or_default().push(key);
            }
        }
        for (verifier, steps) in &history.processes {
            if !facts.attackers.contains(&**verifier) {
                facts.follow(verifier, steps, &owners, &sent);
            }
        }
        facts
    }

    /// Follows a verifier, step by step.
    fn follow(
        &mut self,
        verifier: &'a str,
        steps: &'a [StepRecord],
        owners: &BTreeMap<&'a str, &'a str>,
        sent: &BTreeMap<u64, &'a StepRecord>,
    ) {
        let (mut known, mut latest) = (Known::new(), None);
        for step in steps {
            if let Some(id) = latest.take()
                && !step.restarts
            {
                // The step was not the last one before a crash.
                known.entry(id).or_default().truncate(1);
            }
            let Some(received) = &step.received else {
                continue;
            };
            let fields = &received.message.fields;
            let by = &*received.from;
            match (&*received.message.kind, fields.get_text("id")) {
                ("REPLACE", Some(id)) if owners.get(id) == Some(&by) => {
                    if let Some(key) = fields.get_text("key") {
                        known.entry(id).or_insert_with(|| vec![id]).insert(0, key);
                        latest = Some(id);
                    }
                }
                ("PROOF", Some(id)) => {
                    if self.attackers.contains(by)
                        && let Some(scheme) = fields.get_text("scheme")
                    {
                        *self.tried.entry(scheme).or_default() += 1;
                        self.refusals(step, scheme);
                    }
                    let current = known.get(id).cloned().unwrap_or_else(|| vec![id]);
                    let sender = sent.get(&received.message.id);
                    let owner = owners.get(id).copied();
                    let announced = owner.and_then(|owner| self.replaced.get(owner));
                    self.acceptances(
                        step,
                        Acceptance {
                            verifier,
                            step: step.number,
                            scheme: "",
                            id,
                            owner,
                            by,
                            holds: sender.and_then(|step| step.state.get_list("holds")),
                            current,
                            announced: announced.cloned().unwrap_or_default(),
                        },
                    );
                }
                _ => {}
            }
        }
    }

    /// The outputs of a step that handles a proof.
    fn acceptances(&mut self, step: &'a StepRecord, accepted: Acceptance<'a>) {
        for event in &step.events {
            let Event::Output { kind, fields } = event else {
                continue;
            };
            if kind == "Accepted"
                && let (Some(scheme), Some(id)) = (fields.get_text("scheme"), fields.get_text("id"))
            {
                self.accepted.push(Acceptance {
                    scheme,
                    id,
                    ..accepted.clone()
                });
            }
        }
    }

    /// What an attacker is answered.
    fn refusals(&mut self, step: &'a StepRecord, scheme: &'a str) {
        for event in &step.events {
            if let Event::Sent { message, .. } = event
                && let Some(why) = message.fields.get_text("why")
            {
                let reasons = self.refused.entry(scheme).or_default();
                *reasons.entry(why.to_owned()).or_default() += 1;
            }
        }
    }
}
