//! Checks a routing protocol: do next hops never form a loop, are distances right once the network
//! is at rest, and does nothing go to a neighbour that is gone?
//!
//! For any protocol whose states have the list `routes` of texts `peer-03 via peer-01 at 2`, the
//! list `links` of texts `peer-01 at 1`, which are the links in use with their costs, and the list
//! `closed` of neighbours whose links the environment has closed. Which links work is read from
//! the faults of the run, and the distances are computed here.

mod distances;
mod holes;
mod loops;
mod network;
mod outages;
pub(super) mod state;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trace::history::History;

use super::Property;
use crate::stats::{Summary, Times};
use network::Network;

pub use loops::safe;
pub use outages::{Outages, Used, outages};

/// What nodes promise.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The neighbours of each node, by its name.
    pub neighbours: BTreeMap<String, BTreeSet<String>>,
    /// The nodes to which there are routes.
    pub destinations: BTreeSet<String>,
    /// Whether a link costs 1, and what the environment adds.
    pub hops: bool,
    /// Whether links go out until the run ends, so that nothing has to be at rest.
    pub goes_out: bool,
    /// Whether channels keep the order. Without, a distance that was overtaken by a newer one is
    /// corrected by the next table.
    pub fifo: bool,
    /// Their times; `None` in a check, where a run has none, and ends when nothing is left to
    /// happen.
    pub times: Option<Intervals>,
}

/// The times of nodes.
#[derive(Clone, Copy, Debug)]
pub struct Intervals {
    /// How often a link is tried, and after which silence it is down; `None` for links that are
    /// not watched.
    pub watch: Option<(Duration, Duration)>,
    /// How often all distances are announced; `None` for never.
    pub table: Option<Duration>,
    /// How long changes are gathered.
    pub gather: Duration,
    /// When a request is repeated.
    pub ask: Duration,
}

/// How many waves a change may cause: each crosses at most N-1 links. The loss of routes
/// spreads, a request goes to the destination, and its answer comes back; and all of that once
/// more, since the first answer may have been given before the last change.
const WAVES: u32 = 6;

impl Intervals {
    /// After what time at rest distances are right, among so many nodes: where a link is crossed
    /// within `delay`, and where links and nodes may fail, or only be closed. A failure is noticed
    /// after the silence, the end of one after an interval; what was lost meanwhile comes with the
    /// next table. A request may end where there is no route yet, and is then repeated.
    pub fn rest(&self, nodes: usize, delay: Duration, fail: bool) -> Duration {
        let watch = self.watch.map_or(Duration::ZERO, |(hello, silence)| {
            hello.saturating_add(silence)
        });
        let noticed = match fail {
            true => watch.max(self.table.unwrap_or_default()),
            false => Duration::ZERO,
        };
        let links = u32::try_from(nodes.saturating_sub(1)).unwrap_or(u32::MAX);
        let link = delay.saturating_add(self.gather);
        let waves = link.saturating_mul(links).saturating_mul(WAVES);
        noticed.saturating_add(self.ask).saturating_add(waves)
    }
}

/// What was found in a run.
#[derive(Debug)]
pub struct Findings {
    /// What has to hold, besides what holds at every moment ([`safe`]).
    pub properties: Vec<Property>,
    /// How long after a change the last route changed, in runs with times.
    pub settled: Option<Summary>,
    /// How long next hops led over links that did not work.
    pub holes: Option<Summary>,
    /// How many routes there are in the end, and the sum of their metrics.
    pub routes: (u64, u64),
}

/// What keeps a network from rest, beside crashes, partitions and what the environment does. Times
/// are in nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Unrest {
    /// When the last message was sent that the network has lost.
    pub lost: Option<u64>,
    /// When the last time ended in which a node took no step although it had to.
    pub stalled: Option<u64>,
}

/// Looks for that.
pub fn unrest(history: &History, terms: &Terms) -> Unrest {
    let network = Network::read(history, terms);
    let ends = network.stalls.iter().map(|(_, end)| *end);
    Unrest {
        lost: network.losses().map(|message| message.sent).max(),
        stalled: ends.max(),
    }
}

/// Checks a run.
pub fn check(history: &History, terms: &Terms) -> Findings {
    let network = Network::read(history, terms);
    let (mut settled, mut holes) = (Times::new(), Times::new());
    let properties = vec![
        distances::check(&network, &mut settled),
        holes::check(&network, &mut holes),
    ];
    let last = history.processes.iter();
    let last = last.filter_map(|(name, steps)| steps.last().filter(|_| network.runs(name)));
    let metrics = last.flat_map(|step| state::routes(&step.state).map(|route| route.metric));
    let (count, sum) = metrics.fold((0, 0), |(count, sum), metric| (count + 1, sum + metric));
    Findings {
        properties,
        settled: settled.summary(),
        holes: holes.summary(),
        routes: (count, sum),
    }
}
