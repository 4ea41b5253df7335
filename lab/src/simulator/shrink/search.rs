//! Tries schedules of a case on all processors, until one fails in the same way.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use trace::history::History;
use trace::steps::catch;

use super::{Case, Violation};
use crate::simulator::{End, Limit, Limits, Ran, Schedule};
use crate::system::{self, Judgement, System};

/// Tries schedules, and counts them.
#[derive(Debug)]
pub(super) struct Searcher<'a> {
    pub(super) violation: Violation,
    pub(super) limits: Limits,
    /// Ends the search when it is set.
    pub(super) over: &'a AtomicBool,
    /// How many schedules were tried. The same on any number of processors.
    pub(super) tried: u64,
    /// How many are tried at most.
    pub(super) most: u64,
}

/// A schedule that fails in the same way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Failed {
    pub(super) seed: u64,
    /// How many steps it has.
    pub(super) steps: u64,
    /// Whether it would go on: it met the limit of events or of memory.
    pub(super) goes_on: bool,
}

impl Searcher<'_> {
    /// The schedules of `case` by `seeds`: the first that fails in the same way, in fewer
    /// steps than `below`.
    pub(super) fn first<S: System>(
        &mut self,
        case: &Case<S>,
        seeds: &[u64],
        below: u64,
    ) -> Option<Failed> {
        let left = usize::try_from(self.most - self.tried).unwrap_or(usize::MAX);
        let seeds = &seeds[..seeds.len().min(left)];
        let next = AtomicU64::new(0);
        let found = AtomicU64::new(seeds.len() as u64);
        let best = Mutex::new(None::<(u64, Failed)>);
        let work = || {
            loop {
                let place = next.fetch_add(1, Ordering::Relaxed);
                // Those before the first so far are still tried.
                if place >= found.load(Ordering::Relaxed) || self.is_over() {
                    return;
                }
                let failed = self.fails(case, seeds[place as usize]);
                if let Some(failed) = failed.filter(|failed| failed.steps < below) {
                    found.fetch_min(place, Ordering::Relaxed);
                    let mut best = best.lock().unwrap_or_else(PoisonError::into_inner);
                    if best.is_none_or(|(known, _)| place < known) {
                        *best = Some((place, failed));
                    }
                }
            }
        };
        let processors = thread::available_parallelism().map_or(1, usize::from);
        match processors.min(seeds.len()) {
            0 | 1 => work(),
            threads => thread::scope(|scope| {
                for _ in 0..threads {
                    scope.spawn(work);
                }
            }),
        }
        let best = best.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.tried += best.map_or(seeds.len() as u64, |(place, _)| place + 1);
        best.map(|(_, failed)| failed)
    }

    /// Whether that schedule fails in the same way.
    pub(super) fn try_one<S: System>(&mut self, case: &Case<S>, seed: u64) -> bool {
        self.first(case, &[seed], u64::MAX).is_some()
    }

    fn fails<S: System>(&self, case: &Case<S>, seed: u64) -> Option<Failed> {
        let (ran, judgement) = self.judged(case, seed)?;
        let failed = Failed {
            seed,
            steps: ran.steps,
            goes_on: matches!(ran.end, End::Limit(Limit::Events(_) | Limit::Memory(_))),
        };
        self.violation.is_in(&ran, &judgement).then_some(failed)
    }

    /// A schedule, judged; `None` if it was interrupted, or panics outside of a handler.
    pub(super) fn judged<S: System>(
        &self,
        case: &Case<S>,
        seed: u64,
    ) -> Option<(Ran<History>, Judgement)> {
        let schedule = Schedule {
            limits: self.limits,
            stop: self.over,
            ..case.schedule(seed)
        };
        let ran = catch(|| schedule.run()).ok()?;
        if ran.end == End::Stopped || self.is_over() {
            return None;
        }
        let judgement = system::judge(case.system(), &ran.recorded);
        Some((ran, judgement))
    }

    /// Whether no more schedules are tried.
    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed) || self.tried >= self.most
    }
}
