//! `--interval auto`: the shortest time between messages at which the host is not
//! saturated.

use std::time::Duration;

use serde::Serialize;

/// The first interval that is tried.
const FIRST: Duration = Duration::from_millis(200);

/// The shortest and the longest interval of the search.
const LEAST: Duration = Duration::from_micros(200);
const MOST: Duration = Duration::from_secs(10);

/// The search ends when the ratio of the shortest interval that is long enough to
/// the longest that is too short is at most this.
const CLOSE: f64 = 1.25;

/// An attempt is stopped as too short when a message is sent later than this after
/// its intended time. A guess.
pub(super) const LATE: Duration = Duration::from_millis(500);

/// How long each interval is tried: whole seconds, since saturation is judged by
/// the second.
const TRIED: Duration = Duration::from_secs(3);

/// The most attempts that are repeated in one search: a machine on which the process
/// is paused more often is too slow. A guess.
const AGAIN: u32 = 5;

/// An interval that was tried.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Tried {
    /// How long it is.
    pub(super) interval_seconds: f64,
    /// Whether the host was saturated, or messages were lost.
    pub(super) too_short: bool,
}

/// The next step of a search.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Next {
    /// Try an interval with so many messages.
    Try { interval: Duration, messages: u32 },
    /// The search is over. Its result is the shortest interval that was long enough,
    /// if any.
    Done(Option<Duration>),
}

/// A search that goes on.
#[derive(Debug, Default)]
pub(super) struct Search {
    too_short: Option<Duration>,
    enough: Option<Duration>,
    /// How many attempts were repeated.
    again: u32,
    pub(super) tried: Vec<Tried>,
}

impl Search {
    /// The next interval to try, or the result.
    pub(super) fn next(&self) -> Next {
        let interval = match (self.too_short, self.enough) {
            (None, None) => FIRST,
            (None, Some(enough)) if enough <= LEAST => return Next::Done(Some(enough)),
            (None, Some(enough)) => (enough / 2).max(LEAST),
            (Some(too_short), None) if too_short >= MOST => return Next::Done(None),
            (Some(too_short), None) => (too_short * 2).min(MOST),
            (Some(too_short), Some(enough)) => {
                if enough.div_duration_f64(too_short) <= CLOSE {
                    return Next::Done(Some(enough));
                }
                too_short.mul_f64(enough.div_duration_f64(too_short).sqrt())
            }
        };
        let messages = TRIED.div_duration_f64(interval).ceil().max(2.0);
        Next::Try {
            interval,
            messages: messages as u32,
        }
    }

    /// Whether an inconclusive attempt may be repeated. Counts the repetition.
    pub(super) fn again(&mut self) -> bool {
        self.again += 1;
        self.again <= AGAIN
    }

    /// Records the outcome of an attempt.
    pub(super) fn tried(&mut self, interval: Duration, too_short: bool) {
        self.tried.push(Tried {
            interval_seconds: interval.as_secs_f64(),
            too_short,
        });
        match too_short {
            true => self.too_short = Some(interval),
            false => self.enough = Some(interval),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The interval that is found on a host that needs so long for a message.
    fn found(needs: Duration) -> Option<Duration> {
        let mut search = Search::default();
        loop {
            match search.next() {
                Next::Try { interval, messages } => {
                    assert!(interval * messages >= TRIED, "{interval:?} {messages}");
                    search.tried(interval, interval < needs);
                }
                Next::Done(found) => return found,
            }
            assert!(search.tried.len() < 20, "{search:?}");
        }
    }

    #[test]
    fn the_shortest_sustainable_interval_is_found() {
        for needs in [1, 30, 190, 200, 210, 5_000, 9_999].map(Duration::from_millis) {
            let found = found(needs).expect("one");
            assert!(
                found >= needs && found <= needs.mul_f64(CLOSE),
                "{needs:?}: {found:?}"
            );
        }
        assert_eq!(found(Duration::ZERO), Some(LEAST));
        assert_eq!(found(MOST * 2), None);
    }
}
