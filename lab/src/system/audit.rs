//! Processes that audit each other's stores, and some that lack what they say they store.

mod options;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::Party;
use algorithms::audit::{self, Audit, Cheat, Cheater, Command, File, Flaw, Flawed, Output, Store};
use proto::Bytes;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::history::History;

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::audit::{self as checker, Detection, Facts};
use crate::stats::Measure;
pub use options::{CheatName, Mistake, Options};

/// How long a run goes on without an audit that is missing. A guess: a question without an
/// answer ends after three seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// A question without an answer takes that long in the worst case: three tries, a second each.
const QUESTION: Duration = Duration::from_secs(3);

/// Processes, each connected with all others. The first ones are auditors, the last ones cheat.
#[derive(Clone, Debug)]
pub struct Audits {
    /// How many there are.
    pub processes: u32,
    /// How many of them, the first ones, audit all others.
    pub auditors: u32,
    /// How many of them, the last ones, lack blocks.
    pub cheaters: u32,
    /// What these answer when they are asked for one.
    pub cheat: Cheat,
    /// How many blocks each of them lacks: the last ones of the file.
    pub lacks: u32,
    /// How often each auditor audits each other process.
    pub rounds: u32,
    /// The time between two rounds.
    pub every: Duration,
    /// How many probes an audit has.
    pub probes: u32,
    /// The time in which an answer has to come, if it is limited.
    pub deadline: Option<Duration>,
    /// What is wrong with the auditors.
    pub flaw: Option<Flaw>,
    /// The file.
    pub file: Arc<File>,
    /// How many blocks it has.
    pub blocks: u32,
    /// How large each is.
    pub block_size: usize,
}

/// A file of random blocks, by the seed.
pub fn file(seed: u64, blocks: u32, block_size: usize) -> Arc<File> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let blocks = (0..blocks.max(1)).map(|_| {
        let mut block = vec![0; block_size];
        rng.fill(&mut block[..]);
        Bytes::from(block)
    });
    Arc::new(File::new(blocks.collect()))
}

impl Audits {
    fn honest(&self) -> u32 {
        self.processes.saturating_sub(self.cheaters)
    }

    fn auditors(&self) -> impl Iterator<Item = NodeId> {
        (0..self.auditors.min(self.honest())).map(NodeId)
    }

    /// How many audits there are of an auditor.
    fn audits_of(&self, id: NodeId) -> u64 {
        let is_auditor = self.auditors().any(|auditor| auditor == id);
        let each = u64::from(self.rounds) * u64::from(self.processes.saturating_sub(1));
        u64::from(is_auditor) * each
    }

    fn terms(&self) -> checker::Terms {
        checker::Terms {
            first: audit::FIRST.into(),
            most: audit::MOST.into(),
            missed: audit::MISSED.into(),
            has_deadline: self.deadline.is_some(),
            blocks: self.blocks.into(),
            probes: self.probes.into(),
        }
    }
}

