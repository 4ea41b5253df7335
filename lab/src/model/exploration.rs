//! A search that records one run: a shortest wrong one, if there is any.

mod results;

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

pub use results::{Searched, progress};
use trace::steps::Fault;
use trace::telemetry::Sink;

use super::{Action, Checked, Extent, Plan, World, check, replay};
use crate::system::System;

/// The search through the states of a system, which one thread carries out and
/// another may stop.
#[derive(Debug)]
pub struct Exploration<S> {
    system: S,
    plan: Plan,
    stop: AtomicBool,
    found: Mutex<Option<Found>>,
}

/// The result of the search.
#[derive(Debug)]
struct Found {
    checked: Checked<Action>,
    /// How many operations ended in the run that is recorded.
    ended: u64,
    /// The rule that this run breaks.
    fault: Option<Fault>,
    /// The end of this run lacks endings, which is wrong.
    lacks_endings: bool,
}

impl<S: System> Exploration<S> {
    /// A search through every schedule of `system`, as `plan` says. It has not
    /// begun.
    pub fn new(system: S, plan: Plan) -> Self {
        Self {
            system,
            plan,
            stop: AtomicBool::new(false),
            found: Mutex::new(None),
        }
    }

    /// The system.
    pub fn system(&self) -> &S {
        &self.system
    }

    /// How it is searched.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Ends the search early. [`run`](Self::run) returns soon.
    pub fn stop(&self) {
        self.stop.store(true, Ordering::Relaxed);
    }

    /// How long the search took, once it has ended.
    pub fn took(&self) -> Option<Duration> {
        self.found().as_ref().map(|found| found.checked.took)
    }

    /// Searches, and records one run to `sink`. `each` is called now and then, with
    /// the extent so far and the time of the start.
    pub fn run(&self, sink: &Arc<Sink>, each: impl Fn(&Extent, Instant)) {
        let began = Instant::now();
        let checked = check(&self.system, &self.plan, |extent| {
            each(extent, began);
            match self.stop.load(Ordering::Relaxed) {
                true => ControlFlow::Break(()),
                false => ControlFlow::Continue(()),
            }
        });
        let way = checked.counterexample.as_ref();
        let way = way.or(checked.example.as_ref());
        let end = way.map(|way| replay(&self.system, &self.plan, way, sink));
        let ended = end.as_ref().map_or(0, World::ended);
        let end_is = |check: fn(&World<S::Algorithm>, &S) -> bool| {
            end.as_ref().is_some_and(|end| check(end, &self.system))
        };
        let is_open = end_is(World::is_open);
        let lacks_endings = !is_open
            && end_is(|end, system| !end.has_ended(system) && !end.may_lack_endings(system));
        let fault = end.and_then(|end| end.fault().cloned());
        *self.found() = Some(Found {
            checked,
            ended,
            fault,
            lacks_endings,
        });
    }

    fn found(&self) -> MutexGuard<'_, Option<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
