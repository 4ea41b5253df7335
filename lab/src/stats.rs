//! Summaries of times: percentiles, with the number of measurements.

use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

pub use trace::time::nanos;

/// Three significant digits: a value is reported with an error of at most 0.1 %.
const DIGITS: u8 = 3;

/// The longest time that is distinguished: an hour, in nanoseconds. Longer ones
/// count as an hour.
const LONGEST: u64 = 3_600_000_000_000;

/// The bounds of the histogram buckets for Prometheus, in seconds: each twice the
/// one before, from 100 µs to 26 s. A guess at what is of use.
pub fn buckets() -> impl Iterator<Item = f64> {
    std::iter::successors(Some(0.0001), |bound| Some(2.0 * bound)).take(19)
}

/// Times as they are measured, or other numbers.
#[derive(Clone, Debug)]
pub struct Times(Histogram<u64>);

/// The summary of such numbers; of times, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Summary {
    /// How many there are.
    pub count: u64,
    /// The shortest.
    pub min: u64,
    /// Half are no longer.
    pub p50: u64,
    /// Nine of ten are no longer.
    pub p90: u64,
    /// 99 of 100 are no longer.
    pub p99: u64,
    /// The longest.
    pub max: u64,
}

/// Something that an experiment measures, in one form for all: what a sweep
/// compares.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Measure {
    /// Its name.
    pub name: String,
    /// `ns`, `count`, `ratio`, or `1/s`.
    pub unit: String,
    /// The number of measurements.
    pub count: u64,
    /// The number of missing measurements.
    pub lost: u64,
    /// Half are no greater; of a ratio or a rate, its value.
    pub p50: Option<f64>,
    /// Nine of ten are no greater.
    pub p90: Option<f64>,
    /// 99 of 100 are no greater.
    pub p99: Option<f64>,
    /// The greatest.
    pub max: Option<f64>,
    /// The median in theory.
    pub theory: Option<f64>,
}

impl Measure {
    /// Adds the median in theory.
    pub fn with_theory(self, theory: f64) -> Self {
        Self {
            theory: Some(theory),
            ..self
        }
    }

    /// Times, and how many are missing.
    pub fn times(name: &str, times: Option<Summary>, lost: u64) -> Self {
        Self::of(name, "ns", times, lost)
    }

    /// A number that was counted once, and is exact.
    pub fn total(name: &str, number: u64) -> Self {
        let exact = Summary {
            count: 1,
            min: number,
            p50: number,
            p90: number,
            p99: number,
            max: number,
        };
        Self::of(name, "count", Some(exact), 0)
    }

    /// Numbers, and how many are missing.
    pub fn numbers(name: &str, numbers: Option<Summary>, lost: u64) -> Self {
        Self::of(name, "count", numbers, lost)
    }

    /// A ratio over `count` items; without any, it has no value.
    pub fn ratio(name: &str, ratio: f64, count: u64) -> Self {
        Self {
            p50: (count > 0).then_some(ratio),
            ..Self::of(name, "ratio", None, 0)
        }
        .counting(count)
    }

    /// How many of `count` items there were in a second, and how many are missing. Without
    /// any, or in no time, it has no value.
    pub fn rate(name: &str, took: Duration, count: u64, lost: u64) -> Self {
        let seconds = took.as_secs_f64();
        Self {
            p50: (count > 0 && seconds > 0.0).then(|| count as f64 / seconds),
            ..Self::of(name, "1/s", None, lost)
        }
        .counting(count)
    }

    fn counting(self, count: u64) -> Self {
        Self { count, ..self }
    }

    fn of(name: &str, unit: &str, summary: Option<Summary>, lost: u64) -> Self {
        let of = |of: fn(Summary) -> u64| summary.map(|summary| of(summary) as f64);
        Self {
            name: name.to_owned(),
            unit: unit.to_owned(),
            count: summary.map_or(0, |summary| summary.count),
            lost,
            p50: of(|summary| summary.p50),
            p90: of(|summary| summary.p90),
            p99: of(|summary| summary.p99),
            max: of(|summary| summary.max),
            theory: None,
        }
    }
}

/// `read: 3.20 ms, 99 % within 5.00 ms (40, 2 missing)`, `operations a second: 75.3 (60)`
impl fmt::Display for Measure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            name, count, lost, ..
        } = self;
        let value = |value: f64| match &*self.unit {
            "ns" => show(Duration::from_nanos(value as u64)),
            "count" => thousands(value as u64),
            _ => format!("{value:.3}"),
        };
        let median = self.p50.map_or("not known".to_owned(), value);
        write!(f, "{name}: {median}")?;
        if let Some(most) = self.p99 {
            write!(f, ", 99 % within {}", value(most))?;
        }
        match lost {
            0 => write!(f, " ({count})"),
            lost => write!(f, " ({count}, {lost} missing)"),
        }
    }
}

impl Times {
    /// None yet.
    pub fn new() -> Self {
        Self(Histogram::new_with_bounds(1, LONGEST, DIGITS).expect("constant bounds"))
    }

    /// Records a time.
    pub fn record(&mut self, time: Duration) {
        self.count(nanos(time), 1);
    }

