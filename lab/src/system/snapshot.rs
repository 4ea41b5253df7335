//! Snapshots of a running application.

mod lessons;
mod options;

use std::time::Duration;

use algorithms::bank::Bank;
use algorithms::chandy_lamport::ChandyLamport;
use algorithms::lai_yang::LaiYang;
use algorithms::naive_snapshot::NaiveSnapshot;
use algorithms::producer_consumer::ProducerConsumer;
use algorithms::snapshot::{Command, Output};
use algorithms::token::Tokens;
use algorithms::{Algorithm, NodeId};
use trace::history::History;

pub use self::options::{Application, Options, SnapshotAlgorithm};
use super::{Figure, Judgement, ScheduledCommand, System};
use crate::checkers::snapshot::{self, Expected};
use crate::stats::{median, show};

/// The figure that counts the messages in the channels of cuts.
const IN_CHANNELS: &str = "in channels";

/// An application to take snapshots of.
pub trait Workload: Algorithm {
    /// A process that begins with `amount`, and does something every `pace` on
    /// average, `limit` times at most.
    fn new(me: NodeId, neighbours: Vec<NodeId>, amount: u64, pace: Duration, limit: u64) -> Self;
}

/// A snapshot algorithm over an application.
pub trait Superimposed<A: Algorithm>:
    Algorithm<Command = Command<A::Command>, Output = Output<A>>
{
    /// Whether it puts markers into channels, and so needs their order.
    const MARKERS: bool;

    /// A process with `application` below it.
    fn over(
        application: A,
        me: NodeId,
        neighbours: Vec<NodeId>,
        processes: Vec<NodeId>,
        patience: Duration,
    ) -> Self;
}

/// A system that takes snapshots.
#[derive(Clone, Debug)]
pub struct Snapshots<S> {
    /// The neighbours of each process.
    pub neighbours: Vec<Vec<u32>>,
    /// How many processes start snapshots: the first ones.
    pub initiators: u32,
    /// How many snapshots each starts.
    pub each: u32,
    /// When the first starts, and how long after it the next.
    pub every: Duration,
    /// What each process has at the start.
    pub amount: u64,
    /// The mean time between two acts of a process.
    pub pace: Duration,
    /// How often a process acts at most.
    pub limit: u64,
    /// How long to wait for the others.
    pub patience: Duration,
    /// Whether channels keep the order.
    pub fifo: bool,
    /// Which algorithm, over which application.
    pub algorithm: std::marker::PhantomData<fn() -> S>,
}

/// What is run: an algorithm, and the application below it.
pub trait Pair: 'static {
    /// The application.
    type Application: Workload;
    /// The snapshot algorithm.
    type Snapshot: Superimposed<Self::Application>;
}

impl<A: Workload, S: Superimposed<A>> Pair for (A, S) {
    type Application = A;
    type Snapshot = S;
}

impl<P: Pair> System for Snapshots<P> {
    type Algorithm = P::Snapshot;

