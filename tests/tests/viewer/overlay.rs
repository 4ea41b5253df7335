//! An overlay over time: its links, routes and components in the topology, and outages of links
//! in the space-time diagram.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use serde_json::Value;
use support::spans::Reported;
use support::{Runs, run};

use super::{has, has_browser, look, number, steps, text, texts};

/// The script, beside this file.
const SCRIPT: &str = "overlay.mjs";

/// The texts of a list in a step's state.
fn list(step: &Reported, key: &str) -> Vec<String> {
    let mut all = step.span.attributes.iter();
    let found = all.find(|attribute| attribute.key == key);
    let value = found.and_then(|found| found.value.clone()?.value);
    let Some(Attribute::ArrayValue(list)) = value else {
        panic!("{key} is a list");
    };
    let values = list.values.into_iter().filter_map(|value| value.value);
    let text = |value| match value {
        Attribute::StringValue(text) => Some(text),
        _ => None,
    };
    values.filter_map(text).collect()
}

/// The last step of each peer.
fn last_steps(path: &Path) -> BTreeMap<String, Reported> {
    let mut last: BTreeMap<String, Reported> = BTreeMap::new();
    for step in steps(path) {
        let before = last.get(&step.service).and_then(number);
        if before < number(&step) {
            last.insert(step.service.clone(), step);
        }
    }
    last
}

/// How many routes of a peer lead over a neighbour.
fn routes_over(step: &Reported, neighbour: &str) -> usize {
    let over = format!(" via {neighbour} at ");
    let routes = list(step, "state.routes");
    routes.iter().filter(|route| route.contains(&over)).count()
}

/// The links that both ends have in the end, and the sentence on the routes over each.
fn links_in_the_end(path: &Path) -> BTreeMap<String, String> {
    let last = last_steps(path);
    let has_link = |one: &str, other: &str| {
        let links = list(&last[one], "state.links");
        links
            .iter()
            .any(|link| link.split(' ').next() == Some(other))
    };
    let mut links = BTreeMap::new();
    for one in last.keys() {
        for other in last.keys().filter(|other| one < *other) {
            if !has_link(one, other) || !has_link(other, one) {
                continue;
            }
            let [mine, theirs] =
                [(one, other), (other, one)].map(|(from, to)| routes_over(&last[from], to));
            let routes = if mine == 1 { "route" } else { "routes" };
            let said = format!("{mine} {routes} of {one} and {theirs} of {other} lead");
            links.insert(format!("{one} – {other}: open for "), said);
        }
    }
    links
}

/// The colours of these peers.
fn colours(seen: &Value, peers: impl IntoIterator<Item = u32>) -> BTreeSet<&str> {
    let named = peers.into_iter().map(|peer| format!("peer-{peer:02}"));
    named.map(|name| text(&seen["colours"][name])).collect()
}

#[test]
fn the_topology_shows_links_routes_and_components_of_an_overlay() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let words = "--peers 8 --seed 1 simulate overlay --links 2 --hello 1s --packets 5s --duration 130s --scenario {partition=[{at=\"20s\",heal=\"40s\",group=[0,1,2]}]}";
    run(&mut runs.testbed(words.split(' '))).exits(0);
    let path = runs.only();
    let seen = look(SCRIPT, &path, ["35", "end", "peer-00"]);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    let [parted, end] = &seen["topology"].as_array().expect("two moments")[..] else {
        panic!("{seen}");
    };
    // By then both sides have noticed the partition.
    has(text(&parted["note"]), &["; in ", " components, "]);
    let [group, others] = [colours(parted, 0..3), colours(parted, 3..8)];
    assert!(group.is_disjoint(&others), "{parted}");
    let legend = texts(&parted["legend"]).join("\n");
    has(
        &legend,
        &["component of ", "more routes", "open for longer"],
    );
    // All reach all in the end, so it is one component.
    let links = links_in_the_end(&path);
    let note = format!("8 peers, {} links between them, ", links.len());
    has(text(&end["note"]), &[&note, "; all in one component"]);
    let drawn = texts(&end["links"]);
    for (link, routes) in &links {
        let found = drawn.iter().find(|one| one.starts_with(link));
        has(found.expect("it is drawn"), &[routes]);
    }
    let mine = links.keys().filter(|link| link.starts_with("peer-00 "));
    let neighbours = texts(&end["neighbours"]);
    assert_eq!(neighbours.len(), mine.count(), "{neighbours:?}");
    for neighbour in neighbours {
        has(neighbour, &["peer-", ": open for ", " route"]);
    }
}

/// The peer, the destination and the next hop in `a route of peer-02 led to peer-05 over peer-00.`
fn route(said: &str) -> Option<[&str; 3]> {
    let (_, said) = said.split_once("a route of ")?;
    let (peer, said) = said.split_once(" led to ")?;
    let (to, over) = said.trim_end_matches('.').split_once(" over ")?;
    Some([peer, to, if over == "the link itself" { to } else { over }])
}

#[test]
fn the_diagram_shows_outages_and_when_traffic_flowed_again() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let words = "--peers 8 --seed 1 simulate overlay --links 2 --hello 1s --refresh 30s --packets 2s --duration 60s --outages exponential:20s --outages-every 1m";
    let ended = run(&mut runs.testbed(words.split(' '))).exits(0);
    let path = runs.only();
    let peers: Vec<_> = (0..8).map(|peer| format!("peer-{peer:02}")).collect();
    let seen = look(SCRIPT, &path, &peers);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    let mut lines = ended.stdout.lines();
    let counted = lines.find_map(|line| line.strip_prefix("outages ")?.split_once(" of links"));
    let (counted, _) = counted.expect("outages are counted");
    let said = format!("{} outages of links.", counted.trim());
    has(text(&seen["description"]), &[&said]);
    let legend = texts(&seen["legend"]).join("\n");
    has(
        &legend,
        &["link out", "traffic flows again", "out, not used"],
    );
    let all = peers.iter().flat_map(|peer| texts(&seen["outages"][peer]));
    let found: Vec<_> = all.filter_map(route).collect();
    assert!(!found.is_empty(), "{seen}");
    // Such a route is in a state of that peer.
    let steps = steps(&path);
    for [peer, to, via] in found {
        let route = format!("{to} via {via} at ");
        let mut mine = steps.iter().filter(|step| step.service == peer);
        let is_there = mine.any(|step| {
            let routes = list(step, "state.routes");
            routes.iter().any(|one| one.starts_with(&route))
        });
        assert!(is_there, "{peer}: {route}");
    }
}
