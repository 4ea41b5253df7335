//! Whether peers hear what came of what they asked for.

use std::collections::BTreeSet;

use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::{Property, Terms, sent};

/// What a question can be answered with.
const ANSWERS: [&str; 5] = ["NEIGHBOURS", "FORWARDED", "ANSWERED", "REVERSED", "REFUSED"];

/// Peers that stopped, restarted or left need not hear anything.
pub(super) fn check(history: &History, terms: &Terms) -> Property {
    let mut property = Property::of("peers hear what came of it", history)
        .looks_at("message FIND, FORWARD, CALL or REVERSE");
    let crashed: BTreeSet<_> = history
        .crashes
        .iter()
        .map(|crash| &*crash.process)
        .collect();
    if terms.hubs.iter().all(|hub| history.stopped(hub).is_some()) {
        property.idle("the hub has stopped");
        return property;
    }
    if terms.hubs.iter().any(|hub| crashed.contains(hub.as_str())) && !terms.retries {
        property.idle("the hub has restarted, and peers do not ask again in a check");
        return property;
    }
    let peers = history.processes.iter();
    let peers = peers.filter(|(peer, _)| {
        !terms.is_hub(peer) && !crashed.contains(&***peer) && !terms.attackers.contains(&***peer)
    });
    for (peer, steps) in peers.filter(|(_, steps)| outputs(steps, "Left") == 0) {
        let asks = steps.iter().flat_map(sent);
        let asks = asks.filter(|sent| matches!(sent.kind, "NEW_SESSION" | "REGISTER"));
        if asks.count() > 0 && outputs(steps, "Joined") + outputs(steps, "Refused") == 0 {
            // Where an epoch is shorter than a proof takes, that can be right.
            property.unknown(format!("{peer} asked to register, and never was"));
        }
        let unanswered = unanswered(steps);
        let (calls, others): (Vec<_>, Vec<_>) = unanswered
            .into_iter()
            .partition(|(_, kind)| *kind == "CALL");
        let late = outputs(steps, "Late");
        property.check_in_the_end(calls.len() <= late, || {
            format!("{peer} was told of {late} late answers, and {calls:?} have none")
        });
        property.check_in_the_end(others.is_empty(), || {
            format!("{peer} has heard nothing of {others:?}")
        });
    }
    if property.checked == 0 {
        property.idle("every peer stopped, restarted or left");
    }
    property
}

/// The questions without an answer, by their numbers.
fn unanswered(steps: &[StepRecord]) -> BTreeSet<(i64, &str)> {
    let asked = steps.iter().flat_map(sent).filter_map(|sent| {
        let is_question = ["FIND", "FORWARD", "CALL", "REVERSE"].contains(&sent.kind);
        let number = sent.fields.get_integer("number")?;
        is_question.then_some((number, sent.kind))
    });
    let received = steps.iter().filter_map(|step| step.received.as_ref());
    let messages = received.map(|received| &received.message);
    // A peer that is not registered registers, and asks again.
    let answers = messages.filter(|message| {
        ANSWERS.contains(&&*message.kind) && message.fields.get_text("code") != Some("unregistered")
    });
    let answered = answers.filter_map(|answer| answer.fields.get_integer("number"));
    let answered: BTreeSet<_> = answered.collect();
    asked
        .filter(|(number, _)| !answered.contains(number))
        .collect()
}

fn outputs(steps: &[StepRecord], wanted: &str) -> usize {
    let events = steps.iter().flat_map(|step| &step.events);
    let outputs =
        events.filter(|event| matches!(event, Event::Output { kind, .. } if kind == wanted));
    outputs.count()
}
