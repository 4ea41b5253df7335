//! The memory of processes.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

/// The resident memory of this process, in bytes.
pub(crate) fn resident() -> u64 {
    of(std::process::id()).expect("this process is there")
}

/// The resident memory of a process, in bytes; `None` when it has ended.
pub(crate) fn of(process: u32) -> Option<u64> {
    let id = Pid::from_u32(process);
    let mut system = System::new().ok()?;
    let what = ProcessRefreshKind::nothing().with_memory();
    system.refresh_processes_specifics(ProcessesToUpdate::Some(&[id]), false, what);
    system.process(id).map(sysinfo::Process::memory)
}
