//! All processes and all messages under way, as one value: [`actions`](World::actions) are
//! what can happen in it, and [`act`](World::act) lets it happen.

mod actions;
mod identity;
mod judged;
mod process;
mod steps;
mod synchronous;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use trace::history::CrashRecord;
use trace::steps::{Clock, Fault, Processes, RecordTo, Steps};

pub use actions::Action;
pub(super) use actions::MOST_STARTS;
use process::{Channel, Process};

use super::{Network, Plan};
use crate::simulator::EPOCH;
use crate::system::clients::{Clients, Operations, Ticket};
use crate::system::{Endings, ScheduledCommand, System};

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
    clients: Clients<A::Command>,
    /// The open operations, if there are clients.
    operations: Operations<A::Command, Option<Ticket>>,
    moments: Moments,
    /// The process that took a step last.
    latest: u32,
    /// How many combinations of initial states there are.
    starts: usize,
    /// In which of them the processes start.
    start: usize,
    /// The rule that the last step broke.
    fault: Option<Fault>,
    network: Network,
    /// Whether all processes take rounds by the clock.
    is_synchronous: bool,
    /// The time of such a system.
    now: Duration,
    /// How many faults there were.
    spent: Spent,
    crashes: Vec<CrashRecord>,
    /// Whether the processes have started.
    is_started: bool,
    /// Whether a step had random numbers of which not all values are tried.
    has_drawn: bool,
    directory: Processes,
    clock: Arc<AtomicU64>,
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
        let (directory, seed) = (&plan.directory, plan.seed);
        let clock = Arc::new(AtomicU64::new(EPOCH));
        let process = |id| {
            let (first, clock) = (system.process(id), Clock::Virtual(Arc::clone(&clock)));
            Arc::new(Process {
                steps: Steps::new(first, id, record_to(id), clock, seed),
                timers: BTreeMap::new(),
                taken: 0,
                is_down: false,
                outputs: 0,
                seen: None,
            })
        };
        Self {
            processes: (0..system.processes()).map(NodeId).map(process).collect(),
            channels: BTreeMap::new(),
            commands: Arc::new(system.commands()),
            given: BTreeSet::new(),
            endings: Endings::default(),
            clients: Clients::new(system.clients()),
            operations: Operations::default(),
            moments: Moments::default(),
            latest: 0,
            starts: starts(system),
            start: 0,
            fault: None,
            network: plan.network,
            is_synchronous: system.is_synchronous(),
            now: Duration::ZERO,
            spent: Spent::default(),
            crashes: Vec::new(),
            is_started: false,
            has_drawn: false,
            directory: directory.clone(),
            clock,
        }
    }

    /// Whether a step had random numbers of which not all values are tried.
    pub fn has_drawn(&self) -> bool {
        self.has_drawn
    }

    /// How many combinations of initial states there are.
    pub(super) fn starts(&self) -> usize {
        self.starts
    }

    /// How many operations have ended.
    pub fn ended(&self) -> u64 {
        self.endings.ended() + self.clients.over()
    }

    /// Whether all expected endings have occurred.
    pub fn has_ended<S: System<Algorithm = A>>(&self, system: &S) -> bool {
        let may_restart = self.spent.restarts < self.network.restarts;
        let processes = (0..).map(NodeId).zip(&self.processes);
        let down = processes.filter(|(_, process)| process.is_down && !may_restart);
        let down = down.map(|(node, _)| node);
        self.clients.are_finished() && self.endings.are_complete(system, down)
    }

    /// The rule that the last step broke. Then the run is over.
    pub fn fault(&self) -> Option<&Fault> {
        self.fault.as_ref()
    }

    /// The crashes so far.
    pub fn crashes(&self) -> &[CrashRecord] {
        &self.crashes
    }

    /// Advances the clock by a millisecond, for the spans alone.
    pub fn tick(&mut self) {
        let millisecond = Duration::from_millis(1).as_nanos() as u64;
        self.clock.fetch_add(millisecond, Ordering::Relaxed);
    }
}

/// How many combinations of initial states there are, at most `usize::MAX`.
fn starts<S: System>(system: &S) -> usize {
    let states = (0..system.processes()).map(|id| system.arbitrary(NodeId(id)).len().max(1));
    states.fold(1, usize::saturating_mul)
}
