//! How sure a median is.

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// How often values are drawn again.
const DRAWS: usize = 2000;

/// A median, and where it lies in 95 of 100 samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Median {
    pub(super) value: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// The median of some values, with its confidence interval by the percentile
/// bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
/// chapter 13). The same values give the same interval.
pub(super) fn median(mut values: Vec<f64>) -> Option<Median> {
    values.retain(|value| value.is_finite());
    let value = middle(&mut values.clone())?;
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut medians: Vec<_> = (0..DRAWS)
        .filter_map(|_| {
            let draw = |_| values[rng.random_range(0..values.len())];
            middle(&mut (0..values.len()).map(draw).collect::<Vec<_>>())
        })
        .collect();
    medians.sort_unstable_by(f64::total_cmp);
    Some(Median {
        value,
        low: medians[DRAWS * 25 / 1000],
        high: medians[DRAWS * 975 / 1000],
    })
}

fn middle(values: &mut [f64]) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let half = values.len() / 2;
    match values.len() {
        0 => None,
        len if len % 2 == 1 => Some(values[half]),
        _ => Some(f64::midpoint(values[half - 1], values[half])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_holds_the_median_and_no_outlier() {
        let values: Vec<_> = (1..=99).map(f64::from).chain([1e6]).collect();
        let median = median(values).unwrap();
        assert_eq!(median.value, 50.5);
        assert!(median.low > 35.0 && median.low < 50.5, "{median:?}");
        assert!(median.high > 50.5 && median.high < 66.0, "{median:?}");
    }

    #[test]
    fn one_value_is_as_sure_as_it_looks_and_none_is_none() {
        let one = median(vec![7.0]).unwrap();
        assert_eq!((one.low, one.value, one.high), (7.0, 7.0, 7.0));
        assert_eq!(median(vec![f64::NAN]), None);
    }

    /// Of 200 samples of 15 values each, the interval has to hold the true median
    /// about as often as it says.
    #[test]
    fn the_interval_is_right_about_as_often_as_it_says() {
        let mut rng = ChaCha8Rng::seed_from_u64(7);
        let holds = (0..200).filter(|_| {
            let sample = (0..15).map(|_| rng.random_range(0.0..1.0)).collect();
            let median = median(sample).unwrap();
            median.low <= 0.5 && 0.5 <= median.high
        });
        let holds = holds.count();
        assert!((175..=199).contains(&holds), "{holds} of 200");
    }
}
