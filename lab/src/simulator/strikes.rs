//! What the faults of a scenario did to one schedule.

use std::time::Duration;

use algorithms::NodeId;

use super::Scenario;
use crate::planned::{Planned, Strike};

/// How many members of a group are named. A guess.
const NAMED: usize = 4;

/// The counted effects of a scenario's faults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Strikes {
    /// Messages that the network lost at random.
    pub lost: u64,
    /// Messages that it delivered twice.
    pub doubled: u64,
    /// What each crash, and each partition, stopped: messages, timers, commands.
    pub(super) crashes: Vec<u64>,
    pub(super) partitions: Vec<u64>,
}

impl Strikes {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            crashes: vec![0; scenario.crash.len()],
            partitions: vec![0; scenario.partition.len()],
            ..Self::default()
        }
    }

    /// What came of each of [`planned`], in a schedule that took so long.
    pub fn of(&self, scenario: &Scenario, took: Duration) -> Vec<Strike> {
        let begun = |at: Duration, met: u64| match at <= took {
            true => Strike::Met(met),
            false => Strike::Never,
        };
        let over = |at: Duration| match at <= took {
            true => Strike::Happened,
            false => Strike::Never,
        };
        let crashes = scenario.crash.iter().zip(&self.crashes);
        let crashes = crashes.map(|(crash, met)| (crash.at, *met, crash.restart));
        let partitions = scenario.partition.iter().zip(&self.partitions);
        let partitions = partitions.map(|(part, met)| (part.at, *met, part.heal));
        let all = crashes.chain(partitions);
        let strikes = all.flat_map(|(at, met, end)| [Some(begun(at, met)), end.map(over)]);
        strikes.flatten().collect()
    }
}

/// The faults of a scenario that have a time: crashes and partitions, each with
/// its end, if it has one.
pub fn planned(scenario: &Scenario) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut plan = |begins: Planned, ends: Option<Planned>| {
        let place = planned.len();
        planned.push(begins);
        planned.extend(ends.map(|ends| ends.after(place)));
    };
    for crash in &scenario.crash {
        let restart = crash.restart.map(|at| Planned::restart(crash.process, at));
        plan(Planned::crash(crash.process, crash.at), restart);
    }
    for part in &scenario.partition {
        let named = part.group.iter().take(NAMED);
        let mut who: Vec<_> = named.map(|node| NodeId(*node).to_string()).collect();
        if part.group.len() > NAMED {
            who.push(format!("{} more", part.group.len() - NAMED));
        }
        let who = who.join(", ");
        let heal = |at| Planned::new(format!("the heal of {who}"), at);
        let begins = Planned::new(format!("the partition of {who}"), part.at);
        plan(begins, part.heal.map(heal));
    }
    planned
}
