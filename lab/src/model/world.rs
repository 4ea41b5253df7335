//! All processes and all messages under way, as one value.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use algorithms::{Algorithm, Effect, NodeId};
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use trace::history::{Crash, History, Moment};
use trace::steps::Processes;
use trace::steps::{Clock, Fault, Received, RecordTo, Step, StepRecord, Steps, catch};

use super::{Network, Plan, UNLIMITED};
use crate::checkers::Property;
use crate::simulator::EPOCH;
use crate::system::{Endings, ScheduledCommand, System};

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
    endings: Endings,
    /// The rule that the last step broke.
    fault: Option<Fault>,
    network: Network,
    /// How many faults there were.
    spent: Spent,
    crashes: Vec<Crash>,
    directory: Processes,
    clock: Arc<AtomicU64>,
}

/// How many faults there were, as far as they are limited.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Spent {
    losses: u32,
    duplicates: u32,
    crashes: u32,
    restarts: u32,
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
    /// A process stops: its timers and all but its durable fields are gone.
    Crash(u32),
    /// A process that crashed restarts.
    Restart(u32),
}

#[derive(Clone, Debug)]
struct Process<A: Algorithm> {
    steps: Steps<A>,
    /// The running timers.
    timers: BTreeMap<A::Timer, Timer>,
    /// How many steps it has taken.
    taken: u64,
    /// It has crashed, and takes no steps.
    is_down: bool,
    /// What it has seen and done. Trails with the same digest count as the same.
    seen: Option<Arc<Trail>>,
}

/// A running timer.
#[derive(Clone, Debug)]
struct Timer {
    set_by: SpanContext,
    after: Duration,
    /// The step of its process that set it.
    set_at: u64,
}

