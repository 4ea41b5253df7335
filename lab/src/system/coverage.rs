//! What was checked over many runs of a system.
//!
//! In a run in which a process crashes before anything is announced, nothing of
//! the announcement can be checked; other schedules have one. So over many runs a
//! property is not known only if no run had anything to check for it. The number
//! of runs that had is reported beside it.

use serde::Serialize;

use super::{Judgement, by_reason};
use crate::checkers::Outcome;

/// What was checked over many runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// How many runs were judged.
    pub runs: u64,
    /// What was checked for each property.
    pub properties: Vec<Covered>,
}

/// What was checked for one property.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// The property.
    pub name: &'static str,
    /// The number of checks, in all runs.
    pub checked: u64,
    /// In how many runs something was checked.
    pub runs: u64,
    /// Why nothing was checked in the first run in which something should have
    /// been.
    #[serde(skip)]
    vacuous: Option<String>,
}

impl Coverage {
    /// Adds one run.
    pub fn add(&mut self, judgement: &Judgement) {
        self.runs += 1;
        for property in &judgement.properties {
            let known = self
                .properties
                .iter()
                .position(|one| one.name == property.name);
            let place = known.unwrap_or_else(|| {
                self.properties.push(Covered {
                    name: property.name,
                    checked: 0,
                    runs: 0,
                    vacuous: None,
                });
                self.properties.len() - 1
            });
            let covered = &mut self.properties[place];
            covered.checked += property.checked;
            covered.runs += u64::from(property.checked > 0);
            if property.outcome() == Outcome::Unknown && covered.vacuous.is_none() {
                covered.vacuous = property.reason().map(str::to_owned);
            }
        }
    }

    /// Which properties are not known to hold, and why: a line for each reason.
    pub fn unknown(&self) -> Vec<String> {
        let runs = match self.runs {
            1 => String::new(),
            runs => format!(" in {runs} runs"),
        };
        let vacuous = self.properties.iter().filter(|one| one.checked == 0);
        by_reason(vacuous.filter_map(|one| {
            let reason = one.vacuous.as_ref()?;
            Some((one.name, format!("0 checked{runs}: {reason}")))
        }))
    }

    /// The properties for which some runs had nothing to check, a line each. `runs` is what
    /// the runs are called.
    pub fn text(&self, runs: &str) -> String {
        let partly = self.properties.iter().filter(|one| one.runs < self.runs);
        let lines = partly.map(|one| {
            format!(
                "{}: {} checked, in {} of {} {runs}\n",
                one.name, one.checked, one.runs, self.runs
            )
        });
        lines.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkers::Property;

    fn judged(checked: u64, idle: bool) -> Judgement {
        let mut property = Property::new("agreement").looks_at("output Elected");
        for _ in 0..checked {
            property.check(true, String::new);
        }
        if idle {
            property.idle("there is one process");
        }
        Judgement {
            properties: vec![property],
            ..Judgement::default()
        }
    }

    #[test]
    fn a_property_is_unknown_if_no_run_had_anything_to_check() {
        for (runs, unknown) in [
            (vec![judged(3, false), judged(0, false)], false),
            (vec![judged(0, false), judged(0, false)], true),
            (vec![judged(0, true), judged(0, true)], false),
            (vec![judged(0, true), judged(0, false)], true),
        ] {
            let mut coverage = Coverage::default();
            runs.iter().for_each(|run| coverage.add(run));
            assert_eq!(!coverage.unknown().is_empty(), unknown, "{coverage:?}");
        }
    }
}
