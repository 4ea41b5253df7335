//! Exact percentiles over peers.

use lab::stats::{Summary, thousands};
use serde::Serialize;

/// A number of each peer: exact percentiles, each a number that a peer has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Percentiles {
    /// How many peers there were, those that stopped included.
    peers: u64,
    /// Of all of them together.
    sum: u64,
    p5: u64,
    pub(super) p50: u64,
    p95: u64,
    p99: u64,
    pub(super) max: u64,
    #[serde(skip)]
    min: u64,
    #[serde(skip)]
    p90: u64,
}

impl Percentiles {
    /// Zeros without any.
    pub(super) fn of(mut numbers: Vec<u64>) -> Self {
        numbers.sort_unstable();
        let count = numbers.len();
        // The nearest rank.
        let percentile = |percent: usize| {
            let rank = (count * percent).div_ceil(100).max(1);
            numbers.get(rank - 1).copied().unwrap_or_default()
        };
        Self {
            peers: count as u64,
            sum: numbers.iter().sum(),
            p5: percentile(5),
            p50: percentile(50),
            p95: percentile(95),
            p99: percentile(99),
            max: percentile(100),
            min: percentile(0),
            p90: percentile(90),
        }
    }

    /// The same in the form of all measures; `None` without any.
    pub(super) fn summary(&self) -> Option<Summary> {
        (self.peers > 0).then_some(Summary {
            count: self.peers,
            min: self.min,
            p50: self.p50,
            p90: self.p90,
            p99: self.p99,
            max: self.max,
        })
    }

    /// Of bytes.
    pub(super) fn text(&self, protocol: &str) -> String {
        let Self {
            peers,
            p5,
            p50,
            p95,
            p99,
            ..
        } = *self;
        let [p5, p50, p95, p99] = [p5, p50, p95, p99].map(thousands);
        format!("p5 {p5}, p50 {p50}, p95 {p95}, p99 {p99} bytes of {protocol} a peer (n = {peers})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_numbers_of_peers() {
        let of = Percentiles::of((1..=200).rev().collect());
        let percentiles = [of.min, of.p5, of.p50, of.p90, of.p95, of.p99, of.max];
        assert_eq!(percentiles, [1, 10, 100, 180, 190, 198, 200]);
        assert_eq!((of.peers, of.sum), (200, 20_100));
        let one = Percentiles::of(vec![7]);
        assert_eq!([one.p5, one.p50, one.p99], [7, 7, 7]);
        assert_eq!(Percentiles::of(Vec::new()).summary(), None);
    }
}
