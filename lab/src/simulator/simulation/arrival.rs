//! When messages arrive that partitions, pauses and slow processes hold back, and the links
//! of the moment.

use std::time::Duration;

use algorithms::{Algorithm, NodeId};
use trace::history::Mark;
use trace::steps::Loss;

use super::{Simulation, nanos, unix};
use crate::simulator::{Change, Scenario};
use crate::world::Settled;

/// The links of a run, one after the other.
#[derive(Debug)]
pub(super) struct Worlds(Vec<(u64, Option<Settled>)>);

impl Worlds {
    pub(super) fn new(scenario: &Scenario, processes: u32, seed: u64) -> Self {
        let first = scenario.network.clone();
        let first = first.map(|world| world.settle(processes, seed));
        let mut worlds = vec![(0, first)];
        worlds.extend(scenario.links.iter().map(|links| {
            let settled = links.network.clone().settle(processes, seed);
            (nanos(links.at), Some(settled))
        }));
        worlds.sort_by_key(|(at, _)| *at);
        Self(worlds)
    }

    /// The links at that time, with their place.
    pub(super) fn at(&self, now: u64) -> (usize, Option<&Settled>) {
        let place = self.0.partition_point(|(at, _)| *at <= now).max(1) - 1;
        (place, self.0[place].1.as_ref())
    }
}

impl<A: Algorithm> Simulation<A> {
    /// The faults so far beside crashes and partitions, with their times.
    pub(in crate::simulator) fn marks(&self) -> Vec<(u64, Mark)> {
        let peers = self.processes.len() as u32;
        let events = self.scenario.events().into_iter();
        let marks = events.filter_map(|event| match event.change {
            Change::Crash(_) | Change::Restart(_) | Change::Part(_) | Change::Heal(_) => None,
            other if nanos(event.at) <= self.now => Some((unix(event.at), other.mark(peers))),
            _ => None,
        });
        marks.collect()
    }

    /// When a message that the network delivers at `at` arrives. In a FIFO channel, no
    /// earlier than those before it. An error says why it never does.
    pub(super) fn arrives(
        &mut self,
        from: NodeId,
        to: NodeId,
        at: u64,
    ) -> Result<u64, (Loss, &'static str)> {
        let mut at = self.slowed(to, at);
        if self.scenario.fifo {
            let channel = self.channels.entry((from.0, to.0)).or_default();
            at = at.max(channel.last_arrival);
        }
        loop {
            let before = at;
            at = self
                .healed(from, to, at)
                .ok_or((Loss::Cut, "the link is never healed"))?;
            at = self.runs_from(to, at);
            if at == before {
                break;
            }
        }
        if self.scenario.fifo {
            let channel = self.channels.entry((from.0, to.0)).or_default();
            channel.last_arrival = at;
        }
        Ok(at)
    }

    /// When that process can take a step that is due at `at`: when it is not paused.
    pub(super) fn runs_from(&mut self, node: NodeId, mut at: u64) -> u64 {
        loop {
            let now = Duration::from_nanos(at);
            let mut pauses = self.scenario.pause.iter().enumerate();
            let paused = pauses.find(|(_, pause)| {
                pause.process == node.0 && pause.at <= now && now < pause.resume
            });
            let Some((place, pause)) = paused else {
                return at;
            };
            self.strikes.pauses[place] += 1;
            at = nanos(pause.resume);
        }
    }

    /// When what arrives at `at` passes partitions that hold messages.
    fn healed(&mut self, from: NodeId, to: NodeId, mut at: u64) -> Option<u64> {
        loop {
            let now = Duration::from_nanos(at);
            let all = &self.scenario.partition;
            let Some(place) = self.separations.cuts(all, [from.0, to.0], now, true) else {
                return Some(at);
            };
            self.strikes.partitions[place] += 1;
            at = nanos(self.scenario.partition[place].heal?);
        }
    }

    /// When what reaches that process at `at` arrives.
    fn slowed(&mut self, to: NodeId, at: u64) -> u64 {
        let now = Duration::from_nanos(at);
        let mut later = at;
        for (place, slow) in self.scenario.slow.iter().enumerate() {
            let over = slow.until.is_some_and(|until| until <= now);
            if slow.process == to.0 && slow.at <= now && !over {
                self.strikes.slow[place] += 1;
                later = later.saturating_add(nanos(slow.by));
            }
        }
        later
    }
}