impl Timer {
    /// Whether this timer of the same process runs out first, however long steps take.
    fn is_due_before(&self, other: &Self) -> bool {
        match self.after.cmp(&other.after) {
            std::cmp::Ordering::Less => self.set_at <= other.set_at,
            std::cmp::Ordering::Equal => self.set_at < other.set_at,
            std::cmp::Ordering::Greater => false,
        }
    }
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
        plan: &Plan,
        record_to: impl Fn(NodeId) -> RecordTo,
    ) -> Self {
        let (directory, seed) = (&plan.directory, plan.seed);
        let clock = Arc::new(AtomicU64::new(EPOCH));
        let process = |id| {
            let (first, clock) = (system.process(id), Clock::Virtual(Arc::clone(&clock)));
            Arc::new(Process {
                steps: Steps::new(first, id, record_to(id), clock, seed),
                timers: BTreeMap::new(),
                taken: 0,
                is_down: false,
                seen: None,
            })
        };
        let mut world = Self {
            processes: (0..system.processes()).map(NodeId).map(process).collect(),
            channels: BTreeMap::new(),
            commands: Arc::new(system.commands()),
            given: BTreeSet::new(),
            endings: Endings::default(),
            fault: None,
            network: plan.network,
            spent: Spent::default(),
            crashes: Vec::new(),
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
        self.endings.ended()
    }

    /// Whether all expected endings have occurred.
    pub fn has_ended<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let may_restart = self.spent.restarts < self.network.restarts;
        let processes = (0..).map(NodeId).zip(&self.processes);
        let down = processes.filter(|(_, process)| process.is_down && !may_restart);
        self.endings
            .are_complete(system, down.map(|(node, _)| node))
    }

    /// The rule that the last step broke. Then the run is over.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The possible actions.
    pub fn actions(&self) -> Vec<Action> {
        let mut actions = Vec::new();
        let mut asked = BTreeSet::new();
        for (number, command) in self.commands.iter().enumerate() {
            // Commands to one process are given in their order.
            if !self.given.contains(&number) && asked.insert(command.node) {
                actions.push(Action::Command(number));
            }
        }
        for (&ends, channel) in &self.channels {
            self.deliveries(&mut actions, ends, channel);
        }
        self.timers(&mut actions, |after| after < PATIENT);
        if actions.is_empty() {
            self.timers(&mut actions, |_| true);
        }
        self.crashes_and_restarts(&mut actions);
        actions
    }

    fn deliveries(
        &self,
        actions: &mut Vec<Action>,
        (from, to): (u32, u32),
        channel: &Channel<A::Message>,
    ) {
        let places = match self.network.fifo {
            true => channel.messages.len().min(1),
            false => channel.messages.len(),
        };
        let is_down = self.processes[to as usize].is_down;
        for place in 0..places {
            actions.push(Action::Deliver(from, to, place));
            // A process that is down loses the message.
            if is_down {
                continue;
            }
            if self.spent.losses < self.network.losses {
                actions.push(Action::Lose(from, to, place));
            }
            let again = channel.messages[place].again;
            if self.spent.duplicates < self.network.duplicates && !again {
                actions.push(Action::Duplicate(from, to, place));
            }
        }
    }

    fn timers(&self, actions: &mut Vec<Action>, which: impl Fn(Duration) -> bool) {
        for (node, process) in (0..).zip(&self.processes) {
            for (place, timer) in process.timers.values().enumerate() {
                let mut others = process.timers.values();
                if which(timer.after) && !others.any(|other| other.is_due_before(timer)) {
                    actions.push(Action::Timer(node, place));
                }
            }
        }
    }

    /// A run in which nothing else can happen is over: no process crashes in it.
    fn crashes_and_restarts(&self, actions: &mut Vec<Action>) {
        let may_crash = self.spent.crashes < self.network.crashes && !actions.is_empty();
        let may_restart = self.spent.restarts < self.network.restarts;
        for (node, process) in (0..).zip(&self.processes) {
            match process.is_down {
                false if may_crash => actions.push(Action::Crash(node)),
                true if may_restart => actions.push(Action::Restart(node)),
                false | true => {}
            }
        }
    }

    /// Carries out an action, which has to be one of [`World::actions`].
    pub fn act<S: System<Algorithm = A>>(&mut self, system: &S, action: Action) {
        if let Some((node, step)) = self.step(action) {
            self.carry_out(system, node, step);
        }
    }

    /// The step that an action leads to, and its process.
    fn step(&mut self, action: Action) -> Option<(u32, Step<A>)> {
        let directory = self.directory.clone();
        match action {
            Action::Command(number) => {
                self.given.insert(number);
                let asked = self.commands[number].clone();
                let node = asked.node.0;
                let steps = &mut self.up(node)?.steps;
                let step = steps.command(asked.command, Context::new(), &directory);
                Some((node, step))
            }
            Action::Lose(from, to, place) => {
                spend(&mut self.spent.losses, self.network.losses);
                self.take(from, to, place);
                None
            }
            Action::Deliver(from, to, place) => {
                let sent = self.take(from, to, place);
                self.receive(from, to, sent, &directory)
            }
            Action::Duplicate(from, to, place) => {
                spend(&mut self.spent.duplicates, self.network.duplicates);
                let sent = self.take(from, to, place);
                let again = Sent {
                    again: true,
                    ..sent.clone()
                };
                self.channel(from, to).messages.insert(place, again);
                self.receive(from, to, sent, &directory)
            }
            Action::Timer(node, place) => {
                let process = self.process(node);
                let timer = process.timers.keys().nth(place)?.clone();
                let set_by = process.timers.remove(&timer)?.set_by;
                Some((node, process.steps.timer(timer, &set_by, &directory)))
            }
            Action::Crash(node) => {
                spend(&mut self.spent.crashes, self.network.crashes);
                let process = self.process(node);
                process.is_down = true;
                process.timers.clear();
                self.crashes.push(Crash {
                    process: directory.name(NodeId(node)),
                    at: self.clock.load(Ordering::Relaxed),
                    restarted: None,
                });
                None
            }
            Action::Restart(node) => {
                spend(&mut self.spent.restarts, self.network.restarts);
                let (name, now) = (directory.name(NodeId(node)), &self.clock);
                let crash = self.crashes.iter_mut().rfind(|crash| crash.process == name);
                if let Some(crash) = crash {
                    crash.restarted = Some(now.load(Ordering::Relaxed));
                }
                let process = self.process(node);
                process.is_down = false;
                Some((node, process.steps.restart(&directory)))
            }
        }
    }

    fn receive(
        &mut self,
        from: u32,
        to: u32,
        sent: Sent<A::Message>,
        directory: &Processes,
    ) -> Option<(u32, Step<A>)> {
        let steps = &mut self.up(to)?.steps;
        let step = steps.message(NodeId(from), sent.message, &sent.received, directory);
        Some((to, step))
    }

    /// The crashes so far.
    pub fn crashes(&self) -> &[Crash] {
        &self.crashes
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
        History {
            crashes: self.crashes.clone(),
            ..History::new(&self.directory, processes.collect())
        }
    }

    /// All processes as they are now, for the system's invariants.
    fn moment(&self) -> Moment<'_> {
        let names = (0..).map_while(|node| self.directory.known(NodeId(node)));
        let mut moment = Moment::new(names);
        for (place, process) in self.processes.iter().enumerate() {
            let seen = std::iter::successors(process.seen.as_ref(), |seen| seen.before.as_ref());
            let mut records: Vec<_> = seen.map(|seen| &seen.record).collect();
            records.reverse();
            for record in records {
                moment.add(place, record);
            }
        }
        moment
    }

    /// Whether a run that ends here without all of its endings can be right. The judge
    /// decides on it where the algorithm promises none for certain, or a process crashed.
    pub(super) fn may_lack_endings<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        system.gives_up_after().is_some() || !self.crashes.is_empty()
    }

    /// Whether a run can go on from here.
    pub(super) fn is_open<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        !self.has_ended(system) && !self.actions().is_empty()
    }

    /// Whether the system has invariants.
    pub(super) fn has_invariants<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let moment = self.moment();
        catch(|| !system.safe(&moment).is_empty()).unwrap_or(true)
    }

    /// Whether no invariant of the system is violated. One that panics is reported by the
    /// judge, at the end of a run.
    pub(super) fn is_safe<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let moment = self.moment();
        let properties = catch(|| system.safe(&moment)).unwrap_or_default();
        properties.iter().all(Property::holds)
    }

    fn carry_out<S: System<Algorithm = A>>(&mut self, system: &S, node: u32, step: Step<A>) {
        let mut ids = step.first_message..;
        self.process(node).taken += 1;
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
                    let process = self.process(node);
                    let timing = Timer {
                        set_by: step.context.clone(),
                        after,
                        set_at: process.taken,
                    };
                    process.timers.insert(timer, timing);
                }
                Effect::CancelTimer { timer } => {
                    self.process(node).timers.remove(&timer);
                }
                Effect::Persist => {}
                Effect::Output(output) => {
                    self.endings.count(system, NodeId(node), &output);
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

    /// A process that takes steps; `None` if it is down.
    fn up(&mut self, node: u32) -> Option<&mut Process<A>> {
        let is_down = self.processes[node as usize].is_down;
        (!is_down).then(|| self.process(node))
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
            for (timer, Timer { after, .. }) in &process.timers {
                (timer, after).hash(&mut hasher);
            }
            process.timers.len().hash(&mut hasher);
            (process.is_down, process.steps.restarts_as()).hash(&mut hasher);
        }
        for (ends, channel) in &self.channels {
            for sent in &channel.messages {
                (ends, &sent.message, sent.again).hash(&mut hasher);
            }
        }
        (&self.given, &self.endings, self.spent).hash(&mut hasher);
        hasher.finish()
    }

    /// A hash of all that distinguishes two states. A process is what it has
    /// seen: its state and its timers follow from that, and so do the messages'
    /// ids.
    pub fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for process in &self.processes {
            let seen = process.seen.as_ref().map(|seen| seen.digest);
            (seen, process.is_down).hash(&mut hasher);
        }
        for (ends, channel) in &self.channels {
            ends.hash(&mut hasher);
            channel.messages.len().hash(&mut hasher);
            for sent in &channel.messages {
                (sent.received.id, sent.again).hash(&mut hasher);
            }
        }
        (&self.given, self.spent).hash(&mut hasher);
        hasher.finish()
    }
}

/// Counts a fault whose number is limited.
fn spend(spent: &mut u32, limit: u32) {
    *spent += u32::from(limit != UNLIMITED);
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
