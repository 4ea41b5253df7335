//! The faults of a run over peers that run no algorithm.

use std::collections::BTreeMap;
use std::time::Duration;

use lab::simulator::{Change, Event};
use trace::telemetry::Tracer;
use trace::time::{self, unix_nano};

use super::planned::{Plan, Struck};
use crate::network::Members;

/// Carries out the changes of a plan, and records each as a span.
pub(super) struct Injected<'a> {
    events: &'a [Event],
    struck: &'a mut Struck,
    laboratory: &'a Tracer,
    /// The places of the restarts that are under way.
    restarting: BTreeMap<u32, usize>,
}

impl<'a> Injected<'a> {
    /// Those of a plan; none without one. When they strike is added to `struck`.
    pub(super) fn new(
        plan: Option<&'a Plan>,
        struck: &'a mut Struck,
        laboratory: &'a Tracer,
    ) -> Self {
        Self {
            events: plan.map_or(&[], |plan| &plan.events),
            struck,
            laboratory,
            restarting: BTreeMap::new(),
        }
    }

    /// When each change is due after the start, with its place; in the order of time.
    pub(super) fn due(&self) -> Vec<(Duration, usize)> {
        let due = self.events.iter().enumerate();
        let mut due: Vec<_> = due.map(|(place, event)| (event.at, place)).collect();
        due.sort_unstable();
        due
    }

    /// Carries out the change at that place, unless the peer is in that state already.
    /// Returns the peer that stops with it. A restart is only begun.
    pub(super) fn strike(&mut self, place: usize, members: &mut Members) -> Option<u32> {
        let change = &self.events[place].change;
        if !members.change(change) {
            return None;
        }
        if let Change::Restart(crash) = change {
            self.restarting.insert(crash.process, place);
            return None;
        }
        self.mark(place, members);
        match change {
            Change::Crash(crash) => Some(crash.process),
            _ => None,
        }
    }

    /// That peer is back.
    pub(super) fn came_back(&mut self, peer: u32, members: &Members) {
        if let Some(place) = self.restarting.remove(&peer) {
            self.mark(place, members);
        }
    }

    fn mark(&mut self, place: usize, members: &Members) {
        let now = time::now();
        let peers = members.tracers.len() as u32;
        let mark = self.events[place].change.mark(peers);
        mark.record(self.laboratory, now);
        self.struck.insert(place, unix_nano(now));
    }
}
