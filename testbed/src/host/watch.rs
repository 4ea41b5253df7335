//! Watches the host while a run goes on.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use lab::stats::{Summary, Times, median};
use prometheus_client::collector::Collector;
use serde::Serialize;
use tokio::task::AbortHandle;

use super::metrics::Metrics;
use super::pauses::{self, Pause};
use super::sample::{Observed, Sample};
use super::saturation::{Bounds, Saturation};
use super::{Apart, Error};
use crate::rows::columns;

/// `host_use` in `run.json`: the host's load while something was measured; if nothing
/// was, during the whole run.
#[derive(Clone, Debug, Serialize)]
pub struct Use {
    /// Whether anything was measured.
    pub measured: bool,
    samples: u64,
    /// Median and maximum.
    cpu_percent: [Option<f64>; 2],
    own_cpu_percent: [Option<f64>; 2],
    /// Processor seconds that this process took.
    own_cpu_seconds: Option<f64>,
    memory_bytes_most: Option<u64>,
    descriptors_most: Option<u64>,
    sockets_most: Option<u64>,
    loopback_bytes: Option<u64>,
    lag_ns: Option<Summary>,
    /// The bounds above which the host is saturated.
    bounds: [f64; 2],
    /// The saturation, if there was any.
    pub saturated: Option<Saturation>,
    /// Pauses of the process that matter for the measurements; if nothing was measured,
    /// for the whole run.
    pub pauses: Vec<Pause>,
    /// Whether something was measured, so that the pauses overlap a measurement.
    #[serde(skip)]
    pub timed: bool,
    /// The operations that were in progress during pauses, and the rest.
    pub apart: Vec<Apart>,
}

/// Samples the host's load on a thread of its own until it is dropped.
#[derive(Debug)]
pub struct Watch {
    seen: Arc<Observed>,
    bounds: Bounds,
    ticker: AbortHandle,
}

/// A guard: something is measured until it is dropped.
#[derive(Debug)]
pub struct Measuring {
    seen: Arc<Observed>,
    window: usize,
    /// Whether a busy host would distort the measurement.
    paced: bool,
}

impl Drop for Measuring {
    fn drop(&mut self) {
        self.seen.stalls.close(self.window);
        if self.paced {
            self.seen.measure(false);
        }
    }
}

impl Watch {
    /// Starts sampling, on a separate thread and in a task of this runtime.
    pub fn start(bounds: Bounds) -> Self {
        let seen = Arc::new(Observed::new());
        let looking = Arc::clone(&seen);
        thread::spawn(move || looking.look());
        let ticker = tokio::spawn(Arc::clone(&seen).tick()).abort_handle();
        Self {
            seen,
            bounds,
            ticker,
        }
    }

    /// The metrics of the host, collected on each scrape.
    pub fn metrics(&self) -> impl Collector + use<> {
        Metrics(Arc::clone(&self.seen))
    }

    /// Begins a measurement that a busy host or a pause of the process would distort.
    pub fn measuring(&self) -> Measuring {
        self.seen.measure(true);
        self.window(true)
    }

    /// Begins a timing that only a pause of the process would distort.
    pub fn timing(&self) -> Measuring {
        self.window(false)
    }

    fn window(&self, paced: bool) -> Measuring {
        Measuring {
            seen: Arc::clone(&self.seen),
            window: self.seen.stalls.open(),
            paced,
        }
    }

    /// Whether a pause of the process since `since` matters for the time that has passed
    /// since then.
    pub fn stood_still(&self, since: Instant) -> bool {
        self.seen.look_for_stalls();
        !self.seen.stalls.since(since, self.bounds.lag).is_empty()
    }

    /// The saturation of the host since `since`, if there was any.
    pub fn saturated(&self, since: Instant) -> Option<Saturation> {
        let since = since.saturating_duration_since(self.seen.began());
        let since = since.as_secs_f64();
        let mut samples = self.seen.samples();
        samples.retain(|sample| sample.seconds >= since);
        samples
            .iter_mut()
            .for_each(|sample| sample.measuring = true);
        self.bounds.judge(&samples)
    }

    /// The summary of the samples and pauses so far.
    pub fn summary(&self) -> Use {
        let mut samples = self.seen.samples();
        let measured = samples.iter().any(|sample| sample.measuring);
        if measured {
            samples.retain(|sample| sample.measuring);
        }
        let mut lags = Times::new();
        let late = samples.iter().map(|sample| sample.lag_seconds);
        late.for_each(|late| lags.record(Duration::from_secs_f64(late)));
        let most = |of: fn(&Sample) -> Option<u64>| samples.iter().filter_map(of).max();
        // The thread may not have checked since the last pause.
        self.seen.look_for_stalls();
        let long = self.seen.stalls.long(self.bounds.lag);
        Use {
            measured,
            samples: samples.len() as u64,
            cpu_percent: middle_and_most(&samples, |sample| sample.cpu_percent),
            own_cpu_percent: middle_and_most(&samples, |sample| sample.own_cpu_percent),
            own_cpu_seconds: samples.iter().map(|sample| sample.own_cpu).sum(),
            memory_bytes_most: most(|sample| sample.memory_bytes),
            descriptors_most: most(|sample| sample.descriptors),
            sockets_most: most(|sample| sample.sockets),
            loopback_bytes: samples.iter().map(|sample| sample.loopback_bytes).sum(),
            lag_ns: lags.summary(),
            bounds: [self.bounds.cpu_percent, self.bounds.lag.as_secs_f64()],
            saturated: self.bounds.judge(&samples),
            pauses: long.pauses,
            timed: long.measured,
            apart: Vec::new(),
        }
    }

    /// Saves all samples, a line each.
    ///
    /// # Errors
    /// [`Error`] with the file.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        let write = || {
            let mut headless = csv::WriterBuilder::new();
            headless.has_headers(false);
            let mut rows = headless.from_path(path)?;
            rows.write_record(&columns::<Sample>())?;
            for sample in self.seen.samples() {
                rows.serialize(sample)?;
            }
            rows.flush()?;
            Ok(())
        };
        write().map_err(|source| Error {
            path: path.to_owned(),
            source,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.seen.end();
        self.ticker.abort();
    }
}

impl Use {
    /// Why the verdict on a paused run is unknown.
    pub fn stood_still(&self) -> Option<String> {
        pauses::summary(&self.pauses)
    }
}

/// `processors 43 % busy in the median, 97 % at most; …`
impl std::fmt::Display for Use {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let [Some(middle), Some(most)] = self.cpu_percent {
            write!(
                f,
                "processors {middle:.0} % busy in the median, {most:.0} % at most; "
            )?;
        }
        if let Some(memory) = self.memory_bytes_most {
            write!(f, "{} MiB; ", memory >> 20)?;
        }
        let show = |nanos| lab::stats::show(Duration::from_nanos(nanos));
        match &self.lag_ns {
            Some(lag) => write!(
                f,
                "tasks late by {} (p50), {} (max, n = {})",
                show(lag.p50),
                show(lag.max),
                lag.count
            ),
            None => write!(f, "not watched (n = 0)"),
        }
    }
}

fn middle_and_most(samples: &[Sample], of: fn(&Sample) -> Option<f64>) -> [Option<f64>; 2] {
    let all = || samples.iter().filter_map(of);
    [median(all()), all().max_by(f64::total_cmp)]
}
