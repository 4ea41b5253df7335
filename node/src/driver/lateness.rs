//! Lateness: the delay between the due time of an action and its execution.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets for each power of two: the median is at most a quarter too low.
const PARTS: u32 = 4;
const BUCKETS: usize = (u64::BITS * PARTS) as usize;

/// A concurrent histogram of delays.
#[derive(Debug)]
pub struct Lateness {
    buckets: [AtomicU64; BUCKETS],
    most: AtomicU64,
}

/// A summary of the delays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// How many delays were recorded.
    pub count: u64,
    /// A lower bound of the median, at most a quarter below it.
    pub median: Duration,
    /// The maximum.
    pub most: Duration,
}

impl Default for Lateness {
    fn default() -> Self {
        Self {
            buckets: std::array::from_fn(|_| AtomicU64::new(0)),
            most: AtomicU64::new(0),
        }
    }
}

impl Lateness {
    /// Records a delay.
    pub fn record(&self, late: Duration) {
        let nanos = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(nanos, Ordering::Relaxed);
    }

    /// The summary up to now.
    pub fn now(&self) -> Late {
        let counts = self.buckets.each_ref().map(|b| b.load(Ordering::Relaxed));
        let count: u64 = counts.iter().sum();
        let mut above = count;
        // The last bucket with half of the delays in it or above it.
        let middle = counts.iter().take_while(|in_it| {
            above -= **in_it;
            2 * above >= count && count > 0
        });
        Late {
            count,
            median: Duration::from_nanos(least(middle.count())),
            most: Duration::from_nanos(self.most.load(Ordering::Relaxed)),
        }
    }
}

/// The bucket of a delay.
fn bucket(nanos: u64) -> usize {
    let power = nanos.checked_ilog2().unwrap_or(0);
    let part = match power.checked_sub(2) {
        Some(shift) => (nanos >> shift) & 3,
        None => 0,
    };
    (power * PARTS) as usize + part as usize
}

/// The smallest delay of a bucket.
fn least(bucket: usize) -> u64 {
    let (power, part) = (bucket as u32 / PARTS, bucket as u64 % u64::from(PARTS));
    match power.checked_sub(2) {
        Some(shift) => (1 << power) + (part << shift),
        None => u64::from(bucket > 0) << power,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn bucket_begins_at_most_a_quarter_below() {
        for nanos in (0..64)
            .map(|power| 1_u64 << power)
            .flat_map(|n| [n, n + n / 3])
        {
            let least = least(bucket(nanos));
            assert!(
                least <= nanos && nanos - least <= nanos / 4 + 1,
                "{nanos}: {least}"
            );
        }
        assert_eq!(bucket(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn median_and_maximum() {
        let lateness = Lateness::default();
        assert_eq!(lateness.now(), Late::default());
        for late in [Duration::ZERO, MS, 10 * MS, 100 * MS, 100 * MS] {
            lateness.record(late);
        }
        let late = lateness.now();
        assert_eq!((late.count, late.most), (5, 100 * MS));
        assert!(late.median <= 10 * MS && late.median > 7 * MS, "{late:?}");
        lateness.record(Duration::MAX);
        assert_eq!(lateness.now().count, 6);
    }
}
