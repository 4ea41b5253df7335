//! The memory of this process, which bounds what is searched.

use sysinfo::{MemoryRefreshKind, RefreshKind, System};

/// Bytes of memory that this process has now. `None` where the operating system
/// does not report them; Linux does.
pub fn resident() -> Option<u64> {
    #[cfg(target_os = "linux")]
    {
        let process = procfs::process::Process::myself().ok()?;
        Some(process.statm().ok()?.resident * procfs::page_size())
    }
    #[cfg(not(target_os = "linux"))]
    {
        None
    }
}

/// Bytes of memory that this process may still take: what the machine, and the
/// control group around the process, have left; `u64::MAX` where that is unknown.
pub fn available() -> u64 {
    machine().map_or(u64::MAX, |memory| {
        let group = memory.cgroup_limits().map(|group| group.free_memory);
        memory.available_memory().min(group.unwrap_or(u64::MAX))
    })
}

/// Bytes of memory that the machine has; 0 where the system does not report it.
pub fn total() -> u64 {
    machine().map_or(0, |memory| memory.total_memory())
}

fn machine() -> Option<System> {
    let ram = MemoryRefreshKind::nothing().with_ram();
    System::new_with_specifics(RefreshKind::nothing().with_memory(ram)).ok()
}
