//! Checks an overlay: are links bounded, is a link replaced only when no route leads over it, does each
//! packet end, and do all reach all in the end?
//!
//! For any overlay whose states have the list `links` of texts `peer-03 own` or `peer-03 accepted`,
//! and the list `routes` of texts `peer-03 via peer-01 at 2`, and whose outputs are `Opened`,
//! `Closed`, `Sent`, `Delivered` and `Dropped`.

mod packets;
mod series;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use algorithms::Fields;
use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::membership::impostors;
use super::routing::state::{is_kept, list, new_routes, routes};
use super::{Property, passages, routing};
use crate::stats::show;
pub use packets::Packets;
pub use series::{Interval, series};

/// What nodes promise.
#[derive(Clone, Debug)]
pub struct Terms {
    /// How many links a node opens at most.
    pub own: usize,
    /// How many it accepts at most.
    pub accepted: usize,
    /// The nodes behind a NAT: they accept no links, and open half as many.
    pub hidden: BTreeSet<String>,
    /// Whether links are drained before they are closed.
    pub drains: bool,
    /// Who leads nodes out of an island.
    pub registry: String,
    /// When all reach all; `None` in a check, where a run has no times.
    pub times: Option<Times>,
    /// The promises of the routing protocol.
    pub routing: routing::Terms,
}

/// When all reach all, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// After what time since the start.
    pub joined: u64,
    /// After what time since the last fault.
    pub rest: u64,
    /// For how long a node may then be without a route to another one, while links are replaced.
    pub gap: u64,
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
    /// How many pairs of nodes that run are connected over next hops in the end, and of how many.
    pub reached: (u64, u64),
    /// The sum of the lengths of these routes, in links.
    pub distance: u64,
    /// How many bytes of messages beside packets all nodes received, and in what time.
    pub overhead: (u64, Duration),
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
        overhead: overhead(history),
    }
}

/// The first step of each process, and those after which one of these lists is another one.
fn changed<'a>(
    history: &'a History,
    lists: &'a [&str],
) -> impl Iterator<Item = (&'a str, &'a StepRecord)> {
    let all = history.processes.iter();
    all.flat_map(move |(name, steps)| {
        let mut last: Option<&StepRecord> = None;
        let changed = steps.iter().filter(move |step| {
            let before = last.replace(step);
            let is_kept =
                |before: &StepRecord, list: &str| is_kept(list, &before.state, &step.state);
            before.is_none_or(|before| !lists.iter().all(|list| is_kept(before, list)))
        });
        changed.map(|step| (&**name, step))
    })
}

fn outputs(step: &StepRecord) -> impl Iterator<Item = (&str, &Fields)> {
    step.events.iter().filter_map(|event| match event {
        Event::Output { kind, fields } => Some((&**kind, fields)),
        Event::Sent { .. } => None,
    })
}

fn bounds(history: &History, terms: &Terms) -> Property {
    let mut property = Property::new("links are bounded").looks_at("state with `links`");
    for (node, step) in changed(history, &["links"]) {
        let links = list(&step.state, "links");
        let own = links.iter().filter(|text| text.contains(" own")).count();
        let accepted = links.len() - own;
        let [most_own, most_accepted] = match terms.hidden.contains(node) {
            true => [terms.own.div_ceil(2), 0],
            false => [terms.own, terms.accepted],
        };
        property.check(own <= most_own && accepted <= most_accepted, || {
            format!(
                "{node} (step {}) has {own} links of its own and {accepted} accepted ones, of \
                 {most_own} and {most_accepted}",
                step.number
            )
        });
    }
    property
}

