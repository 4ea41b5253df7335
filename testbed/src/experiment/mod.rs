//! The experiments: what is done with a network, and how the results are judged.

pub mod checked;
pub mod erased;
mod error;
pub mod gossip;
mod injected;
mod intervals;
pub mod kad;
pub mod latency;
pub mod live;
mod percentiles;
pub mod ping;
mod planned;
pub mod simulated;

use std::sync::Arc;

use csv::StringRecord;
pub use lab::verdict::Findings;
use node::metrics::Metrics;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::task::TaskTracker;
use trace::store::Store;
use trace::telemetry::Sink;

pub use error::Error;

use crate::control::FaultReceiver;
use crate::host::Watch;
use crate::network::{Builder, Speaks};
use crate::progress::Progress;
use crate::rows::{self, Rows};
use crate::run::{self, Folder, Record, RunOptions};

/// What a run gives to its experiment.
pub struct RunContext<'a> {
    /// The options of every run.
    pub options: &'a RunOptions,
    /// The record of the run, which gets phases as they end, and the footprint.
    pub record: &'a mut Record,
    /// The folder of the run, if it is saved.
    pub folder: Option<&'a Folder>,
    /// One line for each measurement.
    pub rows: &'a mut Rows,
    /// Where spans go.
    pub sink: &'a Arc<Sink>,
    /// The metrics of the peers, if they are served.
    pub metrics: Option<&'a Arc<Metrics>>,
    /// The tasks of the processes while they run.
    pub tasks: &'a TaskTracker,
    /// The sampler of the host's load.
    pub host: &'a Watch,
    /// The progress bar.
    pub progress: &'a Progress,
    /// The faults that the page requests.
    pub fault_requests: &'a mut FaultReceiver,
}

impl<'a> RunContext<'a> {
    /// A builder of a network of peers that speak these protocols.
    pub fn builder(&self, speaks: Speaks<'a>) -> Builder<'a> {
        Builder {
            options: self.options,
            external: None,
            folder: self.folder,
            sink: self.sink,
            metrics: self.metrics,
            tasks: self.tasks,
            progress: self.progress,
            links: None,
            speaks,
        }
    }
}

/// An experiment, with its options.
///
/// [`run`](Self::run) may be interrupted at any time, so it keeps its measurements in
/// the experiment. Once the run has ended, however it ended, [`results`](Self::results)
/// derives the results from them. The results are then serialized, judged, saved and
/// rendered.
pub trait Experiment: Send {
    /// `results` in `run.json`. Fields that only the judge or the text needs are
    /// `#[serde(skip)]`.
    type Results: Serialize + Send;

    /// The description in `run.json`: the experiment's name and its options.
    fn describe(&self) -> run::Experiment;

    /// Registers its metrics for Prometheus. Not called if no metrics are served.
    fn register(&mut self, _: &mut Registry) {}

    /// Whether it bounds its memory itself. Otherwise a run that takes too much memory
    /// is ended.
    fn bounds_memory(&self) -> bool {
        false
    }

    /// Runs it. An `Err` ends the run as failed. A run that is interrupted is
    /// dropped.
    fn run(&mut self, context: RunContext<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// The results of the measurements and of the spans in `store`. Called once, when the
    /// run has ended, however it ended. May add phases to the record.
    fn results(&mut self, record: &mut Record, store: &Store) -> Self::Results;

    /// Judges the results.
    fn judge(&self, results: &Self::Results, record: &Record) -> Findings;

    /// Saves the rows of `results.csv` that are known only from the results.
    ///
    /// # Errors
    /// [`rows::Error`], for example when the disk is full.
    fn save(&self, _: &Self::Results, _: &mut Rows) -> Result<(), rows::Error> {
        Ok(())
    }

    /// Saves the other tables that are known only from the results.
    ///
    /// # Errors
    /// [`Error`], for example when the disk is full.
    fn save_tables(&self, _: &Self::Results, _: &Folder) -> Result<(), Error> {
        Ok(())
    }

    /// The columns of `results.csv`. The header is written even if there are no rows.
    fn columns(&self, results: &Self::Results) -> StringRecord;

    /// The results as text, in lines.
    fn render(&self, results: &Self::Results) -> String;
}
