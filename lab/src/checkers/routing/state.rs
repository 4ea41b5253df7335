//! What the states of nodes say.

use std::sync::Arc;

use algorithms::Fields;

/// A route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checkers) struct Route<'a> {
    pub(in crate::checkers) to: &'a str,
    pub(in crate::checkers) via: &'a str,
    pub(in crate::checkers) metric: u64,
}

/// The routes of a state: `peer-03 via peer-01 at 2`.
pub(in crate::checkers) fn routes(state: &Fields) -> impl Iterator<Item = Route<'_>> {
    list(state, "routes").iter().filter_map(|text| {
        let (to, rest) = text.split_once(" via ")?;
        let (via, metric) = rest.split_once(" at ")?;
        let metric = metric.parse().ok()?;
        Some(Route { to, via, metric })
    })
}

/// The next hop to a destination.
pub(in crate::checkers) fn next_hop<'a>(state: &'a Fields, to: &str) -> Option<&'a str> {
    let all = list(state, "routes").iter();
    let mut rest = all.filter_map(|text| text.strip_prefix(to)?.strip_prefix(" via "));
    Some(rest.next()?.split_once(" at ")?.0)
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
