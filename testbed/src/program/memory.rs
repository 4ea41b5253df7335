//! How much memory a program takes: the resident memory of all processes of its group, from
//! `/proc`. Elsewhere no bound holds.
//!
//! A limit of the address space (`RLIMIT_AS`) is no substitute: a Java virtual machine reserves
//! gigabytes that it never touches.

use std::time::Duration;

/// How often it is looked at. A guess: a process fills some hundred megabytes meanwhile.
const INTERVAL: Duration = Duration::from_millis(200);

/// Ends once the group takes more than `most` bytes. Returns how many.
pub(crate) async fn outgrows(group: i32, most: u64) -> u64 {
    loop {
        tokio::time::sleep(INTERVAL).await;
        let taken = groups::memory(group);
        if taken > most {
            return taken;
        }
    }
}

#[cfg(target_os = "linux")]
mod groups {
    use std::collections::BTreeMap;
    use std::sync::{Mutex, PoisonError};
    use std::time::Instant;

    use procfs::process::all_processes;

    use super::INTERVAL;

    /// The memory of all groups, read once for all programs, and when.
    static LAST: Mutex<Option<(Instant, BTreeMap<i32, u64>)>> = Mutex::new(None);

    /// The memory of a group, in bytes, not older than half an interval.
    pub(super) fn memory(group: i32) -> u64 {
        let mut last = LAST.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = |at: &Instant| at.elapsed() < INTERVAL / 2;
        if last.as_ref().is_none_or(|(at, _)| !is_new(at)) {
            *last = Some((Instant::now(), read()));
        }
        let groups = last.as_ref().map(|(_, groups)| groups);
        groups
            .and_then(|groups| groups.get(&group).copied())
            .unwrap_or(0)
    }

    /// A process that ends meanwhile is left out.
    fn read() -> BTreeMap<i32, u64> {
        let mut groups = BTreeMap::new();
        let page = procfs::page_size();
        for process in all_processes().into_iter().flatten().flatten() {
            if let Ok(stat) = process.stat() {
                *groups.entry(stat.pgrp).or_default() += stat.rss.saturating_mul(page);
            }
        }
        groups
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn this_group_takes_memory() {
            let group = nix::unistd::getpgrp().as_raw();
            assert!(memory(group) > 1 << 20);
            assert_eq!(memory(i32::MAX), 0);
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod groups {
    pub(super) fn memory(_: i32) -> u64 {
        0
    }
}
