//! One run of a system over real peers, from the first command to the last
//! operation's end.

mod crashes;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use algorithms::{Algorithm, NodeId};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use lab::stats::nanos;
use lab::system::{Endings, System};
use node::driver::{Report, Stopped};
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use trace::steps::key;
use trace::telemetry::Tracer;

use super::clock::Clock;
use super::operations::Operations;
use super::planned::PlannedFault;
use crate::control::FaultReceiver;
use crate::experiment::Error;
use crate::network::{Network, Restarts};
use crate::progress::Bar;

/// How many losses are listed individually.
const TOLD: usize = 5;

/// How far a run got.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) endings: Endings,
    /// Whether the run came to its end without interruption.
    pub(super) is_over: bool,
    /// When the planned faults struck, by their place in the plan. In nanoseconds since the
    /// Unix epoch.
    pub(super) struck: BTreeMap<usize, u64>,
    /// The processes that were killed, also by a user of the page, and do not restart.
    pub(super) stopped: BTreeSet<NodeId>,
    pub(super) late: bool,
    pub(super) lost: u64,
    pub(super) losses: Vec<String>,
}

impl Progress {
    /// How many operations should end: without those of processes that do not restart.
    pub(super) fn expected<S: System>(&self, system: &S) -> u64 {
        self.endings.expected(system, self.stopped.iter().copied())
    }

    /// Why the run was cut short, if it was.
    pub(super) fn unfinished(&self, limit: Duration) -> Option<String> {
        match (self.is_over, self.late) {
            (false, _) => Some("the run did not come to its end".into()),
            (true, true) => Some(format!("the run was ended after {limit:?}")),
            (true, false) => None,
        }
    }
}

/// A run in progress.
pub(super) struct Session<'a, S: System> {
    pub(super) clock: Clock,
    /// The tracer of faults that are injected into the network.
    pub(super) laboratory: Tracer,
    due: VecDeque<(Duration, Due<Command<S>>)>,
    /// When the run ends even if operations are unfinished.
    gives_up: Option<Duration>,
    pub(super) system: &'a S,
    pub(super) progress: &'a mut Progress,
    pub(super) bar: Bar,
    operations: BTreeMap<NodeId, Operations>,
    /// The command that a process is to take next.
    giving: Option<Giving>,
    restarts: Restarts<S::Algorithm>,
    /// The places of the planned restarts that are under way.
    restarting: BTreeMap<NodeId, usize>,
    /// When a process last restarted.
    restarted: BTreeMap<NodeId, Instant>,
}

/// A command that is being given.
struct Giving {
    node: NodeId,
    taken: BoxFuture<'static, Result<(), Stopped>>,
}

type Command<S> = <<S as System>::Algorithm as Algorithm>::Command;

/// A scheduled action.
enum Due<C> {
    Command(NodeId, C, &'static str),
    /// The planned fault at that place.
    Fault(usize, PlannedFault),
}

impl<'a, S: System> Session<'a, S> {
    pub(super) fn new(
        system: &'a S,
        progress: &'a mut Progress,
        bar: Bar,
        laboratory: Tracer,
        planned: &[PlannedFault],
    ) -> Self {
        Self {
            clock: Clock::start(),
            laboratory,
            due: due(system, planned),
            gives_up: None,
            system,
            progress,
            bar,
            operations: BTreeMap::new(),
            giving: None,
            restarts: Restarts::default(),
            restarting: BTreeMap::new(),
            restarted: BTreeMap::new(),
        }
    }

    /// Executes due actions and handles reports, until all operations have ended or
    /// `limit` has passed. The time during which the run is paused does not count.
    pub(super) async fn run(
        &mut self,
        network: &mut Network<S::Algorithm>,
        limit: Duration,
        fault_requests: &mut FaultReceiver,
    ) -> Result<(), Error> {
        while !self.is_complete() {
            let due = self.due.front().map(|(at, _)| *at);
            let gives_up = self.gives_up;
            let gives = self.giving.is_some();
            tokio::select! {
                () = self.clock.reaches(due.unwrap_or(limit)), if due.is_some() && !gives => {
                    let (at, due) = self.due.pop_front().expect("it is due");
                    match due {
                        Due::Command(node, command, operation) => {
                            let late = self.clock.now().saturating_sub(at);
                            self.give(network, node, command, operation, late)?;
                        }
                        Due::Fault(place, fault) => self.strike(network, place, fault).await?,
                    }
                }
                taken = taken(&mut self.giving), if gives => self.on_taken(taken)?,
                () = self.clock.reaches(gives_up.unwrap_or(limit)), if gives_up.is_some() => {
                    return Ok(());
                }
                () = self.clock.reaches(limit) => {
                    self.progress.late = true;
                    return Ok(());
                }
                report = network.reports.recv() => self.hear(report)?,
                joined = self.restarts.next() => self.on_joined(network, joined)?,
                request = fault_requests.next() => {
                    let done = self.inject(network, &request.action).await;
                    fault_requests.pause(self.clock.is_paused());
                    request.answer(done);
                }
            }
        }
        Ok(())
    }

