//! The experiments: what is done with a network, and what is made of it.

pub mod checked;
pub mod gossip;
pub mod kad;
pub mod latency;
pub mod live;
pub mod ping;
pub mod simulated;

use std::sync::Arc;

use node::metrics::Metrics;
use node::telemetry::Sink;
use prometheus_client::registry::Registry;
use tokio_util::task::TaskTracker;

use crate::Error;
use crate::cli::options::Options;
use crate::control::Desk;
use crate::host::Watch;
use crate::network::{Builder, Speaks};
use crate::progress::Progress;
use crate::run::{Record, Rows};
use crate::store::Store;

/// What an experiment works with.
pub struct Bench<'a> {
    /// The options of every run.
    pub options: &'a Options,
    /// What is told of the run. Whatever is measured goes here at once: the
    /// experiment may be interrupted at any time.
    pub record: &'a mut Record,
    /// One line for each measurement.
    pub rows: &'a mut Rows,
    /// Where spans go.
    pub sink: &'a Arc<Sink>,
    /// Where peers are counted, if somebody wants to know.
    pub metrics: Option<&'a Arc<Metrics>>,
    /// Where the processes are counted while they run.
    pub tasks: &'a TaskTracker,
    /// Who looks at the host.
    pub host: &'a Watch,
    /// Who shows how far it is.
    pub progress: &'a Progress,
    /// Where somebody at the page reaches into the run.
    pub desk: &'a mut Desk,
}

impl<'a> Bench<'a> {
    /// Who builds the network, of peers that speak so.
    pub fn builder(&self, speaks: Speaks<'a>) -> Builder<'a> {
        Builder {
            options: self.options,
            outsider: None,
            sink: self.sink,
            metrics: self.metrics,
            tasks: self.tasks,
            progress: self.progress,
            links: None,
            speaks,
        }
    }
}

/// What speaks against a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Against {
    /// What should not be.
    pub wrong: Vec<String>,
    /// What did not come in time. Where the host set the pace, that says nothing
    /// of the network.
    pub missing: Vec<String>,
}

impl From<Vec<String>> for Against {
    fn from(wrong: Vec<String>) -> Self {
        let missing = Vec::new();
        Self { wrong, missing }
    }
}

/// An experiment, with its options.
pub trait Experiment {
    /// Registers what it counts for Prometheus from now on. Not called where
    /// nobody wants to know.
    fn register(&mut self, _: &mut Registry) {}

    /// Runs it. An `Err` ends the run as failed; what was measured stays.
    fn run(&mut self, bench: Bench<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// Says whether what was measured, and recorded in `store`, is right, and
    /// may add to the record. Called however the run ended.
    fn judge(&mut self, record: &mut Record, store: &Store) -> Against;

    /// Saves what is measured of the record alone, once it was judged.
    ///
    /// # Errors
    /// [`Error::Failed`], for example when the disk is full.
    fn save(&self, _: &mut Rows) -> Result<(), Error> {
        Ok(())
    }

    /// Why it cannot be told whether it is right, if nothing is wrong.
    fn unknown(&self) -> Option<String> {
        None
    }

    /// The results for people, in lines.
    fn tell(&self, record: &Record) -> String;
}
