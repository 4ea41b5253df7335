//! What a run prints of its intervals.

use std::time::Duration;

use crate::checkers::overlay::Interval;
use crate::stats::show;

/// A line of the results: how many intervals there are, and where.
pub(super) fn line(intervals: &[Interval]) -> Option<String> {
    let first = intervals.first()?;
    let every = Duration::try_from_secs_f64(first.until_seconds - first.from_seconds).ok()?;
    Some(format!(
        "intervals         {} of {}, one by one in intervals.csv",
        intervals.len(),
        show(every)
    ))
}
