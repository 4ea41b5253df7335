//! The event loop: what happens next, in virtual time, and what follows from it.

mod arrival;
mod network;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use algorithms::{Algorithm, Effect, NodeId};
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use rustc_hash::FxHashMap;
use trace::steps::{
    Clock, Fault, Loss, Processes, Received, RecordTo, RequestRecord, Step, Steps, TimeQueue,
};

use trace::history::faults::Partitions;
use trace::history::{CrashRecord, History, PartitionRecord};

use super::process::Process;
use super::{Downtimes, EPOCH, End, Limit, Limits, Memory, Scenario, Separations, Strikes, limits};
use crate::stats::nanos;
use crate::system::System;
use crate::world::Packets;
use arrival::Worlds;

/// A system of processes in virtual time.
#[derive(Debug)]
pub struct Simulation<A: Algorithm> {
    processes: Vec<Process<A>>,
    directory: Processes,
    queue: TimeQueue<u64, Happening<A>>,
    scenario: Scenario,
    downtimes: Downtimes,
    separations: Separations,
    worlds: Worlds,
    rng: ChaCha8Rng,
    seed: u64,
    now: u64,
    clock: Arc<AtomicU64>,
    steps: u64,
    messages: u64,
    /// When the last of the messages under way arrives.
    last_arrival: u64,
    fault: Option<Fault>,
    /// About how many bytes the records take.
    recorded: u64,
    strikes: Strikes,
    /// The crashes without a restart that are still to come, in order of time.
    stops: Vec<(u64, NodeId)>,
    channels: FxHashMap<(u32, u32), Channel>,
    /// Whether messages are encoded, to count their bytes.
    counts_bytes: bool,
    /// How many entries a vector clock has that the judge keeps for each step, if it does.
    clock_entries: usize,
}

/// What may end a run.
#[derive(Clone, Debug)]
pub enum Notice<O> {
    /// A process has an output.
    Output(EmittedOutput<O>),
    /// A process has stopped for ever.
    Stopped(NodeId),
}

/// What surrounds the processes. It hears their outputs, and may ask them for operations of
/// its own accord. A function that hears notices is one that asks for nothing.
pub trait Environment<A: Algorithm> {
    /// Something happened that may end the run. `false` ends it.
    fn hear(&mut self, notice: Notice<A::Output>) -> bool;

    /// A scheduled command is given to a process.
    fn gives(&mut self, _node: NodeId, _command: &A::Command) {}

    /// A process has restarted without its memory.
    fn restarts(&mut self, _node: NodeId) {}

    /// When it waits no longer for anything.
    fn gives_up(&self) -> Option<Duration> {
        None
    }

    /// When it acts next of its own accord.
    fn due(&self) -> Option<Duration> {
        None
    }

    /// It acts, when that is due. A process for which `is_up` is false loses its request.
    fn act(&mut self, _now: Duration, _is_up: &dyn Fn(NodeId) -> bool) -> Reaction<A::Command> {
        Reaction::Nothing
    }
}

/// What an [`Environment`] does.
#[derive(Clone, Debug)]
pub enum Reaction<C> {
    /// It asks a process for an operation.
    Ask(NodeId, C, RequestRecord),
    /// Nothing that concerns a process.
    Nothing,
    /// It ends the run.
    End,
}

impl<A: Algorithm, F: FnMut(Notice<A::Output>) -> bool> Environment<A> for F {
    fn hear(&mut self, notice: Notice<A::Output>) -> bool {
        self(notice)
    }
}

/// An output of a process.
#[derive(Clone, Debug)]
pub struct EmittedOutput<O> {
    /// The process.
    pub node: NodeId,
    /// The output.
    pub output: O,
    /// When, since the start.
    pub at: Duration,
}

/// A scheduled event.
#[derive(Debug)]
enum Happening<A: Algorithm> {
    Command(NodeId, A::Command, Option<RequestRecord>),
    Message {
        from: NodeId,
        to: NodeId,
        message: A::Message,
        received: Received,
        /// When it was sent.
        sent: u64,
    },
    Timer {
        node: NodeId,
        timer: A::Timer,
        setting: u64,
        set_by: SpanContext,
    },
    /// The process of that crash, which has lost its memory, restarts.
    Restart(usize),
}

/// One direction between two processes.
#[derive(Debug, Default)]
struct Channel {
    next_sequence: u64,
    /// When the last message arrives. In a FIFO channel no later message arrives
    /// before it.
    last_arrival: u64,
    /// The place of the world in which it is.
    world: usize,
    /// What its link does there, if that is more than latency.
    packets: Option<Packets>,
}

