//! Distance-vector routing over links that break and heal.

mod options;
pub(super) mod outages;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::babel::{Babel, Command, Config, Cost, Output};
use algorithms::{Algorithm, NodeId};
use trace::history::{History, Moment};

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::Property;
use crate::checkers::routing::{self, Findings, Intervals, Terms};
use crate::stats::{Measure, show};
pub use options::{CostName, Mistake, Options};

/// Nodes that route, and links that the environment closes and opens. `A` is the type of the
/// processes.
#[derive(Clone)]
pub struct Routing<A> {
    /// The neighbours of each process.
    pub neighbours: Vec<Vec<NodeId>>,
    /// How they route.
    pub config: Arc<Config>,
    /// The links that are closed for a time.
    pub breaks: Vec<Break>,
    /// Whether channels keep the order.
    pub fifo: bool,
    /// Whether links go out until the run ends.
    pub goes_out: bool,
    /// When each process outputs how many destinations it reaches, which ends the run; `None` in
    /// a check, where a run ends when nothing is left to happen.
    pub duration: Option<Duration>,
    /// The process of the type.
    pub process: Arc<dyn Fn(Babel) -> A + Send + Sync>,
}

/// A link that both ends close, and open again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Break {
    /// Its ends.
    pub ends: [NodeId; 2],
    /// When it is closed.
    pub at: Duration,
    /// When it is opened.
    pub until: Duration,
}

/// How long a run waits for a process that is down when it should output what it reaches. A
/// guess.
const PATIENCE: Duration = Duration::from_secs(1);

/// The times of nodes, as their judge needs them.
fn intervals(config: &Config) -> Intervals {
    Intervals {
        watch: config.hello.zip(config.silence()),
        table: config.table,
        gather: config.gather,
        ask: config.ask,
    }
}

/// What nodes promise that route like that among those neighbours. Without a duration, in a check,
/// there are no times.
pub(super) fn terms(
    neighbours: &[Vec<NodeId>],
    config: &Config,
    fifo: bool,
    goes_out: bool,
    duration: Option<Duration>,
) -> Terms {
    let names = |all: &[NodeId]| all.iter().map(ToString::to_string).collect();
    let of = (0..).map(NodeId).zip(neighbours);
    let of = of.map(|(node, all)| (node.to_string(), names(all)));
    let destinations = (0..config.destinations).map(NodeId);
    Terms {
        neighbours: of.collect(),
        destinations: destinations.map(|node| node.to_string()).collect(),
        hops: config.cost == Cost::Hops,
        fifo,
        goes_out,
        times: duration.map(|_| intervals(config)),
    }
}

/// The mean of so many distances with that sum.
pub(super) fn mean_of((count, sum): (u64, u64)) -> f64 {
    match count {
        0 => 0.0,
        count => sum as f64 / count as f64,
    }
}

impl<A> Routing<A> {
    fn terms(&self) -> Terms {
        terms(
            &self.neighbours,
            &self.config,
            self.fifo,
            self.goes_out,
            self.duration,
        )
    }

    fn count(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn summary(&self, findings: &Findings) -> Vec<String> {
        let (count, sum) = findings.routes;
        let nodes = u64::from(self.count());
        let all = u64::from(self.config.destinations) * nodes.saturating_sub(1);
        let mean = match count {
            0 => "none".to_owned(),
            count => format!("{:.2}", sum as f64 / count as f64),
        };
        let mut lines = vec![format!(
            "routes            {count} of {all} at the end, mean distance {mean}"
        )];
        let times = |times: Option<crate::stats::Summary>| {
            let times = times?;
            let [p50, max] = [times.p50, times.max].map(|nanos| show(Duration::from_nanos(nanos)));
            Some(format!("p50 {p50}, at most {max}, of {}", times.count))
        };
        if let Some(times) = times(findings.settled) {
            lines.push(format!("at rest after     {times}"));
        }
        if let Some(times) = times(findings.holes) {
            lines.push(format!("black holes       {times}"));
        }
        lines
    }
}

impl<A: Algorithm<Command = Command, Output = Output>> System for Routing<A> {
    type Algorithm = A;

    fn processes(&self) -> u32 {
        self.count()
    }

    fn process(&self, id: NodeId) -> A {
        let neighbours = self.neighbours.get(usize::from(id));
        let neighbours = neighbours.map_or(&[][..], Vec::as_slice);
        (self.process)(Babel::new(id, neighbours, Arc::clone(&self.config)))
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let given = |at, node, command, operation| ScheduledCommand {
            at,
            node,
            command,
            operation,
        };
        let breaks = self.breaks.iter().flat_map(|one| {
            let [a, b] = one.ends;
            [(a, b), (b, a)].into_iter().flat_map(move |(node, other)| {
                [
                    given(one.at, node, Command::Down(other), "close"),
                    given(one.until, node, Command::Up(other), "open"),
                ]
            })
        });
        let shows = self.duration.into_iter().flat_map(|at| {
            let nodes = (0..self.count()).map(NodeId);
            nodes.map(move |node| given(at, node, Command::Show, "show"))
        });
        let mut all: Vec<_> = breaks.chain(shows).collect();
        all.sort_by_key(|one| one.at);
        all
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        matches!(output, Output::Reached { .. })
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
            Output::Opened { neighbour } => *asked == Command::Up(*neighbour),
            Output::Closed { neighbour } => *asked == Command::Down(*neighbour),
            Output::Priced { .. } => matches!(asked, Command::Cost { .. }),
            Output::Reached { .. } => *asked == Command::Show,
            Output::Found { .. } | Output::Lost { .. } => false,
        };
        is_answer.then_some(Answer::Done)
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    fn lasts(&self, _: Duration) -> Duration {
        PATIENCE
    }

    /// A distance that was overtaken by a newer one is corrected by the next table.
    fn reads(_: &str) -> bool {
        false
    }

    fn orders_causally(&self) -> bool {
        false
    }

    fn needs_fifo(&self) -> bool {
        self.config.table.is_none()
    }

    /// Without HELLO nothing is drawn, and what has to hold is in states and outputs.
    fn ignores_history(&self) -> bool {
        self.duration.is_none()
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        routing::safe(now)
    }

    fn judge(&self, history: &History) -> Judgement {
        let findings = routing::check(history, &self.terms());
        let outages = routing::outages(history);
        let mut summary = self.summary(&findings);
        summary.extend(outages::lines(outages.as_ref()));
        let measures = vec![
            Measure::ratio("mean distance", mean_of(findings.routes), findings.routes.0),
            Measure::times("at rest after", findings.settled, 0),
            Measure::times("black holes", findings.holes, 0),
        ];
        let counted = |name, kind, formula| Figure::counted(history, name, kind, formula);
        Judgement {
            properties: findings.properties,
            measures: [measures, outages::measures(outages.as_ref())].concat(),
            summary,
            figures: vec![
                counted("hellos", "HELLO", "one each way of a link, each --hello"),
                counted("tables", "TABLE", "of new links, and each --update"),
                counted("updates", "UPDATE", "where a distance has changed"),
                counted("requests", "REQUEST", "where a node starves"),
            ],
            ..Judgement::default()
        }
    }
}
