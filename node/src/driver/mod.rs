//! Runs an algorithm live. Messages become frames on channels, or on streams of
//! their own where [`Links`] keep no order. Timers wait in a queue. Each step
//! becomes a span.
//!
//! One task for each process takes one input at a time: a command, a message,
//! a timer. **A span is a step, an arrow is its parent**: the envelope carries
//! the context of the step that sends, and the step that receives becomes its
//! child. Each message that a step sends is an event of its span, so a message that
//! never arrives is recorded as well. A message that is known to be lost gets a span
//! of its own.
//!
//! The task never waits for a peer. Messages that a channel does not take yet wait
//! in an outbox, and messages without a receipt count as waiting. While the
//! outboxes are full, no commands are taken, which slows their source down;
//! messages are always taken, so two processes that flood each other cannot block
//! each other.
//!
//! An input that is always ready, such as a timer that is always due, does not keep
//! the task from yielding: each input consumes its budget. How late timers run out
//! is recorded in [`Lateness`].
//!
//! A process can crash, with its peer, and restart on a new peer of the same identity:
//! [`Driver::crash`] and [`Crashed::restart`].

mod commander;
mod crashed;
mod delayed;
mod directory;
mod fault_state;
mod lateness;
mod limits;
mod outbox;
mod sending;
mod strangers;
#[cfg(test)]
mod tests;
mod timers;
mod unordered;

