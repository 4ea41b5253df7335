//! PING and PONG, everybody with a neighbour.

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

/// How long a PING waits for its PONG: as `testbed ping` does.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Options of `ping`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of ping")]
pub struct Options {
    /// How many PINGs each peer sends
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub count: u32,
}

impl SystemOptions for Options {
    const NAME: &'static str = "ping";

    fn algorithm(&self) -> String {
        "ping-pong".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        setup.limit_operations("--count", self.count, setup.peers)?;
        Ok(visitor.visit(Pings {
            neighbours: setup.neighbours,
            count: self.count,
            timeout: TIMEOUT,
            stops: setup.engine.stops,
        }))
    }
}

/// Processes of which each pings its first neighbour, some times.
#[derive(Clone, Debug)]
pub struct Pings {
    /// Who is connected with whom, by process.
    pub neighbours: Vec<Vec<u32>>,
    /// How often each pings.
    pub count: u32,
    /// How long each waits for an answer.
    pub timeout: Duration,
    /// Who stops, and so may never learn what came of its own pings.
    pub stops: Vec<NodeId>,
}

impl System for Pings {
    type Algorithm = PingPong;

    fn processes(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn process(&self, _: NodeId) -> PingPong {
        PingPong::default()
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let pairs = (0..).zip(&self.neighbours);
        let pairs = pairs.filter_map(|(from, all)| Some((NodeId(from), NodeId(*all.first()?))));
        pairs
            .flat_map(|pair| (0..self.count).map(move |_| pair))
            .map(|(node, to)| ScheduledCommand {
                at: Duration::ZERO,
                node,
                command: Command::Ping {
                    to,
                    data: Bytes::new(),
                    timeout: self.timeout,
                },
                operation: "ping",
            })
            .collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Answered { .. } | Output::TimedOut { .. } => true,
            Output::Unexpected { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        self.commands().len() as u64
    }

    fn lasts(&self, _: Duration) -> Duration {
        self.timeout
    }

    fn judge(&self, history: &History) -> Judgement {
        let stops: Vec<_> = self.stops.iter().map(NodeId::to_string).collect();
        let answered = history.said("Answered");
        Judgement {
            properties: ping::check(history, &stops),
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
