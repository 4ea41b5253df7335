//! Checks membership: nodes trust only neighbours whose certificates the registry has signed and
//! which hold, and do not expel these.
//!
//! For any nodes whose states have the number `epoch` and the list `members` of texts `peer-03 prefix
//! 3 until 5`, and whose outputs are `Issued`, `Configured`, `Trusted`, `Refused` and `Expelled`. The
//! states of an impostor have the text `attack`. No signature is checked: the record says what the
//! registry has signed.

mod ends;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use algorithms::Fields;
use trace::history::History;
use trace::steps::StepRecord;

use super::Property;
use super::routing::state::{is_kept, list};

/// What nodes promise.
#[derive(Clone, Debug)]
pub struct Terms {
    /// Who signs.
    pub registry: String,
    /// The neighbours of each node.
    pub neighbours: BTreeMap<String, BTreeSet<String>>,
    /// Whether there is an impostor.
    pub is_attacked: bool,
    /// Whether links go out until the run ends.
    pub goes_out: bool,
    /// When all know each other; `None` in a check, where a run has no times.
    pub times: Option<Times>,
}

/// When all know each other, in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// How often a node presents itself.
    pub remind: u64,
    /// After what time since the last fault.
    pub rest: u64,
    /// After what time since an epoch began.
    pub known: u64,
    /// How long an epoch lasts.
    pub epoch: u64,
}

/// What was found in a run.
#[derive(Debug)]
pub struct Findings {
    /// What has to hold.
    pub properties: Vec<Property>,
    /// How long it took from the begin of each epoch until each node knew it, in nanoseconds.
    pub spread: Vec<u64>,
    /// How often a neighbour was trusted for the first time, or again with a newer certificate.
    pub trusted: u64,
    /// How often one was expelled.
    pub expelled: u64,
    /// How often something was refused, by the reason.
    pub refused: BTreeMap<String, u64>,
}

/// A certificate: subject, prefix, last epoch.
type Certified<'a> = (&'a str, i64, i64);

/// What the registry has signed.
#[derive(Debug, Default)]
struct Signed<'a> {
    certificates: BTreeSet<Certified<'a>>,
    /// The settings of each epoch, and when it began.
    epochs: BTreeMap<i64, (&'a str, u64)>,
}

/// Checks a run.
pub fn check(history: &History, terms: &Terms) -> Findings {
    let impostors = impostors(history);
    let signed = signed(history, terms);
    let honest = || {
        let outputs = history.outputs();
        outputs.filter(|(node, ..)| !impostors.contains(&***node))
    };
    let mut refused = BTreeMap::<String, u64>::new();
    let mut has_struck = false;
    for (_, _, kind, fields) in honest() {
        if kind == "Refused" {
            let why = fields.get_text("why").unwrap_or_default();
            *refused.entry(why.to_owned()).or_default() += 1;
            let by = fields.get_text("neighbour").unwrap_or_default();
            has_struck |= impostors.contains(by);
        }
    }
    let mut properties = vec![
        certified(history, &signed, &impostors),
        not_ended(history, &impostors),
        of_the_registry(history, &signed, &impostors),
        not_older(history, &impostors),
    ];
    if terms.is_attacked && terms.times.is_some() && !has_struck {
        for property in &mut properties {
            property.unknown("nothing of the impostor was refused: the attack never struck");
        }
    }
    properties.extend([
        prefixes(history, terms),
        not_too_early(history, &impostors),
        ends::check(history, terms, &impostors, &signed.epochs),
    ]);
    let counted = |of: &str| honest().filter(|(_, _, kind, _)| *kind == of).count() as u64;
    Findings {
        properties,
        spread: spread(history, &signed, &impostors),
        trusted: counted("Trusted"),
        expelled: counted("Expelled"),
        refused,
    }
}

