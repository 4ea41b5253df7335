//! A log that all processes agree on.

mod options;

use std::sync::Arc;
use std::time::Duration;

use algorithms::raft::{self, Command, Output, Raft, Times};
use algorithms::{Algorithm, NodeId};
use trace::history::{History, Moment};

use super::{Answer, Figure, Judgement, ScheduledCommand, System};
use crate::checkers::Property;
use crate::checkers::replicated_log::{self, Asked};
pub use options::{Mistake, Options};

/// Clients that give commands to processes of Raft, of the type `A`.
#[derive(Clone)]
pub struct ReplicatedLog<A> {
    /// How many processes.
    pub processes: u32,
    /// How many commands clients give, one process after the other.
    pub commands: u32,
    /// The time between them.
    pub every: Duration,
    /// The times of the processes.
    pub times: Times,
    /// The process of the type.
    pub process: Arc<dyn Fn(Raft) -> A + Send + Sync>,
}

impl<A> ReplicatedLog<A> {
    /// The commands, each with the process that is asked.
    fn asked(&self) -> impl Iterator<Item = (NodeId, u64)> {
        let numbers = 0..self.commands;
        numbers.map(|number| (NodeId(number % self.processes), u64::from(number) + 1))
    }
}

impl<A: Algorithm<Command = Command, Output = Output>> System for ReplicatedLog<A> {
    type Algorithm = A;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> A {
        let all = (0..self.processes).map(NodeId);
        let mut times = self.times.clone();
        let (shortest, longest) = times.election;
        if shortest == longest {
            // Time-outs that are not drawn differ too, so that one process stands first.
            let later = shortest.saturating_mul(id.0) / self.processes.max(1) / 2;
            let own = shortest.saturating_add(later);
            times.election = (own, own);
        }
        (self.process)(Raft::new(id, all, times))
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let commands = (1..).zip(self.asked());
        let commands = commands.map(|(number, (node, command))| ScheduledCommand {
            at: self.every.saturating_mul(number),
            node,
            command: Command::Propose(command),
            operation: "propose",
        });
        commands.collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Applied { .. } => true,
            Output::Leads { .. } => false,
        }
    }

    fn endings(&self) -> u64 {
        u64::from(self.processes) * u64::from(self.commands)
    }

    fn endings_of(&self, _: NodeId) -> Option<u64> {
        Some(self.commands.into())
    }

    /// The command that the client gave to this process.
    fn answers(&self, _: NodeId, asked: &Command, output: &Output) -> Option<Answer> {
        match *output {
            Output::Applied { command, .. } => {
                (*asked == Command::Propose(command)).then_some(Answer::Done)
            }
            Output::Leads { .. } => None,
        }
    }

    /// A crash loses what clients asked of the process.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(self.times.election.1.saturating_mul(20))
    }

    /// Ten elections of which none elects, and the commands.
    fn lasts(&self, delay: Duration) -> Duration {
        let election = self.times.election.1.saturating_add(delay);
        election.saturating_mul(10)
    }

    /// What the properties need is in states and outputs.
    fn ignores_history(&self) -> bool {
        self.times.election.0 == self.times.election.1
    }

    /// Something was carried out.
    fn is_nonvacuous(&self, judged: &Judgement) -> bool {
        judged
            .properties
            .iter()
            .all(|property| property.checked > 0)
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn safe(&self, now: &Moment<'_>) -> Vec<Property> {
        replicated_log::safe(now)
    }

    fn judge(&self, history: &History) -> Judgement {
        let asked = self
            .asked()
            .map(|(node, command)| (node.to_string(), command as i64));
        let asked = Asked {
            commands: asked.collect(),
            last_term: self.times.last_term,
        };
        let each = raft::messages(self.processes.into());
        let entries = history.count("APPEND_ENTRIES") + history.count("APPENDED");
        Judgement {
            properties: replicated_log::check(history, &asked),
            figures: vec![
                Figure {
                    name: "elections won",
                    measured: history.count_outputs("Leads"),
                    theory: None,
                    formula: "1 if no leader stops".into(),
                },
                Figure {
                    name: "messages of the log",
                    measured: entries,
                    theory: None,
                    formula: format!("2(N-1) = {each} an entry, and as many for each heartbeat"),
                },
            ],
            ..Judgement::default()
        }
    }
}

#[cfg(test)]
mod tests;
