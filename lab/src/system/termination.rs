//! A computation whose end is to be detected.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::dijkstra_scholten::{self, DijkstraScholten, Output};
use algorithms::work::{self, Command, Work};
use clap::Args;
use serde::Serialize;
use trace::history::History;

use super::{
    Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::termination;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::values;

/// Options of `terminate`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of terminate")]
pub struct Options {
    /// How much work there is to hand on
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = crate::values::count::<u32>)]
    pub jobs: u32,
    /// How long a piece of work takes on average
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = values::duration)]
    #[serde(rename = "pace_seconds", serialize_with = "values::seconds")]
    pub pace: Duration,
}

impl SystemOptions for Options {
    const NAME: &'static str = "terminate";
    const LESSONS: &[Lesson] = &[
        Lesson {
            order: 60,
            name: "dijkstra-scholten",
            title: "Dijkstra and Scholten's termination detection",
            about: "is all the work done?",
            needs: "channels in both directions that neither lose nor duplicate messages, in any order; no crashes; one root",
            cost: "one SIGNAL a message of the application; after the end as many hops as the tree is high, or one more",
            run: "terminate",
            file: algorithm_file!("dijkstra_scholten.rs"),
            commands: commands! {
                "testbed --peers 10 terminate" =>
                    "as many SIGNALs as JOBs, and the end is never announced early",
                "testbed --peers 10 terminate --topology ring --jobs 1000" =>
                    "more work, fewer channels",
                "testbed simulate terminate --peers 8 --seeds 1000" => "1,000 schedules",
                "testbed check terminate --peers 3 --jobs 3" => "every schedule",
            },
        },
        Lesson {
            order: 130,
            name: "work",
            title: "Work that spreads: a diffusing computation",
            about: "application: jobs that lead to jobs",
            needs: "channels that neither lose nor duplicate messages, in any order",
            cost: "one message a job but the first",
            run: "terminate",
            file: algorithm_file!("work.rs"),
            commands: commands! {
                "testbed --peers 10 terminate --jobs 500" => "500 jobs, 499 messages",
                "testbed --peers 10 --view terminate" =>
                    "the work spreads, and its end is detected",
            },
        },
    ];

    fn algorithm(&self) -> String {
        "dijkstra-scholten".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_connected()?;
        Ok(visitor.visit(Termination {
            neighbours: setup.numbers(),
            jobs: self.jobs,
            pace: self.pace,
        }))
    }
}

/// Work that peer 0 begins with, and that is handed on.
#[derive(Clone, Debug)]
pub struct Termination {
    /// The neighbours of each process.
    pub neighbours: Vec<Vec<u32>>,
    /// How much work there is.
    pub jobs: u32,
    /// How long a piece takes on average.
    pub pace: Duration,
}

impl System for Termination {
    type Algorithm = DijkstraScholten<Work>;

    fn processes(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn process(&self, id: NodeId) -> DijkstraScholten<Work> {
        let neighbours = &self.neighbours[usize::from(id)];
        DijkstraScholten::new(Work::new(
            id,
            neighbours.iter().copied().map(NodeId),
            self.pace,
        ))
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        vec![ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(0),
            command: Command::Begin {
                jobs: self.jobs.into(),
            },
            operation: "compute",
        }]
    }

    fn ends(&self, _: NodeId, output: &Output<()>) -> bool {
        match output {
            Output::Terminated => true,
            Output::Engaged { .. } | Output::Disengaged | Output::Application(()) => false,
        }
    }

    fn endings(&self) -> u64 {
        1
    }

    /// One piece of work after the other, each handed on and acknowledged.
    fn lasts(&self, delay: Duration) -> Duration {
        let job = self.pace.saturating_add(delay.saturating_mul(2));
        job.saturating_mul(self.jobs)
    }

    fn judge(&self, history: &History) -> Judgement {
        let jobs = work::messages(self.jobs.into());
        Judgement {
            properties: termination::check(history),
            figures: vec![
                Figure {
                    name: "JOB",
                    measured: history.count("JOB"),
                    theory: Some(jobs),
                    formula: "one for each job but the first".into(),
                },
                Figure {
                    name: "SIGNAL",
                    measured: history.count("SIGNAL"),
                    theory: Some(dijkstra_scholten::signals(jobs)),
                    formula: "one for each message of the computation".into(),
                },
            ],
            ..Judgement::default()
        }
    }
}
