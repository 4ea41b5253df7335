//! One run of a system over real peers, from the first command to the last
//! operation's end.

mod crashes;
mod cuts;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use lab::simulator::Event;
use lab::stats::nanos;
use lab::system::clients::{Act, Answer, Clients, Operations, Ticket};
use lab::system::{Endings, System};
use node::driver::{Report, Stopped};
use opentelemetry::trace::{TraceContextExt as _, Tracer as _};
use opentelemetry::{Context, KeyValue};
use tokio::time::Instant;
use trace::steps::{RequestRecord, key};
use trace::telemetry::Tracer;

use super::clock::Clock;
use super::companion::Companion;
use crate::control::FaultReceiver;
use crate::experiment::Error;
use crate::experiment::planned::{Plan, Struck};
use crate::network::{Network, Restarts};
use crate::progress::Bar;
use cuts::Cuts;

/// How many losses are listed individually.
const TOLD: usize = 5;

/// How far a run got.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) endings: Endings,
    /// How many requests of clients there are.
    pub(super) requests: u64,
    /// How many of them no client waits for any more.
    pub(super) over: u64,
    /// Whether the run came to its end without interruption.
    pub(super) is_over: bool,
    /// When the planned faults struck, by their place in the plan. In nanoseconds since the
    /// Unix epoch.
    pub(super) struck: Struck,
    /// The processes that were killed, also by a user of the page, and do not restart.
    pub(super) stopped: BTreeSet<NodeId>,
    pub(super) late: bool,
    pub(super) lost: u64,
    pub(super) losses: Vec<String>,
}

impl Progress {
    /// How many operations should end: without those of processes that do not restart.
    pub(super) fn expected<S: System>(&self, system: &S) -> u64 {
        let stopped = self.stopped.iter().copied();
        self.endings.expected(system, stopped) + self.requests
    }

    /// How many operations have ended.
    pub(super) fn ended(&self) -> u64 {
        self.endings.ended() + self.over
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
    pub(super) companion: Option<&'a mut (dyn Companion<S::Algorithm> + 'static)>,
    pub(super) progress: &'a mut Progress,
    pub(super) bar: Bar,
    clients: Clients<Command<S>>,
    operations: Operations<Command<S>, Owner>,
    /// The command that a process is to take next.
    giving: Option<Giving>,
    /// Whether the last event was a report.
    heard: bool,
    restarts: Restarts<S::Algorithm>,
    /// The places of the planned restarts that are under way.
    restarting: BTreeMap<NodeId, usize>,
    /// When a process last restarted.
    restarted: BTreeMap<NodeId, Instant>,
    cuts: Cuts,
}

/// The span of an operation, and the request of a client that it is.
type Owner = (Context, Option<Ticket>);

/// A command that is being given.
struct Giving {
    node: NodeId,
    taken: BoxFuture<'static, Result<(), Stopped>>,
}

/// A command, and what is known of it.
struct Given<C> {
    node: NodeId,
    command: C,
    /// How long after its time it is given.
    late: Duration,
    /// If a client asks it.
    request: Option<(RequestRecord, Ticket)>,
}

type Command<S> = <<S as System>::Algorithm as Algorithm>::Command;

/// A scheduled action.
enum Due<C> {
    Command(NodeId, C, &'static str),
    /// The planned fault at that place.
    Fault(usize, Event),
}

impl<'a, S: System> Session<'a, S> {
    pub(super) fn new(
        system: &'a S,
        progress: &'a mut Progress,
        bar: Bar,
        laboratory: Tracer,
        plan: &Plan,
    ) -> Self {
        let clients = Clients::new(system.clients());
        progress.requests = clients.requests();
        Self {
            clock: Clock::start(),
            laboratory,
            due: due(system, plan),
            gives_up: None,
            system,
            companion: None,
            progress,
            bar,
            clients,
            operations: Operations::default(),
            giving: None,
            heard: false,
            restarts: Restarts::default(),
            restarting: BTreeMap::new(),
            restarted: BTreeMap::new(),
            cuts: Cuts::default(),
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
            let asks = self.clients.due();
            let gives_up = self.gives_up;
            let gives = self.giving.is_some();
            // Actions that are due come first, but for a report between any two.
            let heard = std::mem::replace(&mut self.heard, false);
            tokio::select! {
                biased;
                () = self.clock.reaches(limit) => {
                    self.progress.late = true;
                    return Ok(());
                }
                () = self.clock.reaches(gives_up.unwrap_or(limit)), if gives_up.is_some() => {
                    return Ok(());
                }
                request = fault_requests.next() => {
                    let done = self.inject(network, &request.action).await;
                    fault_requests.pause(self.clock.is_paused());
                    request.answer(done);
                }
                joined = self.restarts.next() => self.on_joined(network, joined)?,
                report = network.reports.recv(), if !heard => {
                    self.heard = true;
                    self.hear(report)?;
                }
                taken = taken(&mut self.giving), if gives => self.on_taken(taken)?,
                () = self.clock.reaches(due.unwrap_or(limit)), if due.is_some() && !gives => {
                    let (at, due) = self.due.pop_front().expect("it is due");
                    match due {
                        Due::Command(node, command, operation) => {
                            let late = self.clock.now().saturating_sub(at);
                            let given = Given { node, command, late, request: None };
                            self.give(network, operation, given)?;
                        }
                        Due::Fault(place, event) => self.strike(network, place, &event).await?,
                    }
                }
                () = self.clock.reaches(asks.map_or(limit, |(at, _)| at)),
                    if asks.is_some() && !gives =>
                {
                    let (at, client) = asks.expect("a client is due");
                    self.ask(network, at, client)?;
                }
                // Nothing is due.
                () = std::future::ready(()), if heard => {}
            }
        }
        Ok(())
    }

