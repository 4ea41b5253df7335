//! The bully election, held again when the leader stops.

use std::time::Duration;

use algorithms::NodeId;
use algorithms::bully::{self, Bully, Command, Output};
use trace::history::History;

use crate::checkers::leadership;
use crate::lesson::{Lesson, algorithm_file, commands};
use crate::system::{Engine, Figure, Judgement, ScheduledCommand, Setup, System};

/// How long a process waits for an answer by default. A guess: ten times the longest delay
/// of the simulator.
const TIMEOUT: Duration = Duration::from_millis(100);

/// In a check, a timer of this time waits until nothing else can happen: no message takes
/// longer.
const PATIENT: Duration = Duration::from_secs(1);

pub(super) const LESSON: Lesson = Lesson {
    order: 42,
    name: "bully",
    title: "Garcia-Molina's bully election",
    about: "who leads when the leader is gone?",
    needs: "a channel between any two, which loses nothing, in any order; a known bound on the time of a message; any number may stop",
    cost: "N-1 messages at best, of the order N² at worst; two time-outs at most, if none stops meanwhile",
    run: "elect --algorithm bully",
    file: algorithm_file!("bully.rs"),
    commands: commands! {
        "testbed --peers 5 elect --algorithm bully" => "the largest of five leads",
        "testbed --peers 5 elect --algorithm bully --kill 4@50ms" =>
            "the leader stops, peer 0 finds it gone, and the next largest leads",
        "testbed simulate elect --algorithm bully --peers 5 --seeds 1000" => "1,000 schedules",
        "testbed check elect --algorithm bully --peers 3 --crashes 1" =>
            "every schedule, with a crash at any moment",
        "testbed simulate elect --algorithm bully --peers 5 --seeds 1000 --answer-timeout 5ms" =>
            "a time-out below the delay: two that are up lead",
    },
};

/// Processes of which some hold an election, at first and after each planned crash.
#[derive(Clone, Debug)]
pub struct Bullies {
    /// How many.
    pub processes: u32,
    /// How long each waits for an answer.
    pub timeout: Duration,
    /// Who begins an election, and when.
    pub elections: Vec<(NodeId, Duration)>,
    /// How many crashes there are, if that is known.
    pub crashes: Option<usize>,
}

impl Bullies {
    /// The first `candidates` processes hold an election at the start. After each planned
    /// crash the first process that is not to crash finds the other gone.
    pub fn new(setup: &Setup, candidates: u32, timeout: Option<Duration>) -> Self {
        let is_check = setup.engine == Engine::ModelChecker;
        let timeout = timeout.unwrap_or(if is_check { PATIENT } else { TIMEOUT });
        let stops = &setup.stops;
        let survives = |node: &u32| stops.iter().all(|crash| crash.process != *node);
        let survivor = (0..setup.peers).find(survives);
        let first = (0..candidates).map(|node| (NodeId(node), Duration::ZERO));
        let later = stops
            .iter()
            .filter_map(|crash| Some((NodeId(survivor?), crash.at + timeout)));
        Self {
            processes: setup.peers,
            timeout,
            elections: first.chain(later).collect(),
            crashes: (!setup.random_crashes).then_some(stops.len()),
        }
    }
}

impl System for Bullies {
    type Algorithm = Bully;

    fn processes(&self) -> u32 {
        self.processes
    }

    fn process(&self, id: NodeId) -> Bully {
        Bully::new(id, (0..self.processes).map(NodeId), self.timeout)
    }

    fn commands(&self) -> Vec<ScheduledCommand<Command>> {
        let elections = self.elections.iter();
        let commands = elections.map(|&(node, at)| ScheduledCommand {
            at,
            node,
            command: Command::Elect,
            operation: "elect",
        });
        commands.collect()
    }

    fn ends(&self, _: NodeId, output: &Output) -> bool {
        match output {
            Output::Elected { .. } => true,
        }
    }

    /// At most: the leader changes when it stops, and again if it comes back. A crash of
    /// another process changes nothing. If it is not known how many there are, the run ends
    /// when nothing changes any more.
    fn endings(&self) -> u64 {
        let crashes = self
            .crashes
            .map_or(u64::from(u32::MAX), |crashes| crashes as u64);
        u64::from(self.processes) * (1 + 2 * crashes)
    }

    /// An election takes two time-outs, and one more for each process that stops meanwhile.
    fn gives_up_after(&self) -> Option<Duration> {
        Some(self.timeout.saturating_mul(6))
    }

    fn lasts(&self, delay: Duration) -> Duration {
        self.timeout.saturating_add(delay).saturating_mul(6)
    }

    /// The checker lets messages take no time, unless the time-out is a short one.
    fn is_synchronous(&self) -> bool {
        self.timeout >= PATIENT
    }

    fn survives_crashes(&self) -> bool {
        true
    }

    fn judge(&self, history: &History) -> Judgement {
        let most = bully::most_questions(self.processes.into());
        Judgement {
            properties: leadership::check(history, self.processes),
            figures: vec![
                Figure {
                    name: "ELECTION",
                    measured: history.count("ELECTION"),
                    theory: None,
                    formula: format!("at most N(N-1)/2 = {most} an election of all"),
                },
                Figure {
                    name: "COORDINATOR",
                    measured: history.count("COORDINATOR"),
                    theory: None,
                    formula: "one to each smaller process, from each that leads".into(),
                },
            ],
            ..Judgement::default()
        }
    }
}
