//! What somebody at the page does to the run.

use algorithms::{Algorithm, NodeId};
use node::driver::Driver;
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _};
use opentelemetry_sdk::trace::SdkTracer;

use crate::control::{Allowed, Press};
use crate::network::Network;
use crate::system::System;

/// What can be done to a run of `system`.
pub(super) fn allowed<S: System>(system: &S) -> Allowed {
    let mut allowed = vec!["pause", "cut"];
    if system.survives_crashes() {
        allowed.push("kill");
    }
    allowed
}

/// Leaves a trace of it.
pub(super) fn record(tracer: &SdkTracer, press: &Press) {
    let (name, peer, other) = match press {
        Press::Pause {} => ("pause", None, None),
        Press::Resume {} => ("resume", None, None),
        Press::Kill { peer } => ("kill", Some(peer), None),
        Press::Cut { peer, other } => ("cut", Some(peer), Some(other)),
        Press::Heal { peer, other } => ("heal", Some(peer), Some(other)),
    };
    let named = |key, value: Option<&String>| Some(KeyValue::new(key, value?.clone()));
    let attributes = [named("p2p.peer", peer), named("p2p.remote", other)];
    let builder = tracer.span_builder(name);
    let mut span = builder
        .with_attributes(attributes.into_iter().flatten())
        .start(tracer);
    span.end();
}

/// The process of that name.
pub(super) fn find<A: Algorithm>(network: &Network<A>, name: &str) -> Result<NodeId, String> {
    let mut ids = network.drivers.iter().map(Driver::id);
    ids.find(|id| id.to_string() == name)
        .ok_or_else(|| format!("{name:?} is no peer that runs"))
}

/// Pauses all, or lets them go on.
pub(super) fn pause<A: Algorithm>(network: &Network<A>, paused: bool) {
    for driver in &network.drivers {
        driver.reach(|reach| reach.paused = paused);
    }
}

/// Cuts a link, or heals it.
pub(super) fn link<A: Algorithm>(
    network: &Network<A>,
    (peer, other): (&str, &str),
    whole: bool,
) -> Result<(), String> {
    let (a, b) = (find(network, peer)?, find(network, other)?);
    if !network.neighbours[usize::from(a)].contains(&b.0) {
        return Err(format!("there is no link between {peer} and {other}"));
    }
    let mut changed = false;
    for driver in &network.drivers {
        let far = match driver.id() {
            id if id == a => b,
            id if id == b => a,
            _ => continue,
        };
        driver.reach(|reach| {
            changed |= match whole {
                true => reach.cut.remove(&far),
                false => reach.cut.insert(far),
            }
        });
    }
    let state = if whole { "whole" } else { "cut" };
    match changed {
        true => Ok(()),
        false => Err(format!(
            "the link between {peer} and {other} is {state} already"
        )),
    }
}