impl System for Audits {
    type Algorithm = Party<Audit, Flawed, Cheater>;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> Self::Algorithm {
        let all = || Store::new(self.file.clone(), [].into());
        if id.0 >= self.honest() {
            let lacks = self.blocks.saturating_sub(self.lacks)..self.blocks;
            let store = Store::new(self.file.clone(), lacks.collect());
            let sources = (0..self.honest()).rev().map(NodeId);
            return Party::Adversary(Cheater::new(store, self.cheat, sources.collect()));
        }
        let others = (0..self.processes).map(NodeId).filter(|other| *other != id);
        let audit = Audit::new(all(), others.collect(), self.deadline);
        match self.flaw {
            None => Party::Honest(audit),
            Some(flaw) => Party::Flawed(Flawed::new(audit, flaw)),
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let rounds = 0..self.rounds;
        let command = |round, node| ScheduledCommand {
            at: self.every * round,
            node,
            command: Command::Audit(self.probes),
            operation: "audit",
        };
        rounds
            .flat_map(|round| self.auditors().map(move |node| command(round, node)))
            .collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        matches!(output, Output::Audited { .. })
    }

    fn endings(&self) -> u64 {
        self.auditors().map(|id| self.audits_of(id)).sum()
    }

    fn endings_of(&self, node: NodeId) -> Option<u64> {
        Some(self.audits_of(node))
    }

    fn answers(&self, node: NodeId, _: &Command, output: &Output) -> Option<Answer> {
        self.ends(node, output).then_some(Answer::Done)
    }

    /// An auditor that crashes forgets which audits are under way.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    /// Three questions without an answer drop a process.
    fn lasts(&self, delay: Duration) -> Duration {
        let probes = self.rounds.saturating_mul(self.probes);
        let answers = delay.saturating_mul(4).saturating_mul(probes);
        PATIENCE + QUESTION.saturating_mul(probes.min(16)) + answers
    }

    /// An auditor that restarts begins with new scores.
    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let (facts, terms) = (Facts::read(history), self.terms());
        let detection = checker::detect(&facts, &terms);
        let dropped = |is_cheater| {
            let all = facts.dropped.iter();
            let of = all
                .filter(|place| !facts.stopped.contains(*place))
                .filter(|(_, _, who)| facts.cheaters.contains_key(who) == is_cheater);
            of.count() as u64
        };
        let detected = detection.detected.last().copied().unwrap_or(0);
        let expected = detection.expected.last().copied().unwrap_or(0.0);
        // Of an answer with a block of the file.
        let each =
            self.block_size as u64 + 32 * u64::from(self.blocks.max(1).next_power_of_two().ilog2());
        let is_even = self.blocks.is_power_of_two() && self.cheat != Cheat::Forge;
        let figure = |name, measured, theory, formula: &str| Figure {
            name,
            measured,
            theory,
            formula: formula.into(),
        };
        let share = Measure::ratio(
            "detected share",
            detected as f64 / detection.pairs.max(1) as f64,
            detection.pairs,
        );
        Judgement {
            properties: checker::check(history, &facts, &terms),
            figures: vec![
                figure(
                    "detected",
                    detected,
                    (detection.pairs > 0).then_some(expected.round() as u64),
                    &format!(
                        "of {} first audits of a cheater; 1-(1-f)^k each, f = {}/{}, k = {}",
                        detection.pairs, self.lacks, self.blocks, self.probes
                    ),
                ),
                figure(
                    "cheaters dropped",
                    dropped(true),
                    None,
                    "once for each auditor",
                ),
                figure(
                    "false accusations",
                    dropped(false),
                    facts.lost.is_empty().then_some(0),
                    "processes dropped that lack nothing; 0 without loss",
                ),
                figure(
                    "missed by honest",
                    facts
                        .found
                        .iter()
                        .filter(|one| {
                            one.finding == "missed" && !facts.cheaters.contains_key(one.target)
                        })
                        .count() as u64,
                    None,
                    "questions to them without an answer in time",
                ),
                figure(
                    "bytes",
                    facts.bytes,
                    is_even.then(|| facts.answers * each),
                    "of blocks and paths: S + 32 log2(B) an answer",
                ),
            ],
            measures: vec![match detection.pairs {
                0 => share,
                pairs => share.with_theory(expected / pairs as f64),
            }],
            summary: lines(&detection),
            ..Judgement::default()
        }
    }
}

/// `after 1 probe     51.0 % of 200 audits detected a cheater, in theory 50.0 %`
fn lines(detection: &Detection) -> Vec<String> {
    let pairs = detection.pairs as f64;
    let all = detection.detected.iter().zip(&detection.expected);
    let line = |(count, (detected, expected)): (usize, (&u64, &f64))| {
        let probes = if count == 1 { "probe" } else { "probes" };
        let after = format!("after {count} {probes}");
        format!(
            "{after:<17} {:.1} % of {} audits detected a cheater, in theory {:.1} %",
            *detected as f64 / pairs * 100.0,
            detection.pairs,
            expected / pairs * 100.0,
        )
    };
    match detection.pairs {
        0 => Vec::new(),
        _ => (1..).zip(all).take(LINES).map(line).collect(),
    }
}

/// How many lines are printed at most: theory is near 1 soon. A guess.
const LINES: usize = 10;