    /// Records a number that is not a time, such as a number of hops, so often.
    pub fn count(&mut self, number: u64, often: u64) {
        self.0.saturating_record_n(number, often);
    }

    /// `None` when nothing was measured.
    pub fn summary(&self) -> Option<Summary> {
        let percentile = |p| self.0.value_at_percentile(p);
        (!self.0.is_empty()).then(|| Summary {
            count: self.0.len(),
            min: self.0.min(),
            p50: percentile(50.0),
            p90: percentile(90.0),
            p99: percentile(99.0),
            max: self.0.max(),
        })
    }
}

impl Default for Times {
    fn default() -> Self {
        Self::new()
    }
}

/// The median: of an odd number of values the middle one, of an even number the
/// mean of the two in the middle. NaN values are ignored; `None` where there are
/// no others.
pub fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let numbers = values.into_iter().filter(|value| !value.is_nan());
    let mut sorted: Vec<_> = numbers.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let (upper, lower) = (sorted.len() / 2, sorted.len().checked_sub(1)? / 2);
    Some(f64::midpoint(sorted[lower], sorted[upper]))
}

/// The least, the [median] (rounded down) and the greatest of some counts; zeros
/// where there are none.
pub fn least_median_most(counts: &[u64]) -> [u64; 3] {
    let middle = median(counts.iter().map(|count| *count as f64));
    let (least, most) = (counts.iter().min(), counts.iter().max());
    [
        least.copied().unwrap_or(0),
        middle.unwrap_or(0.0) as u64,
        most.copied().unwrap_or(0),
    ]
}

/// How many of `count` come in a second.
pub fn per_second(count: u64, took: Duration) -> u64 {
    (count as f64 / took.as_secs_f64().max(1e-9)) as u64
}

/// A number as people read it: `1,234,567`.
pub fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A time as people read it, with three significant digits.
pub fn show(time: Duration) -> String {
    let nanos = time.as_nanos() as f64;
    let units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs")];
    let unit = units.into_iter().find(|(size, _)| nanos >= *size);
    let (value, unit) = unit.map_or((nanos, "ns"), |(size, unit)| (nanos / size, unit));
    let decimals = match value {
        _ if unit == "ns" || value >= 100.0 => 0,
        _ if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_medians_not_means() {
        let mut times = Times::new();
        assert_eq!(times.summary(), None);
        for micros in (1..=99).chain([10_000]) {
            times.record(Duration::from_micros(micros));
        }
        let summary = times.summary().unwrap();
        let near = |value: u64, micros: u64| value.abs_diff(micros * 1000) <= micros;
        assert_eq!(summary.count, 100);
        assert!(
            near(summary.min, 1) && near(summary.p50, 50) && near(summary.p90, 90),
            "{summary:?}"
        );
        assert!(
            near(summary.p99, 99) && near(summary.max, 10_000),
            "{summary:?}"
        );
    }

    #[test]
    fn the_median_is_the_middle_value_or_the_mean_of_two() {
        for (values, middle) in [
            (&[][..], None),
            (&[7.0], Some(7.0)),
            (&[4.0, 1.0], Some(2.5)),
            (&[9.0, 1.0, 2.0], Some(2.0)),
            (&[9.0, 1.0, 2.0, 4.0], Some(3.0)),
            (&[f64::NAN, 1.0, 3.0], Some(2.0)),
            (&[f64::INFINITY, 1.0, 3.0], Some(3.0)),
            (&[f64::NAN], None),
        ] {
            assert_eq!(median(values.iter().copied()), middle, "{values:?}");
        }
        assert_eq!(least_median_most(&[]), [0, 0, 0]);
        assert_eq!(least_median_most(&[5, 2, 3, 4]), [2, 3, 5]);
    }

    #[test]
    fn measures_read_well() {
        let second = Duration::from_secs(1);
        let mut times = Times::new();
        times.record(second / 100);
        for (measure, text) in [
            (
                Measure::times("read", times.summary(), 2),
                "read: 10.0 ms, 99 % within 10.0 ms (1, 2 missing)",
            ),
            (
                Measure::times("read", None, 1),
                "read: not known (0, 1 missing)",
            ),
            (
                Measure::rate("reads a second", second * 8, 60, 0),
                "reads a second: 7.500 (60)",
            ),
            (
                Measure::rate("reads a second", Duration::ZERO, 1, 0),
                "reads a second: not known (1)",
            ),
        ] {
            assert_eq!(measure.to_string(), text);
        }
    }

    #[test]
    fn numbers_read_well() {
        for (number, text) in [
            (0, "0"),
            (999, "999"),
            (1_000, "1,000"),
            (1_234_567, "1,234,567"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn times_read_well() {
        for (nanos, text) in [
            (0, "0 ns"),
            (999, "999 ns"),
            (1_500, "1.50 µs"),
            (312_400, "312 µs"),
            (85_210_000, "85.2 ms"),
            (61_000_000_000, "61.0 s"),
        ] {
            assert_eq!(show(Duration::from_nanos(nanos)), text);
        }
    }
}
