//! The schedules of a system in the simulator.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use trace::LABORATORY;
use trace::history::{History, faults};
use trace::steps::Processes;
use trace::steps::{Fault, RecordTo};
use trace::telemetry::Sink;

use super::simulation::unix;
use super::{
    DrawnFaults, EmittedOutput, End, Environment, Limit, Limits, Notice, Reaction, Scenario,
    SeededIds, Simulation, Strikes,
};
use crate::system::clients::{Act, Clients, Operations, Ticket};
use crate::system::{Endings, System, last_command};

/// Separates the random numbers of initial states from those of the network. The value is
/// arbitrary.
const INITIAL_STATES: u64 = 0x696e_6974_6961_6c73;

/// One schedule of a system.
#[derive(Clone, Copy, Debug)]
pub struct Schedule<'a, S> {
    /// What runs.
    pub system: &'a S,
    /// The processes, and their neighbours.
    pub directory: &'a Processes,
    /// What the network does.
    pub scenario: &'a Scenario,
    /// The seed of all of the network's choices.
    pub seed: u64,
    /// Its limits.
    pub limits: Limits,
    /// Ends it when it is set.
    pub stop: &'a AtomicBool,
}

/// A run that has ended.
#[derive(Debug)]
pub struct Ran<R> {
    /// What was recorded of it.
    pub recorded: R,
    /// How many steps were taken.
    pub steps: u64,
    /// How many messages were sent.
    pub messages: u64,
    /// How long it took, in its own time.
    pub took: Duration,
    /// How it ended.
    pub end: End,
    /// The fault of its last step.
    pub fault: Option<Fault>,
    /// The faults that it has drawn from its seed, also those after its end.
    pub drawn: DrawnFaults,
    /// What the faults of its scenario did, and then those that it has drawn.
    pub strikes: Strikes,
    /// How many commands the system has that the scenario does not give.
    pub left_out: usize,
}

impl<R> Ran<R> {
    /// The same with another record.
    pub(super) fn with<T>(&self, recorded: T) -> Ran<T> {
        Ran {
            recorded,
            steps: self.steps,
            messages: self.messages,
            took: self.took,
            end: self.end,
            fault: self.fault.clone(),
            drawn: self.drawn.clone(),
            strikes: self.strikes.clone(),
            left_out: self.left_out,
        }
    }
}

/// The `stop` of a schedule that nothing stops.
pub static NEVER: AtomicBool = AtomicBool::new(false);

impl<'a, S: System> Schedule<'a, S> {
    /// A schedule with the usual limits, which nothing stops.
    pub fn new(system: &'a S, directory: &'a Processes, scenario: &'a Scenario, seed: u64) -> Self {
        Self {
            system,
            directory,
            scenario,
            seed,
            limits: Limits::default(),
            stop: &NEVER,
        }
    }

    /// Runs it. Its history is read from memory, not from spans, and states
    /// whether the run was cut short.
    pub fn run(&self) -> Ran<History> {
        let (simulation, ran) = self.simulate(|_| RecordTo::Engine { reads: S::reads });
        let unfinished = ran.unfinished();
        ran.with(History {
            unfinished,
            ..simulation.into_history()
        })
    }

    /// Runs it without a record of it.
    pub fn run_unrecorded(&self) -> Ran<()> {
        self.simulate(|_| RecordTo::Nothing).1
    }

    /// Runs it, and records it as spans.
    pub fn run_traced(&self, sink: &Arc<Sink>) -> Ran<()> {
        let tracer = |name: &str, process| {
            sink.tracer_with_ids(name, name, SeededIds::new(self.seed, process))
        };
        let record_to = |id: NodeId| RecordTo::Spans(tracer(&id.to_string(), id.0));
        let (simulation, ran) = self.simulate(record_to);
        let (crashes, partitions) = (simulation.crashes(), simulation.partitions());
        let unfinished = ran.unfinished().map(|why| (unix(ran.took), why));
        let marks = simulation.marks();
        faults::record(&crashes, &partitions, marks, unfinished, || {
            tracer(LABORATORY, SeededIds::LABORATORY)
        });
        ran
    }

    fn simulate(
        &self,
        record_to: impl Fn(NodeId) -> RecordTo,
    ) -> (Simulation<S::Algorithm>, Ran<()>) {
        let Self { system, seed, .. } = *self;
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ INITIAL_STATES);
        let processes = (0..system.processes()).map(NodeId).map(|id| {
            let mut states = system.arbitrary(id);
            match states.len() {
                0 => system.process(id),
                count => states.swap_remove(rng.random_range(0..count)),
            }
        });
        let (directory, mut scenario) = (self.directory.clone(), self.scenario.clone());
        let end = last_command(system);
        let drawn = scenario.draw(system.processes(), seed, end);
        scenario.crash.extend_from_slice(&drawn.crash);
        scenario.partition.extend_from_slice(&drawn.partition);
        let faults = scenario.last_fault();
        let simulation = Simulation::new(processes, directory, scenario, seed, record_to);
        let mut simulation = simulation.judged_by(system);
        let mut left_out = 0;
        let mut last_command = None;
        for (number, asked) in system.commands().into_iter().enumerate() {
            match self.scenario.gives(number) {
                true => {
                    last_command = last_command.max(Some(asked.at));
                    simulation.command(asked.at, asked.node, asked.command);
                }
                false => left_out += 1,
            }
        }
        let planned = last_command.unwrap_or_default().max(faults);
        let surroundings = Surroundings::new(system, planned);
        let end = simulation.run(&self.limits, self.stop, surroundings);
        let ran = Ran {
            recorded: (),
            steps: simulation.steps(),
            messages: simulation.messages(),
            took: simulation.now(),
            end,
            fault: simulation.fault().cloned(),
            drawn,
            strikes: simulation.strikes().clone(),
            left_out,
        };
        (simulation, ran)
    }
}

