//! Options of `gossip`, by flooding.

use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::{Flooding, Plan};
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Setup, SetupError, SystemOptions, Visitor};
use crate::topology::Topology;
use crate::values::{self, Interval, Size};

/// The number of neighbours where the paths of messages matter: among peers that
/// are all connected there is nothing to find.
pub const SPARSE: Topology = Topology::Random(8);

/// The default number of messages. A guess: enough for a median.
pub const MESSAGES: u32 = 10;

/// The most messages of a run: each is held from the start. A guess.
const MOST_MESSAGES: i64 = 100_000;

/// The default time between messages. A guess: most are delivered before the next.
const INTERVAL: Duration = Duration::from_millis(50);

/// The same where a duration is given, which may be hours. A guess.
const SLOW: Duration = Duration::from_secs(1);

/// How long the last message of a flood may take by default. A guess.
const PATIENCE: Duration = Duration::from_secs(2);

/// Options of `gossip`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of gossip")]
pub struct Options {
    /// How many messages are published in all, each by a peer chosen at random
    /// [default: 10; 1 in a check]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=MOST_MESSAGES))]
    pub messages: Option<u32>,
    /// For how long messages are published, in place of their number
    #[arg(long, value_name = "TIME", conflicts_with = "messages", value_parser = values::interval)]
    #[serde(skip)]
    pub duration: Option<Duration>,
    /// The time from one message to the next. auto: the shortest at which the
    /// host is not saturated, found by trying (gossipsub) [default: 50ms, with --duration 1s]
    #[arg(long, value_name = "TIME|auto")]
    #[serde(skip)]
    pub interval: Option<Interval>,
    /// How large each message is: up to 1M
    #[arg(long, value_name = "BYTES", default_value = "1K")]
    #[serde(rename = "size_bytes")]
    pub size: Size,
    /// In a flood: to how many neighbours a peer forwards a message, or to all if
    /// it has fewer [default: all]
    #[arg(long, value_name = "K", value_parser = crate::values::count::<u32>)]
    pub fanout: Option<u32>,
    /// How long after the last message, or the last delivery, a live run waits
    /// for missing deliveries; gossipsub's meshes may take as long to form
    /// [default: 2s, with gossipsub 10s]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    #[serde(skip)]
    pub patience: Option<Duration>,
}

impl Options {
    /// The number of messages, if it is given, and the time between them; without one, that
    /// is to be found by trying.
    ///
    /// # Errors
    /// [`SetupError`] names the values and the way out.
    pub fn pace(&self) -> Result<(Option<u32>, Option<Duration>), SetupError> {
        let Some(duration) = self.duration else {
            let interval = self.interval.map_or(Some(INTERVAL), |interval| interval.0);
            return Ok((self.messages, interval));
        };
        let interval = self.interval.unwrap_or(Interval(Some(SLOW)));
        let interval = interval.0.ok_or(SetupError::AutoDuration)?;
        let messages = duration.as_nanos().div_ceil(interval.as_nanos());
        match u32::try_from(messages) {
            Ok(messages) if i64::from(messages) <= MOST_MESSAGES => {
                Ok((Some(messages), Some(interval)))
            }
            Ok(_) | Err(_) => Err(SetupError::TooManyMessages {
                duration,
                interval,
                messages,
                most: MOST_MESSAGES,
            }),
        }
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "gossip";
    const TOPOLOGY: Topology = SPARSE;
    const MEASURES: bool = true;
    const LESSONS: &[Lesson] = &[Lesson {
        order: 30,
        name: "flood",
        title: "Flooding: a rumour that reaches all processes",
        about: "how does news reach all, and how often?",
        needs: "edges in both directions, connected; without a fanout, no loss and no crashes where there is only one path; any order",
        cost: "2|E| - (N-1) messages a rumour, or at most K for each process that has it; hops to the farthest",
        run: "gossip",
        file: algorithm_file!("flood.rs"),
        commands: commands! {
            "testbed --peers 20 gossip --topology random:4" =>
                "each rumour at all processes, how fast, and how many duplicates",
            "testbed --peers 20 gossip --topology random:4 --fanout 2" =>
                "fewer copies, and some processes get none",
            "testbed --peers 20 gossip --topology random:4 --kill 3@200ms" =>
                "one process crashes, and the rumours take another path",
            "testbed simulate gossip --peers 50 --fanout 3 --loss 0.1 --seeds 1000" =>
                "1,000 schedules of a network that loses messages",
            "testbed check gossip --peers 4 --topology ring" => "every schedule",
        },
    }];

    fn algorithm(&self) -> String {
        "flood".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        if let Some(fanout) = self.fanout {
            setup.require_degree(fanout)?;
        }
        let (messages, interval) = self.pace()?;
        let interval = interval.ok_or(SetupError::AutoInterval)?;
        let messages = messages.or(setup.acts().map(|acts| acts as u32));
        let plan = Plan {
            messages: messages.unwrap_or(MESSAGES),
            interval,
            size: self.size.0,
            fanout: self.fanout,
            patience: self.patience.unwrap_or(PATIENCE),
        };
        Ok(visitor.visit(Flooding::new(setup.numbers(), plan, setup.seed)))
    }
}
