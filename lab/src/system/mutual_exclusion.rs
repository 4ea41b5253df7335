//! Processes that want to enter the critical section.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::ricart_agrawala::{self, Command, Output, RicartAgrawala};
use clap::Args;
use serde::Serialize;
use trace::history::History;

use super::{
    Figure, Judgement, ScheduledCommand, Setup, SetupError, System, SystemOptions, Visitor,
};
use crate::checkers::mutual_exclusion;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::values;

/// Options of `mutex`.
#[derive(Clone, Debug, Args, Serialize)]
#[command(next_help_heading = "Options of mutex")]
pub struct Options {
    /// How often each peer wants to enter
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = crate::values::count::<u32>)]
    pub entries: u32,
    /// How long a peer stays inside
    #[arg(long, value_name = "TIME", default_value = "5ms", value_parser = values::duration)]
    #[serde(rename = "hold_seconds", serialize_with = "values::seconds")]
    pub hold: Duration,
}

impl SystemOptions for Options {
    const NAME: &'static str = "mutex";
    const LESSONS: &[Lesson] = &[Lesson {
        order: 50,
        name: "ricart-agrawala",
        title: "Ricart and Agrawala's mutual exclusion",
        about: "how do equals take turns?",
        needs: "a channel between any two, which loses nothing, in any order; no crashes",
        cost: "2(N-1) messages an entry; one message delay from one process to the next",
        run: "mutex",
        file: algorithm_file!("ricart_agrawala.rs"),
        commands: commands! {
            "testbed --peers 8 mutex" =>
                "two entries each, never two at once, with 14 messages an entry",
            "testbed simulate mutex --peers 5 --seeds 1000 --channel per-message" =>
                "it needs no order",
            "testbed check mutex --peers 3 --entries 1" => "every schedule",
            "testbed --peers 5 mutex --kill 3@10ms --timeout 3s" =>
                "one crash, and soon no process enters",
        },
    }];

    fn algorithm(&self) -> String {
        "ricart-agrawala".into()
    }

    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError> {
        setup.require_mesh()?;
        setup.limit_operations("--entries", self.entries, setup.peers)?;
        Ok(visitor.visit(MutualExclusion {
            processes: setup.peers,
            entries: self.entries,
            hold: self.hold,
        }))
    }
}

/// Processes that each enter the critical section several times.
#[derive(Clone, Debug)]
pub struct MutualExclusion {
    /// How many.
    pub processes: u32,
    /// How often each enters.
    pub entries: u32,
    /// How long each stays.
    pub hold: Duration,
}

impl System for MutualExclusion {
    type Algorithm = RicartAgrawala;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> RicartAgrawala {
        RicartAgrawala::new(id, (0..self.processes).map(NodeId), self.hold)
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let all = (0..self.entries).flat_map(|_| 0..self.processes);
        all.map(|node| ScheduledCommand {
            at: Duration::ZERO,
            node: NodeId(node),
            command: Command::Acquire,
            operation: "acquire",
        })
        .collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Left { .. } => true,
            Output::Entered { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        u64::from(self.processes) * u64::from(self.entries)
    }

    /// One entry after the other, each with a request and its reply.
    fn lasts(&self, delay: Duration) -> Duration {
        let entry = self.hold.saturating_add(delay.saturating_mul(2));
        let all = self.processes.saturating_mul(self.entries);
        entry.saturating_mul(all)
    }

    fn judge(&self, history: &History) -> Judgement {
        let each = ricart_agrawala::messages(self.processes.into());
        Judgement {
            properties: mutual_exclusion::check(history),
            figures: vec![
                Figure {
                    name: "entries",
                    measured: history.count_outputs("Entered"),
                    theory: Some(self.endings()),
                    formula: "as many as were asked for".into(),
                },
                Figure {
                    name: "messages",
                    measured: history.count("REQUEST") + history.count("REPLY"),
                    theory: Some(each * self.endings()),
                    formula: format!("2(N-1) = {each} an entry"),
                },
            ],
            ..Judgement::default()
        }
    }
}
