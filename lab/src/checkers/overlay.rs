//! Checks an overlay: are links bounded, is a link closed only when it serves nobody, does each
//! packet end, and do all reach all in the end?
//!
//! For any overlay whose states have the list `links` of texts `peer-03 own` or `peer-03 accepted`,
//! and the list `routes` of texts `peer-03 via peer-01 at 2`, and whose outputs are `Opened`,
//! `Closed`, `Sent`, `Delivered` and `Dropped`.

mod packets;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use algorithms::Fields;
use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::Property;
use crate::stats::show;
pub use packets::Packets;

/// What nodes promise.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How many links a node opens at most.
    pub own: usize,
    /// How many it accepts at most.
    pub accepted: usize,
    /// Whether links are drained before they are closed.
    pub drains: bool,
    /// For how long a node may be without a route to another one while links are replaced, in
    /// nanoseconds.
    pub gap: u64,
    /// After what time without a fault all reach all again, in nanoseconds; `None` if nothing is
    /// said.
    pub rest: Option<u64>,
}

/// What was found in a run.
#[derive(Debug)]
pub struct Findings {
    /// What has to hold.
    pub properties: Vec<Property>,
    /// How many links were closed, by the reason.
    pub closed: BTreeMap<String, u64>,
    /// How many were opened, each counted by who asked for it.
    pub opened: u64,
    /// What became of packets.
    pub packets: Packets,
    /// How many pairs of nodes that run have a route in the end, and of how many.
    pub reached: (u64, u64),
    /// The sum of the lengths of these routes.
    pub distance: u64,
}

/// Checks a run.
pub fn check(history: &History, terms: &Terms) -> Findings {
    let (packets, of_packets) = packets::check(history);
    let (reached, distance, in_the_end) = ends(history, terms);
    let mut closed = BTreeMap::<String, u64>::new();
    let mut opened = 0;
    for (_, _, kind, fields) in history.outputs() {
        match kind {
            "Opened" => opened += u64::from(fields.get_flag("own") == Some(true)),
            "Closed" => {
                let why = fields.get_text("why").unwrap_or_default();
                *closed.entry(why.to_owned()).or_default() += 1;
            }
            _ => {}
        }
    }
    Findings {
        properties: vec![
            bounds(history, terms),
            served(history, terms),
            over_links(history),
            of_packets,
            in_the_end,
        ],
        closed,
        opened,
        packets,
        reached,
        distance,
    }
}

fn list<'a>(state: &'a Fields, name: &str) -> &'a [String] {
    state.get_list(name).unwrap_or_default()
}

/// The neighbours over which routes lead.
fn next_hops(state: &Fields) -> impl Iterator<Item = &str> {
    let routes = list(state, "routes").iter();
    routes.filter_map(|text| Some(text.split_once(" via ")?.1.split_once(" at ")?.0))
}

fn steps(history: &History) -> impl Iterator<Item = (&str, &StepRecord)> {
    let all = history.processes.iter();
    all.flat_map(|(name, steps)| steps.iter().map(|step| (&**name, step)))
}

fn outputs(step: &StepRecord) -> impl Iterator<Item = (&str, &Fields)> {
    step.events.iter().filter_map(|event| match event {
        Event::Output { kind, fields } => Some((&**kind, fields)),
        Event::Sent { .. } => None,
    })
}

fn bounds(history: &History, terms: &Terms) -> Property {
    let mut property = Property::new("links are bounded").looks_at("state with `links`");
    for (node, step) in steps(history) {
        let links = list(&step.state, "links");
        let own = links.iter().filter(|text| text.contains(" own")).count();
        let accepted = links.len() - own;
        property.check(own <= terms.own && accepted <= terms.accepted, || {
            format!(
                "{node} (step {}) has {own} links of its own and {accepted} accepted ones, of {} \
                 and {}",
                step.number, terms.own, terms.accepted
            )
        });
    }
    property
}

