//! Pauses of the process: it was stopped, the machine was suspended, or the wall
//! clock was set.
//!
//! A thread checks the clocks every 100 ms, and a task is to be woken as often. Both
//! are late when the process was stopped; a task that blocks the runtime delays only
//! the other tasks, not the thread. While the machine is suspended, the monotonic
//! clock stops, but the machine's uptime goes on.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lab::stats::nanos;
use serde::Serialize;

use super::reading::uptime;

/// A pause of at least this length matters however long the measurement takes. A
/// guess.
const ALWAYS: Duration = Duration::from_secs(1);

/// A shorter pause matters if it takes at least this part of the measured time: it
/// then determines the 99th percentile.
const PART: u32 = 100;

/// If nothing is measured, a pause explains that a run did not end in time if it
/// takes at least this part of the run. A guess.
const DELAYING: u32 = 10;

/// A pause of the process, or a jump of its clock.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pause {
    /// What happened.
    pub kind: Kind,
    /// The second of the run in which it began.
    pub second: u64,
    /// How long it took.
    pub seconds: f64,
    /// Its start and end by the wall clock, in nanoseconds since 1970.
    pub unix_ns: [u64; 2],
    /// Its end, since the run began.
    #[serde(skip)]
    pub(super) until: Duration,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The process got no processor time.
    Stopped,
    /// The machine was suspended.
    Suspended,
    /// The wall clock was set, forwards or backwards.
    ClockSet,
}

/// Readings of all clocks at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// The monotonic clock, which stops while the machine is suspended.
    pub(super) at: Instant,
    /// The machine's uptime, which does not stop. Its resolution is 10 ms.
    pub(super) up: Option<Duration>,
    pub(super) wall: SystemTime,
}

impl Clocks {
    /// Reads all clocks several times, and returns the readings that are closest together:
    /// if the process is stopped between two of them, a clock looks as if it was set.
    pub(super) fn now() -> Self {
        const TRIES: u32 = 3;
        let read = |_| {
            let now = Self {
                at: Instant::now(),
                up: uptime(),
                wall: SystemTime::now(),
            };
            let took = now.at.elapsed();
            (took, now)
        };
        let all = (0..TRIES).map(read);
        let (_, closest) = all.min_by_key(|(took, _)| *took).expect("some tries");
        closest
    }

    /// The pause between `before` and these readings, if there was one. `every` is the
    /// intended time between two readings; `late` is how late a task was woken.
    pub(super) fn pause(
        &self,
        before: &Self,
        began: Instant,
        every: Duration,
        late: Duration,
    ) -> Option<Pause> {
        let passed = self.at.saturating_duration_since(before.at);
        let stopped = passed.saturating_sub(every).min(late);
        let wall = self.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let wall_before = before.wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        let slept = self
            .up
            .zip(before.up)
            .map_or(Duration::ZERO, |(up, before)| {
                up.saturating_sub(before).saturating_sub(passed)
            });
        let set = wall.abs_diff(wall_before + passed + slept);
        // Anything shorter than the time between two readings is ordinary jitter.
        let (kind, length) = [
            (Kind::Suspended, slept),
            // It began at some time between two readings.
            (Kind::Stopped, stopped.saturating_add(every / 2)),
            (Kind::ClockSet, set),
        ]
        .into_iter()
        .find(|(kind, length)| match kind {
            Kind::Stopped => stopped > every,
            Kind::Suspended | Kind::ClockSet => *length > every,
        })?;
        Some(Pause {
            kind,
            second: before.at.saturating_duration_since(began).as_secs(),
            seconds: length.as_secs_f64(),
            unix_ns: [nanos(wall_before.min(wall)), nanos(wall.max(wall_before))],
            until: self.at.saturating_duration_since(began),
        })
    }
}

impl Pause {
    /// A pause between these times of the wall clock, in nanoseconds since 1970.
    #[cfg(test)]
    pub(crate) fn between(kind: Kind, unix_ns: [u64; 2]) -> Self {
        Self {
            kind,
            second: 0,
            seconds: Duration::from_nanos(unix_ns[1] - unix_ns[0]).as_secs_f64(),
            unix_ns,
            until: Duration::ZERO,
        }
    }

    fn length(&self) -> Duration {
        Duration::from_secs_f64(self.seconds)
    }

    /// Whether it matters for measurements that took `measured` in all. Pauses up to
    /// `lag` do not.
    pub(super) fn is_long(&self, measured: Duration, lag: Duration) -> bool {
        let length = self.length();
        length > lag && (length >= ALWAYS || length >= measured / PART)
    }

    /// Whether it explains that a run without measurements, which took `run`, did not end
    /// in time.
    pub(super) fn explains_delay(&self, run: Duration, lag: Duration) -> bool {
        let length = self.length();
        length > lag && length >= run / DELAYING
    }

    /// Whether it overlaps this interval of the run.
    pub(super) fn struck(&self, from: Duration, to: Duration) -> bool {
        let whole = match self.kind {
            Kind::Stopped => self.length(),
            Kind::Suspended | Kind::ClockSet => Duration::ZERO,
        };
        self.until > from && self.until.saturating_sub(whole) < to
    }

