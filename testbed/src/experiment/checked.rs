//! A system under the model checker: every schedule is tried, and one is
//! recorded, a shortest that is wrong if there is one.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use csv::StringRecord;
use lab::model::{self, Action, Bound, Extent, Plan, Repetition, World};
use lab::stats::{per_second, thousands};
use lab::system::{self, Coverage, Judgement, Results, System};
use serde::Serialize;
use trace::history::History;
use trace::steps::Fault;
use trace::store::Store;
use trace::telemetry::Sink;

use super::{Experiment, Findings, RunContext};
use crate::Error;
use crate::error::of_lab;
use crate::progress::Note;
use crate::rows::{Rows, judgement_columns, save_judgement};
use crate::run::{self, Record};

/// A system under the model checker.
#[derive(Debug)]
pub struct Checked<S> {
    description: run::Experiment,
    search: Arc<Search<S>>,
}

/// What the search counted, in `results` of `run.json`.
#[derive(Debug, Serialize)]
pub struct Searched {
    /// Different states.
    pub states: u64,
    /// The number of steps of the longest run that was tried.
    pub depth: u64,
    /// All runs of so many steps were tried.
    pub complete_depth: Option<u64>,
    /// How fast.
    pub states_per_second: u64,
    /// Whether there are no other states.
    pub whole: bool,
    /// The number of steps of the shortest run that is wrong.
    pub counterexample_steps: Option<usize>,
    /// What was checked in all runs.
    pub coverage: Coverage,
    /// Why the record of the run cannot be trusted.
    #[serde(skip)]
    untrusted: Option<String>,
}

/// The search, as its own thread and the experiment see it.
#[derive(Debug)]
struct Search<S> {
    system: S,
    plan: Plan,
    stop: AtomicBool,
    result: Mutex<Option<Found>>,
}

#[derive(Debug)]
struct Found {
    checked: model::Checked<Action>,
    /// How many operations ended in the run that is recorded.
    ended: u64,
    /// The rule that it breaks.
    fault: Option<Fault>,
}

impl<S: System + 'static> Checked<S> {
    /// What `run.json` states of it; every schedule of `system`, as `plan` says.
    pub fn new(description: run::Experiment, system: S, plan: Plan) -> Self {
        Self {
            description,
            search: Arc::new(Search {
                system,
                plan,
                stop: AtomicBool::new(false),
                result: Mutex::new(None),
            }),
        }
    }
}

