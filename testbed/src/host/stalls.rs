//! The pauses of a run, and the windows in which something is measured.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::EVERY;
use super::pauses::{Clocks, Pause};

/// The pauses and the windows so far.
#[derive(Debug)]
pub(super) struct Stalls {
    began: Instant,
    /// The greatest delay of waking the task since the last check, in nanoseconds.
    late: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Debug)]
struct Known {
    looked: Clocks,
    pauses: Vec<Pause>,
    windows: Vec<Window>,
}

/// A window in which something is measured, relative to the run's beginning.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Duration,
    to: Option<Duration>,
}

/// The pauses that matter.
#[derive(Clone, Debug, Default)]
pub(super) struct Long {
    pub(super) pauses: Vec<Pause>,
    /// Whether they overlap a measurement. If nothing is measured, they are those of the
    /// whole run.
    pub(super) measured: bool,
}

impl Stalls {
    pub(super) fn new(began: Instant) -> Self {
        Self {
            began,
            late: AtomicU64::new(0),
            known: Mutex::new(Known {
                looked: Clocks::now(),
                pauses: Vec::new(),
                windows: Vec::new(),
            }),
        }
    }

    /// Records that the task was woken `late` nanoseconds late.
    pub(super) fn woken(&self, late: u64) {
        self.late.fetch_max(late, Ordering::Relaxed);
    }

    /// Checks whether the process was paused since the last check. `overdue` is by how
    /// many nanoseconds the task's wake-up is overdue.
    pub(super) fn look(&self, overdue: u64) {
        let mut known = self.known();
        let now = Clocks::now();
        let late = self.late.swap(0, Ordering::Relaxed).max(overdue);
        let late = Duration::from_nanos(late);
        let pause = now.pause(&known.looked, self.began, EVERY, late);
        known.pauses.extend(pause);
        known.looked = now;
    }

    /// Opens a window in which something is measured. Returns its number.
    pub(super) fn open(&self) -> usize {
        let from = self.began.elapsed();
        let windows = &mut self.known().windows;
        windows.push(Window { from, to: None });
        windows.len() - 1
    }

    pub(super) fn close(&self, window: usize) {
        let to = self.began.elapsed();
        self.known().windows[window].to = Some(to);
    }

    /// The pauses that matter for the measurements. Pauses up to `lag` do not.
    pub(super) fn long(&self, lag: Duration) -> Long {
        let known = self.known();
        let now = self.began.elapsed();
        let whole = [Window {
            from: Duration::ZERO,
            to: None,
        }];
        let windows = match known.windows.is_empty() {
            true => &whole[..],
            false => &known.windows,
        };
        let lasted = |window: &Window| window.to.unwrap_or(now).saturating_sub(window.from);
        let measured: Duration = windows.iter().map(lasted).sum();
        let is_long = |pause: &Pause| match known.windows.is_empty() {
            true => pause.explains_delay(now, lag),
            false => pause.is_long(measured, lag),
        };
        let matters = |pause: &&Pause| {
            let met = |window: &Window| pause.struck(window.from, window.to.unwrap_or(now));
            is_long(pause) && windows.iter().any(met)
        };
        Long {
            pauses: known.pauses.iter().filter(matters).copied().collect(),
            measured: !known.windows.is_empty(),
        }
    }

    /// The pauses since `at` that matter for the time since then.
    pub(super) fn since(&self, at: Instant, lag: Duration) -> Vec<Pause> {
        let from = at.saturating_duration_since(self.began);
        let now = self.began.elapsed();
        let known = self.known();
        let pauses = known.pauses.iter();
        let matters = |pause: &&Pause| {
            pause.struck(from, now) && pause.is_long(now.saturating_sub(from), lag)
        };
        pauses.filter(matters).copied().collect()
    }

    /// How long the process was paused so far, in seconds.
    pub(super) fn total(&self) -> f64 {
        self.known().pauses.iter().map(|pause| pause.seconds).sum()
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
