//! Whether a run overloaded the machine.

use std::time::Duration;

use node::driver::Late;

use lab::stats::show;

/// The part of the run from which on a median delay is an overload. On a machine that
/// cannot keep up, delays grow throughout the run, and their median is half of the
/// last one. A machine that was busy only for a while has a low median. A guess.
const PART_OF_RUN: u32 = 8;

/// How late timers fired, and whether that is an overload.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Punctuality {
    pub(super) late: Late,
    /// How long the run took.
    pub(super) ran: Duration,
    /// The delay from which on it is reported.
    pub(super) bound: Duration,
}

impl Punctuality {
    /// Why operations that did not end in time say nothing of the network. Delays that
    /// pauses of the process explain, `paused` in all, are no overload.
    pub(super) fn overload(&self, paused: Duration) -> Option<String> {
        let median = self.late.median;
        let least = paused.max(self.bound).max(self.ran / PART_OF_RUN);
        let is_overloaded = median > least;
        is_overloaded.then(|| {
            format!(
                "overloaded: timers were late by {} in the median, {} at most; \
                 ask for less, for example with a lower rate or fewer peers",
                show(median),
                show(self.late.most)
            )
        })
    }

    /// A line of text, if timers were late.
    pub(super) fn line(&self) -> Option<String> {
        let Late {
            count,
            median,
            most,
        } = self.late;
        (most > self.bound).then(|| {
            format!(
                "timers            late by {} (p50), {} (max, n = {count})",
                show(median),
                show(most)
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_delay_that_grows_with_the_run_is_an_overload() {
        for (median_ms, ran_ms, paused_ms, expected) in [
            (0, 0, 0, false),
            (49, 100, 0, false),
            (100, 300, 0, true),
            (100, 10_000, 0, false),
            (5_000, 10_000, 0, true),
            // The pause explains the delays of the first, but not of the second.
            (940, 4_000, 3_000, false),
            (5_000, 10_000, 200, true),
        ] {
            let ms = Duration::from_millis;
            let punctuality = Punctuality {
                late: Late {
                    count: 10,
                    median: ms(median_ms),
                    most: 2 * ms(median_ms),
                },
                ran: ms(ran_ms),
                bound: ms(50),
            };
            let overload = punctuality.overload(ms(paused_ms));
            assert_eq!(overload.is_some(), expected, "{punctuality:?}");
            assert_eq!(punctuality.line().is_some(), median_ms > 25);
        }
    }
}
