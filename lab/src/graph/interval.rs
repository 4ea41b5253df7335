//! Confidence intervals of 95 %: of a mean over graphs, and of a share of rare nodes.

use serde::Serialize;

/// The 97.5th percentile of the normal distribution.
const NORMAL: f64 = 1.959_964;

/// The 97.5th percentiles of Student's distribution with 1 to 30 degrees of freedom (NIST/SEMATECH
/// e-Handbook of Statistical Methods, 1.3.6.7.2).
const STUDENT: [f64; 30] = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160,
    2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056,
    2.052, 2.048, 2.045, 2.042,
];

/// Between which values the true one is, in 95 % of all samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    /// The lower end.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

impl Interval {
    /// The interval of the mean of some independent values, by Student's distribution. `None` of
    /// fewer than two values. Above 31 values it is a little wider than 95 % need.
    pub fn student(values: &[f64]) -> Option<Self> {
        let freedom = values.len().checked_sub(1).filter(|freedom| *freedom > 0)?;
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean).powi(2));
        let variance = squares.sum::<f64>() / freedom as f64;
        let quantile = STUDENT[freedom.min(STUDENT.len()) - 1];
        let off = quantile * (variance / count).sqrt();
        Some(Self {
            low: mean - off,
            high: mean + off,
        })
    }

    /// The interval of a share of which `hits` were seen among `of` (E. B. Wilson, "Probable
    /// inference, the law of succession, and statistical inference", JASA 22, 1927). It is no
    /// point where there were no hits. `None` of none.
    pub fn wilson(hits: u64, of: u64) -> Option<Self> {
        if of == 0 {
            return None;
        }
        let (n, z2) = (of as f64, NORMAL * NORMAL);
        let share = hits as f64 / n;
        let middle = share + z2 / (2.0 * n);
        let off = NORMAL * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
        let scale = 1.0 + z2 / n;
        // Rounding must not exclude what was seen.
        Some(Self {
            low: ((middle - off) / scale).clamp(0.0, share),
            high: ((middle + off) / scale).clamp(share, 1.0),
        })
    }

    /// The interval of a growing function of the value.
    #[must_use]
    pub fn map(self, of: impl Fn(f64) -> f64) -> Self {
        Self {
            low: of(self.low),
            high: of(self.high),
        }
    }

    /// The smallest interval that holds both.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            low: self.low.min(other.low),
            high: self.high.max(other.high),
        }
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// By hand, and for Wilson's the values of R's `binom::binom.wilson`.
    #[test]
    fn intervals_are_those_of_the_literature() {
        let near = |found: Option<Interval>, low: f64, high: f64| {
            let found = found.expect("an interval");
            let off = (found.low - low).abs().max((found.high - high).abs());
            assert!(off < 1e-4, "{found:?}, not {low} to {high}");
        };
        // The standard deviation is 1, and 4.303 / sqrt(3) is 2.4843.
        near(Interval::student(&[1.0, 2.0, 3.0]), -0.48434, 4.48434);
        near(Interval::student(&[7.0, 7.0]), 7.0, 7.0);
        near(Interval::wilson(5, 10), 0.236_593, 0.763_407);
        near(Interval::wilson(0, 10), 0.0, 0.277_533);
        near(Interval::wilson(10, 10), 0.722_467, 1.0);
        assert_eq!(Interval::student(&[1.0]), None);
        assert_eq!(Interval::student(&[]), None);
        assert_eq!(Interval::wilson(0, 0), None);
    }

    #[test]
    fn intervals_hold_the_true_value_as_often_as_stated() {
        const ROUNDS: u32 = 2000;
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        let (mut of_mean, mut of_share) = (0, 0);
        for _ in 0..ROUNDS {
            // A sum of twelve uniform values is nearly normal; its mean is 6.
            let values = [(); 5].map(|()| (0..12).map(|_| rng.random::<f64>()).sum());
            let mean = Interval::student(&values).expect("five values");
            of_mean += u32::from(mean.low <= 6.0 && 6.0 <= mean.high);
            let hits = (0..500).filter(|_| rng.random::<f64>() < 0.02).count();
            let share = Interval::wilson(hits as u64, 500).expect("500 values");
            of_share += u32::from(share.low <= 0.02 && 0.02 <= share.high);
        }
        for (name, holds) in [("mean", of_mean), ("share", of_share)] {
            let percent = 100.0 * f64::from(holds) / f64::from(ROUNDS);
            // Four standard deviations are 1.95; Wilson's covers 95 % on average over shares.
            assert!((93.0..=97.5).contains(&percent), "{name}: {percent}");
        }
    }
}