impl<A: Algorithm> Simulation<A> {
    /// The processes of `directory`, in their initial states. `record_to` says
    /// where the records of each one's steps go.
    pub fn new(
        algorithms: impl IntoIterator<Item = A>,
        directory: Processes,
        scenario: Scenario,
        seed: u64,
        record_to: impl Fn(NodeId) -> RecordTo,
    ) -> Self {
        let clock = Arc::new(AtomicU64::new(EPOCH));
        let processes: Vec<_> = (0..)
            .map(NodeId)
            .zip(algorithms)
            .map(|(id, first)| {
                let clock = Clock::Simulated(Arc::clone(&clock));
                Process::new(Steps::new(first, id, record_to(id), clock, seed))
            })
            .collect();
        let mut queue = TimeQueue::new();
        for (place, crash) in scenario.crash.iter().enumerate() {
            if let (Memory::Lost, Some(at)) = (crash.state, crash.restart) {
                queue.push(nanos(at), Happening::Restart(place));
            }
        }
        let forever = scenario
            .crash
            .iter()
            .filter(|crash| crash.restart.is_none());
        let mut stops: Vec<_> = forever
            .map(|crash| (nanos(crash.at), NodeId(crash.process)))
            .collect();
        stops.sort_unstable();
        Self {
            directory,
            queue,
            stops,
            strikes: Strikes::new(&scenario),
            downtimes: Downtimes::new(&scenario.crash),
            separations: Separations::new(&scenario.partition),
            worlds: Worlds::new(&scenario, processes.len() as u32, seed),
            processes,
            scenario,
            rng: ChaCha8Rng::seed_from_u64(seed),
            seed,
            now: 0,
            clock,
            steps: 0,
            messages: 0,
            last_arrival: 0,
            fault: None,
            recorded: 0,
            channels: FxHashMap::default(),
            counts_bytes: false,
            clock_entries: 0,
        }
    }

    /// Keeps what the judge of this system needs.
    #[must_use]
    pub fn judged_by<S: System<Algorithm = A>>(self, system: &S) -> Self {
        Self {
            counts_bytes: system.counts_bytes(),
            clock_entries: match system.orders_causally() {
                true => self.processes.len(),
                false => 0,
            },
            ..self
        }
    }

    /// Schedules a command for a process, so long after the start.
    pub fn command(&mut self, at: Duration, node: NodeId, command: A::Command) {
        let at = self.runs_from(node, nanos(at));
        self.queue.push(at, Happening::Command(node, command, None));
    }

    /// Runs until nothing more happens, a step has a fault, a limit is met, or
    /// `stop` is set. The environment gets every output, and every crash without a restart;
    /// it may end the run there. When the environment [gives up](Environment::gives_up), the
    /// run ends too, once all messages sent until then have arrived.
    pub fn run(
        &mut self,
        limits: &Limits,
        stop: &AtomicBool,
        mut environment: impl Environment<A>,
    ) -> End {
        for node in 0..self.processes.len() {
            let step = self.processes[node].steps.start(&self.directory);
            if !self.carry_out(NodeId(node as u32), step, &mut environment) {
                return self.over();
            }
        }
        // The last arrival of the messages that were sent before the environment gave up.
        let (mut events, mut awaited) = (0, 0);
        while let Some((at, happening)) = self.next(&environment) {
            if stop.load(Ordering::Relaxed) {
                return End::Stopped;
            }
            if let Some(over) = environment.gives_up().map(nanos) {
                if self.now <= over {
                    awaited = self.last_arrival;
                }
                if at > over.max(awaited) {
                    return End::Decided;
                }
            }
            if let Some(most) = self.scenario.steps.filter(|most| self.steps >= *most) {
                return End::Cut(most);
            }
            if let Some(limit) = self.exceeded(limits, events, at) {
                return End::Limit(limit);
            }
            events += 1;
            self.now = at;
            self.clock.store(EPOCH + at, Ordering::Relaxed);
            for node in self.stopped() {
                if !environment.hear(Notice::Stopped(node)) {
                    return self.over();
                }
            }
            let step = match happening {
                Some(happening) => self.happen(happening, &mut environment),
                None => match self.act(&mut environment) {
                    Reaction::Ask(node, command, request) => self.ask(node, command, Some(request)),
                    Reaction::Nothing => None,
                    Reaction::End => return self.over(),
                },
            };
            if let Some((node, step)) = step
                && !self.carry_out(node, step, &mut environment)
            {
                return self.over();
            }
        }
        End::Quiet
    }

