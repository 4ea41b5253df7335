//! The results of a search: its counts, its findings, and its text.

use std::time::Instant;

use serde::Serialize;
use trace::history::History;
use trace::store::Store;

use super::{Exploration, Extent, Found};
use crate::model::{Bound, Repetition};
use crate::narrative::{in_steps, narrative};
use crate::stats::{per_second, thousands};
use crate::system::{self, Coverage, Judgement, Results, System};
use crate::verdict::Findings;

/// What the search counted, in `results` of `run.json`.
#[derive(Debug, Serialize)]
pub struct Searched {
    /// Different states.
    pub states: u64,
    /// The number of steps of the longest run that was tried.
    pub depth: u64,
    /// All runs of so many steps were tried.
    pub complete_depth: Option<u64>,
    /// States tried per second.
    pub states_per_second: u64,
    /// Whether all states were tried.
    pub whole: bool,
    /// Whether there were random numbers of which not all values were tried.
    pub drawn: bool,
    /// How many processes are interchangeable: states that differ in their names alone are
    /// one.
    pub symmetric_processes: usize,
    /// The number of steps of the shortest run that is wrong.
    pub counterexample_steps: Option<usize>,
    /// What was checked in all runs.
    pub coverage: Coverage,
    /// The shortest run that is wrong, a line for each step.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub narrative: Vec<String>,
    /// Why the record of the run cannot be trusted.
    #[serde(skip)]
    untrusted: Option<String>,
}

impl<S: System> Exploration<S> {
    /// The results of the search, and of the run recorded in `store`. `None`
    /// until the search has ended.
    pub fn results(&self, store: &Store) -> Option<Results<Searched>> {
        let found = self.found();
        let found = found.as_ref()?;
        let checked = &found.checked;
        let is_recorded = checked.counterexample.is_some() || checked.example.is_some();
        let (mut judgement, mut untrusted) = (Judgement::default(), None);
        let mut lines = Vec::new();
        if is_recorded {
            let history = History::read(store);
            judgement = system::judge(&self.system, &history);
            untrusted = history.missing();
            if checked.counterexample.is_some() {
                lines = narrative(&history, &judgement);
            }
        }
        let engine = Searched {
            states: checked.extent.states,
            depth: checked.extent.depth,
            complete_depth: checked.extent.complete_depth,
            states_per_second: per_second(checked.extent.states, checked.took),
            whole: checked.is_whole(),
            drawn: checked.has_drawn,
            symmetric_processes: checked.symmetric,
            counterexample_steps: checked.counterexample.as_ref().map(Vec::len),
            coverage: checked.coverage.clone(),
            narrative: lines,
            untrusted,
        };
        Some(Results { judgement, engine })
    }

    /// What is wrong, or not known, by the results.
    pub fn findings(&self, results: Option<&Results<Searched>>) -> Findings {
        match (results, &*self.found()) {
            (Some(Results { judgement, engine }), Some(found)) => Findings {
                untrusted: engine.untrusted.iter().cloned().collect(),
                ..found.findings(&self.system, judgement)
            },
            (None, _) | (_, None) => Findings::default(),
        }
    }

    /// The results as text, in lines.
    pub fn text(&self, results: Option<&Results<Searched>>) -> String {
        match (results, &*self.found()) {
            (Some(Results { judgement, engine }), Some(found)) => {
                found.text(self.system.ignores_history(), judgement.unchecked())
                    + &judgement.text()
                    + &found.partly_checked()
                    + &in_steps(&engine.narrative)
            }
            (None, _) | (_, None) => String::new(),
        }
    }
}

/// `checking: 12,345 states, depth 7, 34,000 a second, 120 MiB`
pub fn progress(extent: &Extent, began: Instant) -> String {
    let memory = crate::memory::resident();
    let memory = memory.map_or(String::new(), |bytes| format!(", {} MiB", bytes >> 20));
    format!(
        "checking: {}, depth {}, {} a second{memory}",
        states(extent.states),
        extent.depth,
        thousands(per_second(extent.states, began.elapsed())),
    )
}

