//! Options of `route`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use algorithms::route::{Config, Flaw, Flawed, Route, Score, Way};
use clap::{Args, ValueEnum};
use serde::{Serialize, Serializer};

use super::{Reluctant, Routes};
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Setup, SetupError, SystemOptions, Visitor};
use crate::topology::Topology;
use crate::values;

/// How many hops a message may make. A guess: some times log2 of a million.
const TTL: u32 = 64;

/// How many messages there are. A guess.
const OPERATIONS: u32 = 100;

/// How long a node waits for an acknowledgement in all, in milliseconds: it looks after 4 ms,
/// after another 8 ms, and so on. A guess: a second, which is far more than a round trip takes.
const LAPS: [u64; 8] = [4, 8, 16, 32, 64, 128, 256, 512];

/// Options of `route`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of route")]
pub struct Options {
    /// How many entries a table has at most
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = values::count::<u32>)]
    pub table: u32,
    /// Which entry a full table removes: the newest (age), the one with the longest round trip
    /// (rtt), the one that answered least (success), or the one that is last by several of these,
    /// as in age,rtt; mixed is all three
    #[arg(long, value_name = "S,...", default_value = "age")]
    pub score: Scores,
    /// How loops are ruled out
    #[arg(long, value_name = "W", default_value = "nearer")]
    #[serde(skip)]
    pub way: WayName,
    /// How many detours a message may make with --way backtrack
    #[arg(long, value_name = "N", default_value_t = 8)]
    pub detours: u32,
    /// How many hops a message may make, those back included
    #[arg(long, value_name = "N", default_value_t = TTL, value_parser = values::count::<u32>)]
    pub ttl: u32,
    /// How many messages there are, from random peers [default: 100; 2 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u32>)]
    pub operations: Option<u32>,
    /// The time from one message to the next
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = values::interval)]
    #[serde(rename = "every_seconds", serialize_with = "values::seconds")]
    pub every: Duration,
    /// What their keys are
    #[arg(long, value_name = "K", default_value = "both")]
    #[serde(skip)]
    pub keys: Keys,
    /// How often a peer probes an entry of its table, and another neighbour; 0s: never. In a
    /// check never
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::duration)]
    #[serde(rename = "upkeep_seconds", serialize_with = "values::seconds")]
    pub upkeep: Duration,
    /// How often a peer asks one that does not answer before it removes it
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = values::count::<u32>)]
    pub tries: u32,
    /// How long a peer waits for the answer to its message
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::interval)]
    #[serde(rename = "patience_seconds", serialize_with = "values::seconds")]
    pub patience: Duration,
    /// The probability that a peer drops a message that it receives: the loss of a live run,
    /// whose connections lose nothing
    #[arg(long, value_name = "P", value_parser = values::probability)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub drop: Option<f64>,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// How loops are ruled out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WayName {
    /// Each hop is nearer to the key than the one before
    Nearer,
    /// A message is never forwarded to where it was, and comes back from dead ends
    Backtrack,
}

/// What keys are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Keys {
    /// The ids of peers
    Nodes,
    /// Any numbers
    Any,
    /// One and the other in turn
    Both,
}

/// A mistake of all peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Forward although the next one is no nearer than oneself
    OwnDistanceIgnored,
    /// Keep entries that do not answer
    DeadEntriesKept,
    /// Take a message again after a while, instead of carrying where it was
    LoopsByTimestamp,
    /// Compute the id from the second of the start
    IdsByTheSecond,
    /// Have any number of entries
    TableUnbounded,
    /// Call it delivered where no nearer one is known
    MinimumClaimed,
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::OwnDistanceIgnored => Flaw::OwnDistanceIgnored,
            Self::DeadEntriesKept => Flaw::DeadEntriesKept,
            Self::LoopsByTimestamp => Flaw::LoopsByTimestamp,
            Self::IdsByTheSecond => Flaw::IdsByTheSecond,
            Self::TableUnbounded => Flaw::TableUnbounded,
            Self::MinimumClaimed => Flaw::MinimumClaimed,
        }
    }
}

/// Scores, as they stand on the command line: `age,rtt`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scores(pub Vec<Score>);

impl FromStr for Scores {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let mut scores = Vec::new();
        for name in text.split(',') {
            let named = match name {
                "age" => vec![Score::Age],
                "rtt" => vec![Score::Rtt],
                "success" => vec![Score::Success],
                "mixed" => vec![Score::Age, Score::Rtt, Score::Success],
                _ => {
                    return Err(format!(
                        "{name:?} is no score; choose from age, rtt, success and mixed, or several \
                         of them, as in age,rtt"
                    ));
                }
            };
            for score in named {
                if scores.contains(&score) {
                    return Err(format!("{name} counts twice; name each score once"));
                }
                scores.push(score);
            }
        }
        Ok(Self(scores))
    }
}

