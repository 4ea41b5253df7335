//! How much memory a connection takes: what a process grows by while its peers
//! start and connect, divided by the connections.

use sysinfo::{Pid, ProcessRefreshKind, ProcessesToUpdate, System};

use crate::bare;
use crate::child::Job;
use crate::line::{Line, kib_a_connection};
use crate::side::in_turn;

/// Everybody with everybody.
pub(crate) fn full(transport: &'static str, peers: u32, rounds: usize) -> Line {
    let connections = bare::edges("full", peers).len() as f64;
    let medians = in_turn(rounds, |side| {
        let job = Job {
            side,
            transport,
            topology: "full",
            peers,
        };
        let output = job.command().output().expect("this program again");
        let text = String::from_utf8_lossy(&output.stdout);
        let grown: f64 = text.trim().parse().expect("a child that ended well");
        grown / connections
    });
    Line {
        medians,
        show: kib_a_connection,
        rounds,
        remarks: String::new(),
    }
}

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