/// A node that closes a link to replace it was told by the other end that no route leads over it,
/// and loses no route by that.
fn served(history: &History, terms: &Terms) -> Property {
    let mut property = Property::new("no route leads over a replaced link")
        .looks_at("output Closed with the reason `replaced`");
    if !terms.drains {
        property.idle("links are not drained");
        return property;
    }
    for (node, steps) in &history.processes {
        let mut drained = BTreeSet::<&str>::new();
        for pair in steps.windows(2) {
            let [before, step] = pair else { continue };
            let from = step.received.as_ref().map(|received| &*received.from);
            if let Some(received) = &step.received {
                match &*received.message.kind {
                    "DRAINED" => drop(drained.insert(&received.from)),
                    "ACCEPT" | "OPEN" | "KEEP" => drop(drained.remove(&*received.from)),
                    _ => {}
                }
            }
            for (_, fields) in outputs(step).filter(|(kind, _)| *kind == "Closed") {
                let neighbour = fields.get_text("neighbour").unwrap_or_default();
                if fields.get_text("why") == Some("replaced") {
                    // What the neighbour itself takes back is not lost by the closing.
                    let lost = match from == Some(neighbour) {
                        true => None,
                        false => lost_over(neighbour, &before.state, &step.state),
                    };
                    let is_told = drained.contains(neighbour);
                    property.check(is_told && lost.is_none(), || {
                        let why = match lost {
                            Some(to) => format!("lost its route to {to}"),
                            None => "was not told that the other end has no route".to_owned(),
                        };
                        let number = step.number;
                        format!("{node} (step {number}) closed the link to {neighbour}, and {why}")
                    });
                }
                drained.remove(neighbour);
            }
        }
    }
    if property.checked == 0 {
        property.idle("no link was replaced");
    }
    property
}

/// A destination that was reached over that neighbour, and is reached no more.
fn lost_over<'a>(neighbour: &str, before: &'a Fields, after: &Fields) -> Option<&'a str> {
    let lost = routes(before).find(|route| {
        let is_kept = || routes(after).any(|other| other.to == route.to);
        route.via == neighbour && !is_kept()
    });
    Some(lost?.to)
}

fn over_links(history: &History) -> Property {
    let mut property =
        Property::new("next hops are links").looks_at("state with `links` and `routes`");
    for (node, steps) in &history.processes {
        let mut last: Option<&Fields> = None;
        for step in steps {
            let before = last.replace(&step.state);
            let is_same = |list| before.is_some_and(|before| is_kept(list, before, &step.state));
            if is_same("links") && is_same("routes") {
                continue;
            }
            let links = list(&step.state, "links").iter();
            let links: Vec<_> = links.filter_map(|text| text.split(' ').next()).collect();
            // A route that was there before lead over one of the same links then.
            let known = before.filter(|_| is_same("links"));
            let mut hops = new_routes(known, &step.state).map(|route| route.via);
            let stray = hops.find(|hop| !links.contains(hop));
            property.check(stray.is_none(), || {
                let stray = stray.unwrap_or_default();
                format!(
                    "{node} (step {}) routes over {stray}, to which it has no link",
                    step.number
                )
            });
        }
    }
    property
}

/// Who reaches whom in the end, over routes of what length, and whether that is everybody, but for
/// short gaps.
fn ends(history: &History, terms: &Terms) -> ((u64, u64), u64, Property) {
    let impostors = impostors(history);
    let up = history.processes.iter();
    let up: BTreeMap<&str, _> = up
        .filter(|(name, _)| history.stopped(name).is_none() && !impostors.contains(&***name))
        .filter_map(|(name, steps)| Some((&**name, steps.last()?)))
        .collect();
    let wanted = up.len().saturating_sub(1);
    let (reached, distance) = lengths(&up);
    let mut property = Property::new("all reach all in the end").looks_at("state with `routes`");
    let end = up.values().map(|step| step.at_unix_nano).max().unwrap_or(0);
    match required(history, terms, end) {
        Required::No(why) => property.idle(why),
        Required::Unknown(why) => property.not_known(why),
        Required::Yes { gap } => {
            for node in up.keys() {
                let seen = reached_since(&history.processes[*node], end.saturating_sub(gap));
                let seen = seen.into_iter().filter(|to| up.contains_key(to)).count();
                property.check(seen == wanted, || {
                    let gap = show(Duration::from_nanos(gap));
                    format!("{node} had a route to {seen} of {wanted} in the last {gap}")
                });
            }
        }
    }
    let pairs = up.len() as u64 * wanted as u64;
    ((reached, pairs), distance, property)
}