impl fmt::Display for Scores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.0.iter().map(|score| match score {
            Score::Age => "age",
            Score::Rtt => "rtt",
            Score::Success => "success",
        });
        f.write_str(&names.collect::<Vec<_>>().join(","))
    }
}

impl Serialize for Scores {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "route";
    const TOPOLOGY: Topology = Topology::Xor(2);
    const LESSONS: &[Lesson] = &[Lesson {
        order: 69,
        name: "route",
        title: "Greedy routing by XOR distance over bounded tables",
        about: "how to find the nearest to a key, and know only a few?",
        needs: "neighbours that can be reached at any time; the network may lose and reorder messages, and nodes may come and go: then a message may be lost, and its sender learns that",
        cost: "2 messages a hop there and 2 a hop back; about log2 N hops with log2 N entries or more, and no guarantee with fewer",
        run: "route",
        file: algorithm_file!("route.rs"),
        commands: commands! {
            "testbed --peers 20 route" => "100 messages: how many reach the nearest, over how many hops",
            "testbed simulate route --peers 1000 --table 8" =>
                "eight entries are fewer than log2 1000, so some messages end at local minima",
            "testbed simulate route --peers 1000 --table 16" => "with 16 entries nearly all arrive",
            "testbed simulate route --peers 1000 --table 8 --way backtrack" =>
                "going back from dead ends: more arrive, for more hops",
            "testbed simulate route --peers 200 --loss 0.1 --kill 3@1s --seeds 10" =>
                "with losses, and a node that stops for ever: who does not answer leaves the tables",
            "testbed check route --peers 4 --table 2 --crashes 1" =>
                "every schedule of a message among four nodes, with a crash at any moment",
            "testbed simulate route --peers 50 --table 4 --mistake own-distance-ignored" =>
                "a hop that is no nearer: the message goes round",
            "testbed simulate route --peers 50 --kill 3@1s --mistake dead-entries-kept" =>
                "an entry that never answers is asked again and again",
            "testbed simulate route --peers 50 --table 4 --way backtrack --mistake loops-by-timestamp" =>
                "a message that is slow enough passes a node twice",
            "testbed simulate route --peers 20 --mistake ids-by-the-second" =>
                "nodes that start in the same second have the same id",
        },
    }];

    fn algorithm(&self) -> String {
        let way = values::name_of(self.way);
        match self.mistake {
            None => format!("greedy, {way}"),
            Some(mistake) => format!("greedy, {way}, with {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        let operations = self.operations.unwrap_or(OPERATIONS);
        setup.limit_all_operations("--operations", operations)?;
        if self.drop.is_some() && setup.engine == Engine::ModelChecker {
            return Err(SetupError::LossyInstead { option: "--drop" });
        }
        let flaw = self.mistake.map(Mistake::flaw);
        Ok(match (self.drop, flaw) {
            (None, None) => visitor.visit(self.system(setup, |route| route)),
            (None, Some(flaw)) => {
                visitor.visit(self.system(setup, move |route| Flawed::new(route, flaw)))
            }
            (Some(drop), None) => {
                visitor.visit(self.system(setup, move |route| Reluctant::new(route, drop)))
            }
            (Some(drop), Some(flaw)) => visitor.visit(self.system(setup, move |route| {
                Reluctant::new(Flawed::new(route, flaw), drop)
            })),
        })
    }
}

impl Options {
    fn system<A>(
        &self,
        setup: Setup,
        process: impl Fn(Route) -> A + Send + Sync + 'static,
    ) -> Routes<A> {
        let is_check = setup.engine == Engine::ModelChecker;
        let way = match self.way {
            WayName::Nearer => Way::Nearer,
            WayName::Backtrack => Way::Backtrack {
                detours: self.detours,
            },
        };
        // A time-out of a check: it waits until nothing else can happen.
        let laps = match is_check {
            true => vec![Duration::from_secs(1)],
            false => LAPS.map(Duration::from_millis).to_vec(),
        };
        let upkeep = (!is_check && !self.upkeep.is_zero()).then_some(self.upkeep);
        Routes {
            neighbours: setup.neighbours,
            config: Config {
                table: self.table as usize,
                score: self.score.0.clone(),
                way,
                ttl: self.ttl,
                tries: self.tries,
                laps,
                upkeep,
                patience: self.patience,
            },
            operations: self
                .operations
                .unwrap_or(if is_check { 2 } else { OPERATIONS }),
            every: self.every,
            keys: self.keys,
            seed: setup.seed,
            process: Arc::new(process),
        }
    }
}