    /// Whether it overlaps an operation that began at `began` and took `took`, both in
    /// nanoseconds of the wall clock.
    pub(crate) fn met(&self, began: u64, took: u64) -> bool {
        let [from, to] = self.unix_ns;
        began <= to && began.saturating_add(took) >= from
    }
}

/// `the process stood still for 5.0 s at second 2`
impl fmt::Display for Pause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Stopped => "the process stood still for",
            Kind::Suspended => "the machine was suspended for",
            Kind::ClockSet => "the wall clock was set by",
        };
        write!(f, "{what} {:.1} s at second {}", self.seconds, self.second)
    }
}

/// A summary of all pauses: the longest, and how many others there were.
pub(super) fn summary(pauses: &[Pause]) -> Option<String> {
    let longest = pauses
        .iter()
        .max_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
    Some(match pauses.len() - 1 {
        0 => longest.to_string(),
        others => format!("{longest}, and {others} more such pauses"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVERY: Duration = Duration::from_millis(100);
    const LAG: Duration = Duration::from_millis(50);

    fn seconds(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// The pause between two readings, by how far each clock advanced and how late the
    /// task was.
    fn look(at: f64, up: f64, wall: f64, late: f64) -> Option<Pause> {
        let began = Instant::now();
        let before = Clocks {
            at: began + seconds(2.0),
            up: Some(seconds(1000.0)),
            wall: UNIX_EPOCH + seconds(5000.0),
        };
        let wall = match wall < 0.0 {
            true => before.wall - seconds(-wall),
            false => before.wall + seconds(wall),
        };
        let now = Clocks {
            at: before.at + seconds(at),
            up: before.up.map(|before| before + seconds(up)),
            wall,
        };
        now.pause(&before, began, EVERY, seconds(late))
    }

    #[test]
    fn a_pause_is_detected_by_the_clock_that_reveals_it() {
        for (at, up, wall, late, expected) in [
            // No pause; also if only the thread or only the task is late.
            (0.1, 0.1, 0.1, 0.0, None),
            (0.13, 0.13, 0.13, 0.03, None),
            (5.0, 5.0, 5.0, 0.0, None),
            (0.1, 0.1, 0.1, 5.0, None),
            // SIGSTOP.
            (
                5.05,
                5.05,
                5.05,
                4.95,
                Some("the process stood still for 5.0 s at second 2"),
            ),
            (
                0.45,
                0.45,
                0.45,
                0.35,
                Some("the process stood still for 0.4 s at second 2"),
            ),
            // A suspended laptop: the monotonic clock does not count it.
            (
                0.1,
                60.1,
                60.1,
                0.0,
                Some("the machine was suspended for 60.0 s at second 2"),
            ),
            // The wall clock was set; hundredths of a second of uptime are no suspension.
            (
                0.1,
                0.11,
                30.1,
                0.0,
                Some("the wall clock was set by 30.0 s at second 2"),
            ),
            (
                0.1,
                0.09,
                -29.9,
                0.0,
                Some("the wall clock was set by 30.0 s at second 2"),
            ),
            (0.1, 0.11, 0.12, 0.0, None),
        ] {
            let found = look(at, up, wall, late).map(|pause| pause.to_string());
            assert_eq!(found.as_deref(), expected, "{at} {up} {wall} {late}");
        }
    }

    #[test]
    fn a_pause_is_long_relative_to_the_measured_time() {
        let pause = |length| Pause {
            kind: Kind::Stopped,
            second: 2,
            seconds: length,
            unix_ns: [0, 0],
            until: seconds(7.0),
        };
        for (length, measured, lag, expected) in [
            (5.0, 11.0, LAG, true),
            (5.0, 3600.0, LAG, true),
            (0.5, 10.0, LAG, true),
            (0.5, 60.0, LAG, false),
            (0.5, 10.0, seconds(0.6), false),
            (5.0, 11.0, seconds(3600.0), false),
        ] {
            let found = pause(length).is_long(seconds(measured), lag);
            assert_eq!(found, expected, "{length} {measured} {lag:?}");
        }
    }

    /// A pause that ended before a measurement began does not affect it.
    #[test]
    fn a_pause_affects_the_operations_in_progress() {
        let pause = Pause {
            kind: Kind::Stopped,
            second: 2,
            seconds: 5.0,
            unix_ns: [10, 20],
            until: seconds(7.0),
        };
        for (from, to, expected) in [
            (0.0, 10.0, true),
            (6.9, 10.0, true),
            (0.0, 2.1, true),
            (7.1, 10.0, false),
            (0.0, 1.9, false),
        ] {
            assert_eq!(pause.struck(seconds(from), seconds(to)), expected);
        }
        for (began, took, expected) in [(5, 4, false), (5, 5, true), (20, 0, true), (21, 3, false)]
        {
            assert_eq!(pause.met(began, took), expected, "{began} {took}");
        }
    }
}
