//! The confidence interval of a median.

use lab::stats;

/// The coverage that an interval should have, if there are enough values.
const WANTED: f64 = 0.95;

/// A median, and a confidence interval for the true one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Median {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
    /// The probability that such an interval contains the true median.
    pub(super) coverage: f64,
}

/// The median of some values, with the interval between two of them that contains the
/// true median in at least 95 % of all samples. With too few values the coverage is
/// lower: five cover 93.75 %, six are the fewest that cover 95 %.
///
/// The interval from the k-th least to the k-th greatest misses the true median
/// if fewer than k of n values lie on one side of it, each with a probability of
/// one half, whatever the distribution is (H. A. David and H. N. Nagaraja, "Order
/// Statistics", 2003, section 7.1).
pub(super) fn median(mut values: Vec<f64>) -> Option<Median> {
    values.retain(|value| value.is_finite());
    values.sort_unstable_by(f64::total_cmp);
    let count = values.len();
    let value = stats::median(values.iter().copied())?;
    let (skipped, coverage) = narrowest(count);
    Some(Median {
        value,
        low: values[skipped],
        high: values[count - 1 - skipped],
        coverage,
    })
}

/// How many values to leave out on each side so that the interval between the others
/// still has the wanted coverage, and its coverage.
fn narrowest(count: usize) -> (usize, f64) {
    // The logarithm of the probability that exactly `skipped` values lie on one side.
    // For many values, the probability itself would underflow.
    let mut exactly = -std::f64::consts::LN_2 * count as f64;
    let mut coverage = 1.0 - 2.0 * exactly.exp();
    let mut skipped = 0;
    loop {
        exactly += ((count - skipped) as f64 / (skipped + 1) as f64).ln();
        let narrower = coverage - 2.0 * exactly.exp();
        if narrower < WANTED || 2 * (skipped + 1) >= count {
            return (skipped, coverage.max(0.0));
        }
        (skipped, coverage) = (skipped + 1, narrower);
    }
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    use super::*;

    /// The ranks and coverages of published tables of the sign test.
    #[test]
    fn the_interval_has_the_stated_coverage() {
        for (count, skipped, percent) in [
            (1, 0, 0.0),
            (2, 0, 50.0),
            (5, 0, 93.75),
            (6, 0, 96.875),
            (8, 0, 99.22),
            (9, 1, 96.09),
            (10, 1, 97.85),
            (15, 3, 96.48),
            (20, 5, 95.86),
            (25, 7, 95.67),
            (2000, 955, 95.345),
        ] {
            let (found, coverage) = narrowest(count);
            assert_eq!(found, skipped, "{count}");
            assert!(
                (100.0 * coverage - percent).abs() < 0.005,
                "{count}: {coverage}"
            );
        }
    }

    #[test]
    fn the_interval_holds_the_median_and_no_outlier() {
        let values: Vec<_> = (1..=99).map(f64::from).chain([1e6]).collect();
        let median = median(values).unwrap();
        assert_eq!(median.value, 50.5);
        assert_eq!((median.low, median.high), (40.0, 61.0));
    }

    #[test]
    fn one_value_has_no_coverage_and_no_value_has_no_median() {
        let one = median(vec![7.0]).unwrap();
        assert_eq!((one.low, one.value, one.high), (7.0, 7.0, 7.0));
        assert_eq!(one.coverage, 0.0);
        assert_eq!(median(vec![f64::NAN]), None);
    }

    /// In 1,000 samples of `count` values each, the interval contains the true median
    /// about as often as its coverage states.
    #[test]
    fn the_interval_contains_the_median_as_often_as_stated() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        for count in [3, 5, 6, 15] {
            let holds = (0..1000).filter(|_| {
                let sample = (0..count).map(|_| rng.random_range(0.0..1.0)).collect();
                let median = median(sample).unwrap();
                median.low <= 0.5 && 0.5 <= median.high
            });
            let holds = holds.count() as f64 / 1000.0;
            let (_, coverage) = narrowest(count);
            // Four standard deviations.
            let off = 4.0 * (coverage * (1.0 - coverage) / 1000.0).sqrt();
            assert!(
                (holds - coverage).abs() < off,
                "{count}: {holds}, not {coverage}"
            );
        }
    }
}
