//! The planned faults of a live run: kills, crashes and restarts.

use std::time::Duration;

use algorithms::NodeId;
use lab::planned::Planned;
use lab::simulator::Crash;

/// A planned fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PlannedFault {
    pub(super) node: NodeId,
    /// When, after the start.
    pub(super) at: Duration,
    pub(super) change: Change,
}

/// What happens to the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It stops for ever.
    Kill,
    /// It stops, and is to restart.
    Crash,
    /// It restarts.
    Restart,
}

/// The planned faults: each crash, and its restart.
pub(super) fn plan(stops: &[Crash]) -> Vec<PlannedFault> {
    let fault = |node, at, change| PlannedFault {
        node: NodeId(node),
        at,
        change,
    };
    let all = stops.iter().flat_map(|stop| {
        let (node, at) = (stop.process, stop.at);
        match stop.restart {
            None => [Some(fault(node, at, Change::Kill)), None],
            Some(restart) => [
                Some(fault(node, at, Change::Crash)),
                Some(fault(node, restart, Change::Restart)),
            ],
        }
    });
    all.flatten().collect()
}

/// The same, for the report.
pub(super) fn reported(plan: &[PlannedFault]) -> Vec<Planned> {
    let all = plan.iter().enumerate();
    let all = all.map(|(place, fault)| {
        let PlannedFault { node, at, change } = *fault;
        match change {
            Change::Kill => Planned::kill(node.0, at),
            Change::Crash => Planned::crash(node.0, at),
            Change::Restart => Planned::restart(node.0, at).after(place - 1),
        }
    });
    all.collect()
}
