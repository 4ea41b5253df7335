//! Messages that every process should get.

mod deliveries;
mod options;

use std::time::Duration;

use algorithms::NodeId;
use algorithms::flood::{self, Command, Flood, Output};
use proto::Bytes;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::history::History;

pub use self::options::{MESSAGES, Options, SPARSE};
use super::{Answer, Figure, Judgement, ScheduledCommand, System, Ways};
use crate::checkers::flood::{Expected, check};
use crate::spread::{Bound, Message, Observed, Spread, Stopped};
use crate::stats::least_median_most;

/// What is published, and how it is spread.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// How many messages are published.
    pub messages: u32,
    /// How long from one to the next.
    pub interval: Duration,
    /// How large each is, in bytes.
    pub size: usize,
    /// To how many neighbours each process sends; `None` for all.
    pub fanout: Option<u32>,
    /// How long after the last message a live run waits for missing deliveries.
    /// With a fanout or with crashes, some may never be made; those still missing
    /// after this time are counted. In the simulator and under the model checker
    /// a run goes on until nothing is left to happen.
    pub patience: Duration,
}

/// Processes that flood what some of them publish.
#[derive(Clone, Debug)]
pub struct Flooding {
    neighbours: Vec<Vec<u32>>,
    /// How many of them each process has.
    degrees: Vec<u64>,
    plan: Plan,
    publishers: Vec<NodeId>,
    /// The content of every message: random bytes from the seed, so that it does
    /// not compress. It is shared, so that many large messages take no memory.
    data: Bytes,
}

impl Flooding {
    /// Processes with these neighbours. The seed chooses the publisher of each
    /// message.
    pub fn new(neighbours: Vec<Vec<u32>>, plan: Plan, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let count = neighbours.len() as u32;
        let publisher = |_| NodeId(rng.random_range(0..count));
        let publishers = (0..plan.messages).map(publisher).collect();
        let mut data = vec![0; plan.size];
        rng.fill(&mut data[..]);
        Self {
            degrees: neighbours.iter().map(|all| all.len() as u64).collect(),
            neighbours,
            plan,
            publishers,
            data: data.into(),
        }
    }

    /// How many deliveries of published messages are expected.
    fn deliveries(&self) -> u64 {
        u64::from(self.plan.messages) * (self.neighbours.len() as u64 - 1)
    }

    /// How many messages were never published, because their publishers had stopped.
    fn unpublished(&self, messages: &[Message], stopped: &Stopped) -> u64 {
        let by_them = |publisher: &u32| stopped.any(*publisher);
        let planned = self.publishers.iter().filter(|id| by_them(&id.0)).count();
        let published = messages
            .iter()
            .filter(|one| by_them(&one.publisher))
            .count();
        planned.saturating_sub(published) as u64
    }

    /// Whether every message reaches all processes.
    fn is_certain(&self, history: &History) -> bool {
        self.plan.fanout.is_none() && history.crashes.is_empty()
    }

    fn expected(&self, history: &History) -> Expected {
        let degree = |(id, all): (u32, &Vec<u32>)| (NodeId(id).to_string(), all.len() as u64);
        Expected {
            degrees: (0..).zip(&self.neighbours).map(degree).collect(),
            fanout: self.plan.fanout.map(u64::from),
            published: history
                .crashes
                .is_empty()
                .then(|| self.plan.messages.into()),
            reaches_all: self.is_certain(history),
        }
    }

    /// To how many others half of the peers forward a message, at most, and the
    /// bound on its spread.
    fn fanout(&self) -> (u64, Bound) {
        let [_, median, _] = least_median_most(&self.degrees);
        let fanout = self.plan.fanout.map_or(median, u64::from).min(median);
        // No process sends a message back to where it came from.
        let bound = Bound::new(fanout, fanout.min(median.saturating_sub(1)));
        (fanout, bound)
    }

    fn figures(&self, spread: &Spread, history: &History) -> Vec<Figure> {
        let count = self.neighbours.len() as u64;
        let edges = self.neighbours.iter().map(Vec::len).sum::<usize>() as u64 / 2;
        let each = flood::messages(edges, count);
        vec![
            Figure {
                name: "deliveries",
                measured: spread.delivered,
                theory: self.is_certain(history).then(|| self.deliveries()),
                formula: format!(
                    "{} published, each to {} others",
                    spread.published,
                    count - 1
                ),
            },
            Figure {
                name: "copies sent",
                measured: spread.sent.unwrap_or(0),
                theory: self
                    .is_certain(history)
                    .then_some(each * u64::from(self.plan.messages)),
                formula: match self.plan.fanout {
                    None => format!("2|E| - (N-1) = {each} a message"),
                    Some(fanout) => format!(
                        "at most {fanout} for each who has a message: {}",
                        u64::from(fanout) * (spread.delivered + spread.published)
                    ),
                },
            },
            Figure {
                name: "duplicates",
                measured: spread.duplicates(),
                theory: None,
                formula: "copies that came for nothing before the run was over".into(),
            },
        ]
    }
}

impl System for Flooding {
    type Algorithm = Flood;

    fn processes(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn process(&self, id: NodeId) -> Flood {
        let neighbours = &self.neighbours[usize::from(id)];
        Flood::new(id, neighbours.iter().copied().map(NodeId), self.plan.fanout)
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let publish = |(number, &node)| ScheduledCommand {
            at: self.plan.interval.saturating_mul(number),
            node,
            command: Command::Publish {
                data: self.data.clone(),
            },
            operation: "publish",
        };
        (0..).zip(&self.publishers).map(publish).collect()
    }

    /// The run has ended when all processes have all messages.
    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Delivered { .. } => true,
            Output::Published { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        self.deliveries()
    }

    /// A process has carried out its command when it has published.
    fn answers(&self, _: NodeId, _: &Command, output: &Output) -> Option<Answer> {
        match output {
            Output::Published { .. } => Some(Answer::Done),
            Output::Delivered { .. } => None,
        }
    }

    fn gives_up_after(&self) -> Option<Duration> {
        Some(self.plan.patience)
    }

    /// A message takes at most a hop for each process. After the last arrival the
    /// run waits until its patience is over.
    fn lasts(&self, delay: Duration) -> Duration {
        let hops = delay.saturating_mul(self.processes());
        hops.saturating_add(self.plan.patience)
    }

    fn measures(&self) -> bool {
        true
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let messages = deliveries::messages(history, &self.neighbours);
        let stopped = deliveries::stopped(history, &messages, self.processes());
        let (fanout, bound) = self.fanout();
        let observed = Observed {
            degrees: &self.degrees,
            planned: self.plan.messages.into(),
            unpublished: self.unpublished(&messages, &stopped),
            messages: messages.iter().collect(),
            stopped: &stopped,
            copies: deliveries::copies(history),
            bound,
        };
        let spread = observed.spread();
        Judgement {
            deliveries: observed.rows(),
            ways: Some(Ways {
                hops: spread.hops.clone(),
                degree: spread.degree,
                fanout,
            }),
            measures: spread.measures(),
            summary: spread.lines(),
            properties: check(history, &self.expected(history)),
            figures: self.figures(&spread, history),
            ..Judgement::default()
        }
    }
}