/// The nodes that attack.
pub(super) fn impostors(history: &History) -> BTreeSet<&str> {
    let all = history.processes.iter();
    let attacks = |steps: &[StepRecord]| {
        let mut states = steps.iter().map(|step| &step.state);
        states.any(|state| state.get_text("attack").is_some())
    };
    all.filter(|(_, steps)| attacks(steps))
        .map(|(name, _)| &**name)
        .collect()
}

fn number(fields: &Fields, name: &str) -> i64 {
    fields.get_integer(name).unwrap_or(-1)
}

fn signed<'a>(history: &'a History, terms: &Terms) -> Signed<'a> {
    let mut signed = Signed::default();
    let outputs = history.outputs();
    for (node, at, kind, fields) in outputs.filter(|(node, ..)| ***node == *terms.registry) {
        match kind {
            "Issued" => {
                let subject = fields.get_text("subject").unwrap_or_default();
                let certificate = (subject, number(fields, "prefix"), number(fields, "until"));
                signed.certificates.insert(certificate);
            }
            // What another node has told it is not its own.
            "Configured" if history.processes[node][at].received.is_none() => {
                let settings = fields.get_text("settings").unwrap_or_default();
                let began = history.processes[node][at].at_unix_nano;
                let epoch = number(fields, "epoch");
                signed.epochs.entry(epoch).or_insert((settings, began));
            }
            _ => {}
        }
    }
    signed
}

fn certified(history: &History, signed: &Signed<'_>, impostors: &BTreeSet<&str>) -> Property {
    let mut property =
        Property::new("only who has a certificate is trusted").looks_at("output Trusted");
    for (node, at, kind, fields) in history.outputs() {
        if kind != "Trusted" || impostors.contains(&**node) {
            continue;
        }
        let neighbour = fields.get_text("neighbour").unwrap_or_default();
        let certificate = (neighbour, number(fields, "prefix"), number(fields, "until"));
        property.check(signed.certificates.contains(&certificate), || {
            let (_, prefix, until) = certificate;
            format!(
                "{node} (step {}) trusts {neighbour} with prefix {prefix} until epoch {until}, \
                 which the registry has not signed",
                history.processes[node][at].number
            )
        });
    }
    property
}

/// The neighbours that a state lists, each with the last epoch of its certificate.
fn members(state: &Fields) -> impl Iterator<Item = (&str, i64)> {
    list(state, "members").iter().filter_map(|text| {
        let (name, rest) = text.split_once(" prefix ")?;
        let (_, until) = rest.split_once(" until ")?;
        Some((name, until.parse().ok()?))
    })
}

/// The steps of honest nodes after which the members or the epoch are others, each with the step
/// before.
fn changed<'a>(
    history: &'a History,
    impostors: &'a BTreeSet<&str>,
) -> impl Iterator<Item = (&'a Arc<str>, &'a StepRecord, Option<&'a StepRecord>)> {
    let all = history.processes.iter();
    let honest = all.filter(|(name, _)| !impostors.contains(&***name));
    honest.flat_map(|(name, steps)| {
        let before = std::iter::once(None).chain(steps.iter().map(Some));
        let pairs = steps.iter().zip(before);
        let changed = pairs.filter(|(step, before)| {
            before.is_none_or(|before| {
                let is_kept = |field| is_kept(field, &before.state, &step.state);
                !is_kept("members") || !is_kept("epoch")
            })
        });
        changed.map(move |(step, before)| (name, step, before))
    })
}

fn not_ended(history: &History, impostors: &BTreeSet<&str>) -> Property {
    let mut property = Property::new("no certificate is trusted that has ended")
        .looks_at("state with `members` and `epoch`");
    for (node, step, _) in changed(history, impostors) {
        let epoch = number(&step.state, "epoch");
        let ended = members(&step.state).find(|(_, until)| *until < epoch);
        property.check(ended.is_none(), || {
            let (name, until) = ended.unwrap_or_default();
            format!(
                "{node} (step {}) trusts {name} until epoch {until}, and is in epoch {epoch}",
                step.number
            )
        });
    }
    property
}

