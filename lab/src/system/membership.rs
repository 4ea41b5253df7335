//! A registry that admits nodes for a time, and one node that may be an impostor.

pub(super) mod options;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::auth::Secret;
use algorithms::membership::{
    Attack, Command, Config, Disguise, Flaw, Flawed, Impostor, Membership, Output,
};
use algorithms::{NodeId, Party};
use trace::history::History;

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::membership::{self, Findings, Terms, Times};
use crate::stats::{Measure, Summary, Times as Distribution, nanos, show};
pub use options::{Mistake, Options};

/// How long a run waits for a process that is down when it should output what it knows. A guess.
const PATIENCE: Duration = Duration::from_secs(1);

/// After how many intervals of presentation all know each other. Guesses: in the first a node gets
/// its certificate, in the second it presents itself, and one is to spare.
const REST: u32 = 3;

/// Nodes and their registry.
#[derive(Clone, Debug)]
pub struct Members {
    /// The neighbours of each process.
    pub neighbours: Vec<Vec<NodeId>>,
    /// The choices of the network.
    pub config: Arc<Config>,
    /// The key of the registry.
    pub secret: Secret,
    /// The key of an impostor.
    pub forger: Secret,
    /// What the last process does, if it is an impostor.
    pub attack: Option<Attack>,
    /// What is wrong with the others.
    pub flaw: Option<Flaw>,
    /// How often the registry is told to begin an epoch.
    pub advances: u32,
    /// Whether links go out until the run ends.
    pub goes_out: bool,
    /// When each process outputs what it knows, which ends the run; `None` in a check, where a run
    /// ends when nothing is left to happen.
    pub duration: Option<Duration>,
}

impl Members {
    fn count(&self) -> u32 {
        self.neighbours.len() as u32
    }

    /// How long a run without faults needs after the begin of an epoch.
    fn rest(remind: Duration) -> Duration {
        remind.saturating_mul(REST)
    }

    fn terms(&self) -> Terms {
        let names = |all: &[NodeId]| all.iter().map(ToString::to_string).collect();
        let of = (0..).map(NodeId).zip(&self.neighbours);
        let remind = self.config.remind.filter(|_| self.duration.is_some());
        Terms {
            registry: self.config.registry.to_string(),
            neighbours: of
                .map(|(node, all)| (node.to_string(), names(all)))
                .collect(),
            is_attacked: self.attack.is_some(),
            goes_out: self.goes_out,
            times: remind.map(|remind| Times {
                remind: nanos(remind),
                rest: nanos(Self::rest(remind)),
                known: nanos(Self::rest(remind)),
                epoch: self.config.epoch.map_or(u64::MAX, nanos),
            }),
        }
    }
}

/// What a report says of certificates and epochs.
pub(super) fn lines(findings: &Findings) -> Vec<String> {
    let refused = findings.refused.iter();
    let refused: Vec<_> = refused.map(|(why, n)| format!("{n} {why}")).collect();
    let refused = match refused.is_empty() {
        true => "nothing".to_owned(),
        false => refused.join(", "),
    };
    let mut lines = vec![
        format!(
            "certificates      {} were trusted by neighbours, {} ended unrenewed",
            findings.trusted, findings.expelled
        ),
        format!("refused           {refused}"),
    ];
    if let Some(spread) = spread(findings) {
        let [p50, max] = [spread.p50, spread.max].map(|took| show(Duration::from_nanos(took)));
        lines.push(format!(
            "epochs            reached a node after {p50} (p50), {max} at most, of {}",
            spread.count
        ));
    }
    lines
}

/// How long it took until nodes knew of an epoch.
fn spread(findings: &Findings) -> Option<Summary> {
    let mut spread = Distribution::new();
    for took in &findings.spread {
        spread.record(Duration::from_nanos(*took));
    }
    spread.summary()
}

impl System for Members {
    type Algorithm = Party<Membership, Flawed, Impostor>;

    fn processes(&self) -> u32 {
        self.count()
    }

    fn process(&self, id: NodeId) -> Self::Algorithm {
        let neighbours = self.neighbours.get(usize::from(id));
        let neighbours = neighbours.map_or(&[][..], Vec::as_slice);
        let secret = (id == self.config.registry).then(|| self.secret.clone());
        let node = Membership::new(id, neighbours, secret, Arc::clone(&self.config));
        match (self.attack, self.flaw) {
            (Some(attack), _) if id.0 + 1 == self.count() => {
                let disguise = Disguise::new(id, attack, self.forger.clone());
                Party::Adversary(Impostor::new(node, disguise))
            }
            (_, Some(flaw)) => Party::Flawed(Flawed::new(node, flaw, self.secret.clone())),
            (_, None) => Party::Honest(node),
        }
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let advances = (0..self.advances).map(|count| ScheduledCommand {
            at: Duration::from_secs(count.into()),
            node: self.config.registry,
            command: Command::Advance,
            operation: "advance",
        });
        let shows = self.duration.into_iter().flat_map(|at| {
            let nodes = (0..self.count()).map(NodeId);
            nodes.map(move |node| ScheduledCommand {
                at,
                node,
                command: Command::Show,
                operation: "show",
            })
        });
        advances.chain(shows).collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        matches!(output, Output::Shown { .. })
    }

    /// In a check nothing is asked for, and so one ending is always missing.
    fn endings(&self) -> u64 {
        self.duration.map_or(1, |_| self.count().into())
    }

    fn endings_of(&self, _: NodeId) -> Option<u64> {
        Some(self.duration.is_some().into())
    }

    fn answers(&self, _: NodeId, asked: &Command, output: &Output) -> Option<Answer> {
        let is_answer = match output {
            Output::Configured { .. } => *asked == Command::Advance,
            Output::Shown { .. } => *asked == Command::Show,
            Output::Issued { .. }
            | Output::Enrolled { .. }
            | Output::Trusted { .. }
            | Output::Refused { .. }
            | Output::Expelled { .. } => false,
        };
        is_answer.then_some(Answer::Done)
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn lasts(&self, _: Duration) -> Duration {
        PATIENCE
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let findings = membership::check(history, &self.terms());
        let counted = |name, kind, formula| Figure::counted(history, name, kind, formula);
        Judgement {
            measures: vec![Measure::times("epoch known after", spread(&findings), 0)],
            summary: lines(&findings),
            properties: findings.properties,
            figures: vec![
                counted(
                    "enrolments",
                    "ENROL",
                    "one for half of the epochs of a certificate",
                ),
                counted(
                    "presentations",
                    "PRESENT",
                    "one each way of a link, for each new certificate and each --remind",
                ),
                counted(
                    "epochs",
                    "EPOCH",
                    "one over each link for each epoch, or one each way",
                ),
            ],
            ..Judgement::default()
        }
    }
}