    /// Whether all operations have ended that still can.
    fn is_complete(&self) -> bool {
        let stopped = self.progress.stopped.iter().copied();
        self.progress.endings.are_complete(self.system, stopped)
    }

    /// Starts the timeout anew after which the run ends: once the last command was given and
    /// no process is about to restart, and on each operation that ends afterwards.
    fn be_patient(&mut self) {
        let command = |(_, due): &(Duration, Due<_>)| matches!(due, Due::Command(..));
        if let Some(patience) = self.system.gives_up_after()
            && self.giving.is_none()
            && !self.due.iter().any(command)
            && !self.waits_for_restart()
        {
            self.gives_up = Some(self.clock.now().saturating_add(patience));
        }
    }

    /// Whether that process has an operation in progress or scheduled.
    pub(super) fn is_asked(&self, node: NodeId) -> bool {
        let due = |(_, due): &(_, Due<_>)| matches!(due, Due::Command(of, ..) if *of == node);
        let under_way = self.operations.get(&node);
        under_way.is_some_and(Operations::any) || self.due.iter().any(due)
    }

    /// Begins an operation, `late` after its time. A process whose queue is full takes
    /// the command later; until then no other command is given, and all else goes on.
    fn give(
        &mut self,
        network: &Network<S::Algorithm>,
        node: NodeId,
        command: Command<S>,
        operation: &'static str,
        late: Duration,
    ) -> Result<(), Error> {
        if self.restarts.is_down(node) {
            self.be_patient();
            return Ok(());
        }
        let driver = network.drivers.iter().find(|driver| driver.id() == node);
        let driver = driver.ok_or(Error::NoProcess(node))?;
        let tracer = &network.tracers[usize::from(node)];
        let span = tracer
            .span_builder(operation)
            .with_attributes([KeyValue::new(key::LATE, nanos(late).cast_signed())])
            .start_with_context(tracer, &Context::new());
        let context = Context::new().with_span(span);
        let operations = self.operations.entry(node).or_default();
        operations.begin(context.clone());
        let taken = driver.command(command, context).boxed();
        self.giving = Some(Giving { node, taken });
        Ok(())
    }

    /// The process has taken the command.
    fn on_taken(&mut self, taken: Result<(), Stopped>) -> Result<(), Error> {
        self.giving = None;
        self.be_patient();
        Ok(taken?)
    }

    /// Handles a report of a process.
    fn hear(&mut self, report: Option<Report<S::Algorithm>>) -> Result<(), Error> {
        let report = report.ok_or(Error::NetworkStopped)?;
        match report {
            Report::Output {
                node,
                output,
                commands,
                ..
            } => {
                if self.progress.endings.count(self.system, node, &output) {
                    self.bar.step();
                    self.be_patient();
                }
                if self.system.completes(node, &output)
                    && let Some(operations) = self.operations.get_mut(&node)
                {
                    operations.end_first(commands);
                }
            }
            Report::Lost {
                node,
                to,
                kind,
                since,
                reason,
                ..
            } if !self.was_down(to, since) && !self.was_down(node, since) => {
                self.progress.lost += 1;
                if self.progress.losses.len() < TOLD {
                    let loss = format!("{kind} from {node} to {to} was lost: {reason}");
                    self.progress.losses.push(loss);
                }
            }
            Report::Lost { .. } | Report::HungUp { .. } => {}
            Report::Fault(fault) => return Err(Error::Fault(fault)),
        }
        Ok(())
    }
}

/// Waits until the command is taken.
async fn taken(giving: &mut Option<Giving>) -> Result<(), Stopped> {
    match giving {
        Some(giving) => (&mut giving.taken).await,
        None => std::future::pending().await,
    }
}

/// The scheduled actions, in the order of time.
fn due<S: System>(system: &S, planned: &[PlannedFault]) -> VecDeque<(Duration, Due<Command<S>>)> {
    let commands = system.commands().into_iter();
    let commands = commands.map(|asked| {
        let due = Due::Command(asked.node, asked.command, asked.operation);
        (asked.at, due)
    });
    let faults = planned.iter().copied().enumerate();
    let faults = faults.map(|(place, fault)| (fault.at, Due::Fault(place, fault)));
    let mut due: Vec<_> = commands.chain(faults).collect();
    due.sort_by_key(|(at, _)| *at);
    due.into()
}
