//! Whether next hops form a loop.

use std::collections::BTreeMap;

use algorithms::Fields;
use trace::history::Moment;

use super::Property;
use super::state::{is_kept, next_hop, routes};

/// What has to hold at every moment: who follows the next hops to a destination comes to no node
/// twice. Only the routes that the latest step has changed can have closed a loop.
pub fn safe(now: &Moment<'_>) -> Vec<Property> {
    let mut property = Property::new("no loop in the next hops").looks_at("state with `routes`");
    let Some((process, step)) = now.latest() else {
        return vec![property];
    };
    let before = now.before();
    if before.is_some_and(|before| is_kept("routes", before, &step.state)) {
        return vec![property];
    }
    let states: BTreeMap<_, _> = now.states().collect();
    for route in routes(&step.state) {
        let known = before.and_then(|before| next_hop(before, route.to));
        if known == Some(route.via) {
            continue;
        }
        let found = circle(process, route.to, &states);
        property.check(found.is_none(), || {
            let path = found.unwrap_or_default().join(" -> ");
            format!("to {}: {path}", route.to)
        });
    }
    vec![property]
}

/// The nodes that a packet passes from `first` on, if it comes to one of them again.
fn circle<'a>(
    first: &'a str,
    to: &str,
    states: &BTreeMap<&'a str, &'a Fields>,
) -> Option<Vec<&'a str>> {
    let mut path = vec![first];
    let mut at = first;
    while at != to {
        at = next_hop(states.get(at).copied()?, to)?;
        let is_known = path.contains(&at);
        path.push(at);
        if is_known {
            return Some(path);
        }
    }
    None
}
