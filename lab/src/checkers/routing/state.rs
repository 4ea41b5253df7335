//! What the states of nodes say.

use std::sync::Arc;

use algorithms::Fields;
use rustc_hash::FxHashSet;

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checkers) struct Route<'a> {
    pub(in crate::checkers) to: &'a str,
    pub(in crate::checkers) via: &'a str,
    pub(in crate::checkers) metric: u64,
}

/// The routes of a state: `peer-03 via peer-01 at 2`.
pub(in crate::checkers) fn routes(state: &Fields) -> impl Iterator<Item = Route<'_>> {
    list(state, "routes").iter().filter_map(|text| route(text))
}

/// The routes of a state that are not the same in the one before it.
pub(in crate::checkers) fn new_routes<'a>(
    before: Option<&Fields>,
    after: &'a Fields,
) -> impl Iterator<Item = Route<'a>> {
    let before = before.map_or(&[][..], |before| list(before, "routes"));
    let known: FxHashSet<&str> = before.iter().map(|text| &**text).collect();
    let all = list(after, "routes").iter();
    let others = all.filter(move |text| !known.contains(&***text));
    others.filter_map(|text| route(text))
}

fn route(text: &str) -> Option<Route<'_>> {
    let mut words = text.split(' ');
    let mut next = || words.next();
    let [to, "via", via, "at", metric] = [next()?, next()?, next()?, next()?, next()?] else {
        return None;
    };
    let metric = metric.parse().ok().filter(|_| next().is_none())?;
    Some(Route { to, via, metric })
}

/// The next hop to a destination.
pub(in crate::checkers) fn next_hop<'a>(state: &'a Fields, to: &str) -> Option<&'a str> {
    let all = list(state, "routes");
    let rest = |text: &'a Arc<str>| text.strip_prefix(to)?.strip_prefix(" via ");
    // Routes are in the order of names as a rule.
    let place = all.partition_point(|text| text.split(' ').next().unwrap_or_default() < to);
    let found = all.get(place).and_then(rest);
    found
        .or_else(|| all.iter().find_map(rest))?
        .split(' ')
        .next()
}

/// The links of a state, each with its cost: `peer-01 at 1`.
pub(in crate::checkers) fn links(state: &Fields) -> impl Iterator<Item = (&str, u64)> {
    list(state, "links").iter().filter_map(|text| {
        let (neighbour, cost) = text.split_once(" at ")?;
        Some((neighbour, cost.parse().ok()?))
    })
}

/// Whether a list is the same in two states. Those that follow each other share it in memory.
pub(in crate::checkers) fn is_kept(name: &str, before: &Fields, after: &Fields) -> bool {
    before.get(name) == after.get(name)
}

pub(in crate::checkers) fn list<'a>(state: &'a Fields, name: &str) -> &'a [Arc<str>] {
    state.get_list(name).unwrap_or_default()
}
