//! The clock of spans, and times as texts and as numbers.

use std::cell::Cell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use tokio::time::Instant;

thread_local! {
    /// When the virtual time of this thread began.
    static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Now, on the clock of spans: the system's, or after [`begin_virtual`] virtual time.
pub fn now() -> SystemTime {
    match BEGAN.get() {
        None => SystemTime::now(),
        Some(began) => UNIX_EPOCH + began.elapsed(),
    }
}

/// Begins virtual time on this thread, for as long as the thread runs: the clock of spans
/// is tokio's, which its runtime has paused, and begins at the Unix epoch.
pub fn begin_virtual() {
    BEGAN.set(Some(Instant::now()));
}

/// Whether this thread is in virtual time.
pub fn is_virtual() -> bool {
    BEGAN.get().is_some()
}

/// The longest duration that is accepted: a clock can be set that far ahead, and no
/// measurement here takes as long.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// A time in nanoseconds, at most 584 years.
pub fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

/// Nanoseconds since the Unix epoch; 0 for a clock before it.
pub fn unix_nano(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    // 584 years fit.
    let seconds = since.as_secs().saturating_mul(1_000_000_000);
    seconds.saturating_add(since.subsec_nanos().into())
}

/// A time on the command line or in a file, like `50ms`, `1.5s` or `2m`.
///
/// # Errors
/// The text is not a valid duration. The error has an example.
pub fn duration(text: &str) -> Result<Duration, String> {
    let wrong = |_| "not a time; write for example 50ms, 1.5s or 2m".to_owned();
    let parsed: SignedDuration = text.parse().map_err(wrong)?;
    let time = Duration::try_from(parsed).map_err(|_| "a time cannot be negative".to_owned())?;
    match time <= LONGEST {
        true => Ok(time),
        false => Err("longer than a year; write for example 50ms, 1.5s or 2m".to_owned()),
    }
}