    fn processes(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn process(&self, id: NodeId) -> P::Snapshot {
        let neighbours: Vec<_> = self.neighbours[usize::from(id)]
            .iter()
            .copied()
            .map(NodeId)
            .collect();
        let application =
            P::Application::new(id, neighbours.clone(), self.amount, self.pace, self.limit);
        let all = (0..self.processes()).map(NodeId).collect();
        P::Snapshot::over(application, id, neighbours, all, self.patience)
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command<<P::Application as Algorithm>::Command>>> {
        (1..=self.each)
            .flat_map(|round| {
                (0..self.initiators).map(move |node| ScheduledCommand {
                    at: self.every * round,
                    node: NodeId(node),
                    command: Command::Snapshot,
                    operation: "snapshot",
                })
            })
            .collect()
    }

    /// Only the initiator reports a snapshot complete. Any process may abort it,
    /// but it is over only when the initiator does.
    fn ends(&self, node: NodeId, output: &Output<P::Application>) -> bool {
        match output {
            Output::Complete { .. } => true,
            Output::Aborted { id, .. } => id.by == node,
            Output::Recorded { .. } | Output::Finished { .. } | Output::Application(_) => false,
        }
    }

    fn endings(&self) -> u64 {
        u64::from(self.initiators) * u64::from(self.each)
    }

    /// Its own snapshots.
    fn endings_of(&self, node: NodeId) -> Option<u64> {
        let initiates = node.0 < self.initiators;
        Some(if initiates { self.each.into() } else { 0 })
    }

    /// By then an initiator has aborted.
    fn lasts(&self, _: Duration) -> Duration {
        self.patience
    }

    /// A marker separates the messages sent before it from those sent after.
    fn needs_fifo(&self) -> bool {
        P::Snapshot::MARKERS
    }

    /// A snapshot found a message on its way.
    fn is_nonvacuous(&self, judged: &Judgement) -> bool {
        let found = |figure: &Figure| figure.name == IN_CHANNELS && figure.measured > 0;
        judged.figures.iter().any(found)
    }

    /// A snapshot is aborted when a process does not answer.
    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let expected = Expected {
            channels: self.channels(),
            snapshots: self.endings(),
            fifo: self.fifo || P::Snapshot::MARKERS,
            markers: P::Snapshot::MARKERS,
        };
        let overview = snapshot::overview(history);
        let channels = expected.channels.len() as u64;
        let mut figures = vec![Figure {
            name: "complete",
            measured: overview.complete,
            theory: Some(self.endings()).filter(|_| history.crashes.is_empty()),
            formula: "snapshots".into(),
        }];
        if P::Snapshot::MARKERS {
            figures.push(Figure {
                name: "markers",
                measured: overview.markers,
                theory: Some(channels * self.endings()).filter(|_| history.crashes.is_empty()),
                formula: "one on each channel, N(N-1) in a full mesh, for each snapshot".into(),
            });
        }
        figures.push(Figure {
            name: "other messages",
            measured: overview.control,
            theory: None,
            formula: "of the snapshot algorithm".into(),
        });
        figures.push(Figure {
            name: IN_CHANNELS,
            measured: overview.in_channels,
            theory: None,
            formula: "messages that the cuts found under way".into(),
        });
        let mut lines = overview.lines;
        let nanos = overview.nanos;
        let middle = median(nanos.iter().map(|nanos| *nanos as f64));
        if let (Some(middle), Some(most)) = (middle, nanos.iter().max()) {
            let middle = Duration::from_nanos(middle as u64);
            let most = Duration::from_nanos(*most);
            lines.push(format!(
                "time to complete  {} in the median of {}, at most {}",
                show(middle),
                nanos.len(),
                show(most)
            ));
        }
        Judgement {
            properties: snapshot::check(history, &expected),
            figures,
            summary: lines,
            ..Judgement::default()
        }
    }
}

impl<P> Snapshots<P> {
    fn channels(&self) -> Vec<(String, String)> {
        let name = |node: u32| NodeId(node).to_string();
        (0..)
            .zip(&self.neighbours)
            .flat_map(|(from, to)| to.iter().map(move |&to| (name(from), name(to))))
            .collect()
    }
}

macro_rules! workload {
    ($name:ident) => {
        impl Workload for $name {
            fn new(
                me: NodeId,
                neighbours: Vec<NodeId>,
                amount: u64,
                pace: Duration,
                limit: u64,
            ) -> Self {
                Self::new(me, neighbours, amount, pace, limit)
            }
        }
    };
}

workload!(Bank);
workload!(Tokens);
workload!(ProducerConsumer);

macro_rules! superimposed {
    ($name:ident, $markers:literal) => {
        impl<A: Algorithm> Superimposed<A> for $name<A> {
            const MARKERS: bool = $markers;

            fn over(
                application: A,
                me: NodeId,
                neighbours: Vec<NodeId>,
                processes: Vec<NodeId>,
                patience: Duration,
            ) -> Self {
                Self::new(application, me, neighbours, processes, patience)
            }
        }
    };
}

superimposed!(ChandyLamport, true);
superimposed!(LaiYang, false);
superimposed!(NaiveSnapshot, false);
