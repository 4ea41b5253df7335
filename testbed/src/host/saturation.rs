//! Whether the host was saturated, so that it and not the network set the pace.

use std::time::Duration;

use lab::stats::median;
use serde::Serialize;

use super::sample::Sample;

/// The bounds above which the host is saturated.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// How busy all processors are, in percent.
    pub cpu_percent: f64,
    /// How late a task is woken.
    pub lag: Duration,
}

/// The saturation of the host during measurements.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Saturation {
    /// The first saturated second of the run.
    pub from_second: u64,
    /// The number of saturated seconds.
    pub seconds: u64,
    /// The number of seconds in which something was measured.
    pub of: u64,
    /// How busy the processors were in the worst second, in percent.
    pub cpu_percent: f64,
    /// How busy this process kept them in that second, in percent.
    pub own_cpu_percent: f64,
    /// The median delay of waking tasks in the worst second.
    pub lag_seconds: f64,
}

/// The fewest samples of a second that are judged: a short burst is no saturation.
const ENOUGH: usize = 5;

impl Bounds {
    /// Judges each second in which something was measured, by the mean load of the
    /// processors and the median delay of waking tasks.
    pub(super) fn judge(&self, samples: &[Sample]) -> Option<Saturation> {
        let measured = samples.iter().filter(|sample| sample.measuring);
        let measured: Vec<_> = measured.collect();
        let seconds = measured.chunk_by(|a, b| a.second() == b.second());
        let seconds: Vec<_> = seconds
            .filter(|s| s.len() >= ENOUGH)
            .map(Second::of)
            .collect();
        let worse = |second: &&Second| {
            second.cpu_percent > self.cpu_percent || second.lag_seconds > self.lag.as_secs_f64()
        };
        let saturated: Vec<_> = seconds.iter().filter(worse).collect();
        let by_cpu = |a: &&&Second, b: &&&Second| a.cpu_percent.total_cmp(&b.cpu_percent);
        let busiest = saturated.iter().max_by(by_cpu)?;
        let lags = saturated.iter().map(|second| second.lag_seconds);
        Some(Saturation {
            from_second: saturated.first()?.number,
            seconds: saturated.len() as u64,
            of: seconds.len() as u64,
            cpu_percent: busiest.cpu_percent,
            own_cpu_percent: busiest.own_cpu_percent,
            lag_seconds: lags.fold(0.0, f64::max),
        })
    }
}

/// The summary of a second's samples.
struct Second {
    number: u64,
    cpu_percent: f64,
    own_cpu_percent: f64,
    lag_seconds: f64,
}

impl Second {
    fn of(samples: &[&Sample]) -> Self {
        let mean = |of: fn(&Sample) -> Option<f64>| {
            let all: Vec<_> = samples.iter().filter_map(|sample| of(sample)).collect();
            all.iter().sum::<f64>() / all.len().max(1) as f64
        };
        let lags = samples.iter().map(|sample| sample.lag_seconds);
        Self {
            number: samples[0].second(),
            cpu_percent: mean(|sample| sample.cpu_percent),
            own_cpu_percent: mean(|sample| sample.own_cpu_percent),
            lag_seconds: median(lags).unwrap_or(0.0),
        }
    }
}

/// `host saturated from second 12 on`, with the figures.
impl std::fmt::Display for Saturation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "host saturated from second {} on ({} of {} seconds; processors {:.0} % busy, {:.0} % by this run; tasks {:.0} ms late)",
            self.from_second,
            self.seconds,
            self.of,
            self.cpu_percent,
            self.own_cpu_percent,
            1000.0 * self.lag_seconds
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds {
        cpu_percent: 95.0,
        lag: Duration::from_millis(50),
    };

    /// The ten samples of a second.
    fn second(number: u64, cpu_percent: f64, lag_seconds: f64) -> Vec<Sample> {
        let sample = |tenth| Sample {
            seconds: number as f64 + f64::from(tenth) / 10.0,
            measuring: true,
            cpu_percent: Some(cpu_percent),
            lag_seconds,
            ..Sample::default()
        };
        (0..10).map(sample).collect()
    }

    #[test]
    fn a_busy_second_and_a_late_one_are_found() {
        let samples = [
            second(3, 40.0, 0.002),
            second(4, 99.0, 0.01),
            second(5, 40.0, 0.2),
            second(6, 40.0, 0.002),
        ]
        .concat();
        let found = BOUNDS.judge(&samples).expect("saturated");
        assert_eq!((found.from_second, found.seconds, found.of), (4, 2, 4));
        let text = found.to_string();
        assert!(
            text.starts_with("host saturated from second 4 on (2 of 4"),
            "{text}"
        );
    }

    #[test]
    fn a_burst_or_an_idle_second_is_not_busy() {
        let mut samples = second(1, 99.0, 0.2);
        samples.truncate(ENOUGH - 1);
        assert_eq!(BOUNDS.judge(&samples), None);
        let mut samples = second(1, 99.0, 0.2);
        samples
            .iter_mut()
            .for_each(|sample| sample.measuring = false);
        assert_eq!(BOUNDS.judge(&samples), None);
    }

    #[test]
    fn one_late_sample_is_no_late_second() {
        let mut samples = second(1, 10.0, 0.001);
        samples[4].lag_seconds = 3.0;
        assert_eq!(BOUNDS.judge(&samples), None);
    }
}
