//! Processes that agree on a value in synchronous rounds, although some stop.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::flood_set::{self, Decided, FloodSet};
use algorithms::rounds::{Ending, Output, Rounds};
use clap::{Args, ValueEnum};
use serde::Serialize;
use trace::history::History;

use super::{
    Engine, Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::consensus;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::values;

/// The longest time between two sends of a process in a round: time enough for a process
/// to stop in between. A guess.
const PACE: Duration = Duration::from_millis(1);

/// Options of `agree`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of agree")]
pub struct Options {
    /// How many peers may stop: there is one round more
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub faults: u32,
    /// What ends a round: its time, or a message from each neighbour
    #[arg(long, value_name = "E", default_value = "clock")]
    #[serde(serialize_with = "name")]
    pub ending: By,
    /// How long a round lasts by the clock
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = values::interval)]
    #[serde(rename = "round_seconds", serialize_with = "values::seconds")]
    pub round: Duration,
}

/// What ends a round.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Its time is over: a message that is missing was not sent
    Clock,
    /// A message of each neighbour has come: exact, if no peer stops
    Messages,
}

fn name<S: serde::Serializer>(by: &By, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&values::name_of(*by))
}

impl SystemOptions for Options {
    const NAME: &'static str = "agree";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 62,
        name: "flood-set",
        title: "FloodSet: consensus in synchronous rounds",
        about: "how to agree on a value if some may stop?",
        needs: "synchronous rounds; a channel between any two that loses nothing; at most f processes that stop, for ever",
        cost: "f+1 rounds, and (f+1) N(N-1) messages if none stops",
        run: "agree",
        file: algorithm_file!("flood_set.rs"),
        commands: commands! {
            "testbed --peers 5 agree" => "two rounds of a second: one peer may stop",
            "testbed check agree --peers 3 --crashes 1" =>
                "a stop at any moment, also between two sends",
            "testbed check agree --peers 3 --crashes 1 --faults 0" =>
                "f rounds are not enough: the shortest run without agreement",
            "testbed simulate agree --peers 8 --kill 0@2ms --seeds 100" =>
                "peer 0 stops after it has sent to some",
            "testbed simulate agree --peers 4 --round 5ms --delay 1ms..10ms" =>
                "rounds shorter than the delay: nothing is known of the run",
            "testbed check agree --peers 3 --ending messages" =>
                "the synchronizer, in every schedule",
        },
    }];

    fn algorithm(&self) -> String {
        "flood-set".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.limit_processes("--faults", self.faults)?;
        setup.require_mesh()?;
        let ending = match self.ending {
            By::Clock => by_clock(&setup, self.round),
            By::Messages => Ending::Messages,
        };
        Ok(visitor.visit(Agreement {
            processes: setup.peers,
            faults: self.faults,
            ending,
        }))
    }
}

/// Rounds of that length. A process has sent all of its messages after a quarter of it.
/// Where every schedule is tried, it sends them in any order.
pub(super) fn by_clock(setup: &Setup, round: Duration) -> Ending {
    let pace = match setup.engine {
        Engine::ModelChecker => Duration::ZERO,
        Engine::Live | Engine::Simulator => PACE.min(round / 4 / setup.peers.max(1)),
    };
    Ending::Clock { round, pace }
}

/// How long so many rounds last.
pub(super) fn lasts(ending: Ending, rounds: u64, delay: Duration) -> Duration {
    let round = match ending {
        Ending::Messages => delay,
        Ending::Clock { round, .. } => round,
    };
    round.saturating_mul(rounds.try_into().unwrap_or(u32::MAX))
}

/// Processes that each propose their number.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// How many there are.
    pub processes: u32,
    /// How many may stop.
    pub faults: u32,
    /// What ends a round.
    pub ending: Ending,
}

impl System for Agreement {
    type Algorithm = Rounds<FloodSet>;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> Rounds<FloodSet> {
        let others = (0..self.processes).map(NodeId).filter(|other| *other != id);
        let process = FloodSet::new(id.0.into(), self.faults.into());
        Rounds::new(process, others, self.ending)
    }

    /// Nothing: each process begins by itself.
    fn commands(&self) -> Vec<ScheduledCommand<()>> {
        Vec::new()
    }

    fn ends(&self, _: NodeId, output: &Output<Decided>) -> bool {
        match output {
            Output::Algorithm(Decided { .. }) => true,
            Output::Late { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        self.processes.into()
    }

    fn endings_of(&self, _: NodeId) -> Option<u64> {
        Some(1)
    }

    fn lasts(&self, delay: Duration) -> Duration {
        lasts(self.ending, flood_set::rounds(self.faults.into()), delay)
    }

    fn survives_crashes(&self) -> bool {
        self.is_synchronous()
    }

    /// The judge reads states and outputs alone.
    fn ignores_history(&self) -> bool {
        true
    }

    fn is_synchronous(&self) -> bool {
        matches!(self.ending, Ending::Clock { .. })
    }

    fn judge(&self, history: &History) -> Judgement {
        let rounds = flood_set::rounds(self.faults.into());
        let messages = flood_set::messages(self.processes.into(), rounds);
        let decided = history.outputs().find(|(_, _, kind, _)| *kind == "Decided");
        let summary = decided.map(|(.., fields)| format!("decided           {fields}"));
        Judgement {
            properties: consensus::check(history),
            figures: vec![Figure {
                name: "VALUES",
                measured: history.count("VALUES"),
                theory: Some(messages).filter(|_| history.crashes.is_empty()),
                formula: "(f+1) n(n-1), if none stops".into(),
            }],
            summary: summary.into_iter().collect(),
            ..Judgement::default()
        }
    }
}
