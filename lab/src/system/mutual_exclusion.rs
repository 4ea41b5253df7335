//! Processes that want into the critical section.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::ricart_agrawala::{self, Command, Output, RicartAgrawala};
use trace::history::History;

use super::{Figure, Judgement, ScheduledCommand, System};
use crate::checkers::mutual_exclusion;

/// Processes that all want in, some times each.
#[derive(Clone, Debug)]
pub struct MutualExclusion {
    /// How many.
    pub processes: u32,
    /// How often each wants in.
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
                    measured: history.said("Entered"),
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
