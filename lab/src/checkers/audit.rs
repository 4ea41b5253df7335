//! Checks audits: is only the holder of a block credited, is nobody dropped without a reason, do
//! scores follow the rule, and are those who lack blocks detected as often as theory says?
//!
//! For any processes that ask with PROBE (`number`, `index`) and are answered with ANSWER
//! (`number`). The states of a process that lacks blocks have their indexes as the list `lacks`.
//! An auditor outputs `Found` (`target`, `number`, `index`, the `finding` `right`, `wrong` or
//! `missed`, and the `score` from then on) and `Dropped` (`target`).
//!
//! No hash is computed here: the record says who lacks which block. Scores are computed again.

mod detection;
mod facts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use trace::history::History;

use super::Property;
pub use detection::{Detection, detect, in_theory};
pub use facts::{Facts, Found};

/// The rule of scores, and what was to happen.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The first score.
    pub first: i64,
    /// The highest.
    pub most: i64,
    /// By how much a question without an answer lowers it.
    pub missed: i64,
    /// Whether answers have a deadline.
    pub has_deadline: bool,
    /// How many blocks there are.
    pub blocks: u64,
    /// How many probes an audit has.
    pub probes: u64,
}

/// Checks a run.
pub fn check(history: &History, facts: &Facts<'_>, terms: &Terms) -> Vec<Property> {
    vec![
        credited(facts),
        no_false_finding(facts),
        none_dropped_wrongly(history, facts, terms),
        scores(facts, terms),
        not_asked_again(facts),
        detection::property(facts, terms),
    ]
}

/// Safety: a right answer is that of a process that has the block.
fn credited(facts: &Facts<'_>) -> Property {
    let mut property =
        Property::new("only the holder of a block is credited").looks_at("output Found");
    for found in facts.found.iter().filter(|found| found.finding == "right") {
        property.check(!facts.lacks(found.target, found.index), || {
            format!("{found}, which {} lacks", found.target)
        });
    }
    property
}

/// An answer is wrong only if the block is lacking, and missing only if it did not come.
fn no_false_finding(facts: &Facts<'_>) -> Property {
    let mut property =
        Property::new("no finding against the holder of a block").looks_at("output Found");
    for found in &facts.found {
        let holds = !facts.lacks(found.target, found.index);
        let is_false = match found.finding {
            "wrong" => holds,
            "missed" => holds && found.was_answered,
            _ => false,
        };
        property.check(!is_false, || {
            format!("{found}, which {} has and has answered", found.target)
        });
    }
    property
}

/// A process that lacks nothing is not dropped, unless messages were lost.
fn none_dropped_wrongly(history: &History, facts: &Facts<'_>, terms: &Terms) -> Property {
    let mut property =
        Property::new("no honest process is dropped").looks_at("output Found or Dropped");
    // Who was only found right was not dropped either.
    property.checked += facts.found.iter().filter(|found| found.score > 0).count() as u64;
    let mut has_excused = false;
    for (auditor, step, target) in &facts.dropped {
        let has_stopped = facts.stopped.contains(&(*auditor, *step, *target));
        let is_honest = !facts.cheaters.contains_key(target) && !has_stopped;
        let is_excused = facts.lost.contains(&(*auditor, *target)) || !history.crashes.is_empty();
        if is_honest && is_excused {
            property.unknown(format!(
                "{auditor} (step {step}) dropped {target}, which lacks nothing: a message of the \
                 two was lost, or a process crashed"
            ));
            has_excused = true;
            continue;
        }
        property.check(!is_honest, || {
            let late = match terms.has_deadline {
                true => ": its answers came after the deadline, which is shorter than a round trip",
                false => "",
            };
            format!("{auditor} (step {step}) dropped {target}, which lacks nothing{late}")
        });
    }
    // A run with such a process shows nothing of the others either.
    if has_excused && property.holds() {
        property.checked = 0;
    }
    property
}

/// Scores rise and fall as the rule says, and a process is dropped at 0, and not before.
fn scores(facts: &Facts<'_>, terms: &Terms) -> Property {
    let mut property = Property::new("scores follow the rule").looks_at("output Found");
    let mut book = BTreeMap::new();
    let dropped: BTreeSet<_> = facts
        .dropped
        .iter()
        .map(|(auditor, step, target)| (*auditor, *step, *target))
        .collect();
    for found in &facts.found {
        // An auditor that restarts begins with new scores.
        let key = (found.auditor, found.life, found.target);
        let before = book.get(&key).copied().unwrap_or(terms.first);
        let after = match found.finding {
            "right" => terms.most.min(before + 1),
            "wrong" => 0,
            _ => (before - terms.missed).max(0),
        };
        // A mistake is listed once.
        book.insert(key, found.score);
        property.check(found.score == after, || {
            format!(
                "{found}: the score is {}, and was {before}, so it should be {after}",
                found.score
            )
        });
        let is_dropped = dropped.contains(&(found.auditor, found.step, found.target));
        property.check(is_dropped == (after == 0) || found.score != after, || {
            format!("{found}: the score is {after}, and it is dropped: {is_dropped}")
        });
    }
    property
}

/// A process that was dropped is not asked again.
fn not_asked_again(facts: &Facts<'_>) -> Property {
    let mut property =
        Property::new("a dropped process is not asked again").looks_at("message PROBE");
    property.checked += facts.probes;
    for (auditor, step, target) in &facts.asked_again {
        property.check(false, || {
            format!("{auditor} (step {step}) asked {target}, which it had dropped")
        });
    }
    property
}
