//! A process that has crashed, and its restart.

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use algorithms::{Algorithm, NodeId};
use tokio::sync::mpsc;
use tokio_util::task::TaskTracker;
use trace::steps::Steps;

use super::delayed::{Delayed, Links};
use super::fault_state::FaultState;
use super::sending::Sending;
use super::timers::Timers;
use super::{Begin, Directory, Driver, Lateness, Report, Task};
use crate::Peer;
use crate::admission::Admission;

/// What is left of a process that has crashed: its state, of which a restart may keep the
/// durable fields alone, and what belongs to its machine and to the record of the run. Its peer is gone, and
/// with it the messages that it had not read or not sent.
pub struct Crashed<A: Algorithm> {
    id: NodeId,
    directory: Directory,
    steps: Steps<A>,
    timers: Timers<A::Timer>,
    /// How many commands it had taken.
    commands: u64,
    links: Option<Links>,
    faults: FaultState,
    reports: mpsc::Sender<Report<A>>,
    admission: Option<Arc<Admission>>,
    lateness: Arc<Lateness>,
    tasks: TaskTracker,
    incarnation: u32,
}

impl<A: Algorithm> fmt::Debug for Crashed<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Crashed")
            .field("id", &self.id)
            .field("incarnation", &self.incarnation)
            .finish_non_exhaustive()
    }
}

impl<A: Algorithm> Crashed<A> {
    /// Drops all that a crash takes.
    pub(super) fn new(task: Task<A>, faults: FaultState) -> Self {
        Self {
            id: task.id,
            directory: task.directory,
            steps: task.steps,
            timers: task.timers,
            commands: task.commands,
            links: task.delayed.into_links(),
            faults,
            reports: task.reports,
            admission: task.admission,
            lateness: task.lateness,
            tasks: task.tasks,
            incarnation: task.incarnation.max(task.outboxes.incarnation()),
        }
    }

    /// The number of the last channel that it has opened, for
    /// [`Config::incarnation`](crate::Config::incarnation) of its next peer.
    pub fn incarnation(&self) -> u32 {
        self.incarnation
    }

    /// The faults of the process, which outlast its crash.
    pub fn faults(&mut self) -> &mut FaultState {
        &mut self.faults
    }

    /// Restarts the process on a new peer, which has the same identity and is connected to
    /// its neighbours, with its durable fields alone. Its first step is that of
    /// [`on_restart`](algorithms::Algorithm::on_restart).
    pub fn restart(self, peer: Peer) -> Driver<A> {
        let fresh = Self {
            timers: Timers::new(),
            commands: 0,
            ..self
        };
        fresh.on(peer, Begin::Restart)
    }

    /// Lets the process go on with all of its state on a new peer, as
    /// [`restart`](Self::restart). It takes no step for that, and timers that have run out
    /// meanwhile are handled at once.
    pub fn go_on(self, peer: Peer) -> Driver<A> {
        self.on(peer, Begin::GoOn)
    }

    fn on(self, peer: Peer, begin: Begin) -> Driver<A> {
        let Peer { handle, inbound } = peer;
        let in_order = self.links.as_ref().is_none_or(|links| links.in_order);
        let task = Task {
            id: self.id,
            inbound,
            outboxes: Sending::new(handle.clone(), in_order, self.admission.clone()),
            handle,
            steps: self.steps,
            directory: self.directory,
            timers: self.timers,
            delayed: Delayed::new(self.links),
            reports: self.reports,
            commands: self.commands,
            admission: self.admission,
            lateness: self.lateness,
            tasks: self.tasks,
            incarnation: self.incarnation,
        };
        Driver::spawn(task, self.faults, begin)
    }
}
