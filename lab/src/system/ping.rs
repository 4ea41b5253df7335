//! PING and PONG between pairs of processes.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::ping_pong::{Command, Output, PingPong};
use clap::Args;
use proto::Bytes;
use serde::Serialize;
use trace::history::History;

use super::{
    Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::ping;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::values::{self, Size};

/// How long a PING waits for its PONG by default.
pub const TIMEOUT: Duration = Duration::from_secs(10);

/// Options of `ping`, on every engine.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of ping")]
pub struct Options {
    /// How many PINGs each pair exchanges
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::values::count::<u32>)]
    pub count: u32,
    /// How many bytes each PING carries there and back (0 to 1M)
    #[arg(long, value_name = "BYTES", default_value = "0")]
    #[serde(rename = "size_bytes")]
    pub size: Size,
    /// The time from one PING to the next [default: as soon as the answer came; all at
    /// once in a simulation and in a check]
    #[arg(long, value_name = "TIME", default_value = "0s", hide_default_value = true, value_parser = values::duration)]
    #[serde(rename = "interval_seconds", serialize_with = "values::seconds")]
    pub interval: Duration,
}

impl Options {
    /// Pings of these pairs of so many processes.
    pub fn pings(&self, processes: u32, pairs: Vec<PeerPair>, timeout: Duration) -> Pings {
        Pings {
            processes,
            pairs,
            count: self.count,
            data: vec![0; self.size.0].into(),
            interval: self.interval,
            timeout,
        }
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "ping";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 10,
        name: "ping-pong",
        title: "PING and PONG",
        about: "is a process there, and how far away?",
        needs: "a channel in each direction; loss, crashes and disorder only cost answers",
        cost: "2 messages and one round trip a ping",
        run: "ping",
        file: algorithm_file!("ping_pong.rs"),
        commands: commands! {
            "testbed --peers 20 ping" => "one PING, one PONG, and the round trip",
            "testbed ping --count 1000 --size 4K" => "how round trips are spread",
            "testbed --peers 20 --view ping" => "the same, with the messages drawn in the browser",
        },
    }];

    fn algorithm(&self) -> String {
        "ping-pong".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        setup.limit_operations("--count", self.count, setup.peers)?;
        let pairs = PeerPair::first(&setup.numbers());
        Ok(visitor.visit(self.pings(setup.peers, pairs, TIMEOUT)))
    }
}

/// A process and the one that it pings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PeerPair {
    /// The number of the first.
    pub from: u32,
    /// The number of the second. In a live run, a peer of another process comes after
    /// all of its own.
    pub to: u32,
}

impl PeerPair {
    /// Each process and its first neighbour.
    pub fn first(neighbours: &[Vec<u32>]) -> Vec<Self> {
        let all = (0..).zip(neighbours);
        let first = all.filter_map(|(from, all)| Some((from, *all.first()?)));
        first.map(|(from, to)| Self { from, to }).collect()
    }

    /// Each process and each of its neighbours.
    pub fn every(neighbours: &[Vec<u32>]) -> Vec<Self> {
        let all = (0..).zip(neighbours);
        let every = all.flat_map(|(from, all)| all.iter().map(move |&to| Self { from, to }));
        every.collect()
    }
}

/// Pings between pairs of processes: what is run on every engine. The simulator and
/// the model checker give the commands at their times. A live run gives them one by
/// one, since it measures the time of each.
#[derive(Clone, Debug)]
pub struct Pings {
    /// The number of processes.
    pub processes: u32,
    /// The pairs, in order.
    pub pairs: Vec<PeerPair>,
    /// The number of pings of each pair.
    pub count: u32,
    /// What each PING carries, there and back.
    pub data: Bytes,
    /// The time from one ping of a pair to the next.
    pub interval: Duration,
    /// How long a PING waits for its PONG.
    pub timeout: Duration,
}

/// How a ping ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With its answer.
    Answered,
    /// Without, after the timeout.
    TimedOut,
}

impl Pings {
    /// The command for one ping of a process.
    pub fn command(&self, to: u32) -> Command {
        Command::Ping {
            to: NodeId(to),
            data: self.data.clone(),
            timeout: self.timeout,
        }
    }

    /// Which ping of its process ends with an output, counted from 0, and how.
    pub fn ending(output: &Output) -> Option<(u64, Ending)> {
        match *output {
            Output::Answered { id, .. } => Some((id, Ending::Answered)),
            Output::TimedOut { id, .. } => Some((id, Ending::TimedOut)),
            Output::Unexpected { .. } => None,
        }
    }
}

impl System for Pings {
    type Algorithm = PingPong;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, _: NodeId) -> PingPong {
        PingPong::default()
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let all = self.pairs.iter();
        let all = all.flat_map(|pair| (0..self.count).map(move |number| (pair, number)));
        all.map(|(pair, number)| ScheduledCommand {
            at: self.interval.saturating_mul(number),
            node: NodeId(pair.from),
            command: self.command(pair.to),
            operation: "ping",
        })
        .collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        Self::ending(output).is_some()
    }

    fn endings(&self) -> u64 {
        self.pairs.len() as u64 * u64::from(self.count)
    }

    /// Its own pings.
    fn endings_of(&self, node: NodeId) -> Option<u64> {
        let pairs = self.pairs.iter().filter(|pair| pair.from == node.0);
        Some(pairs.count() as u64 * u64::from(self.count))
    }

    fn lasts(&self, _: Duration) -> Duration {
        self.timeout
    }

    fn judge(&self, history: &History) -> Judgement {
        let answered = history.count_outputs("Answered");
        Judgement {
            properties: ping::check(history),
            figures: vec![
                Figure {
                    name: "answered",
                    measured: answered,
                    theory: Some(self.endings()),
                    formula: "every ping, if nothing is lost".into(),
                },
                Figure {
                    name: "messages",
                    measured: history.count("PING") + history.count("PONG"),
                    theory: Some(2 * self.endings()),
                    formula: "2 a ping".into(),
                },
            ],
            ..Judgement::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_decide_the_pings_of_each_pair() {
        let options = Options {
            count: 2,
            size: Size(3),
            interval: Duration::from_millis(5),
        };
        let neighbours = [vec![1, 2], vec![0], vec![0], vec![]];
        let pings = |pairs| options.pings(4, pairs, TIMEOUT);
        let system = pings(PeerPair::first(&neighbours));
        let commands = system.commands();
        let all: Vec<_> = commands
            .iter()
            .map(|asked| {
                let Command::Ping { to, data, timeout } = &asked.command;
                assert_eq!((data.len(), *timeout), (3, TIMEOUT));
                (asked.node.0, to.0, asked.at.as_millis())
            })
            .collect();
        let expected = [
            (0, 1, 0),
            (0, 1, 5),
            (1, 0, 0),
            (1, 0, 5),
            (2, 0, 0),
            (2, 0, 5),
        ];
        assert_eq!(all, expected);
        assert_eq!(system.endings(), 6);
        assert_eq!(pings(PeerPair::every(&neighbours)).endings(), 8);
    }
}
