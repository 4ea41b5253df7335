//! Processes that prove their identities to each other, and one that attacks them.

mod options;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::Party;
use algorithms::auth::{
    Attack, Attacker, Auth, Command, Flaw, Flawed, Output, Scheme, Secret, fingerprint,
};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::history::History;

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::authentication::{self, Facts};
pub use options::{Mistake, Options};

/// The process that replaces its key, and whose first key is stolen.
const OWNER: NodeId = NodeId(0);

/// How long a run goes on without an answer that is missing. A guess: provers end after ten
/// tries, a second each.
const PATIENCE: Duration = Duration::from_secs(20);

/// Processes, each connected with all others.
#[derive(Clone, Debug)]
pub struct Auths {
    /// How many there are.
    pub processes: u32,
    /// How many of them, the first ones, prove themselves to all others.
    pub provers: u32,
    /// How often.
    pub rounds: u32,
    /// The time between two rounds.
    pub every: Duration,
    /// By which schemes.
    pub schemes: Vec<Scheme>,
    /// What the last process does, if it attacks.
    pub attack: Option<Attack>,
    /// What is wrong with the others.
    pub flaw: Option<Flaw>,
    /// Whether the first process replaces its key.
    pub replaces: bool,
    /// The seed of all keys.
    pub seed: u64,
}

/// What a key is for.
#[derive(Clone, Copy, Debug)]
enum Use {
    First,
    New,
    Nonces,
}

impl Auths {
    /// A key of that process.
    fn secret(&self, id: NodeId, of: Use) -> Secret {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(u64::from(id.0) * 4 + of as u64);
        let mut seed = [0; 32];
        rng.fill(&mut seed);
        Secret::new(seed)
    }

    fn attacker(&self) -> Option<NodeId> {
        self.attack
            .map(|_| NodeId(self.processes.saturating_sub(1)))
    }

    /// The processes that are to prove themselves.
    fn provers(&self) -> impl Iterator<Item = NodeId> {
        let attacker = self.attacker();
        let all = (0..self.provers.min(self.processes)).map(NodeId);
        all.filter(move |id| attacker != Some(*id))
    }

    fn others(&self, id: NodeId) -> impl Iterator<Item = NodeId> {
        (0..self.processes)
            .map(NodeId)
            .filter(move |other| *other != id)
    }

    /// How many proofs a process is to give in all.
    fn proofs_of(&self, id: NodeId) -> u64 {
        let is_prover = self.provers().any(|prover| prover == id);
        let each = u64::from(self.rounds) * self.schemes.len() as u64;
        u64::from(is_prover) * each * u64::from(self.processes.saturating_sub(1))
    }

    /// How many attempts the attacker makes.
    fn attempts(&self) -> u64 {
        let Some(attack) = self.attack else { return 0 };
        let targets = self.provers().count() as u64;
        // Neither the attacker nor the owner.
        let verifiers = u64::from(self.processes.saturating_sub(2));
        let each = match attack {
            Attack::Replay | Attack::Forge => targets * verifiers,
            Attack::Relay => targets,
            Attack::Steal => verifiers,
        };
        each * self.schemes.len() as u64
    }

    fn process_of(&self, id: NodeId) -> Auth {
        let [first, nonces] = [Use::First, Use::Nonces].map(|of| self.secret(id, of));
        Auth::new(id, self.others(id).collect(), first, nonces)
    }
}

impl System for Auths {
    type Algorithm = Party<Auth, Flawed, Attacker>;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> Self::Algorithm {
        let auth = self.process_of(id);
        if let Some(attack) = self.attack
            && self.attacker() == Some(id)
        {
            let first = |id| self.secret(id, Use::First);
            let targets = self.provers();
            let targets: BTreeMap<_, _> = targets
                .map(|id| (id, fingerprint(&first(id).key())))
                .collect();
            let stolen = (OWNER, first(OWNER));
            let schemes = self.schemes.clone();
            return Party::Adversary(Attacker::new(&auth, attack, stolen, targets, schemes));
        }
        match self.flaw {
            None => Party::Honest(auth),
            Some(flaw) => Party::Flawed(Flawed::new(auth, flaw)),
        }
    }

