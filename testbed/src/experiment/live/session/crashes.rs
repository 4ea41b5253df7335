//! Processes of a run that crash and restart, as planned or on request.

use algorithms::NodeId;
use lab::simulator::{Change, Event, Memory};
use lab::system::System;
use node::driver::FaultState;
use opentelemetry::trace::{Status, TraceContextExt as _};
use tokio::time::Instant;
use trace::history::Mark;
use trace::history::faults::FaultAction;
use trace::time::{self, unix_nano};

use super::{Due, Session};
use crate::experiment::Error;
use crate::network::{self, Joined, Network};

impl<S: System> Session<'_, S> {
    /// Whether the restart of that process is planned and still to come.
    fn is_to_restart(&self, node: NodeId) -> bool {
        let mut planned = self.planned_restarts();
        planned.any(|planned| planned == node)
    }

    /// Whether a process is down that is to restart.
    pub(super) fn waits_for_restart(&self) -> bool {
        let mut planned = self.planned_restarts();
        self.restarts.any() || planned.any(|node| self.restarts.is_down(node))
    }

    fn planned_restarts(&self) -> impl Iterator<Item = NodeId> {
        self.due.iter().filter_map(|(_, due)| match due {
            Due::Fault(_, event) => match &event.change {
                Change::Restart(crash) => Some(NodeId(crash.process)),
                _ => None,
            },
            Due::Command(..) => None,
        })
    }

    /// Carries out a planned change, unless the process is in that state already.
    pub(super) async fn strike(
        &mut self,
        network: &mut Network<S::Algorithm>,
        place: usize,
        event: &Event,
    ) -> Result<(), Error> {
        let peers = network.seats();
        match &event.change {
            Change::Crash(crash) => {
                let node = NodeId(crash.process);
                if self.crash(network, node, crash.state).await? {
                    self.struck(place);
                }
            }
            Change::Restart(crash) => {
                let node = NodeId(crash.process);
                if self.restart(network, node) {
                    self.restarting.insert(node, place);
                }
            }
            Change::Pause(process) | Change::Resume(process) => {
                let halts = matches!(event.change, Change::Pause(_));
                if self.halt(network, NodeId(*process), halts) {
                    self.mark(event.change.mark(peers));
                    self.struck(place);
                }
            }
            Change::Part(_)
            | Change::Heal(_)
            | Change::Slow(..)
            | Change::Usual(_)
            | Change::Links(_) => {
                let mut is_changed = network.links.apply(&event.change);
                if let Some(companion) = &mut self.companion {
                    companion.changed(&event.change);
                    is_changed = true;
                }
                if is_changed {
                    self.cuts.note(&event.change);
                    self.mark(event.change.mark(peers));
                    self.struck(place);
                }
            }
        }
        Ok(())
    }

    fn struck(&mut self, place: usize) {
        self.progress.struck.insert(place, unix_nano(time::now()));
    }

    /// Records a change as a span of the laboratory.
    fn mark(&self, mark: Mark) {
        mark.record(&self.laboratory, time::now());
    }

    /// Crashes a process and its peer, and records that. Returns whether it was running.
    pub(in super::super) async fn crash(
        &mut self,
        network: &mut Network<S::Algorithm>,
        node: NodeId,
        state: Memory,
    ) -> Result<bool, Error> {
        if !self.restarts.crash(network, node, state).await? {
            return Ok(false);
        }
        if let Some(companion) = &mut self.companion {
            companion.crashed(node);
        }
        let peer = node.to_string();
        self.record(&FaultAction::Kill { peer });
        // One that keeps its state goes on with its operations.
        let forgets = state == Memory::Lost || !self.is_to_restart(node);
        let forgotten = if forgets {
            self.operations.forget(node)
        } else {
            Vec::new()
        };
        for (context, _) in forgotten {
            let status = Status::error("the process has crashed");
            context.span().set_status(status);
            context.span().end();
        }
        let giving = self.giving.as_ref();
        if giving.is_some_and(|giving| giving.node == node) {
            self.giving = None;
            self.be_patient();
        }
        match self.is_to_restart(node) {
            true => self.gives_up = None,
            false => drop(self.progress.stopped.insert(node)),
        }
        Ok(true)
    }

    /// Begins to restart a process. Returns whether it was down.
    pub(in super::super) fn restart(
        &mut self,
        network: &Network<S::Algorithm>,
        node: NodeId,
    ) -> bool {
        let begun = self.restarts.begin(network, node);
        if begun {
            self.progress.stopped.remove(&node);
            self.gives_up = None;
        }
        begun
    }

    /// The peer of a process that restarts has dialled its neighbours.
    pub(super) fn on_joined(
        &mut self,
        network: &mut Network<S::Algorithm>,
        joined: Result<Joined, network::Error>,
    ) -> Result<(), Error> {
        let Some((node, peer)) = self.restarts.join(network, joined?)? else {
            return Ok(());
        };
        let name = node.to_string();
        self.record(&FaultAction::Restart { peer: name });
        self.restarted.insert(node, Instant::now());
        if let Some(place) = self.restarting.remove(&node) {
            self.struck(place);
        }
        let paused = self.clock.is_paused();
        let state = self.restarts.resume(network, node, peer, paused);
        let driver = network.drivers.iter().find(|driver| driver.id() == node);
        if let (Some(companion), Some(driver)) = (&mut self.companion, driver) {
            companion.restarted(node, driver.commander());
        }
        if state == Some(Memory::Lost) {
            self.progress.endings.forget(self.system, node);
        }
        self.be_patient();
        Ok(())
    }

    /// Whether a crash of that process explains the loss of a message that was sent then.
    pub(super) fn was_down(&self, node: NodeId, sent: Instant) -> bool {
        let restarted = self.restarted.get(&node);
        self.restarts.is_down(node) || restarted.is_some_and(|restarted| sent < *restarted)
    }

    /// Halts a process, or lets it go on, also one that is down meanwhile. Returns whether it
    /// was in the other state.
    fn halt(&mut self, network: &Network<S::Algorithm>, node: NodeId, halts: bool) -> bool {
        let mut changed = false;
        let change = |faults: &mut FaultState| {
            changed = faults.halted != halts;
            faults.halted = halts;
        };
        let mut drivers = network.drivers.iter();
        match drivers.find(|driver| driver.id() == node) {
            Some(driver) => driver.change_faults(change),
            None => drop(self.restarts.faults(node).map(change)),
        }
        if let Some(companion) = &mut self.companion {
            companion.halted(node, halts);
        }
        changed
    }
}
