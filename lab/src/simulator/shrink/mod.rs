//! A failing schedule, made smaller: fewer peers, faults, commands and steps, and less
//! delay, as long as the same property is violated.
//!
//! The search is greedy. Each pass tries candidates that are smaller in one respect, each by
//! some seeds, and keeps the first that fails in the same way; the passes are repeated until
//! none finds one. So the result is small, and not proven to be the smallest. The idea of
//! leaving out parts of an input is that of delta debugging: Zeller and Hildebrandt,
//! "Simplifying and Isolating Failure-Inducing Input" (IEEE TSE 28(2), 2002).
//!
//! A part of a run, with fewer commands or fewer steps, is judged as one that was cut short:
//! what is missing in it is no violation.

mod parts;
mod passing;
mod rebuild;
mod search;
mod simpler;
mod size;
#[cfg(test)]
mod tests;
mod violation;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Limits, Scenario, Schedule};
use crate::system::System;
pub use passing::Passing;
pub(super) use rebuild::Case;
pub use rebuild::Rebuild;
use search::{Failed, Searcher};
pub use size::Size;
use violation::Violation;

/// How many schedules are tried at most, whatever the time. A guess.
const MOST: u64 = 100_000;

/// By how many seeds a candidate is tried, at least and at most: twice as many as it took to
/// find the failure. Guesses.
const SEEDS: [u64; 2] = [100, 5_000];

/// The number of events to which a candidate is limited, at least. A guess.
const EVENTS: u64 = 10_000;

/// The fewest peers that are tried: one has nothing to distribute.
const FEWEST: u32 = 2;

/// Up to this number of peers, every number is tried, and above it some. A guess.
const EACH: u32 = 8;

/// How a failure is made smaller.
#[derive(Debug)]
pub struct Shrinking<S> {
    /// How long it may take.
    pub budget: Duration,
    /// The system of the run.
    pub rebuild: Rebuild<S>,
}

/// A schedule that fails.
#[derive(Debug)]
pub(super) struct Failure<S> {
    pub(super) case: Case<S>,
    pub(super) seed: u64,
    steps: u64,
}

impl<S> Clone for Failure<S> {
    fn clone(&self) -> Self {
        Self {
            case: self.case.clone(),
            ..*self
        }
    }
}

/// A failure that was made smaller, or could not be.
#[derive(Debug)]
pub(super) struct Shrunk<S> {
    /// The failure that was found.
    pub(super) original: Failure<S>,
    pub(super) smallest: Failure<S>,
    /// How many schedules were tried.
    pub(super) tried: u64,
    pub(super) took: Duration,
    /// The nearest schedule that passes, and what it runs.
    pub(super) passing: Option<(Passing, Case<S>)>,
    /// Whether the smallest is another run than the original.
    pub(super) is_smaller: bool,
    /// Whether the search went to its end.
    pub(super) is_whole: bool,
}

impl<S: System> Shrinking<S> {
    /// Makes a failing schedule smaller: that of `seed`, before which `before` schedules
    /// passed. `None` if it does not fail again. Setting `over` ends it with the smallest so
    /// far.
    pub(super) fn shrink(
        &self,
        scenario: &Scenario,
        limits: Limits,
        [seed, before]: [u64; 2],
        over: &AtomicBool,
    ) -> Option<Shrunk<S>> {
        let began = Instant::now();
        let case = self.rebuild.case(self.rebuild.peers(), scenario.clone())?;
        let mut shrunk = within(self.budget, over, || {
            let [least, most] = SEEDS;
            let shrinker = Shrinker::new(&self.rebuild, case, limits, seed, over)?;
            let seeds = (2 * before.saturating_add(1)).clamp(least, most);
            Some(shrinker.shrink(seeds))
        })?;
        shrunk.took = began.elapsed();
        Some(shrunk)
    }
}

impl<S: System> Case<S> {
    pub(super) fn schedule(&self, seed: u64) -> Schedule<'_, S> {
        Schedule::new(self.system(), self.directory(), &self.scenario, seed)
    }
}

/// Sets `over` if `work` takes longer than `budget`.
fn within<R>(budget: Duration, over: &AtomicBool, work: impl FnOnce() -> R) -> R {
    let (done, ended) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            if ended.recv_timeout(budget) == Err(RecvTimeoutError::Timeout) {
                over.store(true, Ordering::Relaxed);
            }
        });
        let worked = work();
        drop(done);
        worked
    })
}

/// The smallest failure so far, and how smaller ones are searched for.
struct Shrinker<'a, S> {
    rebuild: &'a Rebuild<S>,
    searcher: Searcher<'a>,
    smallest: Failure<S>,
    /// Whether parts of the run may be left out. Not known before it was tried.
    has_parts: Option<bool>,
}

