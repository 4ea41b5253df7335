//! How late what was due at some time was done.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Buckets for each power of two: a median is exact to a quarter.
const PARTS: u32 = 4;
const BUCKETS: usize = (u64::BITS * PARTS) as usize;

/// Counts delays. Many may count at a time.
#[derive(Debug)]
pub struct Lateness {
    buckets: [AtomicU64; BUCKETS],
    most: AtomicU64,
}

/// What was counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Late {
    /// How many there were.
    pub count: u64,
    /// Half of them were at least so late, and up to a quarter more.
    pub median: Duration,
    /// The latest.
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
    /// Something was done so late.
    pub fn record(&self, late: Duration) {
        let nanos = u64::try_from(late.as_nanos()).unwrap_or(u64::MAX);
        self.buckets[bucket(nanos)].fetch_add(1, Ordering::Relaxed);
        self.most.fetch_max(nanos, Ordering::Relaxed);
    }

    /// What was counted until now.
    pub fn now(&self) -> Late {
        let counts = self.buckets.each_ref().map(|b| b.load(Ordering::Relaxed));
        let count: u64 = counts.iter().sum();
        let mut above = count;
        // The last bucket that has half of them in it or behind it.
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

/// Where so many nanoseconds are counted.
fn bucket(nanos: u64) -> usize {
    let power = nanos.checked_ilog2().unwrap_or(0);
    let part = match power.checked_sub(2) {
        Some(shift) => (nanos >> shift) & 3,
        None => 0,
    };
    (power * PARTS) as usize + part as usize
}

/// The least that is counted there.
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