/// The clients of a system, and what is to be awaited in its run.
struct Surroundings<'a, S: System> {
    system: &'a S,
    endings: Endings,
    stopped: Vec<NodeId>,
    /// The last command, the end of the last fault, the last ending, or the last act of a
    /// client.
    last: Duration,
    clients: Clients<Command<S>>,
    /// The open operations, if there are clients.
    operations: Operations<Command<S>, Option<Ticket>>,
}

type Command<S> = <<S as System>::Algorithm as Algorithm>::Command;

impl<'a, S: System> Surroundings<'a, S> {
    /// `planned` is the time of the last command or fault.
    fn new(system: &'a S, planned: Duration) -> Self {
        Self {
            system,
            last: planned,
            endings: Endings::default(),
            stopped: Vec::new(),
            clients: Clients::new(system.clients()),
            operations: Operations::default(),
        }
    }

    fn is_over(&self) -> bool {
        let stopped = self.stopped.iter().copied();
        self.clients.are_finished() && self.endings.are_complete(self.system, stopped)
    }

    /// Whether an output ends a request that a client waits for.
    fn answers(&mut self, said: &EmittedOutput<<S::Algorithm as Algorithm>::Output>) -> bool {
        let EmittedOutput { node, output, at } = said;
        if self.clients.is_empty() {
            return false;
        }
        if let Some(leader) = self.system.leads(*node, output) {
            self.clients.led_by(leader);
        }
        let answered = self.operations.answer(self.system, *node, u64::MAX, output);
        let Some((Some(ticket), answer)) = answered else {
            return false;
        };
        self.clients.answered(ticket, answer, *at)
    }
}

impl<S: System> Environment<S::Algorithm> for Surroundings<'_, S> {
    fn hear(&mut self, notice: Notice<<S::Algorithm as Algorithm>::Output>) -> bool {
        let may_end = match notice {
            Notice::Output(said) => {
                let ends = self.endings.count(self.system, said.node, &said.output);
                let ends = self.answers(&said) || ends;
                if ends {
                    self.last = self.last.max(said.at);
                }
                ends
            }
            Notice::Stopped(node) => {
                self.stopped.push(node);
                true
            }
        };
        !(may_end && self.is_over())
    }

    fn gives(&mut self, node: NodeId, command: &Command<S>) {
        if !self.clients.is_empty() {
            self.operations.begin(node, command.clone(), None);
        }
    }

    fn restarts(&mut self, node: NodeId) {
        self.operations.forget(node);
        self.endings.forget(self.system, node);
    }

    fn gives_up(&self) -> Option<Duration> {
        let patience = self.system.gives_up_after()?;
        Some(self.last.saturating_add(patience))
    }

    fn due(&self) -> Option<Duration> {
        self.clients.due().map(|(at, _)| at)
    }

    fn act(&mut self, now: Duration, is_up: &dyn Fn(NodeId) -> bool) -> Reaction<Command<S>> {
        let Some((_, client)) = self.clients.due() else {
            return Reaction::Nothing;
        };
        self.last = self.last.max(now);
        match self.clients.act(client, now) {
            Act::Ask {
                node,
                command,
                record,
                ticket,
            } => {
                if is_up(node) {
                    self.operations.begin(node, command.clone(), Some(ticket));
                }
                Reaction::Ask(node, command, record)
            }
            Act::GoOn if self.is_over() => Reaction::End,
            Act::GoOn => Reaction::Nothing,
        }
    }
}

impl<R> Ran<R> {
    /// Why it was cut short, or is only a part of a run, if it is. The limit of virtual
    /// time does not count as a cut: minutes of it are enough for every ending, and what
    /// is missing then is judged as missing.
    pub fn unfinished(&self) -> Option<String> {
        match self.end {
            End::Decided | End::Quiet | End::Limit(Limit::Time(_)) => match self.left_out {
                0 => None,
                count => Some(format!("the scenario leaves out {count} of the commands")),
            },
            End::Cut(steps) => Some(format!("the scenario ends the run after {steps} steps")),
            End::Fault => self.fault.as_ref().map(ToString::to_string),
            End::Limit(limit) => Some(format!("the schedule did not end within {limit}")),
            End::Stopped => Some("the run was interrupted".into()),
        }
    }
}

/// Runs `system` once, on the processes of `directory`, within the usual limits.
pub fn run<S: System>(
    system: &S,
    directory: &Processes,
    scenario: &Scenario,
    seed: u64,
) -> Ran<History> {
    Schedule::new(system, directory, scenario, seed).run()
}
