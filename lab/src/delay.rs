//! How long messages travel.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;
use std::time::Duration;

use rand::RngExt as _;
use serde::Deserialize;
use trace::time::duration;

/// A distribution of delays.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(try_from = "String")]
pub enum Delay {
    /// Any time in the range is as likely as any other.
    Uniform(Range<Duration>),
    /// With this mean, and without memory: most are short, some very long.
    Exponential(Duration),
    /// A Weibull distribution. With a shape below 1, most are short and a few are very long,
    /// as sessions of peers are (Stutzbach and Rejaie, "Understanding Churn in Peer-to-Peer
    /// Networks", IMC 2006).
    Weibull {
        /// The time that is not reached with a probability of 1 - 1/e.
        scale: Duration,
        /// Above zero.
        shape: f64,
    },
}

impl Delay {
    /// No delay.
    pub const NONE: Self = Self::Uniform(Duration::ZERO..Duration::ZERO);

    /// Whether no message is ever delayed.
    pub fn is_none(&self) -> bool {
        *self == Self::NONE
    }

    /// The longest delay. An exponential distribution has none: one message of
    /// 20,000 takes longer than this.
    pub fn most(&self) -> Duration {
        match self {
            Self::Uniform(range) => range.end,
            Self::Exponential(mean) => mean.saturating_mul(10),
            Self::Weibull { scale, shape } => times(*scale, 10_f64.powf(1.0 / shape)),
        }
    }

    /// The delay that half of them do not reach.
    pub fn median(&self) -> Duration {
        let half = std::f64::consts::LN_2;
        match self {
            Self::Uniform(range) => (range.start + range.end) / 2,
            Self::Exponential(mean) => times(*mean, half),
            Self::Weibull { scale, shape } => times(*scale, half.powf(1.0 / shape)),
        }
    }

    /// The delay of one message.
    pub fn draw(&self, rng: &mut impl rand::Rng) -> Duration {
        match self {
            Self::Uniform(range) if range.is_empty() => range.start,
            Self::Uniform(range) => rng.random_range(range.clone()),
            // The inverse of the distribution function, at a random probability.
            Self::Exponential(mean) => mean.mul_f64(-(1.0 - rng.random::<f64>()).ln()),
            Self::Weibull { scale, shape } => {
                let drawn = -(1.0 - rng.random::<f64>()).ln();
                times(*scale, drawn.powf(1.0 / shape))
            }
        }
    }
}

/// A product, or the longest time there is.
fn times(time: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(time.as_secs_f64() * factor).unwrap_or(Duration::MAX)
}

impl FromStr for Delay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no delay; write for example 5ms, 1ms..10ms, 0..100ms, exponential:5ms \
                 or weibull:5ms,0.5"
            )
        };
        if let Some(parameters) = text.strip_prefix("weibull:") {
            let (scale, shape) = parameters.split_once(',').ok_or_else(wrong)?;
            let scale = time(scale).ok_or_else(wrong)?;
            let shape = shape.trim().parse().map_err(|_| wrong())?;
            return match (0.1..=100.0).contains(&shape) {
                true => Ok(Self::Weibull { scale, shape }),
                false => Err(format!(
                    "{text:?} is no delay: its shape lies between 0.1 and 100"
                )),
            };
        }
        if let Some(mean) = text.strip_prefix("exponential:") {
            return time(mean).map(Self::Exponential).ok_or_else(wrong);
        }
        let (from, to) = text.split_once("..").unwrap_or((text, text));
        let (from, to) = (time(from).ok_or_else(wrong)?, time(to).ok_or_else(wrong)?);
        if to < from {
            return Err(format!("{text:?} is no delay: it ends before it begins"));
        }
        Ok(Self::Uniform(from..to))
    }
}

/// Zero needs no unit.
fn time(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    duration(text).ok()
}

impl TryFrom<String> for Delay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform(range) if range.is_empty() => write!(f, "{:?}", range.start),
            Self::Uniform(range) => write!(f, "{:?}..{:?}", range.start, range.end),
            Self::Exponential(mean) => write!(f, "exponential:{mean:?}"),
            Self::Weibull { scale, shape } => write!(f, "weibull:{scale:?},{shape}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn delays_are_read_as_they_are_written() {
        for text in [
            "5ms",
            "1ms..10ms",
            "0ns..100ms",
            "exponential:5ms",
            "weibull:5ms,0.5",
        ] {
            let delay: Delay = text.parse().unwrap();
            assert_eq!(delay.to_string(), text);
        }
        assert_eq!("0".parse(), Ok(Delay::NONE));
        for text in [
            "",
            "5",
            "10ms..1ms",
            "-1ms",
            "exponential",
            "exponential:x",
            "1ms..",
            "weibull:5ms",
            "weibull:5ms,0",
            "weibull:5ms,x",
            "weibull:5ms,NaN",
        ] {
            assert!(text.parse::<Delay>().is_err(), "{text}");
        }
    }

    #[test]
    fn samples_lie_in_the_range_or_around_the_mean() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let range = Duration::from_millis(1)..Duration::from_millis(10);
        let uniform = Delay::Uniform(range.clone());
        assert!((0..1000).all(|_| range.contains(&uniform.draw(&mut rng))));
        let exponential = Delay::Exponential(Duration::from_millis(5));
        let sum: Duration = (0..10_000).map(|_| exponential.draw(&mut rng)).sum();
        let mean = sum / 10_000;
        assert!((4800..5200).contains(&mean.as_micros()), "{mean:?}");
        let weibull: Delay = "weibull:5ms,0.5".parse().expect("a delay");
        let sum: Duration = (0..40_000).map(|_| weibull.draw(&mut rng)).sum();
        // Its mean is scale * gamma(1 + 1/shape), twice the scale here.
        let mean = sum / 40_000;
        assert!((9500..10_500).contains(&mean.as_micros()), "{mean:?}");
    }
}
