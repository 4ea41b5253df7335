//! Whether a run asked for more than the machine does.

use std::time::Duration;

use node::driver::Late;

use lab::stats::show;

/// A machine that cannot keep up falls back further and further, so the median
/// of the delays grows with the run: it is half of the last delay. One that was
/// busy for a while has a low median. A guess.
const PART_OF_RUN: u32 = 8;

/// How late timers were, and what that says of the run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Punctuality {
    pub(super) late: Late,
    /// How long the run took.
    pub(super) ran: Duration,
    /// From where on a delay is worth a word.
    pub(super) bound: Duration,
}

impl Punctuality {
    /// Why what did not come in time says nothing of the network.
    /// Delays that the pauses of the process explain are none of the machine's
    /// pace: it stood still for `paused` in all.
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

    /// A line for people, where they were late.
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
            // Its pause explains the delays of the one, and not of the other.
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