    /// Each prover proves itself in each round. The owner replaces its key after the first one,
    /// and the attack comes after that.
    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let command = |at, node, command, operation| ScheduledCommand {
            at,
            node,
            command,
            operation,
        };
        let mut all = Vec::new();
        for round in 0..self.rounds {
            for prover in self.provers() {
                let prove = Command::Prove(self.schemes.clone());
                all.push(command(self.every * round, prover, prove, "prove"));
            }
        }
        if self.replaces {
            let replace = Command::Replace(self.secret(OWNER, Use::New));
            all.push(command(self.every / 2, OWNER, replace, "replace"));
        }
        if let Some(attacker) = self.attacker() {
            let at = self.every + self.every / 2;
            all.push(command(at, attacker, Command::Attack, "attack"));
        }
        all.sort_by_key(|command| (command.at, command.node));
        all
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Accepted { .. } => false,
            Output::Proved { .. }
            | Output::Failed { .. }
            | Output::Told { .. }
            | Output::Untold { .. }
            | Output::Tried { .. } => true,
        }
    }

    fn endings(&self) -> u64 {
        let all = (0..self.processes).map(NodeId);
        all.filter_map(|node| self.endings_of(node)).sum()
    }

    fn endings_of(&self, node: NodeId) -> Option<u64> {
        let told = u64::from(self.replaces && node == OWNER);
        let attempts = u64::from(self.attacker() == Some(node)) * self.attempts();
        let told = told * u64::from(self.processes.saturating_sub(1));
        Some(self.proofs_of(node) + told + attempts)
    }

    fn answers(&self, _: NodeId, asked: &Command, output: &Output) -> Option<Answer> {
        let is_answer = match output {
            Output::Accepted { .. } => false,
            Output::Proved { .. } | Output::Failed { .. } => matches!(asked, Command::Prove(_)),
            Output::Told { .. } | Output::Untold { .. } => matches!(asked, Command::Replace(_)),
            Output::Tried { .. } => *asked == Command::Attack,
        };
        is_answer.then_some(Answer::Done)
    }

    /// A process that crashes forgets what it was asked for.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    /// Four messages a proof, and ten tries; an attacker makes one attempt after the other.
    fn lasts(&self, delay: Duration) -> Duration {
        let attempts = u32::try_from(self.provers().count()).unwrap_or(u32::MAX);
        PATIENCE
            + delay
                .saturating_mul(8)
                .saturating_mul(attempts.saturating_add(1))
    }

    /// New keys and the number of nonces are durable.
    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let facts = Facts::read(history);
        let terms = authentication::Terms {
            schemes: self
                .schemes
                .iter()
                .map(|scheme| name(*scheme).to_owned())
                .collect(),
            attack: self.attack.map(|attack| attack_name(attack).to_owned()),
        };
        let properties = authentication::check(history, &facts, &terms);
        let proofs: u64 = (0..self.processes)
            .map(|id| self.proofs_of(NodeId(id)))
            .sum();
        let each = |scheme: &Scheme| if *scheme == Scheme::Static { 2 } else { 4 };
        let sum: u64 = self.schemes.iter().map(each).sum();
        let is_theory = self.attack.is_none() && facts.lost.is_empty();
        let kinds = ["HELLO", "CHALLENGE", "PROOF", "ACCEPTED", "REFUSED"];
        let impostors = facts
            .accepted
            .iter()
            .filter(|one| one.owner != Some(one.by));
        let early = impostors.clone().filter(|one| one.holds_current());
        let figures = vec![
            Figure {
                name: "messages",
                measured: kinds.iter().map(|kind| history.count(kind)).sum(),
                theory: is_theory.then(|| proofs / self.schemes.len() as u64 * sum),
                formula: "2 a proof with static, 4 with challenge and bound".into(),
            },
            Figure {
                name: "impostors",
                measured: impostors.count() as u64,
                theory: None,
                formula: "accepted as another process".into(),
            },
            Figure {
                name: "by a current key",
                measured: early.count() as u64,
                theory: None,
                formula: "of these: the key was stolen, and the verifier knew no other".into(),
            },
        ];
        Judgement {
            properties,
            figures,
            summary: self
                .schemes
                .iter()
                .map(|scheme| self.line(&facts, *scheme))
                .collect(),
            ..Judgement::default()
        }
    }
}

impl Auths {
    /// `static            fell to replay: 6 of 6 attempts were accepted`
    fn line(&self, facts: &Facts<'_>, scheme: Scheme) -> String {
        let scheme = name(scheme);
        let Some(attack) = self.attack.map(attack_name) else {
            let accepted = facts.accepted.iter();
            let accepted = accepted.filter(|one| one.scheme == scheme).count();
            return format!("{scheme:<17} {accepted} proofs were accepted, without an attack");
        };
        let (tried, accepted, refused) = authentication::attempts(facts, scheme);
        let came = if accepted > 0 { "fell to" } else { "resisted" };
        let reasons = refused
            .iter()
            .map(|(why, count)| format!("{why} ({count})"));
        let reasons: Vec<_> = reasons.collect();
        let reasons = match reasons.is_empty() {
            true => String::new(),
            false => format!("; rejected for: {}", reasons.join(", ")),
        };
        match tried {
            0 => format!("{scheme:<17} was not attacked: no proof of the attacker arrived"),
            _ => format!(
                "{scheme:<17} {came} {attack}: {accepted} of {tried} attempts were accepted{reasons}"
            ),
        }
    }
}

/// As spans have it.
const fn name(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Static => "static",
        Scheme::Challenge => "challenge",
        Scheme::Bound => "bound",
    }
}

const fn attack_name(attack: Attack) -> &'static str {
    match attack {
        Attack::Replay => "replay",
        Attack::Relay => "relay",
        Attack::Steal => "steal",
        Attack::Forge => "forge",
    }
}