    /// What happens next, and when: an event, or, without one, the environment acts.
    fn next(&mut self, environment: &impl Environment<A>) -> Option<(u64, Option<Happening<A>>)> {
        let due = environment.due().map(|at| nanos(at).max(self.now));
        match (due, self.queue.first()) {
            (Some(due), first) if first.is_none_or(|first| due <= first) => Some((due, None)),
            _ => self
                .queue
                .pop()
                .map(|(at, happening)| (at, Some(happening))),
        }
    }

    fn act(&self, environment: &mut impl Environment<A>) -> Reaction<A::Command> {
        let now = Duration::from_nanos(self.now);
        environment.act(now, &|node| self.downtimes.crashed(node.0, now).is_none())
    }

    /// Gives a command, which a process that has crashed loses.
    fn ask(
        &mut self,
        node: NodeId,
        command: A::Command,
        request: Option<RequestRecord>,
    ) -> Option<(NodeId, Step<A>)> {
        let now = Duration::from_nanos(self.now);
        if let Some(crash) = self.downtimes.crashed(node.0, now) {
            self.strikes.crashes[crash] += 1;
            return None;
        }
        let at = self.runs_from(node, self.now);
        if at > self.now {
            let later = Happening::Command(node, command, request);
            self.queue.push(at, later);
            return None;
        }
        let steps = &mut self.processes[usize::from(node)].steps;
        let step = steps.command(command, request, Context::new(), &self.directory);
        Some((node, step))
    }

    /// The processes that have stopped for ever since the last event.
    fn stopped(&mut self) -> Vec<NodeId> {
        if self.stops.is_empty() {
            return Vec::new();
        }
        let now = self.now;
        let is_over = |(at, _): &(u64, NodeId)| *at <= now;
        let first = self.stops.partition_point(is_over);
        self.stops.drain(..first).map(|(_, node)| node).collect()
    }

    fn exceeded(&self, limits: &Limits, events: u64, at: u64) -> Option<Limit> {
        let time = limits.time.unwrap_or(Limits::TIME);
        if at > nanos(time) {
            Some(Limit::Time(time))
        } else if events >= limits.events {
            Some(Limit::Events(limits.events))
        } else if self.recorded.saturating_add(self.queue.weight()) > limits.memory {
            Some(Limit::Memory(limits.memory))
        } else {
            None
        }
    }

    /// How a run ends that stops after a step.
    fn over(&self) -> End {
        match self.fault {
            Some(_) => End::Fault,
            None => End::Decided,
        }
    }

    /// What the faults of the scenario did so far.
    pub fn strikes(&self) -> &Strikes {
        &self.strikes
    }

    /// The rule that the last step broke, with which the run ended.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// How many steps were taken.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// How many messages were sent.
    pub fn messages(&self) -> u64 {
        self.messages
    }

    /// How long it has run, in its own time.
    pub fn now(&self) -> Duration {
        Duration::from_nanos(self.now)
    }

    /// A process as it is now.
    pub fn process(&self, node: NodeId) -> &A {
        self.processes[usize::from(node)].steps.algorithm()
    }

    /// The crashes so far, in the order of their times.
    pub fn crashes(&self) -> Vec<CrashRecord> {
        let begun = self.scenario.crash.iter();
        let begun = begun.filter(|crash| self.has_come(crash.at));
        let mut crashes: Vec<_> = begun
            .map(|crash| CrashRecord {
                process: self.directory.name(NodeId(crash.process)),
                at: unix(crash.at),
                restarted: crash.restart.filter(|at| self.has_come(*at)).map(unix),
            })
            .collect();
        crashes.sort_by_key(|crash| crash.at);
        crashes
    }

    /// The partitions so far, in the order of their times.
    pub fn partitions(&self) -> Vec<PartitionRecord> {
        let mut partitions = Partitions::default();
        for partition in &self.scenario.partition {
            let sides = partition.sides(self.processes.len() as u32).map(|side| {
                let names = side.into_iter().map(|id| self.directory.name(NodeId(id)));
                names.collect::<Vec<_>>()
            });
            let events = [(Some(partition.at), false), (partition.heal, true)];
            for (at, ends) in events {
                if let Some(at) = at.filter(|at| self.has_come(*at)) {
                    partitions.add((sides.clone(), ends), unix(at));
                }
            }
        }
        partitions.pair()
    }

    fn has_come(&self, at: Duration) -> bool {
        at <= Duration::from_nanos(self.now)
    }

