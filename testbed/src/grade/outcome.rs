//! What a run says of the program: its record, read for a grade.
//!
//! A verdict `unknown` is not a grade. Here it is decided whether the program is its reason,
//! which then has not shown what was asked, or the machine, so that the run is repeated.

use lab::program::judge::LOSSES;
use serde::Serialize;
use serde_json::Value;

/// How a run ended for the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It did all that was asked.
    Passed,
    /// It did not.
    Failed,
    /// The run says nothing of it.
    NotGraded,
}

/// What came of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judged {
    /// How it ended.
    pub outcome: Outcome,
    /// Why it did not pass.
    pub reasons: Vec<String>,
    /// The properties that are violated or not known.
    pub properties: Vec<String>,
    /// Why the machine and not the program may be the reason: the run is to be repeated.
    pub doubt: Option<String>,
}

impl Judged {
    /// A run without a record says nothing of the program.
    pub(super) fn without_record(why: String) -> Self {
        Self {
            outcome: Outcome::NotGraded,
            reasons: vec![why.clone()],
            properties: Vec::new(),
            doubt: Some(why),
        }
    }

    /// A run that is refused, and would be again.
    pub(super) fn impossible(why: String) -> Self {
        Self {
            doubt: None,
            ..Self::without_record(why)
        }
    }

    /// Of the record of a run, `run.json`. `expects_slowness` says that a slow machine helps to
    /// meet an expectation.
    pub(super) fn of(record: &Value, expects_slowness: bool) -> Self {
        let verdict = &record["verdict"];
        let said = texts(&verdict["reasons"]);
        let properties = Properties::of(record);
        let doubt = doubt(record, &said).or_else(|| properties.lost_nothing());
        let outcome = match verdict["status"].as_str() {
            Some("pass") => Outcome::Passed,
            Some("fail") => Outcome::Failed,
            // All that was asked was done, on a busy machine.
            _ if properties.hold() && is_busy_alone(record, &said) && !expects_slowness => {
                Outcome::Passed
            }
            _ if doubt.is_none() && !properties.unknown.is_empty() => Outcome::Failed,
            _ => Outcome::NotGraded,
        };
        let doubt = match outcome {
            Outcome::Passed => None,
            Outcome::Failed => doubt,
            Outcome::NotGraded => doubt.or_else(|| Some(said.join("; "))),
        };
        let names = properties.violated.iter().chain(&properties.unknown);
        let names: Vec<_> = names.cloned().collect();
        let is_detailed = |reason: &String| names.iter().any(|name| reason.contains(name));
        let mut reasons = properties.details;
        reasons.extend(said.into_iter().filter(|reason| !is_detailed(reason)));
        Self {
            outcome,
            reasons,
            properties: names,
            doubt,
        }
    }

    /// Why the machine may be the reason of what a run that was stopped lacks.
    pub(super) fn doubt_of(record: &Value) -> Option<String> {
        let never = |why: &String| why.ends_with(NEVER);
        // That a fault is missing is no wonder then.
        doubt(record, &texts(&record["verdict"]["reasons"])).filter(|why| !never(why))
    }
}

/// What is said of a fault that is missing.
const NEVER: &str = "never happened";

/// The names of properties that do not hold.
struct Properties {
    any: bool,
    violated: Vec<String>,
    unknown: Vec<String>,
    /// What is known of each of them.
    details: Vec<String>,
}

/// How many violations of a property are named. A guess: the first ones are read.
const NAMED: usize = 3;

impl Properties {
    fn of(record: &Value) -> Self {
        let all = record["results"]["properties"].as_array();
        let all = all.map(Vec::as_slice).unwrap_or_default();
        let named = |outcome: &str| {
            let of = all.iter().filter(|one| one["outcome"] == outcome);
            of.filter_map(|one| one["name"].as_str().map(str::to_owned))
                .collect()
        };
        Self {
            any: !all.is_empty(),
            violated: named("violated"),
            unknown: named("unknown"),
            details: all.iter().flat_map(details).collect(),
        }
    }

    /// Why nothing is known, if that is only since the run has lost no message.
    fn lost_nothing(&self) -> Option<String> {
        let is_all = self.violated.is_empty() && self.unknown == [LOSSES];
        is_all.then(|| "no message was under way while messages were to be lost".into())
    }

    fn hold(&self) -> bool {
        self.any && self.violated.is_empty() && self.unknown.is_empty()
    }
}

