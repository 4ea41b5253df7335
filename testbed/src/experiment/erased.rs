//! An experiment without its type and that of its results.
//!
//! Each system is a distinct type in each of the three engines. The code around a
//! run is compiled once, for this trait, instead of for each of these types.

use csv::StringRecord;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use prometheus_client::registry::Registry;
use trace::store::Store;

use super::{Experiment, Findings, RunContext};
use crate::experiment::Error;
use crate::rows::{self, Rows};
use crate::run::{self, Folder, Record};

/// An object-safe [`Experiment`]. [`end`](Self::end) is called once, before all
/// methods that read the results.
pub trait Erased: Send {
    /// [`Experiment::describe`].
    fn describe(&self) -> run::Experiment;

    /// [`Experiment::register`].
    fn register(&mut self, registry: &mut Registry);

    /// [`Experiment::bounds_memory`].
    fn bounds_memory(&self) -> bool;

    /// [`Experiment::run`].
    fn run<'a>(&'a mut self, context: RunContext<'a>) -> BoxFuture<'a, Result<(), Error>>;

    /// Makes the results, records and judges them.
    fn end(&mut self, record: &mut Record, store: &Store) -> Findings;

    /// Saves the rows that are known only from the results. Returns the columns.
    ///
    /// # Errors
    /// Those of [`Experiment::save`].
    fn save(&self, rows: &mut Rows) -> Result<StringRecord, rows::Error>;

    /// [`Experiment::save_tables`].
    ///
    /// # Errors
    /// Those of [`Experiment::save_tables`].
    fn save_tables(&self, folder: &Folder) -> Result<(), Error>;

    /// The results as text, in lines.
    fn render(&self) -> String;
}

/// An experiment, and its results once it has ended.
#[derive(Debug)]
pub struct Measured<E: Experiment> {
    experiment: E,
    results: Option<E::Results>,
}

impl<E: Experiment> Measured<E> {
    /// An experiment that has not run.
    pub fn new(experiment: E) -> Self {
        Self {
            experiment,
            results: None,
        }
    }

    fn results(&self) -> &E::Results {
        self.results.as_ref().expect("the run has ended")
    }
}

impl<E: Experiment> Erased for Measured<E> {
    fn describe(&self) -> run::Experiment {
        self.experiment.describe()
    }

    fn register(&mut self, registry: &mut Registry) {
        self.experiment.register(registry);
    }

    fn bounds_memory(&self) -> bool {
        self.experiment.bounds_memory()
    }

    fn run<'a>(&'a mut self, context: RunContext<'a>) -> BoxFuture<'a, Result<(), Error>> {
        self.experiment.run(context).boxed()
    }

    fn end(&mut self, record: &mut Record, store: &Store) -> Findings {
        let results = self.experiment.results(record, store);
        record.set_results(&results);
        let findings = self.experiment.judge(&results, record);
        self.results = Some(results);
        findings
    }

    fn save(&self, rows: &mut Rows) -> Result<StringRecord, rows::Error> {
        self.experiment.save(self.results(), rows)?;
        Ok(self.experiment.columns(self.results()))
    }

    fn save_tables(&self, folder: &Folder) -> Result<(), Error> {
        self.experiment.save_tables(self.results(), folder)
    }

    fn render(&self) -> String {
        self.experiment.render(self.results())
    }
}