impl<'a, S: System> Shrinker<'a, S> {
    fn new(
        rebuild: &'a Rebuild<S>,
        case: Case<S>,
        mut limits: Limits,
        seed: u64,
        over: &'a AtomicBool,
    ) -> Option<Self> {
        let mut searcher = Searcher {
            violation: Violation::Property(""),
            limits,
            over,
            tried: 0,
            most: MOST,
        };
        let (ran, judgement) = searcher.judged(&case, seed)?;
        searcher.violation = Violation::of(&ran, &judgement)?;
        limits.events = limits.events.min(EVENTS.max(ran.steps.saturating_mul(2)));
        searcher.limits = limits;
        Some(Self {
            rebuild,
            searcher,
            smallest: Failure {
                case,
                seed,
                steps: ran.steps,
            },
            has_parts: None,
        })
    }

    fn shrink(mut self, seeds: u64) -> Shrunk<S> {
        let seeds: Vec<_> = (0..seeds).collect();
        let original = self.smallest.clone();
        let mut is_smaller = false;
        loop {
            let mut found = self.fewer_peers(&seeds);
            self.fix_faults();
            found |= self.simpler(simpler::with_fewer_faults, &seeds);
            let is_shorter = self.simpler(simpler::with_less_delay, &seeds);
            found |= self.fewer_commands(&seeds);
            found |= self.fewer_steps(&seeds);
            is_smaller |= found;
            if !(found || is_shorter) || self.searcher.is_over() {
                break;
            }
        }
        if !is_smaller {
            // Less delay alone is no reason for another run.
            self.smallest = original.clone();
        }
        let is_whole = !self.searcher.is_over();
        let passing = self.nearest_passing(&original.case.scenario.delay, &seeds);
        Shrunk {
            original,
            smallest: self.smallest,
            tried: self.searcher.tried,
            took: Duration::ZERO,
            passing,
            is_smaller,
            is_whole,
        }
    }

    /// The fewest peers first: their schedules are short.
    fn fewer_peers(&mut self, seeds: &[u64]) -> bool {
        let before = self.smallest.case.peers();
        sizes(before).any(|peers| {
            let scenario = simpler::among(peers, before, &self.smallest.case.scenario);
            let case = self.rebuild.case(peers, scenario);
            case.is_some_and(|case| self.accepts(case, seeds))
        })
    }

    /// Gives the faults that the schedule has drawn fixed times, so that each can be left
    /// out.
    fn fix_faults(&mut self) {
        let Failure { case, seed, .. } = &self.smallest;
        if case.scenario.random.is_none() {
            return;
        }
        let Some((ran, _)) = self.searcher.judged(case, *seed) else {
            return;
        };
        let fixed = simpler::with_fixed_faults(&case.scenario, ran.drawn);
        if let Some(case) = self.rebuild.case(case.peers(), fixed) {
            self.accepts(case, &[]);
        }
    }

    /// Keeps simpler scenarios, until none of them fails.
    fn simpler(&mut self, simpler: fn(&Scenario) -> Vec<Scenario>, seeds: &[u64]) -> bool {
        let mut found = false;
        while simpler(&self.smallest.case.scenario)
            .into_iter()
            .any(|scenario| {
                let peers = self.smallest.case.peers();
                let case = self.rebuild.case(peers, scenario);
                case.is_some_and(|case| self.accepts(case, seeds))
            })
        {
            found = true;
        }
        found
    }

    /// Keeps the first schedule of `case` that fails, by the seed of the smallest failure
    /// so far and by `seeds`.
    fn accepts(&mut self, case: Case<S>, seeds: &[u64]) -> bool {
        let all: Vec<_> = std::iter::once(self.smallest.seed)
            .chain(seeds.iter().copied())
            .collect();
        let failed = self.searcher.first(&case, &all, u64::MAX);
        failed.is_some_and(|failed| {
            self.keep(case, failed);
            true
        })
    }

    fn keep(&mut self, mut case: Case<S>, failed: Failed) {
        if failed.goes_on {
            // Its end is the limit of the search, and not one of the run.
            case.scenario.steps = Some(failed.steps);
        }
        self.smallest = Failure {
            case,
            seed: failed.seed,
            steps: failed.steps,
        };
    }
}

/// Numbers of peers that are fewer than `peers`.
fn sizes(peers: u32) -> impl Iterator<Item = u32> {
    let next = |size: &u32| match *size {
        size if size < EACH => Some(size + 1),
        size => size.checked_add(size / 4),
    };
    let most = peers.saturating_sub(1);
    let some = std::iter::successors(Some(FEWEST), next).take_while(move |size| *size < most);
    some.chain(Some(most).filter(|size| *size >= FEWEST))
}
