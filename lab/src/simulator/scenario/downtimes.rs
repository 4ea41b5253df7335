//! The crashes of a run by their processes. Churn has many of them, and each event is compared
//! with those alone that it may meet.

use std::ops::Range;
use std::time::Duration;

use rustc_hash::FxHashMap;

use super::Crash;

/// The crashes of each process, in the order of time.
#[derive(Debug)]
pub(in crate::simulator) struct Downtimes(FxHashMap<u32, Vec<Downtime>>);

#[derive(Debug)]
struct Downtime {
    at: Duration,
    /// The longest time there is, for a process that never restarts.
    until: Duration,
    /// The latest end of this one and of those before.
    latest: Duration,
    /// Its place in the list of crashes.
    place: usize,
}

impl Downtimes {
    pub(in crate::simulator) fn new(crashes: &[Crash]) -> Self {
        let mut of = FxHashMap::<u32, Vec<Downtime>>::default();
        for (place, crash) in crashes.iter().enumerate() {
            let until = crash.restart.unwrap_or(Duration::MAX);
            of.entry(crash.process).or_default().push(Downtime {
                at: crash.at,
                until,
                latest: until,
                place,
            });
        }
        for all in of.values_mut() {
            all.sort_by_key(|one| one.at);
            let mut latest = Duration::ZERO;
            for one in all {
                latest = latest.max(one.until);
                one.latest = latest;
            }
        }
        Self(of)
    }

    /// The place of the crash that keeps `process` down at `now`; of several, the first.
    pub(in crate::simulator) fn crashed(&self, process: u32, now: Duration) -> Option<usize> {
        let all = self.0.get(&process)?;
        let begun = all.partition_point(|one| one.at <= now);
        let lasting = all[..begun].iter().rev();
        let lasting = lasting.take_while(|one| now < one.latest);
        let down = lasting.filter(|one| now < one.until);
        down.map(|one| one.place).min()
    }

    /// The places of the crashes of `process` that begin in that time.
    pub(in crate::simulator) fn begin_within(
        &self,
        process: u32,
        time: Range<Duration>,
    ) -> impl Iterator<Item = usize> {
        let all = self.0.get(&process).map_or(&[][..], Vec::as_slice);
        let first = all.partition_point(|one| one.at < time.start);
        let within = all[first..].iter().take_while(move |one| one.at < time.end);
        within.map(|one| one.place)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Memory;
    use super::*;

    #[test]
    fn crashes_are_found_as_in_the_list() {
        let second = Duration::from_secs;
        // Some overlap, and one lasts for ever.
        let crashes: Vec<_> = [
            (0, 5, Some(6)),
            (1, 1, None),
            (0, 2, Some(9)),
            (0, 5, Some(7)),
            (0, 12, Some(12)),
        ]
        .map(|(process, at, restart)| Crash {
            process,
            at: second(at),
            restart: restart.map(second),
            state: Memory::Kept,
        })
        .into();
        let downtimes = Downtimes::new(&crashes);
        for process in 0..3 {
            for now in (0..15).map(second) {
                let listed = crashes.iter().position(|crash| {
                    let over = crash.restart.is_some_and(|restart| restart <= now);
                    crash.process == process && crash.at <= now && !over
                });
                assert_eq!(downtimes.crashed(process, now), listed, "{process} {now:?}");
            }
        }
        let begun: Vec<_> = downtimes.begin_within(0, second(2)..second(12)).collect();
        assert_eq!(begun, [2, 0, 3]);
        assert_eq!(downtimes.begin_within(7, second(0)..second(99)).count(), 0);
    }
}
