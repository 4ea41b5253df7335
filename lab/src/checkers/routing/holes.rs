//! Whether next hops that lead nowhere outlive the time-out.

use std::time::Duration;

use trace::steps::StepRecord;

use super::Property;
use super::network::{Network, Span};
use super::state::routes;
use crate::stats::{Times, nanos, show};

/// A next hop over a link that does not work any more is gone once the link was silent for the
/// time-out: counted from the last answer that was under way when the link failed, and with what
/// the timers of the run were late.
pub(super) fn check(network: &Network<'_>, holes: &mut Times) -> Property {
    let mut property = Property::new("no black hole outlives the time-out")
        .looks_at("next hop over a link that does not work");
    let Some((_, silence)) = network.times().and_then(|times| times.watch) else {
        property.idle("links are not watched");
        return property;
    };
    for (one, other) in network.pairs() {
        for &(from, until) in network.down(one, other) {
            for (node, next) in [(one, other), (other, one)] {
                let Some(steps) = network.history.processes.get(node) else {
                    continue;
                };
                let Some(last) = last_use(network, steps, node, next, (from, until)) else {
                    continue;
                };
                let silent = answered(network, (one, other), from);
                let due = silent
                    .saturating_add(nanos(silence))
                    .saturating_add(network.late);
                holes.record(Duration::from_nanos(last.saturating_sub(from)));
                property.check(last <= due, || {
                    let after = |at: u64| show(Duration::from_nanos(at.saturating_sub(from)));
                    format!(
                        "{node} still sends to {next} {} after the link failed, and should stop \
                         after {}",
                        after(last),
                        after(due)
                    )
                });
            }
        }
    }
    if property.checked == 0 {
        property.idle("no link failed over which a next hop led");
    }
    property
}

/// Until when a node has that next hop while the link does not work; `None` if it never has.
fn last_use(
    network: &Network<'_>,
    steps: &[StepRecord],
    node: &str,
    next: &str,
    (from, until): Span,
) -> Option<u64> {
    let mut last = None;
    let first = steps.partition_point(|step| step.at_unix_nano <= from);
    let meanwhile = steps.iter().enumerate().skip(first.saturating_sub(1));
    for (place, step) in meanwhile.take_while(|(_, step)| step.at_unix_nano < until) {
        // Its state lasts until its next step, and a crash ends it as well.
        let ends = steps
            .get(place + 1)
            .map_or(network.end, |next| next.at_unix_nano);
        let crashes = network.history.crashes.iter();
        let crash = crashes
            .filter(|crash| *crash.process == *node && crash.at >= step.at_unix_nano)
            .map(|crash| crash.at)
            .min();
        let ends = ends.min(until).min(crash.unwrap_or(u64::MAX));
        let begins = step.at_unix_nano.max(from);
        if begins < ends && routes(&step.state).any(|route| route.via == next) {
            last = Some(ends);
        }
    }
    last
}

/// When the last answer came that was under way when a link failed, or a question to which it
/// was an answer.
fn answered(network: &Network<'_>, (one, other): (&str, &str), failed: u64) -> u64 {
    let latest = |before: u64| {
        let between = network.messages.iter().filter(|message| {
            let ends = (message.from, message.to);
            ends == (one, other) || ends == (other, one)
        });
        let sent = between.filter(|message| message.sent <= before);
        let came = sent.filter_map(|message| message.received);
        came.max().unwrap_or(before).max(before)
    };
    latest(latest(failed))
}