impl Found {
    fn findings<S: System>(&self, system: &S, judgement: &Judgement) -> Findings {
        let checked = &self.checked;
        let mut findings = Findings::default();
        if let Some(way) = &checked.counterexample {
            let wrong = format!("a run of {} steps is wrong", way.len());
            findings.violations.push(wrong);
            if let Some(fault) = &self.fault {
                findings.violations.push(fault.to_string());
                return findings;
            }
            findings.violations.extend(judgement.violated());
            if self.lacks_endings {
                findings.violations.push(format!(
                    "nothing more can happen in it, and {} of {} operations have ended",
                    self.ended,
                    system.endings()
                ));
            }
            return findings;
        }
        findings.unknown.extend(checked.coverage.unknown());
        if let Some(bound) = checked.bound.filter(|bound| *bound != Bound::Interrupted) {
            findings.unknown.push(format!(
                "the system was not checked whole: {bound}; {} tried{}; take fewer peers or acts, or a larger bound",
                states(checked.extent.states),
                complete(&checked.extent),
            ));
            findings.unknown.extend(checked.repetition.map(|Repetition { from, to }| {
                format!("a run can go on for ever: after its step {to} things stand as after its step {from}")
            }));
        } else if checked.is_whole() && checked.example.is_none() {
            findings.violations.push(match checked.coverage.runs {
                0 => "no run comes to an end: that none is wrong says nothing".into(),
                runs => format!(
                    "{} (System::is_nonvacuous): that none is wrong says nothing",
                    vacuous(runs)
                ),
            });
        }
        findings
    }

    /// The properties for which some right runs had nothing to check, a line each.
    fn partly_checked(&self) -> String {
        match self.checked.counterexample {
            None => self.checked.coverage.text("runs"),
            Some(_) => String::new(),
        }
    }

    /// `unchecked` is the number of properties for which the recorded run had nothing to check.
    fn text(&self, ignores_history: bool, unchecked: usize) -> String {
        let checked = &self.checked;
        let extent = &checked.extent;
        let shows = match unchecked {
            0 => "a shortest in which every property was checked",
            _ => "a shortest of those in which most properties were checked",
        };
        let which = match (&checked.counterexample, &checked.example) {
            (Some(way), _) => format!(
                "the shortest run that is wrong, {} steps, is recorded:",
                way.len()
            ),
            (None, Some(way)) if checked.is_whole() && checked.coverage.unknown().is_empty() => {
                let ends = match ignores_history {
                    // A run may come back to a situation, and go on for ever.
                    true => " in every situation; whether every run ends is not checked",
                    false => ", and every run ends",
                };
                format!(
                    "every run is right{ends}; {shows}, {} steps, is recorded:",
                    way.len()
                )
            }
            (None, Some(way)) => format!(
                "no run that was tried is wrong; {shows}, {} steps, is recorded:",
                way.len()
            ),
            (None, None) => match checked.coverage.runs {
                0 => "no run that was tried comes to an end".to_owned(),
                runs => vacuous(runs),
            },
        };
        format!(
            "states            {} ({} a second), depth {}, {}{}\n{}{}{which}\n",
            extent.states,
            per_second(extent.states, checked.took),
            extent.depth,
            match checked.is_whole() {
                true => "all of them",
                false => "not all of them",
            },
            match checked.is_whole() {
                true => String::new(),
                false => complete(extent),
            },
            match checked.symmetric {
                0 | 1 => String::new(),
                count => format!(
                    "symmetry          {count} processes: states that differ in their names alone are one\n"
                ),
            },
            match checked.has_drawn {
                true =>
                    "random numbers    not all were tried: one each of out.rng() and of large ranges\n",
                false => "",
            }
        )
    }
}

/// `12 different runs come to an end, and none of them shows something`
fn vacuous(runs: u64) -> String {
    match runs {
        1 => "one run comes to an end, and shows nothing".to_owned(),
        runs => format!(
            "{} different runs come to an end, and none of them shows something",
            thousands(runs)
        ),
    }
}

/// `12,345 states`
fn states(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} state{plural}", thousands(count))
}

/// `, among them all that are within 12 steps of the start`
fn complete(extent: &Extent) -> String {
    extent.complete_depth.map_or(String::new(), |depth| {
        format!(", among them all that are within {depth} steps of the start")
    })
}
