//! A system in the simulator: many schedules are tried, and one is recorded; if any
//! violates a property, the first of these.

use std::sync::Arc;

use csv::StringRecord;
use lab::shell;
use lab::simulator::{Counted, Limits, Scenario, Trial, Tried};
use lab::system::{self, Results, System};
use trace::steps::Processes;
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::rows::{self, Rows, judgement_columns, save_judgement};
use crate::run::{self, Record};

/// A system in the simulator.
#[derive(Debug)]
pub struct Simulated<S> {
    description: run::Experiment,
    trial: Arc<Trial<S>>,
    /// The result of the trial, once it has ended.
    tried: Option<Tried>,
}

impl<S: System + 'static> Simulated<S> {
    /// Tries `count` schedules of `system` on the processes of `directory`, each within
    /// these limits, from the seed `first` on. `description` is for `run.json`.
    pub fn new(
        description: run::Experiment,
        system: S,
        directory: Processes,
        scenario: Scenario,
        limits: Limits,
        [first, count]: [u64; 2],
    ) -> Self {
        let trial = Trial::new(system, directory, scenario, limits, [first, count]);
        Self {
            description,
            trial: Arc::new(trial),
            tried: None,
        }
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
        let bar = context.progress.bar("schedules", self.trial.count());
        let _stop = StopOnDrop(Arc::clone(&self.trial));
        let (trial, sink) = (Arc::clone(&self.trial), Arc::clone(context.sink));
        let tried = context
            .tasks
            .spawn_blocking(move || trial.run(&sink, || bar.step()));
        let tried = tried.await;
        let tried = tried.map_err(|source| Error::Engine {
            engine: "the simulator",
            source,
        })?;
        context.record.phase("Simulate", tried.took);
        self.tried = Some(tried);
        Ok(())
    }

    fn results(&mut self, _: &mut Record, store: &Store) -> Results<Counted> {
        self.trial.results(self.tried.as_ref(), store)
    }

    fn judge(&self, results: &Results<Counted>, record: &Record) -> Findings {
        let again = |schedule| shell::again(&record.command, record.seed, schedule);
        self.trial.findings(results, self.tried.as_ref(), again)
    }

    fn save(&self, results: &Results<Counted>, rows: &mut Rows) -> Result<(), rows::Error> {
        save_judgement(&results.judgement, rows)
    }

    fn columns(&self, results: &Results<Counted>) -> StringRecord {
        judgement_columns(&results.judgement)
    }

    fn render(&self, results: &Results<Counted>) -> String {
        self.trial.text(results, self.tried.as_ref())
    }
}
