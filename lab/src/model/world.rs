//! All processes and all messages under way, as one value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use algorithms::{Algorithm, Effect, NodeId};
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use trace::history::History;
use trace::steps::Processes;
use trace::steps::{Clock, Fault, Received, RecordTo, Step, StepRecord, Steps};

use super::Network;
use crate::simulator::EPOCH;
use crate::system::{ScheduledCommand, System};

/// A timer that is set for so long waits until nothing else can happen.
const PATIENT: Duration = Duration::from_secs(1);

/// A state of a system.
#[derive(Clone, Debug)]
pub struct World<A: Algorithm> {
    processes: Vec<Arc<Process<A>>>,
    channels: BTreeMap<(u32, u32), Channel<A::Message>>,
    /// All commands of the run.
    commands: Arc<Vec<ScheduledCommand<A::Command>>>,
    /// Which of them were given.
    given: BTreeSet<usize>,
    /// How many operations have ended.
    ended: u64,
    /// The rule that the last step broke.
    fault: Option<Fault>,
    directory: Processes,
    clock: Arc<AtomicU64>,
}

/// Something that can happen. Processes, commands and messages are named by
/// their numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A command is given.
    Command(usize),
    /// The message at that place of a channel comes.
    Deliver(u32, u32, usize),
    /// It comes, and will come once more.
    Duplicate(u32, u32, usize),
    /// It is lost.
    Lose(u32, u32, usize),
    /// A process's timer runs out: the one at that place among its timers.
    Timer(u32, usize),
}

#[derive(Clone, Debug)]
struct Process<A: Algorithm> {
    steps: Steps<A>,
    /// The running timers, each with the step that set it, and its duration.
    timers: BTreeMap<A::Timer, (SpanContext, Duration)>,
    /// What it has seen and done. Trails with the same digest count as the same.
    seen: Option<Arc<Trail>>,
}

#[derive(Debug)]
struct Trail {
    record: StepRecord,
    before: Option<Arc<Trail>>,
    digest: u64,
}

#[derive(Clone, Debug)]
struct Channel<M> {
    next_sequence: u64,
    messages: VecDeque<Sent<M>>,
}

#[derive(Clone, Debug)]
struct Sent<M> {
    message: M,
    received: Received,
    /// Whether it has come already.
    again: bool,
}

impl<A: Algorithm> World<A> {
    /// The state after all processes of `directory` have started, and before
    /// anything else.
    pub fn new<S: System<Algorithm = A>>(
        system: &S,
        directory: &Processes,
        seed: u64,
        record_to: impl Fn(NodeId) -> RecordTo,
    ) -> Self {
        let clock = Arc::new(AtomicU64::new(EPOCH));
        let process = |id| {
            let (first, clock) = (system.process(id), Clock::Virtual(Arc::clone(&clock)));
            Arc::new(Process {
                steps: Steps::new(first, id, record_to(id), clock, seed),
                timers: BTreeMap::new(),
                seen: None,
            })
        };
        let mut world = Self {
            processes: (0..system.processes()).map(NodeId).map(process).collect(),
            channels: BTreeMap::new(),
            commands: Arc::new(system.commands()),
            given: BTreeSet::new(),
            ended: 0,
            fault: None,
            directory: directory.clone(),
            clock,
        };
        for node in 0..system.processes() {
            let step = world.process(node).steps.start(directory);
            world.carry_out(system, node, step);
            if world.fault.is_some() {
                break;
            }
        }
        world
    }

    /// How many operations have ended.
    pub fn ended(&self) -> u64 {
        self.ended
    }