/// How many pairs of these nodes there are of which the first reaches the second over the next hops,
/// and the sum of the links that these lead over.
fn lengths(up: &BTreeMap<&str, &StepRecord>) -> (u64, u64) {
    let mut next = BTreeMap::<&str, BTreeMap<&str, &str>>::new();
    for (name, step) in up {
        let hops = routes(&step.state).map(|route| (route.to, route.via));
        next.insert(name, hops.collect());
    }
    let (mut reached, mut distance) = (0, 0);
    for from in up.keys() {
        for to in up.keys().filter(|to| *to != from) {
            let mut at = *from;
            let mut length = 0;
            while at != *to && length < up.len() as u64 {
                let Some(via) = next.get(at).and_then(|next| next.get(to)) else {
                    break;
                };
                at = *via;
                length += 1;
            }
            if at == *to {
                reached += 1;
                distance += length;
            }
        }
    }
    (reached, distance)
}

/// What nodes receive beside packets.
fn overhead(history: &History) -> (u64, Duration) {
    let steps = || history.steps().map(|(.., step)| step);
    let received = steps().filter_map(|step| step.received.as_ref());
    let others = received.filter(|received| received.message.kind != "PACKET");
    let bytes = others.filter_map(|received| received.size).sum();
    let times = || steps().map(|step| step.at_unix_nano);
    let took = times().max().unwrap_or(0) - times().min().unwrap_or(0);
    (bytes, Duration::from_nanos(took))
}

/// Whether all have to reach all in the end.
enum Required {
    Yes { gap: u64 },
    No(String),
    Unknown(String),
}

fn required(history: &History, terms: &Terms, end: u64) -> Required {
    let Some(times) = terms.times else {
        return Required::No("a check has no times".into());
    };
    if terms.routing.goes_out {
        return Required::No("links go out until the end (--outages)".into());
    }
    if history.stopped(&terms.registry).is_some() {
        let registry = &terms.registry;
        return Required::No(format!(
            "{registry}, the registry, stopped, and without it islands are not reconnected"
        ));
    }
    let began = history.steps().map(|(.., step)| step.at_unix_nano).min();
    let (since, wait) = match last_fault(history) {
        Some(fault) => (fault, times.rest),
        None => (began.unwrap_or(end), times.joined),
    };
    let unrest = routing::unrest(history, &terms.routing);
    let quiet = |since: u64| end.saturating_sub(since);
    let in_short = |nanos: u64| show(Duration::from_nanos(nanos));
    if quiet(since) < wait {
        return Required::Unknown(format!(
            "the run ended {} after the start or the last fault, and all have to reach all after \
             {}: take a longer --duration",
            in_short(quiet(since)),
            in_short(wait)
        ));
    }
    if let Some(stalled) = unrest.stalled.filter(|at| quiet(*at) < times.rest) {
        return Required::Unknown(format!(
            "a process took no step although it had to, until {} before the end",
            in_short(quiet(stalled))
        ));
    }
    let late = passages::late(history, end.saturating_sub(wait), end);
    if late.delay.saturating_mul(2) > times.gap {
        return Required::Unknown(format!(
            "a message took {}, and a link is dead over which the answer to a HELLO takes more than \
             {}: take a longer --hello",
            in_short(late.delay),
            in_short(times.gap)
        ));
    }
    match unrest.lost.filter(|at| quiet(*at) < times.rest) {
        Some(_) => Required::No("messages were lost until the end".into()),
        None => Required::Yes { gap: times.gap },
    }
}

/// To whom a node had a route at any time from then on.
fn reached_since(steps: &[StepRecord], from: u64) -> BTreeSet<&str> {
    let before = steps.partition_point(|step| step.at_unix_nano < from);
    let states = steps.iter().skip(before.saturating_sub(1));
    let all = states.flat_map(|step| routes(&step.state));
    all.map(|route| route.to).collect()
}

/// When the last fault began or ended.
fn last_fault(history: &History) -> Option<u64> {
    let crashes = history.crashes.iter();
    let crashes = crashes.map(|crash| crash.restarted.unwrap_or(crash.at));
    let partitions = history.partitions.iter();
    let partitions = partitions.map(|one| one.healed.unwrap_or(u64::MAX));
    crashes.chain(partitions).max()
}
