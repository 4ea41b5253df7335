//! Options of `replicate`.

use std::sync::Arc;
use std::time::Duration;

use algorithms::raft::{Flaw, Flawed, Raft, Times};
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::ReplicatedLog;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Setup, SetupError, SystemOptions, Visitor};
use crate::values;

/// In a check, a leader is heard of again when nothing else can happen.
const PATIENT: Duration = Duration::from_secs(1);

/// Options of `replicate`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of replicate")]
pub struct Options {
    /// How many commands clients give, one peer after the other: at most 200, for every
    /// state has the log [default: 10; 1 in a check]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    pub commands: Option<u32>,
    /// The time between two commands
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = values::duration)]
    #[serde(rename = "every_seconds", serialize_with = "values::seconds")]
    pub every: Duration,
    /// The shortest election time-out; the longest is twice as long. In a check, time-outs
    /// have no length
    #[arg(long, value_name = "TIME", default_value = "150ms", value_parser = values::interval)]
    #[serde(
        rename = "election_timeout_seconds",
        serialize_with = "values::seconds"
    )]
    pub election_timeout: Duration,
    /// How often a leader is heard of
    #[arg(long, value_name = "TIME", default_value = "50ms", value_parser = values::interval)]
    #[serde(rename = "heartbeat_seconds", serialize_with = "values::seconds")]
    pub heartbeat: Duration,
    /// The last term: no peer stands for a later one [default: none; 1 in a check]
    #[arg(long, value_name = "N", value_parser = values::count::<u64>)]
    pub terms: Option<u64>,
    /// Make a mistake, to see which property it breaks
    #[arg(long, value_name = "M")]
    #[serde(skip)]
    pub mistake: Option<Mistake>,
}

/// A mistake in Raft.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Mistake {
    /// Vote for every candidate of a term
    VotesTwice,
    /// Forget the vote when a peer restarts
    ForgetsVote,
    /// Vote for any candidate, whatever its log
    IgnoresLog,
    /// Commit an entry of an earlier term because a majority has it
    CountsOldTerms,
    /// Add entries without looking at the one before
    SkipsConsistencyCheck,
}

impl Mistake {
    const fn flaw(self) -> Flaw {
        match self {
            Self::VotesTwice => Flaw::VotesTwice,
            Self::ForgetsVote => Flaw::ForgetsVote,
            Self::IgnoresLog => Flaw::IgnoresLog,
            Self::CountsOldTerms => Flaw::CountsOldTerms,
            Self::SkipsConsistencyCheck => Flaw::SkipsConsistencyCheck,
        }
    }
}

impl SystemOptions for Options {
    const NAME: &'static str = "replicate";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 65,
        name: "raft",
        title: "Raft: a log that processes agree on",
        about: "how to keep one log, although some stop?",
        needs: "a channel between any two, which may lose, duplicate and reorder; a majority that is up; for progress, election time-outs well above a round trip",
        cost: "with a stable leader, 2(N-1) messages and one round trip an entry; 2(N-1) messages an election",
        run: "replicate",
        file: algorithm_file!("raft.rs"),
        commands: commands! {
            "testbed --peers 5 replicate" => "ten commands, in the same order at all five",
            "testbed simulate replicate --peers 5 --seeds 1000 --loss 0.05" =>
                "the same with lost messages, in 1,000 schedules",
            "testbed check replicate --peers 3 --crashes 1 --restarts 1" =>
                "every schedule of one term, with a crash at any moment",
            "testbed check replicate --peers 3 --mistake votes-twice" =>
                "a shortest run with two leaders in one term",
            "testbed simulate replicate --peers 3 --seeds 10 --election-timeout 1ms" =>
                "time-outs below the delay: no leader stays",
        },
    }];

    fn algorithm(&self) -> String {
        match self.mistake {
            None => "raft".into(),
            Some(mistake) => format!("raft that {}", values::name_of(mistake)),
        }
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        Ok(match self.mistake.map(Mistake::flaw) {
            None => visitor.visit(self.system(&setup, |raft| raft)),
            Some(flaw) => visitor.visit(self.system(&setup, move |raft| Flawed::new(raft, flaw))),
        })
    }
}

impl Options {
    fn system<A>(
        &self,
        setup: &Setup,
        process: impl Fn(Raft) -> A + Send + Sync + 'static,
    ) -> ReplicatedLog<A> {
        let is_check = setup.engine == Engine::ModelChecker;
        let shortest = self.election_timeout;
        let times = match is_check {
            true => Times {
                election: (shortest, shortest),
                heartbeat: PATIENT,
                last_term: self.terms.unwrap_or(1),
            },
            false => Times {
                election: (shortest, shortest.saturating_mul(2)),
                heartbeat: self.heartbeat,
                last_term: self.terms.unwrap_or(u64::MAX),
            },
        };
        ReplicatedLog {
            processes: setup.peers,
            commands: self.commands.unwrap_or(if is_check { 1 } else { 10 }),
            every: self.every,
            times,
            process: Arc::new(process),
        }
    }
}
