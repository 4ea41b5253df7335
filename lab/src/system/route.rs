//! Greedy routing over bounded tables.

mod options;
mod reluctant;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use algorithms::route::{Command, Config, Output, Route, Way, id};
use algorithms::{Algorithm, NodeId};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::history::History;

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::route::{self, Outcomes};
use crate::stats::Measure;
pub use options::{Keys, Mistake, Options, Scores};
pub use reluctant::Reluctant;

/// Nodes that route messages to keys. `A` is the type of the processes.
#[derive(Clone)]
pub struct Routes<A> {
    /// The neighbours of each process: the nodes that it can reach.
    pub neighbours: Vec<Vec<NodeId>>,
    /// How they route.
    pub config: Config,
    /// How many messages there are.
    pub operations: u32,
    /// The time from one to the next.
    pub every: Duration,
    /// What their keys are.
    pub keys: Keys,
    /// The seed of senders and keys.
    pub seed: u64,
    /// The process of the type.
    pub process: Arc<dyn Fn(Route) -> A + Send + Sync>,
}

impl<A> Routes<A> {
    fn count(&self) -> u32 {
        self.neighbours.len() as u32
    }

    /// Which node sends a message to which key, in the order of time. It is drawn beforehand:
    /// the next message does not wait for the answer to the last one.
    fn plan(&self) -> impl Iterator<Item = (NodeId, u64)> {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        let count = self.count();
        (0..self.operations).map(move |number| {
            let sender = NodeId(rng.random_range(0..count));
            let (node, any) = (NodeId(rng.random_range(0..count)), rng.random());
            let is_node = match self.keys {
                Keys::Nodes => true,
                Keys::Any => false,
                Keys::Both => number.is_multiple_of(2),
            };
            (sender, if is_node { id(node) } else { any })
        })
    }

    fn terms(&self) -> route::Terms {
        let nodes = (0..self.count()).map(NodeId);
        route::Terms {
            ids: nodes.map(|node| (node.to_string(), id(node))).collect(),
            table: self.config.table,
            nearer: self.config.way == Way::Nearer,
        }
    }

    /// How many transmissions there were for each message that has an ending.
    fn cost(history: &History, outcomes: &Outcomes) -> Measure {
        let kinds = ["ROUTE", "BACK", "ANSWER", "TAKEN"];
        let all: u64 = kinds.iter().map(|kind| history.count(kind)).sum();
        let sent = outcomes.sent;
        Measure::ratio("transmissions a message", ratio(all, sent), sent)
    }

    fn measures(&self, history: &History, outcomes: &Outcomes) -> Vec<Measure> {
        let Outcomes {
            sent,
            reached,
            undecided,
            ..
        } = *outcomes;
        let decided = sent - undecided;
        let log = f64::from(self.count()).log2();
        let stale = ratio(outcomes.stale, outcomes.entries);
        vec![
            Measure::ratio("reached the nearest", ratio(reached, decided), decided),
            Measure::numbers("hops", outcomes.hops, decided - reached).with_theory(log),
            Self::cost(history, outcomes),
            Measure::numbers("table", outcomes.tables, 0),
            Measure::ratio("stale entries", stale, outcomes.entries),
        ]
    }

    fn summary(&self, outcomes: &Outcomes) -> Vec<String> {
        let Outcomes {
            sent,
            reached,
            delivered,
            missed,
            undecided,
            cut_short,
            late,
            ..
        } = *outcomes;
        let count = self.count();
        let hops = outcomes.hops.map_or("none".into(), |hops| {
            format!("p50 {}, p99 {}, at most {}", hops.p50, hops.p99, hops.max)
        });
        let tables = outcomes.tables.map_or("none".into(), |tables| {
            format!(
                "{} to {} entries, p50 {}",
                tables.min, tables.max, tables.p50
            )
        });
        let mut lines = vec![
            format!(
                "messages          {sent}: {reached} reached the node nearest to the key, {delivered} of them the node whose id it is"
            ),
            format!(
                "                  {missed} ended at another, {cut_short} had no hops left, {late} had no answer in time"
            ),
            format!(
                "hops              {hops}; log2 {count} is {:.1}",
                f64::from(count).log2()
            ),
            format!("tables            {tables}"),
            format!(
                "stale entries     {} of {}, in the tables of senders when their messages ended",
                outcomes.stale, outcomes.entries
            ),
        ];
        if undecided > 0 {
            lines.insert(
                2,
                format!("                  {undecided} ended while a nearer node came or went"),
            );
        }
        lines
    }
}

/// A share; 0 of nothing.
fn ratio(part: u64, all: u64) -> f64 {
    if all == 0 {
        return 0.0;
    }
    part as f64 / all as f64
}

impl<A: Algorithm<Command = Command, Output = Output>> System for Routes<A> {
    type Algorithm = A;

    fn processes(&self) -> u32 {
        self.count()
    }

    fn process(&self, id: NodeId) -> A {
        let neighbours = self.neighbours.get(usize::from(id));
        let neighbours = neighbours.map_or(&[][..], Vec::as_slice);
        (self.process)(Route::new(id, neighbours, self.config.clone()))
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let message = |(number, (node, key))| ScheduledCommand {
            at: self.every.saturating_mul(number),
            node,
            command: Command::Route(key),
            operation: "route",
        };
        (1..).zip(self.plan()).map(message).collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        !matches!(output, Output::Sent { .. })
    }

    fn endings(&self) -> u64 {
        self.operations.into()
    }

    fn endings_of(&self, node: NodeId) -> Option<u64> {
        let own = self.plan().filter(|(sender, _)| *sender == node);
        Some(own.count() as u64)
    }

    fn answers(&self, _: NodeId, _: &Command, output: &Output) -> Option<Answer> {
        match output {
            Output::Sent { .. } => None,
            Output::Delivered { .. }
            | Output::Nearest { .. }
            | Output::CutShort { .. }
            | Output::Late { .. } => Some(Answer::Done),
        }
    }

    /// A node that crashes has forgotten its messages, and is asked for nothing while it is down.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(self.config.patience.saturating_mul(2))
    }

    fn lasts(&self, _: Duration) -> Duration {
        self.config.patience.saturating_mul(2)
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let terms = self.terms();
        let outcomes = route::outcomes(history, &terms);
        let counted = |name, kind, formula| Figure::counted(history, name, kind, formula);
        Judgement {
            properties: route::check(history, &terms),
            measures: self.measures(history, &outcomes),
            summary: self.summary(&outcomes),
            figures: vec![
                counted("hops forward", "ROUTE", "repeated ones included"),
                counted("hops back", "BACK", "from dead ends"),
                counted("probes", "PROBE", "of entries and other neighbours"),
            ],
            ..Judgement::default()
        }
    }
}
