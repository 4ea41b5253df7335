//! An overlay whose nodes replace the links that serve least.

mod options;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::NodeId;
use algorithms::overlay::{Command, Config, Output, Overlay};
use trace::history::{History, Moment};

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::Property;
use crate::checkers::overlay::{self, Findings, Terms};
use crate::checkers::routing;
use crate::stats::{Measure, nanos};
pub use options::Options;

/// Nodes of an overlay.
#[derive(Clone)]
pub struct Overlays {
    /// With whom each process may open a link.
    pub neighbours: Vec<Vec<NodeId>>,
    /// What nodes choose.
    pub config: Arc<Config>,
    /// When each process outputs what it has, which ends the run; `None` in a check, where a run
    /// ends when nothing is left to happen.
    pub duration: Option<Duration>,
    /// After what time without a fault all reach all.
    pub rest: Duration,
}

/// How long a run waits for a process that is down when it should output what it has. A guess.
const PATIENCE: Duration = Duration::from_secs(1);

impl Overlays {
    fn terms(&self) -> Terms {
        Terms {
            own: self.config.links,
            accepted: self.config.accepted,
            drains: self.config.drain.is_some(),
            gap: nanos(self.config.answer),
            rest: self.duration.map(|_| nanos(self.rest)),
        }
    }

    fn summary(&self, findings: &Findings) -> Vec<String> {
        let (reached, all) = findings.reached;
        let mean = match reached {
            0 => "none".to_owned(),
            count => format!("{:.2}", findings.distance as f64 / count as f64),
        };
        let packets = &findings.packets;
        let listed = |counts: &std::collections::BTreeMap<String, u64>| {
            let texts: Vec<_> = counts.iter().map(|(why, n)| format!("{n} {why}")).collect();
            match texts.is_empty() {
                true => "none".to_owned(),
                false => texts.join(", "),
            }
        };
        let hops = packets.hops.as_ref();
        let hops = hops.map_or(String::new(), |hops| {
            format!(", over {} hops (p50), at most {}", hops.p50, hops.max)
        });
        vec![
            format!(
                "pairs             {reached} of {all} have a route in the end, mean distance {mean}"
            ),
            format!(
                "links             {} opened; closed at an end: {}",
                findings.opened,
                listed(&findings.closed)
            ),
            format!(
                "packets           {} of {} arrived{hops}",
                packets.delivered, packets.sent
            ),
            format!(
                "                  dropped: {}; {} lost with a link, or under way in the end",
                listed(&packets.dropped),
                packets.gone
            ),
        ]
    }
}

impl System for Overlays {
    type Algorithm = Overlay;

    fn processes(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn process(&self, id: NodeId) -> Overlay {
        let neighbours = self.neighbours.get(usize::from(id));
        let neighbours = neighbours.map_or(&[][..], Vec::as_slice);
        Overlay::new(id, neighbours, Arc::clone(&self.config))
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let shows = self.duration.into_iter().flat_map(|at| {
            let nodes = (0..self.processes()).map(NodeId);
            nodes.map(move |node| ScheduledCommand {
                at,
                node,
                command: Command::Show,
                operation: "show",
            })
        });
        shows.collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        matches!(output, Output::Shown { .. })
    }

    /// In a check nothing is asked for, and so one ending is always missing.
    fn endings(&self) -> u64 {
        self.duration.map_or(1, |_| self.processes().into())
    }

    fn endings_of(&self, _: NodeId) -> Option<u64> {
        Some(self.duration.is_some().into())
    }

    fn answers(&self, _: NodeId, _: &Command, output: &Output) -> Option<Answer> {
        matches!(output, Output::Shown { .. }).then_some(Answer::Done)
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn lasts(&self, _: Duration) -> Duration {
        PATIENCE
    }

    fn needs_fifo(&self) -> bool {
        true
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        routing::safe(now)
    }

    fn judge(&self, history: &History) -> Judgement {
        let findings = overlay::check(history, &self.terms());
        let summary = self.summary(&findings);
        let counted = |name, kind, formula: &str| Figure {
            name,
            measured: history.count(kind),
            theory: None,
            formula: formula.into(),
        };
        let (reached, _) = findings.reached;
        let mean = match reached {
            0 => 0.0,
            count => findings.distance as f64 / count as f64,
        };
        let Findings {
            properties,
            packets,
            ..
        } = findings;
        let lost = packets.sent.saturating_sub(packets.delivered);
        Judgement {
            properties,
            measures: vec![
                Measure::ratio("mean distance", mean, reached),
                Measure::numbers("hops", packets.hops, lost),
            ],
            summary,
            figures: vec![
                counted("opens", "OPEN", "one for each link that is asked for"),
                counted("drains", "DRAIN", "one for each link that is replaced"),
                counted("asks", "ASK", "while a node knows too few peers"),
                counted("hellos", "HELLO", "one each way of a link, each --hello"),
                counted("tables", "TABLE", "of new links, and each --update"),
                counted("updates", "UPDATE", "where a distance has changed"),
                counted("requests", "REQUEST", "where a node starves"),
            ],
            ..Judgement::default()
        }
    }
}
