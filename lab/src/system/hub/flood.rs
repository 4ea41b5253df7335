//! What an attack cost the attackers, the hub, and honest peers: from a recorded run.

use std::collections::BTreeMap;
use std::time::Duration;

use trace::history::History;
use trace::steps::{Event, StepRecord};

use super::attack::ATTACK;
use super::{Figure, HUB, Judgement};
use crate::stats::{Measure, Times, show, thousands};

/// Whether that process attacks.
fn attacks(steps: &[StepRecord]) -> bool {
    let last = steps.last();
    last.is_some_and(|step| step.state.get_text(ATTACK).is_some())
}

/// The attackers of a run.
pub(super) fn attackers(history: &History) -> Vec<String> {
    let all = history.processes.iter();
    let attackers = all.filter(|(_, steps)| attacks(steps));
    attackers.map(|(name, _)| name.to_string()).collect()
}

/// Adds it to the judgement of a run with attackers.
pub(super) fn add(history: &History, judgement: &mut Judgement) {
    let attackers = attackers(history);
    let is_attacker = |name: &str| attackers.iter().any(|attacker| attacker == name);
    let hub = history.processes.get(&*HUB.to_string());
    let (mut handled, mut answered, mut refused, mut registered) = (0, 0, 0, 0);
    let mut span: Option<(u64, u64)> = None;
    for step in hub.into_iter().flatten() {
        let from = step.received.as_ref().map(|received| &received.from);
        if !from.is_some_and(|from| is_attacker(from)) {
            continue;
        }
        handled += 1;
        let at = step.at_unix_nano;
        span = Some((span.map_or(at, |(first, _)| first), at));
        for event in &step.events {
            if let Event::Sent { message, .. } = event {
                match &*message.kind {
                    "REFUSED" => refused += 1,
                    "REGISTERED" => registered += 1,
                    _ => answered += 1,
                }
            }
        }
    }
    let of = |field: &str| -> u64 {
        let states = attackers.iter().filter_map(|name| {
            let last = history.processes.get(name.as_str())?.last()?;
            last.state.get_integer(field)
        });
        states.map(|number| number as u64).sum()
    };
    let hashes = of("hashes");
    for (name, measured, formula) in [
        ("of attackers: messages", handled, "handled by the hub"),
        ("of attackers: bytes", of("bytes"), "sent, without headers"),
        (
            "of attackers: answered",
            answered + registered,
            "served by the hub",
        ),
        ("of attackers: refused", refused, "the others are ignored"),
        ("of attackers: hashes", hashes, "2^bits for each proof"),
        ("of attackers: registrations", registered, "REGISTERED"),
    ] {
        judgement.figures.push(Figure::new(name, measured, formula));
    }
    judgement.summary.push(format!(
        "{} attackers had the hub handle {} messages, and got {} answers, {} refusals, and {} registrations for {} hashes",
        attackers.len(),
        thousands(handled),
        thousands(answered + registered),
        thousands(refused),
        thousands(registered),
        thousands(hashes)
    ));
    finds(history, &attackers, span, judgement);
}

/// The median of honest peers' Finds, while nobody attacks and under the attack.
fn finds(
    history: &History,
    attackers: &[String],
    span: Option<(u64, u64)>,
    judgement: &mut Judgement,
) {
    let (mut idle, mut attacked) = (Times::new(), Times::new());
    let all = history.processes.iter();
    for (_, steps) in all.filter(|(name, _)| !attackers.iter().any(|it| **it == ***name)) {
        for (at, took) in finds_of(steps) {
            match span {
                Some((first, last)) if (first..=last).contains(&at) => attacked.record(took),
                _ => idle.record(took),
            }
        }
    }
    let (idle, attacked) = (idle.summary(), attacked.summary());
    if let (Some(idle), Some(attacked)) = (idle, attacked) {
        let ratio = attacked.p50 as f64 / idle.p50 as f64;
        judgement.summary.push(format!(
            "a Find of honest peers takes {} in the median while nobody attacks, and {} under the attack: {ratio:.2} times",
            show(Duration::from_nanos(idle.p50)),
            show(Duration::from_nanos(attacked.p50)),
        ));
        let measure = Measure::ratio("find under attack", ratio, attacked.count);
        judgement.measures.push(measure);
    }
    for (name, summary) in [("find idle", idle), ("find attacked", attacked)] {
        judgement.measures.push(Measure::times(name, summary, 0));
    }
}

/// When each was sent, in nanoseconds since the Unix epoch, and how long its answer took.
fn finds_of(steps: &[StepRecord]) -> Vec<(u64, Duration)> {
    let (mut sent, mut took) = (BTreeMap::new(), Vec::new());
    for step in steps {
        let received = step.received.as_ref().map(|received| &received.message);
        if let Some(message) = received.filter(|message| message.kind == "NEIGHBOURS") {
            let number = message.fields.get_integer("number");
            if let Some(at) = number.and_then(|number| sent.remove(&number)) {
                took.push((
                    at,
                    Duration::from_nanos(step.at_unix_nano.saturating_sub(at)),
                ));
            }
        }
        for event in &step.events {
            if let Event::Sent { message, .. } = event
                && message.kind == "FIND"
                && let Some(number) = message.fields.get_integer("number")
            {
                sent.entry(number).or_insert(step.at_unix_nano);
            }
        }
    }
    took
}
