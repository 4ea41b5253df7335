//! `testbed latency`: messages between pairs of peers, there and back, alternating
//! with the same bytes over plain TCP. The ratio is the cost of the stack.
//! Connections and channels are opened beforehand.
//!
//! With an interval, each message has an intended send time, and its latency is
//! measured from that: a stall shows in every message that was to be sent during it.

mod pace;
mod results;
mod stack;
mod tcp;

use csv::StringRecord;
use std::time::Duration;
use tokio::time::Instant;

use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use tokio::sync::mpsc;
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::network::Speaks;
use crate::rows::columns;
use crate::run;
use crate::run::{Record, Time};
use pace::Turn;
use results::{Results, Row, Tally};
use stack::Stack;
use tcp::Tcp;

/// How many messages take one path before as many take the other, so that both are
/// measured under the same load of the machine. A guess.
const IN_TURN: usize = 100;

/// Messages that may wait for one writer: those of two turns, there and back. A
/// message beyond that is not sent, and counts as one without an answer.
const WAITING: usize = 4 * IN_TURN;

/// Arrivals and answers that may wait to be counted: two for each message of a turn,
/// and the late answers of earlier turns.
const SEEN: usize = 16 * IN_TURN;

/// The options of the experiment, checked.
#[derive(Clone, Debug)]
pub struct Options {
    /// The sizes of messages in bytes, measured one after the other.
    pub sizes: Vec<usize>,
    /// How many messages of each size.
    pub messages: u32,
    /// How many messages are in flight at once, without an interval.
    pub concurrent: usize,
    /// The time from one message to the next, whether or not it was answered.
    pub interval: Option<Duration>,
    /// How long an answer may take.
    pub patience: Duration,
}

/// The experiment.
#[derive(Debug)]
pub struct Latency {
    options: Options,
    tally: Tally,
}

/// The path that messages take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Path {
    Stack,
    Tcp,
}

/// An observed event of a message.
#[derive(Clone, Copy, Debug)]
struct Event {
    id: u64,
    at: Instant,
    what: EventKind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum EventKind {
    /// The message arrived at the other side.
    Arrived,
    /// Its answer came back.
    Answered,
}

/// Where events are sent.
type Witness = mpsc::Sender<Event>;

impl Latency {
    /// With these options.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            tally: Tally::default(),
        }
    }
}

impl Latency {
    /// The turns: the size of their messages, and the pairs of sender and receiver.
    fn turns(&self, neighbours: &[Vec<u32>], seed: u64) -> Vec<(usize, Vec<(u32, u32)>)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut turns = Vec::new();
        for &size in &self.options.sizes {
            let mut left = self.options.messages as usize;
            while left > 0 {
                let count = left.min(IN_TURN);
                left -= count;
                let pairs = (0..count).map(|_| pair(neighbours, &mut rng));
                turns.push((size, pairs.collect()));
            }
        }
        turns
    }
}

impl Experiment for Latency {
    type Results = Results;

    fn describe(&self) -> run::Experiment {
        let Options {
            sizes,
            messages,
            concurrent,
            interval,
            patience,
        } = &self.options;
        run::Experiment {
            name: "latency".into(),
            options: json!({
                "sizes_bytes": sizes,
                "messages": messages,
                "concurrent": concurrent,
                "interval_seconds": interval.map(|interval| interval.as_secs_f64()),
                "patience_seconds": patience.as_secs_f64(),
            }),
        }
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        let builder = context.builder(Speaks::Channels);
        let (members, inboxes) = builder.connect(context.record).await?;
        let (witness, mut seen) = mpsc::channel(SEEN);
        let neighbours = members.neighbours.clone();
        let mut stack = Stack::new(members, inboxes, &witness, context.tasks);
        // Plain sockets have the time of the machine, and no links.
        let mut tcp = match (context.options.time, &context.options.network) {
            (Time::Wall, None) => Some(Tcp::start(&witness).await.map_err(Error::Tcp)?),
            (Time::Wall, Some(_)) | (Time::Virtual, _) => None,
        };
        let turns = self.turns(&neighbours, context.options.seed);
        let began = Instant::now();
        for (_, pairs) in &turns {
            stack.open(pairs).await;
        }
        context.record.phase("Channels", began.elapsed());
        let began = Instant::now();
        let _measuring = context.host.measuring();
        let all = u64::from(self.options.messages) * self.options.sizes.len() as u64;
        let bar = context.progress.bar("messages", all);
        // The schedule does not depend on the outcome of earlier messages.
        let mut start = Instant::now();
        for (size, pairs) in turns {
            for path in [Path::Stack, Path::Tcp] {
                let turn = Turn {
                    options: &self.options,
                    size,
                    pairs: &pairs,
                    start,
                    seen: &mut seen,
                };
                let sent = match (path, &mut tcp) {
                    (Path::Stack, _) => turn.run(&mut stack).await,
                    (Path::Tcp, Some(tcp)) => turn.run(tcp).await,
                    (Path::Tcp, None) => continue,
                };
                self.tally.take(path, size, &sent, context.rows)?;
                start = match self.options.interval {
                    Some(interval) => start + interval * pairs.len() as u32,
                    None => Instant::now(),
                };
            }
            pairs.iter().for_each(|_| bar.step());
        }
        context.record.phase("Messages", began.elapsed());
        Ok(())
    }

    fn results(&mut self, _: &mut Record, _: &Store) -> Results {
        self.tally.results()
    }

    fn judge(&self, results: &Results, _: &Record) -> Findings {
        results.findings(&self.options)
    }

    fn columns(&self, _: &Results) -> StringRecord {
        columns::<Row>()
    }

    fn render(&self, results: &Results) -> String {
        let lines = results.summary.iter();
        lines.map(|line| format!("{line}\n")).collect()
    }
}

/// Two peers that are connected, in a random direction.
fn pair(neighbours: &[Vec<u32>], rng: &mut ChaCha8Rng) -> (u32, u32) {
    loop {
        let from = rng.random_range(0..neighbours.len());
        if let Some(to) = neighbours[from].choose(rng) {
            return (from as u32, *to);
        }
    }
}
