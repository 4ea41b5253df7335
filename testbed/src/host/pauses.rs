//! Times in which the process stood still: it was stopped, the machine was
//! suspended, or the wall clock was set.
//!
//! A thread looks every 100 ms, and a task wants to be woken as often. Both are
//! late when the process stood still; a task that blocks the others makes the
//! thread no later. While a machine is suspended, the clock that measures
//! stands still as well, but not the one that counts from the machine's start.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use lab::stats::nanos;
use serde::Serialize;

use super::reading::uptime;

/// A pause of this length, or longer, is one beside whatever is measured. A
/// guess.
const ALWAYS: Duration = Duration::from_secs(1);

/// So is one that takes this part of the time in which something is measured:
/// the 99th percentile is then that of the pause.
const PART: u32 = 100;

/// Where nothing is measured, a pause explains a run that did not end in time if
/// it takes this part of the run. A guess.
const DELAYING: u32 = 10;

/// A time in which the process stood still, or in which its clock jumped.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pause {
    /// What happened.
    pub kind: Kind,
    /// In which second of the run it began.
    pub second: u64,
    /// How long it took.
    pub seconds: f64,
    /// Between which times of the wall clock, in nanoseconds since 1970.
    pub unix_ns: [u64; 2],
    /// When it was over, since the run began.
    #[serde(skip)]
    pub(super) until: Duration,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The process got no processor.
    Stopped,
    /// The machine slept.
    Suspended,
    /// The wall clock was set, forwards or backwards.
    ClockSet,
}

/// All clocks at one time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clocks {
    /// Stands still while the machine is suspended.
    pub(super) at: Instant,
    /// Does not. Since the machine started, in hundredths of a second.
    pub(super) up: Option<Duration>,
    pub(super) wall: SystemTime,
}

impl Clocks {
    /// All of them now. Should the process be stopped in between, they are read
    /// again: clocks that were read far apart look as if one of them was set.
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

    /// What happened from `before` until now, where at most `every` lies between
    /// two looks. A task was woken `late`.
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
        // Less than the time between two looks is the machine's ordinary unrest.
        let (kind, length) = [
            (Kind::Suspended, slept),
            // It began at any time between two looks.
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

    /// Whether it is long beside what is measured for so long, on a machine
    /// that may wake tasks so late.
    pub(super) fn is_long(&self, measured: Duration, lag: Duration) -> bool {
        let length = self.length();
        length > lag && (length >= ALWAYS || length >= measured / PART)
    }

    /// Whether it explains that a run which measures nothing, and took so long,
    /// did not end in time.
    pub(super) fn explains_delay(&self, run: Duration, lag: Duration) -> bool {
        let length = self.length();
        length > lag && length >= run / DELAYING
    }

    /// Whether it struck between these times of the run.
    pub(super) fn struck(&self, from: Duration, to: Duration) -> bool {
        let whole = match self.kind {
            Kind::Stopped => self.length(),
            Kind::Suspended | Kind::ClockSet => Duration::ZERO,
        };
        self.until > from && self.until.saturating_sub(whole) < to
    }

    /// In nanoseconds of the wall clock: whether it struck something that began
    /// then and took so long.
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

/// All pauses in a sentence: the longest, and how many others.
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

    /// A look, and one before it; the clocks moved so far. The task was so late.
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
    fn a_pause_is_seen_by_the_clock_that_shows_it() {
        for (at, up, wall, late, expected) in [
            // Nothing, and a thread or a task alone that is late.
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
            // A laptop that slept: the first clock does not count it.
            (
                0.1,
                60.1,
                60.1,
                0.0,
                Some("the machine was suspended for 60.0 s at second 2"),
            ),
            // The clock was set; hundredths of a second are no sleep.
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
    fn a_pause_is_long_beside_what_is_measured() {
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

    /// A pause that is over when the measuring begins says nothing of it.
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