/// A node that closes a link to replace it has no route over it, and was told so by the other end.
fn served(history: &History, terms: &Terms) -> Property {
    let mut property = Property::new("a link that is replaced serves nobody")
        .looks_at("output Closed with the reason `replaced`");
    if !terms.drains {
        property.idle("links are not drained");
        return property;
    }
    for (node, steps) in &history.processes {
        let mut drained = BTreeMap::<&str, bool>::new();
        for pair in steps.windows(2) {
            let [before, step] = pair else { continue };
            if let Some(received) = &step.received {
                match &*received.message.kind {
                    "DRAINED" => drop(drained.insert(&received.from, true)),
                    "ACCEPT" | "OPEN" | "KEEP" => drop(drained.remove(&*received.from)),
                    _ => {}
                }
            }
            for (_, fields) in outputs(step).filter(|(kind, _)| *kind == "Closed") {
                let neighbour = fields.get_text("neighbour").unwrap_or_default();
                if fields.get_text("why") == Some("replaced") {
                    let served = next_hops(&before.state)
                        .filter(|hop| *hop == neighbour)
                        .count();
                    // The last route may have gone in the step itself.
                    let served = served.min(
                        next_hops(&step.state)
                            .filter(|hop| *hop == neighbour)
                            .count(),
                    );
                    let is_told = drained.get(neighbour) == Some(&true);
                    property.check(served == 0 && is_told, || {
                        let other = if is_told { "had" } else { "had not" };
                        format!(
                            "{node} (step {}) closed the link to {neighbour}, over which it had \
                             {served} routes, and which {other} said that it has none",
                            step.number
                        )
                    });
                }
                drained.remove(neighbour);
            }
        }
    }
    property
}

fn over_links(history: &History) -> Property {
    let mut property =
        Property::new("next hops are links").looks_at("state with `links` and `routes`");
    for (node, step) in steps(history) {
        let links = list(&step.state, "links").iter();
        let links: Vec<_> = links.filter_map(|text| text.split(' ').next()).collect();
        let stray = next_hops(&step.state).find(|hop| !links.contains(hop));
        property.check(stray.is_none(), || {
            let stray = stray.unwrap_or_default();
            format!(
                "{node} (step {}) routes over {stray}, to which it has no link",
                step.number
            )
        });
    }
    property
}

/// Who reaches whom in the end, over routes of what length, and whether that is everybody, but for
/// short gaps.
fn ends(history: &History, terms: &Terms) -> ((u64, u64), u64, Property) {
    let mut property = Property::new("all reach all in the end").looks_at("state with `routes`");
    let down = |name: &str| {
        let mut crashes = history.crashes.iter();
        crashes.any(|crash| *crash.process == *name && crash.restarted.is_none())
    };
    let up = history.processes.iter().filter(|(name, _)| !down(name));
    let up: BTreeMap<&str, _> = up
        .filter_map(|(name, steps)| Some((&**name, steps.last()?)))
        .collect();
    let wanted = up.len().saturating_sub(1);
    let (mut reached, mut distance) = (0, 0);
    let last_fault = last_fault(history);
    let end = up.values().map(|step| step.at_unix_nano).max().unwrap_or(0);
    let began = steps(history).map(|(_, step)| step.at_unix_nano).min();
    let quiet = end.saturating_sub(last_fault.or(began).unwrap_or(end));
    let is_rested = terms.rest.is_some_and(|rest| quiet >= rest);
    for (node, step) in &up {
        let routes = list(&step.state, "routes").iter().filter_map(|text| {
            let (to, rest) = text.split_once(" via ")?;
            let metric: u64 = rest.split_once(" at ")?.1.parse().ok()?;
            up.contains_key(to).then_some(metric)
        });
        let (count, sum) = routes.fold((0, 0), |(count, sum), metric| (count + 1, sum + metric));
        reached += count;
        distance += sum;
        if is_rested {
            let seen = reached_since(&history.processes[*node], end.saturating_sub(terms.gap));
            let seen = seen.into_iter().filter(|to| up.contains_key(to)).count();
            property.check(seen == wanted, || {
                let gap = show(Duration::from_nanos(terms.gap));
                format!("{node} had a route to {seen} of {wanted} in the last {gap}")
            });
        }
    }
    match terms.rest {
        None => property.idle("nothing is said of the end"),
        Some(rest) if !is_rested => {
            let [quiet, rest] = [quiet, rest].map(|nanos| show(Duration::from_nanos(nanos)));
            property.unknown(format!(
                "the run ended {quiet} after the start or the last fault, and has to last {rest} \
                 longer than that; make --duration longer"
            ));
        }
        Some(_) => {}
    }
    let all = up.len() as u64 * wanted as u64;
    ((reached, all), distance, property)
}

/// To whom a node had a route at any time from then on.
fn reached_since(steps: &[StepRecord], from: u64) -> BTreeSet<&str> {
    let before = steps.partition_point(|step| step.at_unix_nano < from);
    let states = steps.iter().skip(before.saturating_sub(1));
    let routes = states.flat_map(|step| list(&step.state, "routes"));
    routes
        .filter_map(|text| Some(text.split_once(" via ")?.0))
        .collect()
}

/// When the last fault began or ended.
fn last_fault(history: &History) -> Option<u64> {
    let crashes = history.crashes.iter();
    let crashes = crashes.map(|crash| crash.restarted.unwrap_or(crash.at));
    let partitions = history.partitions.iter();
    let partitions = partitions.map(|one| one.healed.unwrap_or(u64::MAX));
    crashes.chain(partitions).max()
}
