//! How fast the engines are: the simulator, the driver of live processes, and
//! the model checker; and how long the author of an algorithm waits.
//!
//! Each benchmark prints one line, with the target beside the measured value. Nothing
//! fails on a slow machine. `cargo bench --bench engines -- simulator check` runs those
//! whose names contain one of the arguments.

mod author;
mod bank;
mod check;
#[path = "../floor/counter.rs"]
mod counter;
mod driver;
mod examples;
mod figures;
mod raft;
mod simulator;
mod snapshot;
mod stateright;

use std::io;

use figures::Benchmark;

/// The benchmarks by name, in the order in which they run.
const ALL: [Benchmark; 13] = [
    ("simulator_steps", || simulator::steps(7)),
    ("simulator_seeds", || simulator::seeds(10_000)),
    ("driver_memory", || driver::memory(7)),
    ("snapshot_live_64", || snapshot::live(8)),
    ("check_states", || check::states(5)),
    ("check_2pc", || stateright::two_phase_commit(5)),
    ("check_paxos", || stateright::paxos(3)),
    ("check_abd", || stateright::abd(5)),
    ("check_symmetry", stateright::symmetry),
    ("raft_seeds", || raft::seeds(10_000)),
    ("raft_check", raft::checked),
    ("shrinking", author::shrinking),
    ("own_crate", author::own_crate),
];

fn main() -> io::Result<()> {
    figures::run(&ALL)
}
