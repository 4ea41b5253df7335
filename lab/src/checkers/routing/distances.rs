//! Whether distances are right once the network is at rest.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::time::Duration;

use algorithms::Fields;

use super::Property;
use super::network::Network;
use super::state::{links, list, routes};
use crate::stats::{Times, show};

/// From this metric on a destination cannot be reached (RFC 8966, section 4.6.9).
const INFINITY: u64 = 0xFFFF;

/// The nodes that are up at some time: their states, and which of their links work, with what
/// they say these cost.
struct Snapshot<'a> {
    states: BTreeMap<&'a str, &'a Fields>,
    /// To a node: those with a link to it, and its cost for them.
    towards: BTreeMap<&'a str, Vec<(&'a str, u64)>>,
}

/// Whenever nothing has changed for the stated time, the distances are those of the shortest
/// paths over the links that work.
pub(super) fn check(network: &Network<'_>, settled: &mut Times) -> Property {
    let mut property = Property::of("distances are right at rest", network.history)
        .looks_at("time without a change that is long enough");
    if let Some(why) = excuse(network) {
        property.idle(why);
        return property;
    }
    let Some(times) = network.times() else {
        right(network, network.end, true, &mut property);
        return property;
    };
    let changes = network.changes();
    let nodes = network.history.processes.len();
    let fails = !network.terms.fifo
        || !network.history.crashes.is_empty()
        || !network.history.partitions.is_empty()
        || !network.stalls.is_empty()
        || network.losses().next().is_some();
    let rest = |delay| times.rest(nodes, Duration::from_nanos(delay), fails);
    let ends = changes.iter().skip(1).chain([&network.end]);
    let mut longest = (Duration::ZERO, Duration::ZERO);
    for (&since, &until) in changes.iter().zip(ends) {
        let is_stalled = |(from, to): &(u64, u64)| *from < until && since < *to;
        let lasted = Duration::from_nanos(until.saturating_sub(since));
        if lasted < rest(0) || network.stalls.iter().any(is_stalled) {
            if lasted >= longest.0 {
                longest = (lasted, rest(network.usually_late));
            }
            continue;
        }
        let needs = rest(network.delay(since).saturating_add(network.usually_late));
        if lasted < needs {
            longest = longest.max((lasted, needs));
            continue;
        }
        let is_last = until == network.end;
        right(network, until, is_last, &mut property);
        settled.record(Duration::from_nanos(moved(network, since, until)));
    }
    if property.checked == 0 && property.holds() {
        excuse_unrest(network, longest, &mut property);
    }
    property
}

/// No time without a change was long enough.
fn excuse_unrest(
    network: &Network<'_>,
    (lasted, needs): (Duration, Duration),
    property: &mut Property,
) {
    let lost = network.losses().last();
    let recent = lost.filter(|lost| {
        let since = network.end.saturating_sub(lost.sent);
        Duration::from_nanos(since) < needs
    });
    match recent {
        _ if network.terms.goes_out => property.idle("links go out until the end (--outages)"),
        Some(lost) => property.idle(format!(
            "messages were lost until the end: no time without a loss was longer than {}, and {} \
             to {} was lost",
            show(lasted),
            lost.kind,
            lost.to
        )),
        None => property.not_known(format!(
            "nothing changed for {} at most, and distances have to be right after {}: take a \
             longer --duration",
            show(lasted),
            show(needs)
        )),
    }
}

