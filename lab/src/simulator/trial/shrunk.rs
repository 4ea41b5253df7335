//! What is kept and reported of a failure that was made smaller.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde::{Serialize, Serializer};
use trace::recorder::StoreRecorder;
use trace::steps::catch;
use trace::store::Store;
use trace::telemetry::Sink;

use super::{Observer, Ran, Schedule, Trial};
use crate::shell::{self, Changes};
use crate::simulator::shrink::{Case, Failure, Shrunk};
use crate::simulator::{Passing, Size};
use crate::stats::show;
use crate::system::System;
use crate::values;

/// How much smaller a failure was made, in `results` of `run.json`.
#[derive(Clone, Debug, Serialize)]
pub struct Shortened {
    /// The size of the failing schedule that was found first.
    pub from: Size,
    /// The size of the one that is recorded.
    pub to: Size,
    /// How many schedules were tried.
    pub schedules: u64,
    /// How long that took.
    #[serde(serialize_with = "values::seconds")]
    pub seconds: Duration,
    /// Whether every candidate was tried. Otherwise the time had passed.
    pub whole: bool,
    /// The scenario of the recorded schedule, as an inline table.
    pub scenario: String,
    /// Where the spans of the schedule that was found first are kept.
    #[serde(serialize_with = "lossy")]
    pub original: Option<PathBuf>,
    /// The nearest schedule that passes.
    pub passing: Option<Passing>,
    /// Where its spans are kept.
    #[serde(serialize_with = "lossy")]
    pub passing_spans: Option<PathBuf>,
}

/// A path as text, which need not be one.
fn lossy<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    let text = path.as_ref().map(|path| path.to_string_lossy());
    text.serialize(serializer)
}

impl<S: System> Trial<S> {
    /// The first failure, made smaller. `None` if nothing failed, or an interruption came
    /// before the first failure was known.
    pub(super) fn shrink(&self, observer: &impl Observer) -> Option<Shrunk<S>> {
        let shrinking = self.shrinking.as_ref()?;
        let (seed, bad) = self.bad()?;
        let is_candidate = bad.wrong && bad.panicked.is_none() && !self.is_stopped();
        let seeds = is_candidate.then_some([seed, bad.place])?;
        observer.shrinks();
        shrinking.shrink(&self.scenario, self.limits, seeds, &self.over)
    }

    pub(super) fn record_smallest(&self, shrunk: &Shrunk<S>, sink: &Arc<Sink>) -> Ran<()> {
        let Failure { case, seed, .. } = &shrunk.smallest;
        self.schedule_of(case, *seed).run_traced(sink)
    }

    fn schedule_of<'a>(&self, case: &'a Case<S>, seed: u64) -> Schedule<'a, S> {
        Schedule {
            limits: self.limits,
            ..case.schedule(seed)
        }
    }

    /// Keeps the schedules beside the recorded one, which ran as `ran`.
    pub(super) fn shortened(
        &self,
        shrunk: &Shrunk<S>,
        ran: &Ran<()>,
        observer: &impl Observer,
    ) -> Shortened {
        let Shrunk {
            original, smallest, ..
        } = shrunk;
        let keep_run = |name, case: &Case<S>, seed| {
            let store = Arc::new(Store::new());
            let recorder = StoreRecorder::start(Arc::clone(&store));
            let sink = Sink::new(Some(Arc::new(recorder)), None);
            let ran = catch(|| self.schedule_of(case, seed).run_traced(&sink)).ok();
            sink.counts();
            Some((Size::of(case, &ran?), observer.keep(name, &store)))
        };
        let to = Size::of(&smallest.case, ran);
        let found = shrunk
            .is_smaller
            .then(|| keep_run("original", &original.case, original.seed));
        let (from, original) = found.flatten().unwrap_or((to, None));
        let passing = shrunk.passing.as_ref();
        let kept = passing.and_then(|(passing, case)| keep_run("passing", case, passing.schedule));
        Shortened {
            from,
            to,
            schedules: shrunk.tried,
            seconds: shrunk.took,
            whole: !self.over.load(Ordering::Relaxed) && shrunk.is_whole,
            scenario: smallest.case.scenario.to_string(),
            original,
            passing: passing.map(|(passing, _)| passing.clone()),
            passing_spans: kept.and_then(|(_, spans)| spans),
        }
    }

    /// The command line that runs the failure that is recorded, and nothing else.
    pub(super) fn again_smallest(
        &self,
        command: &[String],
        seed: u64,
        shrunk: &Shrunk<S>,
    ) -> String {
        let Failure {
            case,
            seed: schedule,
            ..
        } = &shrunk.smallest;
        let original = &shrunk.original.case;
        let changes = Changes {
            peers: (case.peers() != original.peers()).then(|| case.peers()),
            topology: (case.topology() != original.topology()).then(|| case.topology().to_string()),
            scenario: (case.scenario != original.scenario).then(|| case.scenario.clone()),
        };
        shell::again_with(command, seed, *schedule, &changes)
    }
}

impl Shortened {
    /// In lines.
    pub(super) fn text(&self) -> String {
        let (tried, took) = (self.schedules, show(self.seconds));
        let more = match self.whole {
            true => "",
            false => "; a longer --shrink tries more",
        };
        let tried = format!("({tried} schedules tried in {took}{more})");
        let mut text = match self.from == self.to {
            true => format!("shrunk            no: no smaller failure was found {tried}\n"),
            false => format!(
                "shrunk            from {} to {} {tried}\n",
                self.from, self.to
            ),
        };
        if let Some(path) = &self.original {
            let path = shell::quote(path);
            let _ = writeln!(
                text,
                "                  as it was found: testbed view {path}"
            );
        }
        if let Some(passing) = &self.passing {
            let _ = writeln!(text, "nearest passing   {passing}");
        }
        if let Some(path) = &self.passing_spans {
            let path = shell::quote(path);
            let _ = writeln!(text, "                  testbed view {path}");
        }
        text
    }
}