impl<S: System> Search<S> {
    /// Searches, and records one run.
    fn run(&self, note: &Note, sink: &Arc<Sink>) {
        let began = Instant::now();
        let checked = model::check(&self.system, &self.plan, |extent| {
            note.show(|| progress(extent, began));
            match self.stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        let way = checked.counterexample.as_ref();
        let way = way.or(checked.example.as_ref());
        let end = way.map(|way| model::replay(&self.system, &self.plan, way, sink));
        let ended = end.as_ref().map_or(0, World::ended);
        let fault = end.and_then(|end| end.fault().cloned());
        *self.result() = Some(Found {
            checked,
            ended,
            fault,
        });
    }

    fn result(&self) -> MutexGuard<'_, Option<Found>> {
        self.result.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `checking: 12,345 states, depth 7, 34,000 a second, 120 MiB`
fn progress(extent: &Extent, began: Instant) -> String {
    let memory = lab::memory::resident();
    let memory = memory.map_or(String::new(), |bytes| format!(", {} MiB", bytes >> 20));
    format!(
        "checking: {}, depth {}, {} a second{memory}",
        states(extent.states),
        extent.depth,
        thousands(per_second(extent.states, began.elapsed())),
    )
}

/// Ends the search when the experiment is dropped before its end.
struct StopOnDrop<S>(Arc<Search<S>>);

impl<S> Drop for StopOnDrop<S> {
    fn drop(&mut self) {
        self.0.stop.store(true, Ordering::Relaxed);
    }
}

impl<S: System + 'static> Experiment for Checked<S> {
    /// None of a search that was interrupted before it began.
    type Results = Option<Results<Searched>>;

    fn describe(&self) -> run::Experiment {
        self.description.clone()
    }

    fn bounds_memory(&self) -> bool {
        true
    }

    async fn run(&mut self, bench: RunContext<'_>) -> Result<(), Error> {
        bench.record.transport = "checked".to_owned();
        bench.record.security = "none";
        system::check(&self.search.system, bench.options.peers).map_err(of_lab)?;
        tracing::info!(plan = ?self.search.plan.bounds, "tries every schedule");
        let note = bench.progress.note();
        let _stop = StopOnDrop(Arc::clone(&self.search));
        let (search, sink) = (Arc::clone(&self.search), Arc::clone(bench.sink));
        let run = bench.tasks.spawn_blocking(move || search.run(&note, &sink));
        run.await
            .map_err(|e| Error::Failed(format!("the model checker: {e}")))
    }

    fn results(&mut self, record: &mut Record, store: &Store) -> Self::Results {
        let result = self.search.result();
        let found = result.as_ref()?;
        let checked = &found.checked;
        record.phase("Check", checked.took);
        let is_recorded = checked.counterexample.is_some() || checked.example.is_some();
        let (mut judgement, mut untrusted) = (Judgement::default(), None);
        if is_recorded {
            let history = History {
                unfinished: found.fault.as_ref().map(ToString::to_string),
                ..History::read(store)
            };
            judgement = system::judge(&self.search.system, &history);
            untrusted = history.missing();
        }
        let engine = Searched {
            states: checked.extent.states,
            depth: checked.extent.depth,
            complete_depth: checked.extent.complete_depth,
            states_per_second: per_second(checked.extent.states, checked.took),
            whole: checked.is_whole(),
            counterexample_steps: checked.counterexample.as_ref().map(Vec::len),
            coverage: checked.coverage.clone(),
            untrusted,
        };
        Some(Results { judgement, engine })
    }

    fn judge(&self, results: &Self::Results, _: &Record) -> Findings {
        match (results, &*self.search.result()) {
            (Some(Results { judgement, engine }), Some(found)) => Findings {
                untrusted: engine.untrusted.iter().cloned().collect(),
                ..found.findings(&self.search.system, judgement)
            },
            (None, _) | (_, None) => Findings::default(),
        }
    }

    fn save(&self, results: &Self::Results, rows: &mut Rows) -> Result<(), Error> {
        match results {
            Some(results) => save_judgement(&results.judgement, rows),
            None => Ok(()),
        }
    }

    fn columns(&self, results: &Self::Results) -> StringRecord {
        let none = Judgement::default();
        judgement_columns(results.as_ref().map_or(&none, |results| &results.judgement))
    }

    fn render(&self, results: &Self::Results) -> String {
        match (results, &*self.search.result()) {
            (Some(results), Some(found)) => found.text() + &results.judgement.text(),
            (None, _) | (_, None) => String::new(),
        }
    }
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
            if self.ended < system.endings() && system.gives_up_after().is_none() {
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
            findings.violations.push(
                "no run comes to an end and shows something: that none is wrong says nothing"
                    .into(),
            );
        }
        findings
    }

    fn text(&self) -> String {
        let checked = &self.checked;
        let extent = &checked.extent;
        let which = match (&checked.counterexample, &checked.example) {
            (Some(way), _) => format!(
                "the shortest run that is wrong, {} steps, is recorded:",
                way.len()
            ),
            (None, Some(way)) if checked.is_whole() && checked.coverage.unknown().is_empty() => {
                format!(
                    "every run is right, and every run ends; a shortest that shows something, {} steps, is recorded:",
                    way.len()
                )
            }
            (None, Some(way)) => format!(
                "no run that was tried is wrong; a shortest that shows something, {} steps, is recorded:",
                way.len()
            ),
            (None, None) => "no run that was tried comes to an end and shows something".to_owned(),
        };
        format!(
            "states            {} ({} a second), depth {}, {}{}\n{which}\n",
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
            }
        )
    }
}

/// `12,345 states`
fn states(count: u64) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} state{plural}", thousands(count))
}

/// `, all that are within 12 steps among them`
fn complete(extent: &Extent) -> String {
    extent.complete_depth.map_or(String::new(), |depth| {
        format!(", among them all that are within {depth} steps of the start")
    })
}
