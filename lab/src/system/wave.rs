//! Waves that reach all processes and come back.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::echo::{self, Command, Echo, Output};
use clap::Args;
use serde::Serialize;
use trace::history::History;

use super::{
    Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::wave;
use crate::lesson::{Lesson, algorithm_file, commands};

/// Options of `wave`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of wave")]
pub struct Options {
    /// How many peers start a wave: the first ones
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = crate::values::count::<u32>)]
    pub initiators: u32,
}

impl SystemOptions for Options {
    const NAME: &'static str = "wave";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 20,
        name: "echo",
        title: "The echo algorithm: a wave through an unknown network",
        about: "how to reach all processes and know it",
        needs: "edges in both directions, connected; channels that lose nothing, in any order; no crashes",
        cost: "2|E| messages; O(N) time, or 2e or 2e+1 message delays if all are equal, e hops being the way to the farthest",
        run: "wave",
        file: algorithm_file!("echo.rs"),
        commands: commands! {
            "testbed --peers 20 wave --topology random:4" =>
                "two messages on each edge, and a spanning tree",
            "testbed --peers 20 wave --topology ring --initiators 3" =>
                "three waves that do not mix",
            "testbed check wave --peers 4 --topology ring" => "every schedule",
            "testbed simulate wave --seeds 100 --loss 0.05" => "a message is lost: no process decides",
        },
    }];

    fn algorithm(&self) -> String {
        "echo".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.limit_processes("--initiators", self.initiators)?;
        setup.require_connected()?;
        Ok(visitor.visit(Waves {
            neighbours: setup.numbers(),
            initiators: self.initiators,
        }))
    }
}

/// Processes of which some start a wave.
#[derive(Clone, Debug)]
pub struct Waves {
    /// The neighbours of each process.
    pub neighbours: Vec<Vec<u32>>,
    /// How many start one: the first ones.
    pub initiators: u32,
}

impl System for Waves {
    type Algorithm = Echo;

    fn processes(&self) -> u32 {
        self.neighbours.len() as u32
    }

    fn process(&self, id: NodeId) -> Echo {
        let neighbours = &self.neighbours[usize::from(id)];
        Echo::new(id, neighbours.iter().copied().map(NodeId))
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let start = |node| ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: Command::Start,
            operation: "wave",
        };
        (0..self.initiators).map(start).collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Decided { .. } => true,
            Output::Joined { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        self.initiators.into()
    }

    /// Out over all processes in a line, and back.
    fn lasts(&self, delay: Duration) -> Duration {
        delay.saturating_mul(2).saturating_mul(self.processes())
    }

    fn judge(&self, history: &History) -> Judgement {
        let edges = self.neighbours.iter().map(Vec::len).sum::<usize>() as u64 / 2;
        let decided = history
            .outputs()
            .filter(|(_, _, kind, _)| *kind == "Decided");
        let summary = decided.map(|(by, _, _, fields)| format!("{by} decided   {fields}"));
        Judgement {
            summary: summary.collect(),
            properties: wave::check(history),
            figures: vec![Figure {
                name: "messages",
                measured: history.count("EXPLORER") + history.count("ECHO"),
                theory: Some(echo::messages(edges) * self.endings()),
                formula: format!("2|E| = {} a wave", echo::messages(edges)),
            }],
            ..Judgement::default()
        }
    }
}
