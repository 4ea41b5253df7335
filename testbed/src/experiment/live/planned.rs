//! The planned faults of a live run: kills, crashes and restarts.

use std::time::Duration;

use algorithms::NodeId;
use lab::options::Net;
use lab::planned::Planned;

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

/// The faults that the options plan: the kills, and then each crash with its restart.
pub(super) fn plan(net: &Net) -> Vec<PlannedFault> {
    let fault = |node, at, change| PlannedFault {
        node: NodeId(node),
        at,
        change,
    };
    let kills = net.kill.iter();
    let kills = kills.map(|kill| fault(kill.node, kill.at, Change::Kill));
    let crashes = net.crash.iter().flat_map(|crash| {
        let restart = crash.restart;
        let restart = restart.map(|at| fault(crash.process, at, Change::Restart));
        [Some(fault(crash.process, crash.at, Change::Crash)), restart]
    });
    kills.chain(crashes.flatten()).collect()
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
