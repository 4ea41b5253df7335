//! Programs in any language as processes of a run: they read and write JSON lines, as
//! Maelstrom's nodes do, and stand on libp2p peers.
//!
//! The message `init` gives a program its name and the names of all programs. Its peer then writes
//! each message that it receives to the program's standard input, and sends each line of the
//! program's standard output. Clients and services ([`service`]) are peers of their own. Clients ask at fixed times ([`workload`]),
//! whether or not they were answered. What they asked and were answered is in the trace,
//! and the judge ([`judge`]) sees nothing else.
//!
//! This module starts no program: `testbed program` does.

mod body;
pub mod expect;
pub mod judge;
pub mod member;
pub mod nemesis;
pub mod operation;
mod poll;
pub mod roster;
pub mod service;
pub mod shown;
pub mod wire;
pub mod workload;

use std::collections::BTreeSet;
use std::time::Duration;

use algorithms::NodeId;
use trace::history::History;

use crate::delay::Delay;
use crate::stats::Measure;
use crate::system::clients::{Answer, Client, Request, To, throughput};
use crate::system::{Figure, Judgement, ScheduledCommand, System};
use expect::Expectation;
use member::{Command, Member, Noise, Output};
use nemesis::Nemesis;
use roster::{Part, Roster};
use serde_json::Value;
use workload::{Asked, Consistency, Neighbours, Pace, Workload};

/// The name of the topology of such a run: no system but this one is built for it.
pub const TOPOLOGY: &str = "programs";

/// How long a client waits for an answer at least, as in Maelstrom.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many times the median latency it waits at least: an answer takes some messages one after
/// the other. A guess.
const HOPS: u32 = 20;

/// How long a client waits for an answer where messages take so long.
pub fn patience(latency: &Delay) -> Duration {
    PATIENCE.max(latency.median().saturating_mul(HOPS))
}

/// Programs, their clients, and the services.
#[derive(Clone, Debug)]
pub struct Programs {
    /// What clients ask for.
    pub workload: Workload,
    /// What transactions are to be, in `txn-list-append`.
    pub consistency: Consistency,
    /// Who takes part.
    pub roster: Roster,
    /// How much is asked.
    pub pace: Pace,
    /// The neighbours that the message `topology` assigns to programs in `broadcast`.
    pub neighbours: Neighbours,
    /// How long a client waits for an answer.
    pub patience: Duration,
    /// What is expected of its measures.
    pub expect: Vec<Expectation>,
    /// What happens to messages between programs.
    pub noise: Noise,
    /// What happens to programs.
    pub nemeses: Vec<Nemesis>,
    /// Determines what is asked.
    pub seed: u64,
}

impl Programs {
    /// Messages that programs have sent to each other.
    fn between_programs(&self, history: &History) -> u64 {
        let programs = (0..self.roster.programs).map(|node| NodeId(node).to_string());
        let programs: BTreeSet<_> = programs.collect();
        let are_programs =
            |one: &str, other: &str| programs.contains(one) && programs.contains(other);
        let sent = history.sends();
        let between = sent.filter(|(from, _, to, _)| are_programs(from, to));
        between.count() as u64
    }
}

impl System for Programs {
    type Algorithm = Member;

    fn processes(&self) -> u32 {
        self.roster.processes()
    }

    fn process(&self, id: NodeId) -> Member {
        Member::new(id, self.roster, self.noise, self.patience)
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        Vec::new()
    }

    fn clients(&self) -> Vec<Client<Command>> {
        let asks = self
            .workload
            .asks(self.roster, &self.pace, self.neighbours, self.seed);
        // Number 1 is that of `init`, for which the first client stands.
        let mut numbers = 2..;
        let mut request = |body: Value| {
            let (number, body) = (numbers.next().unwrap_or_default(), body.to_string());
            Request::new("Ask", Command::Ask { number, body })
        };
        let ask = |asked: Asked| {
            let (think, then) = asked.then.unzip();
            let bodies = [asked.body].into_iter().chain(then);
            Client {
                at: asked.at,
                to: To::Process(self.roster.client(asked.client)),
                requests: bodies.map(&mut request).collect(),
                think: think.unwrap_or_default(),
                // The client says itself that it waits no longer.
                patience: self.patience * 2,
                retries: 0,
            }
        };
        asks.into_iter().map(ask).collect()
    }

    fn answers(&self, _: NodeId, asked: &Command, output: &Output) -> Option<Answer> {
        let Command::Ask { number: asked, .. } = asked else {
            return None;
        };
        match output {
            Output::Answered { number, .. } | Output::TimedOut { number } if number == asked => {
                Some(Answer::Done)
            }
            _ => None,
        }
    }

    fn ends(&self, _: NodeId, _: &Output) -> bool {
        false
    }

    fn endings(&self) -> u64 {
        0
    }

    fn lasts(&self, _: Duration) -> Duration {
        let last = self.workload.last_ones(self.roster);
        self.pace.lasts + self.pace.recovery + last + self.patience * 2
    }

    /// What was right is right on a busy machine as well.
    fn measures(&self) -> bool {
        !self.expect.is_empty()
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let operations = operation::read(history, self.roster);
        let count = operations.len() as u64;
        let done = operations.iter().filter(|one| one.is_done());
        let between = self.between_programs(history);
        let (mut properties, measured) = judge::check(
            self.workload,
            self.consistency,
            &operations,
            history,
            self.roster,
        );
        let mut measures = throughput(done.clone().map(|one| &one.record));
        measures.extend(measured);
        measures.push(Measure::ratio(
            expect::MESSAGES,
            between as f64 / count.max(1) as f64,
            count,
        ));
        let loses = self.noise.lost > 0 || self.nemeses.iter().any(|nemesis| nemesis.cuts());
        properties.extend(loses.then(|| judge::losses(history)));
        let expected = self.expect.iter();
        properties.extend(expected.map(|expected| expected.check(&measures, history)));
        Judgement {
            properties,
            figures: vec![
                Figure::new("operations", count, "that clients asked for"),
                Figure::new(
                    "carried out",
                    done.count() as u64,
                    "the others were refused, or nothing is known",
                ),
                Figure::new("messages", between, "between programs"),
            ],
            measures,
            ..Judgement::default()
        }
    }
}

/// Whether that process stands for a program.
pub fn is_program(roster: Roster, node: NodeId) -> bool {
    matches!(roster.part(node), Some(Part::Program(_)))
}