/// `PROPERTY: what violates it`, a line for each of the first violations.
fn details(property: &Value) -> Vec<String> {
    let name = property["name"].as_str().unwrap_or_default();
    let violations = texts(&property["violations"]);
    let rest = violations.len().saturating_sub(NAMED);
    let mut lines: Vec<_> = violations
        .iter()
        .take(NAMED)
        .map(|violation| format!("{name}: {violation}"))
        .collect();
    if rest > 0 {
        lines.push(format!("{name}: {rest} more"));
    }
    if let ("unknown", Some(why)) = (
        property["outcome"].as_str().unwrap_or_default(),
        property["reason"].as_str(),
    ) {
        lines.push(format!("{name}: not known: {why}"));
    }
    lines
}

/// What the verdict says of a host that is saturated, and of one that is overloaded.
const SATURATED: &str = "host saturated";
const OVERLOADED: &str = "overloaded";

/// Whether a saturated host is all that keeps the run from passing.
fn is_busy_alone(record: &Value, reasons: &[String]) -> bool {
    let saturated = !record["host_use"]["saturated"].is_null();
    saturated && reasons.iter().all(|reason| reason.starts_with(SATURATED))
}

/// Why the machine may be the reason.
fn doubt(record: &Value, reasons: &[String]) -> Option<String> {
    let busy = |reason: &&String| reason.starts_with(SATURATED) || reason.starts_with(OVERLOADED);
    if let Some(reason) = reasons.iter().find(busy) {
        return Some(reason.clone());
    }
    let host = &record["host_use"];
    if !host["saturated"].is_null() {
        return Some("the host was saturated".into());
    }
    let paused = host["pauses"].as_array().is_some_and(|all| !all.is_empty());
    if paused {
        return Some("the machine was paused".into());
    }
    let lost = record["spans"]["lost"]
        .as_u64()
        .is_some_and(|lost| lost > 0);
    if lost {
        return Some("spans were lost".into());
    }
    let never = record["results"]["faults"].as_array()?;
    let never = never.iter().find(|fault| fault["runs"] == 0)?;
    let name = never["name"].as_str().unwrap_or("a fault");
    Some(format!("{name} {NEVER}"))
}

fn texts(value: &Value) -> Vec<String> {
    let all = value.as_array().map(Vec::as_slice).unwrap_or_default();
    let texts = all.iter().filter_map(Value::as_str);
    texts.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const BUSY: &str = "host saturated from second 3 on";

    fn record(status: &str, reasons: &[&str], properties: &[&str], saturated: bool) -> Value {
        let properties = properties
            .iter()
            .map(|outcome| json!({"name": "P", "outcome": outcome}));
        let saturated = if saturated { json!({}) } else { Value::Null };
        json!({
            "verdict": {"status": status, "reasons": reasons},
            "results": {"properties": properties.collect::<Vec<_>>(), "faults": []},
            "host_use": {"saturated": saturated, "pauses": []},
            "spans": {"lost": 0},
        })
    }

    #[test]
    fn unknown_is_a_grade_only_where_the_program_is_the_reason() {
        use Outcome::{Failed, NotGraded, Passed};
        for (record, outcome, is_repeated) in [
            (record("pass", &[], &["holds"], false), Passed, false),
            (record("fail", &["P"], &["violated"], false), Failed, false),
            (
                record("fail", &["P", BUSY], &["violated"], true),
                Failed,
                true,
            ),
            // It has answered nothing.
            (
                record("unknown", &["P"], &["holds", "unknown"], false),
                Failed,
                false,
            ),
            (
                record("unknown", &["P", BUSY], &["unknown"], true),
                NotGraded,
                true,
            ),
            (
                record("unknown", &[BUSY], &["holds", "idle"], true),
                Passed,
                false,
            ),
            (
                record("unknown", &["interrupted"], &["holds"], false),
                NotGraded,
                true,
            ),
            (
                record("unknown", &[BUSY, "overloaded: x"], &["holds"], true),
                NotGraded,
                true,
            ),
            (json!({}), NotGraded, true),
        ] {
            let judged = Judged::of(&record, false);
            assert_eq!(judged.outcome, outcome, "{record}");
            assert_eq!(judged.doubt.is_some(), is_repeated, "{record}");
        }
        let slow = record("unknown", &[BUSY], &["holds"], true);
        assert_eq!(Judged::of(&slow, true).outcome, NotGraded);
        let mut idle = record("unknown", &["P"], &["holds", "unknown"], false);
        idle["results"]["properties"][1]["name"] = LOSSES.into();
        assert_eq!(Judged::of(&idle, false).outcome, NotGraded);
        let mut lost = record("unknown", &["P"], &["unknown"], false);
        lost["results"]["faults"] = json!([{"name": "the crash of peer-01", "runs": 0}]);
        let doubt = Judged::of(&lost, false).doubt;
        assert_eq!(
            doubt.as_deref(),
            Some("the crash of peer-01 never happened")
        );
    }
}