    /// What was recorded with [`RecordTo::Engine`].
    pub fn into_history(self) -> History {
        let (crashes, partitions) = (self.crashes(), self.partitions());
        let records = self.processes.into_iter().map(|process| process.records);
        History {
            crashes,
            partitions,
            ..History::new(&self.directory, records.collect())
        }
    }

    /// The step that an event causes; `None` for a timer that was cancelled, and
    /// at a process that has crashed.
    fn happen(
        &mut self,
        happening: Happening<A>,
        environment: &mut impl Environment<A>,
    ) -> Option<(NodeId, Step<A>)> {
        let (now, directory) = (Duration::from_nanos(self.now), &self.directory);
        match happening {
            Happening::Command(node, command, request) => {
                if request.is_none() && self.downtimes.crashed(node.0, now).is_none() {
                    environment.gives(node, &command);
                }
                self.ask(node, command, request)
            }
            Happening::Message {
                from,
                to,
                message,
                received,
                sent,
            } => {
                if let Some(crash) = self.dies_with_sender(from, to, sent) {
                    self.strikes.crashes[crash] += 1;
                    let loss = (Loss::Down, "the sender has crashed before it left");
                    self.lose(from, to, &message, &received, loss);
                    return None;
                }
                if let Some(crash) = self.downtimes.crashed(to.0, now) {
                    self.strikes.crashes[crash] += 1;
                    let loss = (Loss::Down, "the receiver has crashed");
                    self.lose(from, to, &message, &received, loss);
                    return None;
                }
                let steps = &mut self.processes[usize::from(to)].steps;
                Some((to, steps.message(from, message, &received, directory)))
            }
            Happening::Timer {
                node,
                timer,
                setting,
                set_by,
            } => {
                if let Some(place) = self.downtimes.crashed(node.0, now) {
                    self.strikes.crashes[place] += 1;
                    let crash = &self.scenario.crash[place];
                    // A process that kept its memory goes on with its timers.
                    if let (Memory::Kept, Some(restart)) = (crash.state, crash.restart) {
                        let timer = Happening::Timer {
                            node,
                            timer,
                            setting,
                            set_by,
                        };
                        self.queue.push(nanos(restart), timer);
                    }
                    return None;
                }
                let process = &mut self.processes[usize::from(node)];
                process.runs_out(&timer, setting).then(|| {
                    let step = process.steps.timer(timer, &set_by, directory);
                    (node, step)
                })
            }
            Happening::Restart(crash) => {
                self.strikes.crashes[crash] += 1;
                let node = NodeId(self.scenario.crash[crash].process);
                environment.restarts(node);
                let process = &mut self.processes[usize::from(node)];
                Some((node, process.restart(directory)))
            }
        }
    }

    fn carry_out(
        &mut self,
        node: NodeId,
        step: Step<A>,
        environment: &mut impl Environment<A>,
    ) -> bool {
        self.steps += 1;
        let process = &mut self.processes[usize::from(node)];
        if let Some(mut record) = step.record {
            let before = process.records.last().map(|last| &last.state);
            if let Some(before) = before {
                record.state.share(before);
            }
            self.recorded += limits::weight(&record, before, self.clock_entries);
            process.records.push(record);
        }
        if step.fault.is_some() {
            self.fault = step.fault;
            return false;
        }
        let mut ids = step.first_message..;
        let at = Duration::from_nanos(self.now);
        let mut go_on = true;
        for effect in step.effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    let id = ids.next().unwrap_or_default();
                    self.send(node, to, message, id, &step.context);
                }
                Effect::SetTimer { timer, after } => {
                    let setting = self.queue.pushed();
                    let process = &mut self.processes[usize::from(node)];
                    process.set_timer(timer.clone(), setting);
                    let set_by = step.context.clone();
                    let timer = Happening::Timer {
                        node,
                        timer,
                        setting,
                        set_by,
                    };
                    let due = self.now.saturating_add(nanos(after));
                    let due = self.runs_from(node, due);
                    self.queue.push(due, timer);
                }
                Effect::CancelTimer { timer } => {
                    self.processes[usize::from(node)].cancel_timer(&timer);
                }
                Effect::Persist => {}
                Effect::Output(output) => {
                    go_on &= environment.hear(Notice::Output(EmittedOutput { node, output, at }));
                }
            }
        }
        go_on
    }
}

/// A time after the start, in nanoseconds since the Unix epoch.
pub(super) fn unix(at: Duration) -> u64 {
    EPOCH.saturating_add(nanos(at))
}
