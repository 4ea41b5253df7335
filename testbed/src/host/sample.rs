//! The samples of the host's load.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use lab::stats::nanos;
use serde::Serialize;
use tokio::time::sleep_until;

use super::EVERY;
use super::reading::Reading;
use super::stalls::Stalls;

/// A sample of the host's load. A figure that this system does not report is `None`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Sample {
    /// Since the run began.
    pub(super) seconds: f64,
    /// Whether something was measured then.
    pub(super) measuring: bool,
    /// How busy all processors were, with all processes.
    pub(super) cpu_percent: Option<f64>,
    /// How busy this process kept them.
    pub(super) own_cpu_percent: Option<f64>,
    /// Processor seconds that this process took since the previous sample.
    #[serde(skip)]
    pub(super) own_cpu: Option<f64>,
    pub(super) memory_bytes: Option<u64>,
    pub(super) descriptors: Option<u64>,
    pub(super) sockets: Option<u64>,
    /// Since the previous sample.
    pub(super) loopback_bytes: Option<u64>,
    /// How late a task was woken.
    pub(super) lag_seconds: f64,
}

/// The samples and pauses of the host in a run.
#[derive(Debug)]
pub(super) struct Observed {
    began: Instant,
    over: AtomicBool,
    measuring: AtomicBool,
    /// When the ticker is to be woken next, in nanoseconds since the beginning.
    due: AtomicU64,
    /// The greatest delay of the ticker since the last sample.
    late: AtomicU64,
    samples: Mutex<Vec<Sample>>,
    pub(super) stalls: Stalls,
}

impl Sample {
    /// The second of the run that it belongs to, from 0.
    pub(super) fn second(&self) -> u64 {
        self.seconds as u64
    }
}

impl Observed {
    pub(super) fn new() -> Self {
        let began = Instant::now();
        Self {
            began,
            over: AtomicBool::new(false),
            measuring: AtomicBool::new(false),
            due: AtomicU64::new(0),
            late: AtomicU64::new(0),
            samples: Mutex::default(),
            stalls: Stalls::new(began),
        }
    }

    /// When the observation began.
    pub(super) fn began(&self) -> Instant {
        self.began
    }

    /// Ends the thread and the task that sample the host.
    pub(super) fn end(&self) {
        self.over.store(true, Ordering::Relaxed);
    }

    /// Sets whether measurements that a busy host would distort are made from now on.
    pub(super) fn measure(&self, measuring: bool) {
        self.measuring.store(measuring, Ordering::Relaxed);
    }

    /// All samples until now.
    pub(super) fn samples(&self) -> Vec<Sample> {
        let samples = self.samples.lock();
        samples.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The ticker: a task that is woken periodically and records how late it is. The
    /// resolution of tokio's timers is a millisecond.
    pub(super) async fn tick(self: Arc<Self>) {
        let mut due = Instant::now();
        loop {
            due = (due + EVERY).max(Instant::now());
            self.due.store(self.since(due), Ordering::Relaxed);
            sleep_until(due.into()).await;
            let late = nanos(due.elapsed());
            self.late.fetch_max(late, Ordering::Relaxed);
            self.stalls.woken(late);
        }
    }

    /// Samples the host until [`end`](Self::end).
    pub(super) fn look(&self) {
        let (mut before, mut at) = (Reading::now(), Instant::now());
        while !self.over.load(Ordering::Relaxed) {
            thread::sleep((at + EVERY).saturating_duration_since(Instant::now()));
            at = Instant::now();
            self.look_for_stalls();
            let now = Reading::now();
            let sample = self.sample(&before, &now, at);
            let samples = self.samples.lock();
            samples.unwrap_or_else(PoisonError::into_inner).push(sample);
            before = now;
        }
    }

    fn sample(&self, before: &Reading, now: &Reading, at: Instant) -> Sample {
        let change = |of: fn(&Reading) -> Option<f64>| Some(of(now)? - of(before)?);
        let all = change(|reading| reading.all).filter(|all| *all > 0.0);
        let percent = |part: Option<f64>| Some((100.0 * part? / all?).clamp(0.0, 100.0));
        let late = self.late.swap(0, Ordering::Relaxed).max(self.overdue(at));
        Sample {
            seconds: (at - self.began).as_secs_f64(),
            measuring: self.measuring.load(Ordering::Relaxed),
            cpu_percent: percent(change(|reading| reading.busy)),
            own_cpu_percent: percent(change(|reading| reading.own)),
            own_cpu: change(|reading| reading.own),
            memory_bytes: now.memory,
            descriptors: now.descriptors,
            sockets: now.sockets,
            loopback_bytes: now
                .loopback
                .zip(before.loopback)
                .map(|(now, before)| now.saturating_sub(before)),
            lag_seconds: Duration::from_nanos(late).as_secs_f64(),
        }
    }

    pub(super) fn look_for_stalls(&self) {
        self.stalls.look(self.overdue(Instant::now()));
    }

    /// By how many nanoseconds the ticker is overdue.
    fn overdue(&self, at: Instant) -> u64 {
        let due = self.due.load(Ordering::Relaxed);
        self.since(at).saturating_sub(due)
    }

    /// Nanoseconds since the beginning.
    fn since(&self, at: Instant) -> u64 {
        nanos(at.saturating_duration_since(self.began))
    }
}
