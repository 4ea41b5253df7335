//! The fault requests of the page, applied to a live run.

use algorithms::{Algorithm, NodeId};
use lab::simulator::Memory;
use lab::system::System;
use node::driver::Driver;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _};
use trace::history::faults::{FaultAction, PEER};
use trace::steps::key;

use super::session::Session;
use crate::control::{Allowed, Error};
use crate::network::Network;

/// The faults that a run of `system` allows.
pub(super) fn allowed<S: System>(system: &S) -> Allowed {
    let mut allowed = vec!["pause", "cut"];
    if system.survives_crashes() {
        allowed.extend(["kill", "restart"]);
    }
    allowed
}

impl<S: System> Session<'_, S> {
    /// Applies a fault, and records it in the trace. A restart is only begun.
    pub(super) async fn inject(
        &mut self,
        network: &mut Network<S::Algorithm>,
        action: &FaultAction,
    ) -> Result<(), Error> {
        match action {
            FaultAction::Pause {} if self.clock.is_paused() => {
                return Err(Error::Paused);
            }
            FaultAction::Resume {} if !self.clock.is_paused() => {
                return Err(Error::NotPaused);
            }
            FaultAction::Pause {} => {
                self.clock.pause();
                pause(network, true);
            }
            FaultAction::Resume {} => {
                self.clock.resume();
                pause(network, false);
            }
            FaultAction::Cut { peer, other } => link(network, (peer, other), false)?,
            FaultAction::Heal { peer, other } => link(network, (peer, other), true)?,
            FaultAction::Restart { peer } => {
                let mut all = (0..network.seats()).map(NodeId);
                let node = all.find(|node| node.to_string() == *peer);
                let node = node.ok_or_else(|| Error::NoPeer(peer.clone()))?;
                return match self.restart(network, node) {
                    true => Ok(()),
                    false => Err(Error::NotDown { peer: peer.clone() }),
                };
            }
            FaultAction::Kill { peer } => {
                let node = find(network, peer)?;
                if !self.system.survives_crashes() {
                    return Err(Error::NotSurvived);
                }
                if self.is_asked(node) {
                    return Err(Error::Busy { peer: peer.clone() });
                }
                let killed = self.crash(network, node, Memory::Lost).await;
                return match killed {
                    Ok(true) => Ok(()),
                    Ok(false) | Err(_) => Err(Error::NoPeer(peer.clone())),
                };
            }
        }
        self.record(action);
        Ok(())
    }

    /// Records a fault as a span of the laboratory.
    pub(super) fn record(&self, action: &FaultAction) {
        let (name, [peer, other]) = action.parts();
        let named = |key, value: Option<&str>| Some(KeyValue::new(key, value?.to_owned()));
        let attributes = [named(PEER, peer), named(key::REMOTE, other)];
        let builder = self.laboratory.span_builder(name);
        let mut span = builder
            .with_attributes(attributes.into_iter().flatten())
            .start(&self.laboratory);
        span.end();
    }
}

/// The process of that name.
fn find<A: Algorithm>(network: &Network<A>, name: &str) -> Result<NodeId, Error> {
    let mut ids = network.drivers.iter().map(Driver::id);
    ids.find(|id| id.to_string() == name)
        .ok_or_else(|| Error::NoPeer(name.to_owned()))
}

/// Pauses or resumes all processes.
fn pause<A: Algorithm>(network: &Network<A>, paused: bool) {
    for driver in &network.drivers {
        driver.change_faults(|faults| faults.paused = paused);
    }
}

/// Cuts a link, or heals it.
fn link<A: Algorithm>(
    network: &Network<A>,
    (peer, other): (&str, &str),
    whole: bool,
) -> Result<(), Error> {
    let (a, b) = (find(network, peer)?, find(network, other)?);
    if !network.neighbours[usize::from(a)].contains(&b.0) {
        return Err(Error::NoLink {
            peer: peer.to_owned(),
            other: other.to_owned(),
        });
    }
    let mut changed = false;
    for driver in &network.drivers {
        let far = match driver.id() {
            id if id == a => b,
            id if id == b => a,
            _ => continue,
        };
        driver.change_faults(|faults| {
            changed |= match whole {
                true => faults.cut.remove(&far),
                false => faults.cut.insert(far),
            }
        });
    }
    let state = if whole { "whole" } else { "cut" };
    match changed {
        true => Ok(()),
        false => Err(Error::Unchanged {
            peer: peer.to_owned(),
            other: other.to_owned(),
            state,
        }),
    }
}
