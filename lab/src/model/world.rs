//! All processes and all messages under way, as one value: [`actions`](World::actions) are
//! what can happen in it, and [`act`](World::act) lets it happen.

mod actions;
mod channels;
mod identity;
mod judged;
mod outcome;
mod process;
mod steps;
mod symmetric;
mod synchronous;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use trace::history::CrashRecord;
use trace::steps::{Clock, Fault, Processes, RecordTo, Steps};

pub use actions::Action;
pub(super) use actions::{MOST_CHANNELS, MOST_STARTS};
use channels::Channels;
use identity::{Digests, Identity};
pub(super) use outcome::Memory;
use process::Process;

use super::{Network, Plan};
use crate::simulator::EPOCH;
use crate::system::clients::{Clients, Operations, Ticket};
use crate::system::{Endings, ScheduledCommand, System};

/// A state of a system. States share the parts that are the same.
#[derive(Clone, Debug)]
pub struct World<A: Algorithm> {
    fixed: Arc<Fixed<A>>,
    processes: Vec<Arc<Process<A>>>,
    channels: Channels<A::Message>,
    environment: Arc<Environment<A::Command>>,
    moments: Moments,
    /// The process that took a step last.
    latest: u32,
    /// In which combination of initial states the processes start.
    start: usize,
    /// The rule that the last step broke.
    fault: Option<Arc<Fault>>,
    /// The time, as far as timers state it that wait for each other.
    now: Duration,
    /// How many faults there were.
    spent: Spent,
    /// Whether the processes have started.
    is_started: bool,
    /// Whether a step had random numbers of which not all values are tried.
    has_drawn: bool,
}

/// What all states of a system have in common.
#[derive(Debug)]
struct Fixed<A: Algorithm> {
    /// All commands of the run.
    commands: Vec<ScheduledCommand<A::Command>>,
    /// How many combinations of initial states there are.
    starts: usize,
    network: Network,
    identity: Identity<A>,
    directory: Processes,
    clock: Arc<AtomicU64>,
}

/// What is neither a process nor a channel.
#[derive(Clone, Debug)]
struct Environment<C> {
    /// How many commands were given to each process.
    given: Vec<u32>,
    endings: Endings,
    clients: Clients<C>,
    /// The open operations, if there are clients.
    operations: Operations<C, Option<Ticket>>,
    crashes: Vec<CrashRecord>,
    digests: Digests,
}

/// The times of operations, as far as they say which of them were answered before which
/// others were asked for. Schedules with the same such times are the same for a judge
/// (an interval order, in its shortest form).
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Moments {
    now: u64,
    /// Whether an operation was answered since then. The next request is later.
    is_over: bool,
}

/// How many faults there were, as far as they are limited.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Spent {
    losses: u32,
    duplicates: u32,
    crashes: u32,
    restarts: u32,
}

impl<A: Algorithm> World<A> {
    /// The state before anything: the processes of the plan have not started.
    pub fn new<S: System<Algorithm = A>>(
        system: &S,
        plan: &Plan,
        record_to: impl Fn(NodeId) -> RecordTo,
    ) -> Self {
        let clock = Arc::new(AtomicU64::new(EPOCH));
        let identity = Identity::new(system, plan);
        let process = |id: NodeId| {
            let (first, clock) = (system.process(id), Clock::Simulated(Arc::clone(&clock)));
            let mut process = Process {
                steps: Steps::new(first, id, record_to(id), clock, plan.seed),
                timers: BTreeMap::new(),
                sent: BTreeMap::new(),
                taken: 0,
                is_down: false,
                outputs: identity.renamings.iter().map(|_| 0).collect(),
                seen: None,
                digests: Digests::default(),
            };
            process.digests = identity.process(id.0, &process);
            Arc::new(process)
        };
        let mut environment = Environment {
            given: vec![0; system.processes() as usize],
            endings: Endings::default(),
            clients: Clients::new(system.clients()),
            operations: Operations::default(),
            crashes: Vec::new(),
            digests: Digests::default(),
        };
        environment.digests = identity.environment(&environment);
        Self {
            processes: (0..system.processes()).map(NodeId).map(process).collect(),
            channels: Channels::default(),
            environment: Arc::new(environment),
            moments: Moments::default(),
            latest: 0,
            start: 0,
            fault: None,
            now: Duration::ZERO,
            spent: Spent::default(),
            is_started: false,
            has_drawn: false,
            fixed: Arc::new(Fixed {
                commands: system.commands(),
                starts: starts(system),
                network: plan.network,
                identity,
                directory: plan.directory.clone(),
                clock,
            }),
        }
    }

    /// Whether a step had random numbers of which not all values are tried.
    pub fn has_drawn(&self) -> bool {
        self.has_drawn
    }

    /// How many processes are interchangeable.
    pub(super) fn symmetric(&self) -> usize {
        self.fixed.identity.symmetry.processes()
    }

    /// How many combinations of initial states there are.
    pub(super) fn starts(&self) -> usize {
        self.fixed.starts
    }

    /// How many operations have ended.
    pub fn ended(&self) -> u64 {
        self.environment.endings.ended() + self.environment.clients.over()
    }

    /// Whether all expected endings have occurred.
    pub fn has_ended<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let may_restart = self.spent.restarts < self.fixed.network.restarts;
        let processes = (0..).map(NodeId).zip(&self.processes);
        let down = processes.filter(|(_, process)| process.is_down && !may_restart);
        let down = down.map(|(node, _)| node);
        let environment = &self.environment;
        environment.clients.are_finished() && environment.endings.are_complete(system, down)
    }

    /// The rule that the last step broke. Then the run is over.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_deref()
    }

    /// The crashes so far.
    pub fn crashes(&self) -> &[CrashRecord] {
        &self.environment.crashes
    }

    /// Why a run that ends here is cut short, if it is.
    pub(super) fn unfinished<S: System<Algorithm = A>>(&self, system: &S) -> Option<String> {
        let fault = self.fault.as_ref().map(ToString::to_string);
        let open = || "the run ends where an invariant is violated".to_owned();
        fault.or_else(|| self.is_open(system).then(open))
    }

    /// The time for the spans.
    pub(super) fn now_unix_nano(&self) -> u64 {
        self.fixed.clock.load(Ordering::Relaxed)
    }

    /// Advances the clock by a millisecond, for the spans alone.
    pub fn tick(&mut self) {
        let millisecond = Duration::from_millis(1).as_nanos() as u64;
        self.fixed.clock.fetch_add(millisecond, Ordering::Relaxed);
    }
}

/// How many combinations of initial states there are, at most `usize::MAX`.
fn starts<S: System>(system: &S) -> usize {
    let states = (0..system.processes()).map(|id| system.arbitrary(NodeId(id)).len().max(1));
    states.fold(1, usize::saturating_mul)
}