/// Why nothing has to hold.
fn excuse(network: &Network<'_>) -> Option<&'static str> {
    let history = network.history;
    let fails = !history.crashes.is_empty() || !history.partitions.is_empty();
    match network.times() {
        Some(times) if times.watch.is_none() && fails => {
            Some("links are not watched (--hello 0s), so a failure is not noticed")
        }
        Some(times) if times.table.is_none() && has_gap(network) => {
            Some("a message was lost, and tables are not repeated (--update 0s)")
        }
        None if history
            .crashes
            .iter()
            .any(|crash| crash.restarted.is_none()) =>
        {
            Some("a node has stopped, which a check without HELLO does not notice")
        }
        None if network.losses().next().is_some() => {
            Some("a message was lost, and tables are not repeated in a check")
        }
        Some(_) | None => None,
    }
}

/// Whether a node misses something that another one has said, and both are still there.
fn has_gap(network: &Network<'_>) -> bool {
    let until = network.end.saturating_sub(network.delay(0));
    network.messages.iter().any(|message| {
        let runs = network.runs(message.from) && network.runs(message.to);
        let is_news = !matches!(message.kind, "HELLO" | "IHU");
        runs && is_news && message.received.is_none() && message.sent < until
    })
}

/// Compares all distances before that time with those of the shortest paths.
fn right(network: &Network<'_>, until: u64, is_last: bool, property: &mut Property) {
    let timed = network.times().is_some();
    let now = Snapshot::take(network, until, timed);
    let mut check = |holds: bool, violation: String| match is_last {
        true => property.check_in_the_end(holds, || violation),
        false => property.check(holds, || violation),
    };
    let first = network.history.steps().map(|(.., step)| step.at_unix_nano);
    let first = first.min().unwrap_or_default();
    let when = match timed {
        true => format!(
            " at {}",
            show(Duration::from_nanos(until.saturating_sub(first)))
        ),
        false => String::new(),
    };
    for (one, other) in now.unused(network, until, timed) {
        check(
            false,
            format!("{one} does not use its link to {other}{when}, which works"),
        );
    }
    if network.terms.hops {
        for violation in dear(network, &now, until) {
            check(false, violation);
        }
    }
    for to in &network.terms.destinations {
        let right = now.distances(to);
        for (node, state) in now.states.iter().filter(|(node, _)| *node != to) {
            let said = routes(state).find(|route| route.to == *to);
            let said = said.map(|route| route.metric);
            let right = right.get(node).copied();
            let holds = said == right;
            let violation = match holds {
                true => String::new(),
                false => format!(
                    "{node} has {to} at {}{when}, and it is at {}",
                    metric(said),
                    metric(right)
                ),
            };
            check(holds, violation);
        }
    }
}

fn metric(metric: Option<u64>) -> String {
    metric.map_or("no distance".into(), |metric| metric.to_string())
}

/// Links that cost something else than 1 and what the environment has added.
fn dear(network: &Network<'_>, now: &Snapshot<'_>, until: u64) -> Vec<String> {
    let mut more = BTreeMap::new();
    for (by, at, kind, fields) in network.history.outputs() {
        let at = network.history.processes[by][at].at_unix_nano;
        let is_before = at < until || until == network.end;
        if let ("Priced", Some(of), true) = (kind, fields.get_text("neighbour"), is_before) {
            more.insert((&**by, of), fields.get_integer("more").unwrap_or_default());
        }
    }
    let mut all = Vec::new();
    let crashes = || network.history.crashes.iter();
    // A node that crashed may have forgotten what was added.
    let others = now.states.iter();
    let others = others.filter(|(node, _)| crashes().all(|crash| *crash.process != ***node));
    for (node, state) in others {
        for (neighbour, cost) in links(state) {
            let more = more.get(&(*node, neighbour)).copied().unwrap_or_default();
            let right = u64::try_from(more).unwrap_or_default().saturating_add(1);
            if cost != right.min(INFINITY) {
                all.push(format!(
                    "the link of {node} to {neighbour} costs {cost}, and should cost {right}"
                ));
            }
        }
    }
    all
}

impl<'a> Snapshot<'a> {
    fn take(network: &Network<'a>, until: u64, timed: bool) -> Self {
        let mut states = BTreeMap::new();
        for (name, steps) in &network.history.processes {
            let known = match timed {
                true => steps.partition_point(|step| step.at_unix_nano < until),
                false => steps.len(),
            };
            // What happens at the end itself belongs to it.
            let known = if until == network.end {
                steps.len()
            } else {
                known
            };
            let is_up = match timed {
                true => network.is_up(name, until.saturating_sub(1)),
                false => network.runs(name),
            };
            if let Some(step) = known.checked_sub(1).map(|last| &steps[last])
                && is_up
            {
                states.insert(&**name, &step.state);
            }
        }
        let mut now = Self {
            states,
            towards: BTreeMap::new(),
        };
        for (one, other) in network.pairs() {
            for (from, to) in [(one, other), (other, one)] {
                if now.works(network, one, other, until, timed)
                    && let Some(cost) = now.cost(from, to)
                {
                    now.towards.entry(to).or_default().push((from, cost));
                }
            }
        }
        now
    }

    /// Whether the link works, and both ends are there. In a check there are no times, and it is
    /// up to what the environment has closed.
    fn works(
        &self,
        network: &Network<'_>,
        one: &str,
        other: &str,
        until: u64,
        timed: bool,
    ) -> bool {
        let (Some(first), Some(second)) = (self.states.get(one), self.states.get(other)) else {
            return false;
        };
        let closes =
            |state: &Fields, of: &str| list(state, "closed").iter().any(|one| **one == *of);
        match timed {
            true => network.works(one, other, until.saturating_sub(1)),
            false => !closes(first, other) && !closes(second, one),
        }
    }

    /// What a node says that its link costs.
    fn cost(&self, from: &str, to: &str) -> Option<u64> {
        let mut all = links(self.states.get(from)?);
        Some(all.find(|(neighbour, _)| *neighbour == to)?.1)
    }

    /// Links that work, and that a node does not use.
    fn unused(&self, network: &Network<'a>, until: u64, timed: bool) -> Vec<(&'a str, &'a str)> {
        let both = network.pairs().flat_map(|(a, b)| [(a, b), (b, a)]);
        both.filter(|(one, other)| {
            self.works(network, one, other, until, timed) && self.cost(one, other).is_none()
        })
        .collect()
    }

    /// How far each node is from a destination: Dijkstra's algorithm, from its end.
    fn distances(&self, to: &str) -> BTreeMap<&'a str, u64> {
        let mut all = BTreeMap::new();
        let Some((first, _)) = self.states.get_key_value(to) else {
            return all;
        };
        let mut open = BinaryHeap::from([Reverse((0, *first))]);
        while let Some(Reverse((distance, node))) = open.pop() {
            if all.contains_key(node) {
                continue;
            }
            all.insert(node, distance);
            for (from, cost) in self.towards.get(node).into_iter().flatten() {
                let further = distance.saturating_add(*cost);
                if further < INFINITY {
                    open.push(Reverse((further, *from)));
                }
            }
        }
        all
    }
}

/// How long after a change the last route changed before the next one.
fn moved(network: &Network<'_>, since: u64, until: u64) -> u64 {
    let mut last = since;
    for steps in network.history.processes.values() {
        let pairs = steps.windows(2).filter(|pair| {
            let at = pair[1].at_unix_nano;
            since <= at
                && at < until
                && list(&pair[0].state, "routes") != list(&pair[1].state, "routes")
        });
        last = last.max(pairs.map(|pair| pair[1].at_unix_nano).max().unwrap_or(0));
    }
    last.saturating_sub(since)
}
