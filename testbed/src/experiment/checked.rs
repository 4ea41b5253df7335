//! A system under the model checker: every schedule is tried, and one is recorded;
//! if any violates a property, a shortest of these.

use std::sync::Arc;

use csv::StringRecord;
use lab::model::{self, Exploration, Plan, Searched};
use lab::system::{self, Judgement, Results, System};
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::rows::{self, Rows, judgement_columns, save_judgement};
use crate::run::{self, Record};

/// A system under the model checker.
#[derive(Debug)]
pub struct Checked<S> {
    description: run::Experiment,
    search: Arc<Exploration<S>>,
}

impl<S: System + 'static> Checked<S> {
    /// Tries every schedule of `system` within `plan`; `description` is for `run.json`.
    pub fn new(description: run::Experiment, system: S, plan: Plan) -> Self {
        Self {
            description,
            search: Arc::new(Exploration::new(system, plan)),
        }
    }
}

/// Ends the search when the experiment is dropped before its end.
struct StopOnDrop<S: System>(Arc<Exploration<S>>);

impl<S: System> Drop for StopOnDrop<S> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl<S: System + 'static> Experiment for Checked<S> {
    /// `None` if the search was interrupted before its end.
    type Results = Option<Results<Searched>>;

    fn describe(&self) -> run::Experiment {
        self.description.clone()
    }

    fn bounds_memory(&self) -> bool {
        true
    }

    async fn run(&mut self, context: RunContext<'_>) -> Result<(), Error> {
        context.record.transport = "checked".to_owned();
        context.record.security = "none";
        system::check(self.search.system(), context.options.peers)?;
        tracing::info!(plan = ?self.search.plan().bounds, "tries every schedule");
        let note = context.progress.note();
        let _stop = StopOnDrop(Arc::clone(&self.search));
        let (search, sink) = (Arc::clone(&self.search), Arc::clone(context.sink));
        let run = context.tasks.spawn_blocking(move || {
            search.run(&sink, |extent, began| {
                note.show(|| model::progress(extent, began));
            });
        });
        run.await.map_err(|source| Error::Engine {
            engine: "the model checker",
            source,
        })
    }

    fn results(&mut self, record: &mut Record, store: &Store) -> Self::Results {
        if let Some(took) = self.search.took() {
            record.phase("Check", took);
        }
        self.search.results(store)
    }

    fn judge(&self, results: &Self::Results, _: &Record) -> Findings {
        self.search.findings(results.as_ref())
    }

    fn save(&self, results: &Self::Results, rows: &mut Rows) -> Result<(), rows::Error> {
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
        self.search.text(results.as_ref())
    }
}
