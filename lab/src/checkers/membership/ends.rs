//! Whether all know each other in the end.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trace::history::History;
use trace::steps::StepRecord;

use super::{Terms, members, number};
use crate::checkers::{Property, passages};
use crate::stats::show;

/// What is required in the end.
enum Required {
    /// `waves` is how long a message may take that each node passes on.
    Yes {
        waves: u64,
    },
    No(String),
    Unknown(String),
}

/// All honest nodes that run know the last epoch that began early enough, and trust each other if
/// they are neighbours.
pub(super) fn check(
    history: &History,
    terms: &Terms,
    impostors: &BTreeSet<&str>,
    epochs: &BTreeMap<i64, (&str, u64)>,
) -> Property {
    let mut property = Property::of("all trust each other in the end", history);
    let end = history.steps().map(|(.., step)| step.at_unix_nano).max();
    let end = end.unwrap_or_default();
    let waves = match required(history, terms, end) {
        Required::Yes { waves } => waves,
        Required::No(why) => {
            property.idle(why);
            return property;
        }
        Required::Unknown(why) => {
            property.unknown(why);
            return property;
        }
    };
    let known = terms
        .times
        .map_or(0, |times| times.known.saturating_add(waves));
    let is_early = |(_, began): &(&str, u64)| end.saturating_sub(*began) >= known;
    let mut early = epochs.iter().filter(|(_, epoch)| is_early(epoch));
    let Some((last, _)) = early.next_back() else {
        property.unknown(format!(
            "{}, the registry, has begun no epoch early enough: take a longer --duration",
            terms.registry
        ));
        return property;
    };
    let runs = |name: &str| history.stopped(name).is_none() && !impostors.contains(name);
    let up = history.processes.iter().filter(|(name, _)| runs(name));
    for (node, step) in up.filter_map(|(name, steps)| Some((name, steps.last()?))) {
        let epoch = number(&step.state, "epoch");
        property.check_in_the_end(epoch >= *last, || {
            format!("{node} is in epoch {epoch} in the end, and the registry began {last}")
        });
        let trusted: BTreeSet<_> = members(&step.state).map(|(name, _)| name).collect();
        let others = terms.neighbours.get(&**node).into_iter().flatten();
        let missing = others.filter(|other| runs(other) && !trusted.contains(&***other));
        let missing: Vec<_> = missing.map(String::as_str).collect();
        property.check_in_the_end(missing.is_empty(), || {
            format!("{node} does not trust {} in the end", missing.join(", "))
        });
    }
    property
}

/// How many messages a renewal takes: ENROL, ENROLLED and PRESENT.
const RENEWAL: u64 = 3;

fn required(history: &History, terms: &Terms, end: u64) -> Required {
    let Some(times) = terms.times else {
        let is_whole = history.crashes.is_empty() && history.losses.is_empty();
        return match is_whole {
            true => Required::Yes { waves: 0 },
            false => Required::No("in a check nothing is said again that was lost".into()),
        };
    };
    if terms.goes_out {
        return Required::No("links go out until the end (--outages)".into());
    }
    let registry = &terms.registry;
    if history.stopped(registry).is_some() {
        return Required::No(format!("{registry}, the registry, stopped"));
    }
    if history.partitions.iter().any(|one| one.healed.is_none()) {
        return Required::No("a partition never healed".into());
    }
    let in_short = |nanos: u64| show(Duration::from_nanos(nanos));
    let from = end.saturating_sub(times.rest);
    let late = passages::late(history, from, end);
    if late
        .delay
        .saturating_mul(RENEWAL)
        .saturating_add(times.remind)
        > times.epoch
    {
        return Required::Unknown(format!(
            "a message took {}, and a renewal, which takes three and up to {}, may last longer than \
             an epoch: take a longer --epoch",
            in_short(late.delay),
            in_short(times.remind)
        ));
    }
    if late.lost.is_some() {
        return Required::No("messages were lost until the end".into());
    }
    let waves = late
        .delay
        .saturating_mul(history.processes.len() as u64 + RENEWAL);
    let rest = times.rest.saturating_add(waves);
    if let Some(fault) = history.last_fault()
        && end.saturating_sub(fault) < rest
    {
        return Required::Unknown(format!(
            "the run ended {} after the last fault, and all trust each other after {}: take a \
             longer --duration",
            in_short(end.saturating_sub(fault)),
            in_short(rest)
        ));
    }
    let stalled = history.processes.iter().find(|(name, steps)| {
        history.stopped(name).is_none() && is_stalled(steps, from, end, times.remind)
    });
    match stalled {
        Some((name, _)) => Required::Unknown(format!(
            "{name} took no step for more than {}, although it had to",
            in_short(times.remind * 2)
        )),
        None => Required::Yes { waves },
    }
}

/// Whether a process that presents itself so often has paused from then on.
fn is_stalled(steps: &[StepRecord], from: u64, end: u64, remind: u64) -> bool {
    let late = steps.iter().map(|step| step.at_unix_nano);
    let late = late.filter(|at| *at > from);
    let mut times: Vec<_> = late.chain([from, end]).collect();
    times.sort_unstable();
    times.windows(2).any(|pair| pair[1] - pair[0] > remind * 2)
}
