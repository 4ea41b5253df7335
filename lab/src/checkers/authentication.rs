//! Checks authentication: does a verifier accept only a process that holds the key of the
//! claimed identity now, and is every honest prover accepted?
//!
//! For any processes whose states have the texts `id`, the identity, and `holds`, the list of the
//! keys that the process can sign with. An identity is shown as its first key is. A verifier
//! outputs `Accepted`, with the `scheme` and the claimed `id`, in the step that handles the proof,
//! and a prover outputs `Proved` or `Failed`, with the verifier as `to`. An owner tells verifiers
//! of a new key with REPLACE, which has the `id` and the `key`. An attacker's states have the text
//! `attack`.
//!
//! No signature is checked here. The record says which process sent the proof, and which keys it
//! held then: that is what a signature is to show. A key is current at a verifier until a REPLACE
//! of the owner has arrived there.

mod facts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use trace::history::History;

use super::Property;
pub use facts::{Acceptance, Facts};

/// The properties of a scheme, and its name.
const OF_SCHEMES: [(&str, [&str; 2]); 3] = [
    (
        "static",
        [
            "static: accepted only who holds the key now",
            "static: honest provers are accepted",
        ],
    ),
    (
        "challenge",
        [
            "challenge: accepted only who holds the key now",
            "challenge: honest provers are accepted",
        ],
    ),
    (
        "bound",
        [
            "bound: accepted only who holds the key now",
            "bound: honest provers are accepted",
        ],
    ),
];

/// What was to happen.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The schemes by which processes prove themselves.
    pub schemes: Vec<String>,
    /// The attack, if there is one.
    pub attack: Option<String>,
}

/// Checks a run.
pub fn check(history: &History, facts: &Facts<'_>, terms: &Terms) -> Vec<Property> {
    let schemes = OF_SCHEMES.iter();
    let schemes = schemes.filter(|(name, _)| terms.schemes.iter().any(|scheme| scheme == name));
    let mut properties = Vec::new();
    for (scheme, [holder, honest]) in schemes {
        properties.push(holds_the_key(holder, scheme, facts, terms));
        properties.push(honest_are_accepted(honest, scheme, history, facts));
    }
    properties.push(no_stolen_key(history, facts));
    properties
}

/// Safety: whoever is accepted holds the key that is current at the verifier.
fn holds_the_key(name: &'static str, scheme: &str, facts: &Facts<'_>, terms: &Terms) -> Property {
    let mut property = Property::new(name).looks_at("output Accepted");
    for accepted in facts.accepted.iter().filter(|one| one.scheme == scheme) {
        if accepted.holds.is_none() {
            property.unknown(format!(
                "{accepted}: the keys of {} are not recorded",
                accepted.by
            ));
            continue;
        }
        property.check(accepted.is_right(), || {
            let current = accepted.current.join(" or ");
            format!("{accepted}, which does not hold its key {current}")
        });
    }
    if let Some(attack) = &terms.attack
        && facts.tried.get(scheme).copied().unwrap_or(0) == 0
    {
        property.unknown(format!(
            "no proof of the attacker arrived: the attack {attack} never struck"
        ));
    }
    property
}

/// Liveness: a prover that holds its key is accepted by every verifier that is no attacker.
fn honest_are_accepted(
    name: &'static str,
    scheme: &str,
    history: &History,
    facts: &Facts<'_>,
) -> Property {
    let mut property = Property::of(name, history).looks_at("output Proved or Failed");
    let accepted = facts.accepted.iter().filter(|one| one.scheme == scheme);
    let pairs: BTreeSet<_> = accepted
        .filter(|one| one.owner == Some(one.by))
        .map(|one| (one.by, one.verifier))
        .collect();
    for (prover, at, kind, fields) in history.outputs() {
        let (Some(of), Some(to)) = (fields.get_text("scheme"), fields.get_text("to")) else {
            continue;
        };
        let is_end = kind == "Proved" || kind == "Failed";
        if !is_end || of != scheme || facts.attackers.contains(to) {
            continue;
        }
        let is_right = kind == "Proved" && pairs.contains(&(&**prover, to));
        // A verifier that has stopped for ever accepts nobody.
        if !is_right && history.stopped(to).is_some() {
            continue;
        }
        if !is_right && (facts.lost.contains(&(&**prover, to)) || !history.crashes.is_empty()) {
            let why =
                "a proof failed, and a message of the two did not arrive, or a process crashed";
            property.unknown(why);
            continue;
        }
        property.check_in_the_end(is_right, || {
            let step = history.processes[prover][at].number;
            let why = fields.get_text("why").unwrap_or("it was silent");
            match kind {
                "Failed" => format!("{prover} (step {step}) was not accepted by {to}: {why}"),
                _ => format!("{prover} (step {step}) believes {to} accepted it, which it did not"),
            }
        });
    }
    property
}

/// A key that was stolen and is current is the identity, whatever the scheme.
fn no_stolen_key(history: &History, facts: &Facts<'_>) -> Property {
    let mut property = Property::new("no accepted key is a stolen one").looks_at("output Accepted");
    for accepted in &facts.accepted {
        let Some(owner) = accepted.owner else {
            continue;
        };
        let is_replaced = facts.replaced.contains_key(owner);
        let is_stolen = owner != accepted.by && accepted.holds_current();
        // Until a verifier hears of the new key, it cannot know better.
        if is_stolen && is_replaced {
            continue;
        }
        if is_stolen && history.crashes.iter().any(|crash| &*crash.process == owner) {
            property.unknown(format!(
                "{owner} crashed, and has not replaced its stolen key"
            ));
            continue;
        }
        property.check(!is_stolen, || {
            format!(
                "{accepted} by the key of {owner}, which was stolen and never replaced: to a \
                 verifier its holder is its owner"
            )
        });
    }
    property
}

/// What came of the attempts of attackers by that scheme: how many proofs of theirs arrived, how
/// many were accepted, and how often each reason was given.
pub fn attempts(facts: &Facts<'_>, scheme: &str) -> (u64, u64, BTreeMap<String, u64>) {
    let tried = facts.tried.get(scheme).copied().unwrap_or(0);
    let accepted = facts.accepted.iter();
    let accepted = accepted.filter(|one| one.scheme == scheme && facts.attackers.contains(one.by));
    let refused = facts.refused.get(scheme).cloned().unwrap_or_default();
    (tried, accepted.count() as u64, refused)
}
