//! What the faults of a scenario did to one schedule.

use std::time::Duration;

use super::{Change, DrawnFaults, Event, Scenario};
use crate::planned::Strike;

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
    /// What each pause, and each slow process, delayed.
    pub(super) pauses: Vec<u64>,
    pub(super) slow: Vec<u64>,
}

impl Strikes {
    /// Of a scenario, to which faults that were drawn are added.
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            crashes: vec![0; scenario.crash.len()],
            partitions: vec![0; scenario.partition.len()],
            pauses: vec![0; scenario.pause.len()],
            slow: vec![0; scenario.slow.len()],
            ..Self::default()
        }
    }

    /// What came of each of the [events](Scenario::events) of the scenario, in a schedule
    /// that took so long.
    pub fn of(&self, scenario: &Scenario, took: Duration) -> Vec<Strike> {
        let crashes = &self.crashes[..scenario.crash.len()];
        let partitions = &self.partitions[..scenario.partition.len()];
        let met = [crashes, partitions, &self.pauses, &self.slow].concat();
        of(&scenario.events(), &met, took)
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
        of(&drawn.events(), &[crashes, partitions].concat(), took)
    }
}

/// `met` has what met each fault, without ends and links.
fn of(events: &[Event], met: &[u64], took: Duration) -> Vec<Strike> {
    let mut met = met.iter();
    let strikes = events.iter().map(|event| {
        let counts = event.ends.is_none() && !matches!(event.change, Change::Links(_));
        let met = counts.then(|| met.next().copied().unwrap_or_default());
        match (event.at <= took, met) {
            (false, _) => Strike::Never,
            (true, Some(met)) => Strike::Met(met),
            (true, None) => Strike::Happened,
        }
    });
    strikes.collect()
}
