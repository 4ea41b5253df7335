//! The experiments: what is done with a network, and what is made of it.

pub mod checked;
pub mod erased;
pub mod gossip;
pub mod kad;
pub mod latency;
pub mod live;
pub mod ping;
pub mod simulated;

use std::sync::Arc;

use csv::StringRecord;
use node::metrics::Metrics;
use prometheus_client::registry::Registry;
use serde::Serialize;
use tokio_util::task::TaskTracker;
use trace::store::Store;
use trace::telemetry::Sink;

use crate::Error;
use crate::control::FaultReceiver;
use crate::host::Watch;
use crate::network::{Builder, Speaks};
use crate::progress::Progress;
use crate::rows::Rows;
use crate::run::{self, Folder, Record, RunOptions, Status, Verdict};

/// What an experiment works with.
pub struct RunContext<'a> {
    /// The options of every run.
    pub options: &'a RunOptions,
    /// What is recorded of the run: phases as they end, the footprint.
    pub record: &'a mut Record,
    /// Where the run is saved, if it is.
    pub folder: Option<&'a Folder>,
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
    pub desk: &'a mut FaultReceiver,
}

impl<'a> RunContext<'a> {
    /// Who builds the network, of peers that speak so.
    pub fn builder(&self, speaks: Speaks<'a>) -> Builder<'a> {
        Builder {
            options: self.options,
            outsider: None,
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

/// What keeps a run from passing. The verdict is made of it in one place,
/// [`Findings::verdict`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// What is wrong.
    pub violations: Vec<String>,
    /// What did not come in time. Where the host was saturated, that says
    /// nothing of the network.
    pub incomplete: Vec<String>,
    /// Why what is incomplete says nothing of the network, and the run cannot
    /// pass: it asked for more than the machine does.
    pub overload: Vec<String>,
    /// Why the run cannot pass although nothing is wrong: a planned fault that
    /// never happened, a property of which nothing was checked, a search that
    /// was not finished.
    pub unknown: Vec<String>,
    /// Why the record cannot be trusted: parts of it are missing, so what looks
    /// wrong in it proves nothing.
    pub untrusted: Vec<String>,
}

impl From<Vec<String>> for Findings {
    fn from(violations: Vec<String>) -> Self {
        Self {
            violations,
            ..Self::default()
        }
    }
}

impl Findings {
    /// Whether anything is wrong, or did not come in time.
    pub fn is_wrong(&self) -> bool {
        !self.violations.is_empty() || !self.incomplete.is_empty()
    }

    /// The verdict of a run that was ended early, for that reason. A violation
    /// stays one; all else may be missing because of it.
    pub fn cut_short(self, reason: String) -> Verdict {
        let findings = Self {
            violations: self.violations,
            untrusted: self.untrusted,
            unknown: vec![reason],
            ..Self::default()
        };
        findings.verdict(Vec::new())
    }

    /// The verdict of a run that was not interrupted. `host` says that the
    /// host was saturated, or that the process stood still.
    ///
    /// A record that cannot be trusted makes it `unknown`. Otherwise a
    /// violation makes it `fail`, and so does what is incomplete, unless the
    /// host was saturated or overloaded. Otherwise any reason is `unknown`.
    pub fn verdict(self, host: Vec<String>) -> Verdict {
        let is_violated = !self.violations.is_empty();
        let is_slow = !host.is_empty() || !self.overload.is_empty();
        let is_late = !self.incomplete.is_empty() && !is_slow;
        let is_failed = self.untrusted.is_empty() && (is_violated || is_late);
        let against = self.violations.into_iter().chain(self.incomplete);
        let unknown = self.untrusted.into_iter().chain(self.unknown);
        let unknown = unknown.chain(self.overload).chain(host);
        let (status, reasons): (_, Vec<_>) = match is_failed {
            true => (Status::Fail, against.chain(unknown).collect()),
            false => (Status::Unknown, unknown.chain(against).collect()),
        };
        match reasons.is_empty() {
            true => Verdict {
                status: Status::Pass,
                reasons,
            },
            false => Verdict { status, reasons },
        }
    }
}

/// An experiment, with its options.
///
/// [`run`](Self::run) may be interrupted at any time, so it keeps what it measures
/// in the experiment. [`results`](Self::results) makes the results of that, once
/// the run has ended, however it ended. Everything after works with them: they are
/// serialized, judged, saved and rendered.
pub trait Experiment: Send {
    /// `results` in `run.json`. What only the judge or the text needs is
    /// `#[serde(skip)]`.
    type Results: Serialize + Send;

    /// What `run.json` states of the experiment: its name and its options.
    fn describe(&self) -> run::Experiment;

    /// Registers what it counts for Prometheus from now on. Not called where
    /// nobody wants to know.
    fn register(&mut self, _: &mut Registry) {}

    /// Whether it bounds its memory itself. A run is ended otherwise when it takes
    /// too much.
    fn bounds_memory(&self) -> bool {
        false
    }

    /// Runs it. An `Err` ends the run as failed. A run that is interrupted is
    /// dropped.
    fn run(&mut self, bench: RunContext<'_>) -> impl Future<Output = Result<(), Error>> + Send;

    /// The results of what was measured, and recorded in `store`, so far. Called
    /// once, when the run has ended, however it ended. May add phases to the record.
    fn results(&mut self, record: &mut Record, store: &Store) -> Self::Results;

    /// Judges the results.
    fn judge(&self, results: &Self::Results, record: &Record) -> Findings;

    /// Saves the rows of `results.csv` that are known only from the results.
    ///
    /// # Errors
    /// [`Error::Failed`], for example when the disk is full.
    fn save(&self, _: &Self::Results, _: &mut Rows) -> Result<(), Error> {
        Ok(())
    }

    /// The columns of `results.csv`, whose header it has even without a row.
    fn columns(&self, results: &Self::Results) -> StringRecord;

    /// The results as text, in lines.
    fn render(&self, results: &Self::Results) -> String;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdict_weighs_the_findings() {
        let some = || vec!["reason".to_owned()];
        let none = Findings::default;
        let wrong = || Findings::from(some());
        let late = || Findings {
            incomplete: some(),
            ..none()
        };
        let open = || Findings {
            unknown: some(),
            ..none()
        };
        let untrusted = || Findings {
            untrusted: some(),
            ..wrong()
        };
        let host = || vec!["host saturated".to_owned()];
        let calm = Vec::new;
        let overload = |findings: Findings| Findings {
            overload: some(),
            ..findings
        };
        for (findings, host, expected) in [
            (none(), calm(), Status::Pass),
            (none(), host(), Status::Unknown),
            (wrong(), calm(), Status::Fail),
            (wrong(), host(), Status::Fail),
            (late(), calm(), Status::Fail),
            (late(), host(), Status::Unknown),
            (open(), calm(), Status::Unknown),
            (overload(none()), calm(), Status::Unknown),
            (overload(late()), calm(), Status::Unknown),
            (overload(wrong()), calm(), Status::Fail),
            (untrusted(), calm(), Status::Unknown),
        ] {
            let verdict = findings.clone().verdict(host.clone());
            assert_eq!(verdict.status, expected, "{findings:?} {host:?}");
            assert_eq!(verdict.reasons.is_empty(), expected == Status::Pass);
        }
        for (findings, expected) in [
            (none(), Status::Unknown),
            (late(), Status::Unknown),
            (wrong(), Status::Fail),
            (untrusted(), Status::Unknown),
        ] {
            let verdict = findings.cut_short("interrupted".into());
            assert_eq!(verdict.status, expected);
            assert!(verdict.reasons.contains(&"interrupted".to_owned()));
        }
    }
}
