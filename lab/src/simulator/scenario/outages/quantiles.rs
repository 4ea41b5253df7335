//! What is known of how long outages last: a few points of their distribution.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::delay::Delay;
use crate::values::{duration, probability};

/// So many outages end within that time.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Point {
    /// The share, between 0 and 1.
    share: f64,
    /// The time.
    within: Duration,
}

/// Points of a distribution, which rise in both.
#[derive(Clone, Debug, PartialEq)]
pub struct Quantiles(Vec<Point>);

impl Quantiles {
    /// The distribution through the points.
    ///
    /// One point determines an exponential distribution: of those with one parameter it is the
    /// one without memory, in which an outage that goes on is as likely to end in the next minute
    /// as one that has just begun.
    ///
    /// Several points have a Weibull distribution, whose shape is its second parameter: below 1,
    /// outages that have lasted are likely to go on, as 45 % within 2 minutes and only 10 % more
    /// within 3 show (0.71). Times between failures and repairs are often fitted by it (B.
    /// Schroeder, G. Gibson, "A large-scale study of failures in high-performance computing
    /// systems", DSN 2006, which prefers the lognormal for repairs). Its distribution function is
    /// a line in ln(-ln(1-p)) over ln t; of more than two points it is that of least squares.
    pub(super) fn fit(&self) -> Delay {
        let [first, others @ ..] = &self.0[..] else {
            return Delay::NONE;
        };
        if others.is_empty() {
            let mean = first.within.as_secs_f64() / -(-first.share).ln_1p();
            return Delay::Exponential(time(mean));
        }
        let points = self.0.iter().map(|point| {
            let x = point.within.as_secs_f64().ln();
            let y = (-(-point.share).ln_1p()).ln();
            (x, y)
        });
        let count = self.0.len() as f64;
        let (sum_x, sum_y) = points
            .clone()
            .fold((0.0, 0.0), |(sum_x, sum_y), (x, y)| (sum_x + x, sum_y + y));
        let (mean_x, mean_y) = (sum_x / count, sum_y / count);
        let (above, below) = points.fold((0.0, 0.0), |(above, below), (x, y)| {
            let off = x - mean_x;
            (above + off * (y - mean_y), below + off * off)
        });
        let shape = above / below;
        Delay::Weibull {
            scale: time((mean_x - mean_y / shape).exp()),
            shape,
        }
    }
}

fn time(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}

impl FromStr for Quantiles {
    type Err = String;

    /// Reads `45%<2m,55%<3m`.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("{text:?}: {why}");
        let mut points = Vec::<Point>::new();
        for part in text.split(',') {
            let part = part.trim();
            let (share, within) = part
                .split_once('<')
                .ok_or_else(|| wrong(format!("{part:?} has no <; write for example 45%<2m")))?;
            let share = probability(share.trim())
                .ok()
                .filter(|share| *share > 0.0 && *share < 1.0)
                .ok_or_else(|| {
                    wrong(format!(
                        "{share:?} is no share between 0 and 1; write for example 45%<2m"
                    ))
                })?;
            let within =
                duration(within.trim()).map_err(|why| wrong(format!("{within:?} is {why}")))?;
            if within.is_zero() {
                return Err(wrong(format!("{part:?}: no outage ends within no time")));
            }
            if let Some(last) = points.last()
                && (share <= last.share || within <= last.within)
            {
                return Err(wrong(format!(
                    "{part:?} comes after {last}; both the shares and the times rise"
                )));
            }
            points.push(Point { share, within });
        }
        let quantiles = Self(points);
        match quantiles.fit() {
            Delay::Weibull { shape, .. } if !(0.1..=100.0).contains(&shape) => Err(wrong(format!(
                "a Weibull distribution through them has a shape of {shape:.3}, and 0.1 to 100 are \
                 supported; leave points out"
            ))),
            _ => Ok(quantiles),
        }
    }
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // 0.55 * 100 is not 55.
        let percent = (1e9 * self.share).round() / 1e7;
        write!(f, "{percent}%<{:?}", self.within)
    }
}

impl fmt::Display for Quantiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points: Vec<_> = self.0.iter().map(Point::to_string).collect();
        f.write_str(&points.join(","))
    }
}
