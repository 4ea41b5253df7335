//! The election of a leader.

mod bully;

use std::time::Duration;

use algorithms::NodeId;
use algorithms::chang_roberts::{self, ChangRoberts, Command, Output};
use clap::{Args, ValueEnum};
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use trace::history::History;

use super::{
    Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::election;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::values;
pub use bully::Bullies;

/// Options of `elect`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of elect")]
pub struct Options {
    /// Which algorithm elects
    #[arg(long, value_name = "A", default_value = "chang-roberts")]
    #[serde(skip)]
    pub algorithm: ElectionAlgorithm,
    /// How many peers stand for election: the first ones [default: all]
    #[arg(long, value_name = "N", value_parser = crate::values::count::<u32>)]
    pub candidates: Option<u32>,
    /// How long a peer of the bully election waits for an answer [default: 100ms; in a
    /// check, until nothing else can happen]
    #[arg(long, value_name = "TIME", value_parser = values::interval)]
    #[serde(
        rename = "answer_timeout_seconds",
        serialize_with = "values::some_seconds"
    )]
    pub answer_timeout: Option<Duration>,
}

/// An algorithm that elects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ElectionAlgorithm {
    /// Identities go around a ring.
    ChangRoberts,
    /// Of the processes that are up, the one with the largest number leads.
    Bully,
}

impl SystemOptions for Options {
    const NAME: &'static str = "elect";
    const LESSONS: &[Lesson] = &[
        Lesson {
            order: 40,
            name: "chang-roberts",
            title: "Chang and Roberts' election on a ring",
            about: "how do equals agree on one of them?",
            needs: "a ring; identities that differ; channels that lose nothing, in any order; no crashes",
            cost: "if all N are candidates: 2N-1 to N(N+1)/2 messages, N H(N) on average, and N to announce; all know after 2N-1 hops",
            run: "elect",
            file: algorithm_file!("chang_roberts.rs"),
            commands: commands! {
                "testbed --peers 8 elect" => "how many ELECTION messages, beside what theory says",
                "testbed --peers 8 elect --seed 7" =>
                    "the seed assigns the identities: another number",
                "testbed --peers 8 elect --candidates 1" =>
                    "one candidate: its identity goes all the way round",
                "testbed simulate elect --peers 8 --seeds 10000" => "10,000 schedules",
                "testbed check elect --peers 4 --channel per-message" =>
                    "every schedule, in channels without order",
            },
        },
        bully::LESSON,
    ];

    fn algorithm(&self) -> String {
        values::name_of(self.algorithm)
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        let candidates = self.candidates.unwrap_or(setup.peers);
        setup.limit_processes("--candidates", candidates)?;
        match self.algorithm {
            ElectionAlgorithm::ChangRoberts => {
                setup.require_ring()?;
                Ok(visitor.visit(Election::new(setup.peers, candidates, setup.seed)))
            }
            ElectionAlgorithm::Bully => {
                setup.require_mesh()?;
                Ok(visitor.visit(Bullies::new(&setup, candidates, self.answer_timeout)))
            }
        }
    }
}

/// Processes on a ring, some of which stand for election.
#[derive(Clone, Debug)]
pub struct Election {
    pub(super) identities: Vec<u64>,
    pub(super) candidates: u32,
}

impl Election {
    /// `processes` of them, of which the first `candidates` stand. The seed
    /// assigns the identities.
    pub fn new(processes: u32, candidates: u32, seed: u64) -> Self {
        let mut identities: Vec<u64> = (1..=u64::from(processes)).collect();
        identities.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
        Self {
            identities,
            candidates,
        }
    }
}

impl System for Election {
    type Algorithm = ChangRoberts;

    fn processes(&self) -> u32 {
        self.identities.len() as u32
    }

    fn process(&self, id: NodeId) -> ChangRoberts {
        let next = NodeId((id.0 + 1) % self.processes());
        ChangRoberts::new(id, next, self.identities[usize::from(id)])
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let stand = |node| ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: Command::Elect,
            operation: "elect",
        };
        (0..self.candidates).map(stand).collect()
    }

    /// Every process learns the leader.
    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Elected(_) => true,
        }
    }

    fn endings(&self) -> u64 {
        u64::from(self.processes())
    }

    /// An identity goes once around the ring, and once more as the leader's. The
    /// winner may start only with the last message of another candidate.
    fn lasts(&self, delay: Duration) -> Duration {
        delay.saturating_mul(3).saturating_mul(self.processes())
    }

    fn judge(&self, history: &History) -> Judgement {
        let count = u64::from(self.processes());
        let leader = history.outputs().find(|(_, _, kind, _)| *kind == "Elected");
        let summary = leader.map(|(.., fields)| format!("leader            {fields}"));
        Judgement {
            properties: election::check(history),
            figures: vec![
                Figure {
                    name: "ELECTION",
                    measured: history.count("ELECTION"),
                    theory: None,
                    formula: format!(
                        "if all {count} stand at once: at least 2n-1 = {}, n H(n) = {:.1} on average, at most n(n+1)/2 = {}",
                        chang_roberts::fewest_messages(count),
                        chang_roberts::average_messages(count),
                        chang_roberts::most_messages(count)
                    ),
                },
                Figure {
                    name: "ELECTED",
                    measured: history.count("ELECTED"),
                    theory: Some(chang_roberts::announcement_messages(count)),
                    formula: "n".into(),
                },
            ],
            summary: summary.into_iter().collect(),
            ..Judgement::default()
        }
    }
}