use std::future::{pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;

use algorithms::{Algorithm, Effect, Message as _, NodeId};
use futures::FutureExt as _;
use libp2p::PeerId;
use opentelemetry::Context;
use opentelemetry::trace::SpanContext;
use proto::Envelope;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::coop::consume_budget;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

pub use commander::Commander;
pub use crashed::Crashed;
use delayed::Delayed;
pub use delayed::Links;
pub use directory::Directory;
use fault_state::FaultGate;
pub use fault_state::FaultState;
pub use lateness::{Late, Lateness};
use limits::{Change, Lost};
use outbox::Which;
use sending::Sending;
use timers::{Expired, Timers};
use trace::steps::Names as _;
use trace::steps::{Clock, Fault, Received, RecordTo, RequestRecord, Step, Steps};
use trace::telemetry::{Tracer, from_wire, to_wire};

use crate::admission::Admission;
use crate::channel::{Inbound, Inbox, Outgoing};
use crate::in_turn::in_turn;
use crate::{Handle, Peer, turns};

/// How many orders wait for a driver. A guess; callers wait for a place.
const ORDERS: usize = 32;

/// What a driver needs to run one process.
#[derive(Debug)]
pub struct Process<A> {
    /// The process's first state.
    pub algorithm: A,
    /// Its number in the run.
    pub id: NodeId,
    /// The other processes.
    pub directory: Directory,
    /// The peer that it runs on.
    pub peer: Peer,
    /// The tracer of its spans; `None` to make none.
    pub tracer: Option<Tracer>,
    /// The emulated links; `None` for none.
    pub links: Option<Links>,
    /// The run's seed.
    pub seed: u64,
    /// Bounds how many messages of peers outside the run it handles; `None` for no
    /// bound.
    pub admission: Option<Arc<Admission>>,
    /// Counts how late its timers run out. Processes may share it.
    pub lateness: Arc<Lateness>,
    /// Tracks the process while it runs: when all drivers are dropped and the tracker
    /// is empty, no step is under way.
    pub tasks: TaskTracker,
}

/// A report of a process to its owner.
///
/// Each report has the number of commands that the process had taken by then: an
/// output made before a command was taken is not an answer to it.
#[derive(Clone, Debug)]
pub enum Report<A: Algorithm> {
    /// The algorithm's own output.
    Output {
        /// The process.
        node: NodeId,
        /// Commands that it had taken, including the one whose step made this output.
        commands: u64,
        /// The output.
        output: A::Output,
        /// When that step began.
        at: Instant,
        /// The step.
        step: SpanContext,
    },
    /// A message could not be sent.
    Lost {
        /// The sending process.
        node: NodeId,
        /// Commands that it had taken.
        commands: u64,
        /// The receiver.
        to: NodeId,
        /// The message.
        kind: &'static str,
        /// When it was sent.
        since: Instant,
        /// The reason.
        reason: String,
    },
    /// A step of a process broke a rule. The process takes no further steps.
    Fault(Fault),
    /// The other side closed its channel, so the channel to it is closed too.
    HungUp {
        /// The process whose channel it was.
        node: NodeId,
        /// Commands that it had taken.
        commands: u64,
        /// The process that hung up.
        from: NodeId,
    },
}

/// A request to a driver.
enum Order<A: Algorithm> {
    Command(A::Command, Option<RequestRecord>, Context),
    HangUp(NodeId),
    Number(PeerId, oneshot::Sender<NodeId>),
}

/// The handle of a running process. When it is dropped, the process and its peer
/// stop.
#[derive(Debug)]
pub struct Driver<A: Algorithm> {
    id: NodeId,
    handle: Handle,
    orders: mpsc::Sender<Order<A>>,
    faults: watch::Sender<FaultState>,
    /// What is left of the process once it has ended.
    rest: oneshot::Receiver<Crashed<A>>,
    stop: DropGuard,
}

/// The process has stopped.
#[derive(Debug, thiserror::Error)]
#[error("{0} has stopped")]
pub struct Stopped(NodeId);

impl<A: Algorithm> Driver<A> {
    /// Starts `process`. Its reports go to `reports`, which processes may share; a full
    /// channel pushes back.
    pub fn start(process: Process<A>, reports: mpsc::Sender<Report<A>>) -> Self {
        let steps = Steps::new(
            process.algorithm,
            process.id,
            process.tracer.map_or(RecordTo::Nothing, RecordTo::Spans),
            Clock::Spans,
            process.seed,
        );
        let task = Task {
            id: process.id,
            inbound: process.peer.inbound,
            handle: process.peer.handle.clone(),
            outboxes: Sending::new(
                process.peer.handle,
                process.links.as_ref().is_none_or(|links| links.in_order),
                process.admission.clone(),
            ),
            steps,
            directory: process.directory,
            timers: Timers::new(),
            delayed: Delayed::new(process.links),
            reports,
            commands: 0,
            admission: process.admission,
            lateness: process.lateness,
            tasks: process.tasks,
            incarnation: 0,
        };
        Self::spawn(task, FaultState::default(), Begin::Start)
    }

    fn spawn(mut task: Task<A>, faults: FaultState, begin: Begin) -> Self {
        let (id, handle, tasks) = (task.id, task.handle.clone(), task.tasks.clone());
        let (orders, mut receiver) = mpsc::channel(ORDERS);
        let (faults, gate) = watch::channel(faults);
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        let (end, rest) = oneshot::channel();
        tasks.spawn(async move {
            let mut gate = FaultGate::new(gate);
            tokio::select! {
                biased;
                () = task.run(begin, &mut receiver, &mut gate) => {}
                () = stopped => {}
            }
            // The owner may have dropped the driver.
            let _ = end.send(Crashed::new(task, gate.faults()));
        });
        Self {
            id,
            handle,
            orders,
            faults,
            rest,
            stop: stop.drop_guard(),
        }
    }

    /// Crashes the process and its peer: its messages and its timers are gone, and its
    /// connections close. Returns what is left when it takes no step any more.
    ///
    /// # Errors
    /// [`Stopped`] if the process has panicked.
    pub async fn crash(self) -> Result<Crashed<A>, Stopped> {
        drop(self.stop);
        self.rest.await.map_err(|_| Stopped(self.id))
    }
}

impl<A: Algorithm> Driver<A> {
    /// Its number in the run.
    pub fn id(&self) -> NodeId {
        self.id
    }

    /// The peer that it runs on.
    pub fn handle(&self) -> &Handle {
        &self.handle
    }

    /// Changes the injected faults of the process.
    pub fn change_faults(&self, change: impl FnOnce(&mut FaultState)) {
        self.faults.send_modify(change);
    }

    /// Closes the channel to `to` once all queued messages are sent. `to` then closes
    /// its channel to this process.
    ///
    /// # Errors
    /// [`Stopped`].
    pub async fn hang_up(&self, to: NodeId) -> Result<(), Stopped> {
        let order = Order::HangUp(to);
        self.orders.send(order).await.map_err(|_| Stopped(self.id))
    }
}

/// The first step of a process.
#[derive(Clone, Copy, Debug)]
enum Begin {
    /// It starts.
    Start,
    /// It restarts after a crash, without its memory.
    Restart,
    /// It goes on after a crash, with its memory.
    GoOn,
}

struct Task<A: Algorithm> {
    id: NodeId,
    directory: Directory,
    inbound: Inbox,
    handle: Handle,
    outboxes: Sending,
    timers: Timers<A::Timer>,
    delayed: Delayed,
    steps: Steps<A>,
    reports: mpsc::Sender<Report<A>>,
    /// How many commands it has taken.
    commands: u64,
    admission: Option<Arc<Admission>>,
    lateness: Arc<Lateness>,
    tasks: TaskTracker,
    /// The number of the last channel that it had opened when it last crashed; 0 for none.
    incarnation: u32,
}

/// What wakes a process.
enum Woken<A: Algorithm> {
    Faults(bool),
    Order(Option<Order<A>>),
    Inbound(Option<Inbound>),
    Delayed(Inbound),
    Timer(Expired<A::Timer>),
    Outboxes(Change),
}

impl<A: Algorithm> Task<A> {
    async fn run(
        &mut self,
        begin: Begin,
        orders: &mut mpsc::Receiver<Order<A>>,
        gate: &mut FaultGate,
    ) {
        gate.resumed().await;
        let at = Instant::now();
        let step = match begin {
            Begin::Start => Some(self.steps.start(&self.directory)),
            Begin::Restart => Some(self.steps.restart(&self.directory)),
            Begin::GoOn => None,
        };
        if let Some(step) = step {
            self.carry_out(at, step).await;
        }
        for turn in 0_usize.. {
            // Some inputs consume no budget of tokio's, and may always be ready.
            consume_budget().await;
            turns::count(self.handle.peer_id());
            match self.next(turn, orders, gate).await {
                Woken::Faults(true) => self.on_faults(gate).await,
                Woken::Order(Some(order)) => self.on_order(order).await,
                Woken::Inbound(Some(inbound)) => {
                    if let Some(there) = self.delayed.push(inbound) {
                        self.on_inbound(there, gate).await;
                    }
                }
                Woken::Faults(false) | Woken::Order(None) | Woken::Inbound(None) => return,
                Woken::Delayed(inbound) => self.on_inbound(inbound, gate).await,
                Woken::Timer(timer) => self.on_timer(timer).await,
                Woken::Outboxes(Change::Lost(peer, lost)) => {
                    let to = self.directory.node(peer);
                    self.on_lost(to, *lost).await;
                }
                Woken::Outboxes(Change::Room) => {} // Commands are taken again.
            }
        }
    }

    /// Waits for the next input.
    async fn next(
        &mut self,
        turn: usize,
        orders: &mut mpsc::Receiver<Order<A>>,
        gate: &mut FaultGate,
    ) -> Woken<A> {
        let takes_orders = self.outboxes.have_room();
        let takes_messages = self.delayed.have_room() && gate.have_room();
        let order = async {
            match takes_orders {
                true => Woken::Order(orders.recv().await),
                false => pending().await,
            }
        };
        let inbound = async {
            match takes_messages {
                true => Woken::Inbound(self.inbound.recv().await),
                false => pending().await,
            }
        };
        let outboxes = poll_fn(|context| self.outboxes.poll(context));
        let all: [Pin<&mut (dyn Future<Output = Woken<A>> + Send)>; 6] = [
            pin!(gate.changed().map(Woken::Faults)),
            pin!(order),
            pin!(inbound),
            pin!(self.delayed.next().map(Woken::Delayed)),
            pin!(self.timers.next().map(Woken::Timer)),
            pin!(outboxes.map(Woken::Outboxes)),
        ];
        in_turn(turn, all).await
    }

    async fn on_timer(&mut self, timer: Expired<A::Timer>) {
        let at = Instant::now();
        let Expired { timer, set_by, due } = timer;
        self.lateness.record(at.saturating_duration_since(due));
        let step = self.steps.timer(timer, &set_by, &self.directory);
        self.carry_out_from(due, at, step).await;
    }

    async fn on_order(&mut self, order: Order<A>) {
        match order {
            Order::Command(command, request, context) => {
                let at = Instant::now();
                self.commands += 1;
                let step = self
                    .steps
                    .command(command, request, context, &self.directory);
                self.carry_out(at, step).await;
            }
            Order::Number(peer, reply) => drop(reply.send(self.directory.node(peer))),
            Order::HangUp(to) => {
                if let Some(peer) = self.directory.peer(to) {
                    self.outboxes.hang_up(peer, Which::Any);
                }
            }
        }
    }

    /// While the process is paused, no time passes for it.
    async fn on_faults(&mut self, gate: &mut FaultGate) {
        let (paused, there) = gate.resumed().await;
        self.timers.postpone(paused);
        self.delayed.postpone(paused);
        for inbound in there {
            self.on_inbound(inbound, gate).await;
        }
    }

    async fn on_inbound(&mut self, inbound: Inbound, gate: &mut FaultGate) {
        let (Inbound::Message { from: peer, .. } | Inbound::HungUp { from: peer, .. }) = &inbound;
        if self.is_one_too_many(&inbound) {
            return;
        }
        let from = self.directory.node(*peer);
        match gate.hold(from, inbound) {
            Some(Inbound::Message { envelope, .. }) => self.on_message(from, envelope).await,
            Some(Inbound::HungUp {
                from: peer,
                connection,
            }) => {
                self.outboxes.hang_up(peer, Which::On(connection));
                let node = self.directory.forget(peer);
                self.report(Report::HungUp {
                    node: self.id,
                    commands: self.commands,
                    from: node,
                })
                .await;
            }
            None => {} // Delivered when the link is healed.
        }
    }

    /// Whether it is a message of a guest beyond the limit of the run. The connection
    /// is then closed.
    fn is_one_too_many(&self, inbound: &Inbound) -> bool {
        let (Some(admission), Inbound::Message { from, .. }) = (&self.admission, inbound) else {
            return false;
        };
        if admission.is_member(from) || admission.takes_message() {
            return false;
        }
        self.handle.try_disconnect(*from);
        true
    }

    async fn on_message(&mut self, from: NodeId, envelope: Envelope) {
        let at = Instant::now();
        let size = Some(envelope.payload.len());
        let Some(message) = A::Message::from_payload(envelope.payload) else {
            tracing::info!(%from, "ignored a malformed message");
            return;
        };
        let received = Received {
            id: envelope.id,
            sequence: envelope.sequence,
            incarnation: envelope.incarnation,
            deadline_unix_nano: envelope.deadline_unix_nano,
            size,
            sent_by: envelope.trace.map(from_wire),
        };
        let step = self
            .steps
            .message(from, message, &received, &self.directory);
        self.carry_out(at, step).await;
    }

    /// Carries out the effects of a step that began at `at`.
    async fn carry_out(&mut self, at: Instant, step: Step<A>) {
        self.carry_out_from(at, at, step).await;
    }

    /// The same for a step that was due at `due`: its timers run from then.
    async fn carry_out_from(&mut self, due: Instant, at: Instant, step: Step<A>) {
        if let Some(fault) = step.fault {
            self.report(Report::Fault(fault)).await;
            // The other inputs do not matter any more.
            return std::future::pending().await;
        }
        let trace = to_wire(&step.context);
        let mut ids = step.first_message..;
        for effect in step.effects {
            match effect {
                Effect::Send {
                    to,
                    message,
                    within,
                } => {
                    let message = Outgoing {
                        id: ids.next().unwrap_or_default(),
                        kind: message.kind(),
                        within,
                        trace,
                        payload: message.to_payload(),
                    };
                    self.send(to, message).await;
                }
                Effect::SetTimer { timer, after } => {
                    let context = step.context.clone();
                    self.timers.set(timer, due, after, context);
                }
                Effect::CancelTimer { timer } => self.timers.cancel(&timer),
                Effect::Persist => {}
                Effect::Output(output) => {
                    let (node, step) = (self.id, step.context.clone());
                    self.report(Report::Output {
                        node,
                        commands: self.commands,
                        output,
                        at,
                        step,
                    })
                    .await;
                }
            }
        }
    }

    async fn send(&mut self, to: NodeId, message: Outgoing) {
        let lost = match self.directory.peer(to) {
            Some(peer) => self.outboxes.send(peer, message),
            None => Some(Lost::new(message, "there is no such process")),
        };
        if let Some(lost) = lost {
            self.on_lost(to, lost).await;
        }
    }

    async fn on_lost(&mut self, to: NodeId, lost: Lost) {
        let Lost {
            message,
            since,
            loss,
            reason,
        } = lost;
        let (name, trace) = (self.directory.name(to), message.trace.map(from_wire));
        self.steps
            .lost(message.kind, message.id, name, trace, loss, &reason);
        let (node, kind) = (self.id, message.kind);
        let report = Report::Lost {
            node,
            commands: self.commands,
            to,
            kind,
            since,
            reason,
        };
        self.report(report).await;
    }

    async fn report(&mut self, report: Report<A>) {
        // There is no receiver when the experiment is over.
        let _ = self.reports.send(report).await;
    }
}
