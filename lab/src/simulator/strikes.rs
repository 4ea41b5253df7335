//! What the faults of a scenario did to one schedule.

use std::time::Duration;

use algorithms::NodeId;

use super::{Crash, DrawnFaults, Partition, Scenario};
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

    /// What came of each of the [`planned`] faults of the scenario, in a schedule that took
    /// so long.
    pub fn of(&self, scenario: &Scenario, took: Duration) -> Vec<Strike> {
        let Scenario {
            crash, partition, ..
        } = scenario;
        of(crash, &self.crashes, partition, &self.partitions, took)
    }

    /// The same of the faults that the schedule has drawn: their counts follow on those of
    /// the scenario.
    pub fn of_drawn(
        &self,
        scenario: &Scenario,
        drawn: &DrawnFaults,
        took: Duration,
    ) -> Vec<Strike> {
        let crashes = &self.crashes[scenario.crash.len()..];
        let partitions = &self.partitions[scenario.partition.len()..];
        of(&drawn.crash, crashes, &drawn.partition, partitions, took)
    }
}

fn of(
    crashes: &[Crash],
    met_by_crashes: &[u64],
    partitions: &[Partition],
    met_by_partitions: &[u64],
    took: Duration,
) -> Vec<Strike> {
    let begun = |at: Duration, met: u64| match at <= took {
        true => Strike::Met(met),
        false => Strike::Never,
    };
    let over = |at: Duration| match at <= took {
        true => Strike::Happened,
        false => Strike::Never,
    };
    let crashes = crashes.iter().zip(met_by_crashes);
    let crashes = crashes.map(|(crash, met)| (crash.at, *met, crash.restart));
    let partitions = partitions.iter().zip(met_by_partitions);
    let partitions = partitions.map(|(part, met)| (part.at, *met, part.heal));
    let all = crashes.chain(partitions);
    let strikes = all.flat_map(|(at, met, end)| [Some(begun(at, met)), end.map(over)]);
    strikes.flatten().collect()
}

/// Crashes and partitions, each with its end, if it has one.
pub fn planned(crashes: &[Crash], partitions: &[Partition]) -> Vec<Planned> {
    let mut planned = Vec::new();
    let mut plan = |begins: String, at, ends: String, end: Option<Duration>| {
        let place = planned.len();
        planned.push(Planned::new(begins, at));
        planned.extend(end.map(|end| Planned::new(ends, end).after(place)));
    };
    for crash in crashes {
        let who = NodeId(crash.process);
        let (begins, ends) = (
            format!("the crash of {who}"),
            format!("the restart of {who}"),
        );
        plan(begins, crash.at, ends, crash.restart);
    }
    for part in partitions {
        let named = part.group.iter().take(NAMED);
        let mut who: Vec<_> = named.map(|node| NodeId(*node).to_string()).collect();
        if part.group.len() > NAMED {
            who.push(format!("{} more", part.group.len() - NAMED));
        }
        let who = who.join(", ");
        let (begins, ends) = (
            format!("the partition of {who}"),
            format!("the heal of {who}"),
        );
        plan(begins, part.at, ends, part.heal);
    }
    planned
}