    /// Whether all operations have ended that still can.
    fn is_complete(&self) -> bool {
        let stopped = self.progress.stopped.iter().copied();
        self.clients.are_finished() && self.progress.endings.are_complete(self.system, stopped)
    }

    /// Starts the timeout anew after which the run ends: once the last command was given and
    /// no process is about to restart, and on each operation that ends afterwards.
    fn be_patient(&mut self) {
        let command = |(_, due): &(Duration, Due<_>)| matches!(due, Due::Command(..));
        if let Some(patience) = self.system.gives_up_after()
            && self.giving.is_none()
            && self.clients.are_finished()
            && !self.due.iter().any(command)
            && !self.waits_for_restart()
        {
            self.gives_up = Some(self.clock.now().saturating_add(patience));
        }
    }

    /// Whether that process has an operation in progress or scheduled.
    pub(super) fn is_asked(&self, node: NodeId) -> bool {
        let due = |(_, due): &(_, Due<_>)| matches!(due, Due::Command(of, ..) if *of == node);
        self.operations.any(node) || self.clients.may_ask(node) || self.due.iter().any(due)
    }

    /// Lets a client act that was due at `at`.
    fn ask(
        &mut self,
        network: &Network<S::Algorithm>,
        at: Duration,
        client: usize,
    ) -> Result<(), Error> {
        let now = self.clock.now();
        match self.clients.act(client, now) {
            Act::Ask {
                node,
                command,
                record,
                ticket,
            } => {
                let operation = record.operation.clone().into_owned();
                let given = Given {
                    node,
                    command,
                    late: now.saturating_sub(at),
                    request: Some((record, ticket)),
                };
                self.give(network, operation, given)
            }
            Act::GoOn => {
                self.on_over();
                Ok(())
            }
        }
    }

    /// Begins an operation. A process whose queue is full takes the command later; until
    /// then no other command is given, and all else goes on.
    fn give(
        &mut self,
        network: &Network<S::Algorithm>,
        operation: impl Into<Cow<'static, str>>,
        given: Given<Command<S>>,
    ) -> Result<(), Error> {
        let Given {
            node,
            command,
            late,
            request,
        } = given;
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
        let (record, ticket) = request.unzip();
        let owner = (context.clone(), ticket);
        self.operations.begin(node, command.clone(), owner);
        let taken = driver.command(command, record, context).boxed();
        self.giving = Some(Giving { node, taken });
        Ok(())
    }

    /// The process has taken the command.
    fn on_taken(&mut self, taken: Result<(), Stopped>) -> Result<(), Error> {
        self.giving = None;
        self.be_patient();
        Ok(taken?)
    }

    /// An operation was answered: the client that waits for it goes on.
    fn on_answer(&mut self, ticket: Option<Ticket>, answer: Answer) {
        let Some(ticket) = ticket else {
            return;
        };
        self.clients.answered(ticket, answer, self.clock.now());
        if self.clients.over() > self.progress.over {
            self.on_over();
        }
    }

    /// A client waits for one request less.
    fn on_over(&mut self) {
        self.progress.over = self.clients.over();
        self.bar.step();
        self.be_patient();
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
                if let Some(companion) = &mut self.companion {
                    companion.hear(node, &output);
                }
                if self.progress.endings.count(self.system, node, &output) {
                    self.bar.step();
                    self.be_patient();
                }
                if let Some(leader) = self.system.leads(node, &output) {
                    self.clients.led_by(leader);
                }
                let answered = self.operations.answer(self.system, node, commands, &output);
                if let Some(((context, ticket), answer)) = answered {
                    context.span().end();
                    self.on_answer(ticket, answer);
                }
            }
            Report::Lost {
                node,
                to,
                kind,
                since,
                reason,
                ..
            } if !self.was_down(to, since)
                && !self.was_down(node, since)
                && !self.cuts.explain(node, to, since) =>
            {
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
fn due<S: System>(system: &S, plan: &Plan) -> VecDeque<(Duration, Due<Command<S>>)> {
    let commands = system.commands().into_iter();
    let commands = commands.map(|asked| {
        let due = Due::Command(asked.node, asked.command, asked.operation);
        (asked.at, due)
    });
    let faults = plan.events.iter().cloned().enumerate();
    let faults = faults.map(|(place, fault)| (fault.at, Due::Fault(place, fault)));
    let mut due: Vec<_> = commands.chain(faults).collect();
    due.sort_by_key(|(at, _)| *at);
    due.into()
}