fn of_the_registry(history: &History, signed: &Signed<'_>, impostors: &BTreeSet<&str>) -> Property {
    let mut property =
        Property::new("settings are those of the registry").looks_at("output Configured");
    for (node, at, kind, fields) in history.outputs() {
        if kind != "Configured" || impostors.contains(&**node) {
            continue;
        }
        let epoch = number(fields, "epoch");
        let settings = fields.get_text("settings").unwrap_or_default();
        let is_right = signed.epochs.get(&epoch).map(|(of, _)| *of) == Some(settings);
        property.check(is_right, || {
            let step = history.processes[node][at].number;
            format!("{node} (step {step}) has {settings} in epoch {epoch}, which the registry has not signed")
        });
    }
    property
}

fn not_older(history: &History, impostors: &BTreeSet<&str>) -> Property {
    let mut property =
        Property::new("no epoch is followed by an older one").looks_at("state with `epoch`");
    for (node, step, before) in changed(history, impostors) {
        let epoch = number(&step.state, "epoch");
        let earlier = before.map_or(0, |before| number(&before.state, "epoch"));
        property.check(earlier <= epoch, || {
            let step = step.number;
            format!("{node} (step {step}) is in epoch {epoch}, and was in epoch {earlier}")
        });
    }
    property
}

fn prefixes(history: &History, terms: &Terms) -> Property {
    let mut property = Property::new("no two nodes have the same prefix").looks_at("output Issued");
    let (mut of, mut prefix_of) = (BTreeMap::new(), BTreeMap::new());
    let outputs = history.outputs();
    for (node, at, kind, fields) in outputs.filter(|(node, ..)| ***node == *terms.registry) {
        if kind != "Issued" {
            continue;
        }
        let subject = fields.get_text("subject").unwrap_or_default();
        let prefix = number(fields, "prefix");
        let owner = *of.entry(prefix).or_insert(subject);
        let first = *prefix_of.entry(subject).or_insert(prefix);
        property.check(owner == subject && first == prefix, || {
            let step = history.processes[node][at].number;
            format!(
                "{node} (step {step}) gives prefix {prefix} to {subject}, which had prefix {first}, \
                 and the prefix was given to {owner}"
            )
        });
    }
    property
}

/// An honest node expels a neighbour only when its newest certificate has ended.
fn not_too_early(history: &History, impostors: &BTreeSet<&str>) -> Property {
    let mut property =
        Property::new("nobody is expelled whose certificate holds").looks_at("output Expelled");
    let mut held = BTreeMap::<(&str, &str), i64>::new();
    for (node, at, kind, fields) in history.outputs() {
        let neighbour = fields.get_text("neighbour").unwrap_or_default();
        let until = number(fields, "until");
        match kind {
            _ if impostors.contains(&**node) => {}
            "Trusted" => {
                held.insert((node, neighbour), until);
            }
            "Expelled" => {
                let step = &history.processes[node][at];
                let epoch = number(&step.state, "epoch");
                let newest = held.remove(&(&**node, neighbour)).unwrap_or(until);
                property.check(newest < epoch, || {
                    format!(
                        "{node} (step {}) expels {neighbour} in epoch {epoch}, and has its \
                         certificate until epoch {newest}",
                        step.number
                    )
                });
            }
            _ => {}
        }
    }
    if property.checked == 0 {
        property.idle("nobody was expelled");
    }
    property
}

fn spread(history: &History, signed: &Signed<'_>, impostors: &BTreeSet<&str>) -> Vec<u64> {
    let outputs = history
        .outputs()
        .filter(|(_, _, kind, _)| *kind == "Configured");
    let honest = outputs.filter(|(node, ..)| !impostors.contains(&***node));
    let times = honest.filter_map(|(node, at, _, fields)| {
        let (_, began) = signed.epochs.get(&number(fields, "epoch"))?;
        let knew = history.processes[node][at].at_unix_nano;
        knew.checked_sub(*began).filter(|took| *took > 0)
    });
    times.collect()
}