    /// Whether all expected endings have occurred.
    pub fn has_ended<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        self.ended >= system.endings()
    }

    /// The rule that the last step broke. Then the run is over.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The possible actions.
    pub fn actions(&self, network: Network) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut asked = BTreeSet::new();
        for (number, command) in self.commands.iter().enumerate() {
            // Commands to one process are given in their order.
            if !self.given.contains(&number) && asked.insert(command.node) {
                actions.push(Action::Command(number));
            }
        }
        for (&(from, to), channel) in &self.channels {
            let places = match network.fifo {
                true => channel.messages.len().min(1),
                false => channel.messages.len(),
            };
            for place in 0..places {
                actions.push(Action::Deliver(from, to, place));
                if network.lossy {
                    actions.push(Action::Lose(from, to, place));
                }
                if network.duplicating && !channel.messages[place].again {
                    actions.push(Action::Duplicate(from, to, place));
                }
            }
        }
        self.timers(&mut actions, |after| after < PATIENT);
        if actions.is_empty() {
            self.timers(&mut actions, |_| true);
        }
        actions
    }

    fn timers(&self, actions: &mut Vec<Action>, which: impl Fn(Duration) -> bool) {
        for (node, process) in (0..).zip(&self.processes) {
            for (place, (_, after)) in process.timers.values().enumerate() {
                if which(*after) {
                    actions.push(Action::Timer(node, place));
                }
            }
        }
    }

    /// Carries out an action, which has to be one of [`World::actions`].
    pub fn act<S: System<Algorithm = A>>(&mut self, system: &S, action: Action) {
        let directory = self.directory.clone();
        let (node, step) = match action {
            Action::Command(number) => {
                self.given.insert(number);
                let asked = self.commands[number].clone();
                let node = asked.node.0;
                let steps = &mut self.process(node).steps;
                (
                    node,
                    steps.command(asked.command, Context::new(), &directory),
                )
            }
            Action::Lose(from, to, place) => {
                self.take(from, to, place);
                return;
            }
            Action::Deliver(from, to, place) | Action::Duplicate(from, to, place) => {
                let sent = self.take(from, to, place);
                if matches!(action, Action::Duplicate(..)) {
                    let again = Sent {
                        again: true,
                        ..sent.clone()
                    };
                    self.channel(from, to).messages.insert(place, again);
                }
                let steps = &mut self.process(to).steps;
                let from = NodeId(from);
                (
                    to,
                    steps.message(from, sent.message, &sent.received, &directory),
                )
            }
            Action::Timer(node, place) => {
                let process = self.process(node);
                let timer = process.timers.keys().nth(place).expect("it runs").clone();
                let (set_by, _) = process.timers.remove(&timer).expect("just seen");
                (node, process.steps.timer(timer, &set_by, &directory))
            }
        };
        self.carry_out(system, node, step);
    }

    /// Advances the clock by a millisecond, for the spans alone.
    pub fn tick(&mut self) {
        let millisecond = Duration::from_millis(1).as_nanos() as u64;
        self.clock.fetch_add(millisecond, Ordering::Relaxed);
    }

    /// What the processes have seen, for a judge.
    pub fn history(&self) -> History {
        let records = |process: &Process<A>| {
            let all = std::iter::successors(process.seen.as_ref(), |seen| seen.before.as_ref());
            let mut records: Vec<_> = all.map(|seen| seen.record.clone()).collect();
            records.reverse();
            records
        };
        let processes = self.processes.iter().map(|process| records(process));
        History::new(&self.directory, processes.collect())
    }

    fn carry_out<S: System<Algorithm = A>>(&mut self, system: &S, node: u32, step: Step<A>) {
        let mut ids = step.first_message..;
        if let Some(record) = step.record {
            self.process(node).see(record);
        }
        if step.fault.is_some() {
            self.fault = step.fault;
            return;
        }
        for effect in step.effects {
            match effect {
                Effect::Send { to, message, .. } => {
                    let id = ids.next().unwrap_or_default();
                    self.send(node, to.0, message, id, &step.context);
                }
                Effect::SetTimer { timer, after } => {
                    let set_by = step.context.clone();
                    self.process(node).timers.insert(timer, (set_by, after));
                }
                Effect::CancelTimer { timer } => {
                    self.process(node).timers.remove(&timer);
                }
                Effect::Output(output) => {
                    self.ended += u64::from(system.ends(NodeId(node), &output));
                }
            }
        }
    }

    fn send(&mut self, from: u32, to: u32, message: A::Message, id: u64, by: &SpanContext) {
        let channel = self.channel(from, to);
        let received = Received {
            id,
            sequence: channel.next_sequence,
            incarnation: 1,
            deadline_unix_nano: None,
            size: None,
            sent_by: by.is_valid().then(|| by.clone()),
        };
        channel.next_sequence += 1;
        channel.messages.push_back(Sent {
            message,
            received,
            again: false,
        });
    }

    fn take(&mut self, from: u32, to: u32, place: usize) -> Sent<A::Message> {
        let messages = &mut self.channel(from, to).messages;
        messages.remove(place).expect("it is there")
    }

    fn channel(&mut self, from: u32, to: u32) -> &mut Channel<A::Message> {
        self.channels.entry((from, to)).or_insert_with(|| Channel {
            next_sequence: 0,
            messages: VecDeque::new(),
        })
    }

    /// One process; a shared one is copied first.
    fn process(&mut self, node: u32) -> &mut Process<A> {
        Arc::make_mut(&mut self.processes[node as usize])
    }

    /// A hash of the state without its history. Two states with the same hash can
    /// continue alike, except for random numbers, and for what was seen before.
    pub(super) fn situation(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for process in &self.processes {
            process.steps.algorithm().hash(&mut hasher);
            for (timer, (_, after)) in &process.timers {
                (timer, after).hash(&mut hasher);
            }
            process.timers.len().hash(&mut hasher);
        }
        for (ends, channel) in &self.channels {
            for sent in &channel.messages {
                (ends, &sent.message, sent.again).hash(&mut hasher);
            }
        }
        (&self.given, self.ended).hash(&mut hasher);
        hasher.finish()
    }

    /// A hash of all that distinguishes two states. A process is what it has
    /// seen: its state and its timers follow from that, and so do the messages'
    /// ids.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for process in &self.processes {
            let seen = process.seen.as_ref().map(|seen| seen.digest);
            seen.hash(&mut hasher);
        }
        for (ends, channel) in &self.channels {
            ends.hash(&mut hasher);
            channel.messages.len().hash(&mut hasher);
            for sent in &channel.messages {
                (sent.received.id, sent.again).hash(&mut hasher);
            }
        }
        self.given.hash(&mut hasher);
        hasher.finish()
    }
}

impl<A: Algorithm> Process<A> {
    fn see(&mut self, record: StepRecord) {
        let before = self.seen.take();
        let mut hasher = DefaultHasher::new();
        before.as_ref().map(|seen| seen.digest).hash(&mut hasher);
        record.hash(&mut hasher);
        self.seen = Some(Arc::new(Trail {
            digest: hasher.finish(),
            record,
            before,
        }));
    }
}

/// The compiler's own drop would recurse for each step.
impl Drop for Trail {
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(mut seen) = before.and_then(Arc::into_inner) {
            before = seen.before.take();
        }
    }
}
