//! Whether next hops form a loop.

use trace::history::Moment;

use super::Property;
use super::state::{is_kept, new_routes, next_hop};

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
    for route in new_routes(before, &step.state) {
        let found = circle(process, route.to, now);
        property.check(found.is_none(), || {
            let path = found.unwrap_or_default().join(" -> ");
            format!("to {}: {path}", route.to)
        });
    }
    vec![property]
}

/// The nodes that a packet passes from `first` on, if it comes to one of them again.
fn circle<'a>(first: &'a str, to: &str, now: &Moment<'a>) -> Option<Vec<&'a str>> {
    let mut path = vec![first];
    let mut at = first;
    while at != to {
        at = next_hop(now.state(at)?, to)?;
        let is_known = path.contains(&at);
        path.push(at);
        if is_known {
            return Some(path);
        }
    }
    None
}
