//! A system in the simulator: many schedules are tried, and one is recorded; if any
//! violates a property, the first of these, made smaller.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use csv::StringRecord;
use lab::simulator::{Counted, Observer, Trial};
use lab::system::{self, Results, System};
use trace::store::Store;

use super::{Experiment, Findings, RunContext, intervals};
use crate::experiment::Error;
use crate::progress::Bar;
use crate::rows::{self, Rows, judgement_columns, save_judgement};
use crate::run::{self, Folder, Record};

/// A system in the simulator.
#[derive(Debug)]
pub struct Simulated<S> {
    description: run::Experiment,
    trial: Arc<Trial<S>>,
    /// Why schedules beside the recorded one could not be saved.
    unsaved: Arc<Mutex<Vec<String>>>,
}

impl<S: System + 'static> Simulated<S> {
    /// The schedules of `trial`. `description` is for `run.json`.
    pub fn new(description: run::Experiment, trial: Trial<S>) -> Self {
        Self {
            description,
            trial: Arc::new(trial),
            unsaved: Arc::default(),
        }
    }
}

/// Shows the progress, and saves schedules beside the recorded one.
struct Watching {
    bar: Bar,
    folder: Option<Folder>,
    unsaved: Arc<Mutex<Vec<String>>>,
}

impl Observer for Watching {
    fn tried(&self) {
        self.bar.step();
    }

    fn shrinks(&self) {
        tracing::debug!("shrinks the failing schedule");
    }

    fn keep(&self, name: &'static str, spans: &Store) -> Option<PathBuf> {
        let saved = self.folder.as_ref()?.save_other_spans(name, spans);
        let saved = saved.inspect_err(|error| {
            let mut unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
            unsaved.push(error.to_string());
        });
        saved.ok()
    }
}

/// Stops the threads when the experiment is dropped before its end.
struct StopOnDrop<S: System>(Arc<Trial<S>>);

impl<S: System> Drop for StopOnDrop<S> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl<S: System + 'static> Experiment for Simulated<S> {
    type Results = Results<Counted>;

    fn describe(&self) -> run::Experiment {
        self.description.clone()
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        context.record.transport = "simulated".to_owned();
        context.record.security = "none";
        system::check(self.trial.system(), context.options.peers)?;
        tracing::debug!(limits = ?self.trial.limits(), "simulates");
        let watching = Watching {
            bar: context.progress.bar("schedules", self.trial.count()),
            folder: context.folder.cloned(),
            unsaved: Arc::clone(&self.unsaved),
        };
        let _stop = StopOnDrop(Arc::clone(&self.trial));
        let (trial, sink) = (Arc::clone(&self.trial), Arc::clone(context.sink));
        let run = context
            .tasks
            .spawn_blocking(move || trial.run(&sink, &watching));
        run.await.map_err(|source| Error::Engine {
            engine: "the simulator",
            source,
        })
    }

    fn results(&mut self, record: &mut Record, store: &Store) -> Results<Counted> {
        if let Some([tried, shrunk]) = self.trial.took() {
            record.phase("Simulate", tried);
            if !shrunk.is_zero() {
                record.phase("Shrink", shrunk);
            }
        }
        self.trial.results(store, &record.command, record.seed)
    }

    fn judge(&self, results: &Results<Counted>, _: &Record) -> Findings {
        let mut findings = self.trial.findings(results);
        let unsaved = self.unsaved.lock().unwrap_or_else(PoisonError::into_inner);
        findings.unknown.extend(unsaved.iter().cloned());
        findings
    }

    fn save(&self, results: &Results<Counted>, rows: &mut Rows) -> Result<(), rows::Error> {
        save_judgement(&results.judgement, rows)
    }

    fn save_tables(&self, results: &Results<Counted>, folder: &Folder) -> Result<(), Error> {
        intervals::save(&results.judgement, folder)
    }

    fn columns(&self, results: &Results<Counted>) -> StringRecord {
        judgement_columns(&results.judgement)
    }

    fn render(&self, results: &Results<Counted>) -> String {
        self.trial.text(results)
    }
}
