//! One direction of a connection, under the conditions of now.

use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use super::faults::{Conditions, End};
use super::lines::Flow;
use super::{Extra, Fabric};

/// One direction of a connection, for its reader.
pub(super) struct Direction {
    end: End,
    /// The version of the world that the latency is of, and the extra, and the flow.
    version: u64,
    latency: Duration,
    extra: Option<Extra>,
    /// Its share of the lines; `None` if they have no limits.
    flow: Option<Flow>,
    slow: Duration,
    is_held: bool,
}

impl Direction {
    pub(super) fn new(fabric: &Arc<Fabric>, ends: [u32; 2]) -> Self {
        let end = End::new(fabric, ends);
        let now = end.conditions();
        let [from, to] = ends;
        Self {
            end,
            version: now.version,
            latency: now.world.latency(from, to),
            extra: now.world.extra(from, to),
            flow: now.lines.map(|lines| lines.join(from, to)),
            slow: now.slow,
            is_held: now.is_held,
        }
    }

    /// Takes over what has changed. The task is woken when more does. Returns its flow over
    /// lines that are not there any more.
    pub(super) fn update(&mut self, context: &Context<'_>) -> Option<Flow> {
        if !self.end.has_changed(context) {
            return None;
        }
        let now = self.end.conditions();
        self.slow = now.slow;
        self.is_held = now.is_held;
        match now.version == self.version {
            true => None,
            false => self.change(now),
        }
    }

    fn change(&mut self, now: Conditions) -> Option<Flow> {
        let [from, to] = self.end.peers();
        self.version = now.version;
        self.latency = now.world.latency(from, to);
        self.extra = now.world.extra(from, to);
        match (&self.flow, now.lines) {
            (Some(flow), Some(lines)) if flow.is_over(&lines) => None,
            (_, lines) => {
                let flow = lines.map(|lines| lines.join(from, to));
                std::mem::replace(&mut self.flow, flow)
            }
        }
    }

    pub(super) fn flow(&self) -> Option<&Flow> {
        self.flow.as_ref()
    }

    /// How long a byte travels at least.
    pub(super) fn latency(&self) -> Duration {
        self.latency + self.slow
    }

    /// Draws how much longer so many bytes take.
    pub(super) fn extra(&mut self, bytes: usize) -> Duration {
        let extra = self.extra.as_mut().map(|extra| extra(bytes));
        extra.unwrap_or_default()
    }

    /// Whether nothing arrives.
    pub(super) fn is_held(&self) -> bool {
        self.is_held
    }
}
