//! Checks who leads: is it the largest process that is up, and do the others know it?
//!
//! For elections that are held again when processes stop and come back. A process that has
//! another leader than before outputs `Elected`, with the leader's name as the text
//! `process`; one that asks whether a larger process is there sends it ELECTION.

use std::collections::BTreeMap;

use algorithms::NodeId;
use trace::history::History;
use trace::steps::Event;

use super::Property;

/// Checks a run of so many processes, of which some may have taken no recorded step.
pub fn check(history: &History, processes: u32) -> Vec<Property> {
    let leaders = leaders(history);
    let names: Vec<_> = (0..processes)
        .map(|node| NodeId(node).to_string())
        .collect();
    vec![
        largest(history, &names),
        agreement(history, &leaders),
        termination(history, &names, &leaders),
    ]
}

/// Safety: a process leads only if each larger one was down at some time since it was asked.
fn largest(history: &History, names: &[String]) -> Property {
    let mut property =
        Property::of("largest that is up", history).looks_at("output Elected of the leader itself");
    for (name, steps) in &history.processes {
        // When it has last asked each larger process.
        let mut asked = BTreeMap::<&str, u64>::new();
        for step in steps {
            let leads = step.events.iter().any(|event| is_elected(event, name));
            for larger in names.iter().filter(|other| leads && is_larger(other, name)) {
                let since = asked.get(&**larger).copied();
                let was_down = history.crashes.iter().any(|crash| {
                    let is_back = crash.restarted.is_some_and(|at| Some(at) < since);
                    *crash.process == **larger && crash.at <= step.at_unix_nano && !is_back
                });
                property.check(was_down, || {
                    format!("{name} leads (step {}), and {larger} was up", step.number)
                });
            }
            property.checked += u64::from(leads);
            for event in &step.events {
                if let Event::Sent { to, message } = event
                    && message.kind == "ELECTION"
                {
                    asked.insert(&**to, step.at_unix_nano);
                }
            }
        }
    }
    property
}

/// In the end, all that are up follow the same process, if that one is up.
fn agreement(history: &History, leaders: &BTreeMap<&str, &str>) -> Property {
    let mut property = Property::of("agreement", history).looks_at("output Elected");
    let up = leaders
        .iter()
        .filter(|(name, _)| history.stopped(name).is_none());
    let mut up = up.filter(|(_, leader)| history.stopped(leader).is_none());
    if let Some((first, expected)) = up.next() {
        property.check(true, String::new);
        for (process, leader) in up {
            property.check_in_the_end(leader == expected, || {
                format!("{process} follows {leader}, and {first} follows {expected}")
            });
        }
    }
    property
}

/// In the end, all that are up follow some process, once there was an election.
fn termination(history: &History, names: &[String], leaders: &BTreeMap<&str, &str>) -> Property {
    let mut property = Property::of("termination", history).looks_at("output Elected");
    let mut followed = leaders
        .values()
        .filter(|leader| history.stopped(leader).is_none());
    if followed.next().is_none() {
        if !leaders.is_empty() {
            property.not_known("the leader has stopped, and nobody was asked to elect since");
        }
        return property;
    }
    for process in names.iter().filter(|one| history.stopped(one).is_none()) {
        property.check_in_the_end(leaders.contains_key(process.as_str()), || {
            format!("{process} follows nobody")
        });
    }
    property
}

/// Whom each process follows in the end: what it has said since it was last down.
fn leaders(history: &History) -> BTreeMap<&str, &str> {
    let mut leaders = BTreeMap::new();
    for (process, at, kind, fields) in history.outputs() {
        let step = &history.processes[process][at];
        let of_process = history
            .crashes
            .iter()
            .filter(|crash| crash.process == *process);
        let forgotten = of_process
            .filter_map(|crash| crash.restarted)
            .any(|at| at > step.at_unix_nano);
        if let ("Elected", Some(leader), false) = (kind, fields.get_text("process"), forgotten) {
            leaders.insert(&**process, leader);
        }
    }
    leaders
}

/// Whether the process named `a` has a greater number than `b`. Names have at least two
/// digits, and more only where two do not suffice.
fn is_larger(a: &str, b: &str) -> bool {
    (a.len(), a) > (b.len(), b)
}

fn is_elected(event: &Event, leader: &str) -> bool {
    match event {
        Event::Output { kind, fields } => {
            &**kind == "Elected" && fields.get_text("process") == Some(leader)
        }
        Event::Sent { .. } => false,
    }
}

#[cfg(test)]
mod tests;
