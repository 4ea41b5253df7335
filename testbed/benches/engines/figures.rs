//! Benchmarks that print a line each, and figures as people read them.

use std::env;
use std::io::{self, Write as _};
use std::time::Duration;

/// A benchmark: its name, and what measures it and returns the figures.
pub(crate) type Benchmark = (&'static str, fn() -> String);

/// Runs those whose names contain one of the arguments; without any, all.
pub(crate) fn run(all: &[Benchmark]) -> io::Result<()> {
    // Cargo itself adds `--bench`.
    let wanted: Vec<_> = env::args().skip(1).filter(|a| a != "--bench").collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(part));
    let mut out = io::stdout().lock();
    for (name, measure) in all.iter().filter(|(name, _)| chosen(name)) {
        writeln!(out, "{name} {}", measure())?;
        out.flush()?;
    }
    Ok(())
}

/// The median of the rounds, of which there is at least one.
pub(crate) fn median(values: Vec<f64>) -> f64 {
    lab::stats::median(values).expect("a round")
}

/// How many a second.
pub(crate) fn rate(count: u64, took: Duration) -> f64 {
    count as f64 / took.as_secs_f64()
}

/// `1,234,567`
pub(crate) fn thousands(value: f64) -> String {
    lab::stats::thousands(value.round() as u64)
}
