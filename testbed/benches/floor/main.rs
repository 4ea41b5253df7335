//! How much the laboratory costs, compared with libp2p alone.
//!
//! `cargo bench --bench floor` measures what a user of the testbed gets, and
//! in turn with it the *floor*: a bare rust-libp2p program with the same
//! transports that does the same work and nothing else ([`bare`]). A single figure
//! says more about the machine than about the program; the ratio of two that were
//! measured in turn shows the cost of the layers on top. Each benchmark
//! prints one line. `cargo bench --bench floor -- mesh ping` runs those whose
//! names contain one of the arguments.
//!
//! Every measurement has a runtime of its own, and those of memory have a
//! process of their own, because allocators do not give back what was freed.

mod bare;
mod child;
mod counter;
mod line;
mod memory;
mod mesh;
mod messages;
mod ours;
mod ping;
mod process;
mod resident;
mod side;

use std::env;
use std::io::{self, Write as _};

use line::Line;

type Benchmark = (&'static str, fn() -> Line);

/// The benchmarks by name, in the order in which they run.
const ALL: [Benchmark; 10] = [
    ("mesh_tcp_20", || mesh::full("tcp", 20, 15)),
    ("mesh_tcp_100", || mesh::full("tcp", 100, 5)),
    ("mesh_memory_256", || mesh::full("memory", 256, 3)),
    ("memory_tcp_100", || memory::full("tcp", 100, 3)),
    ("memory_memory_256", || memory::full("memory", 256, 3)),
    ("ping_tcp", || ping::round_trip("tcp", 7)),
    ("ping_memory", || ping::round_trip("memory", 7)),
    ("messages_memory", || messages::one_way(7)),
    ("process_tcp_20", || process::whole(20, 15)),
    ("scale_memory_10000", || process::scale(10_000, 1)),
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let Some((child::FLAG, job)) = arguments
        .split_first()
        .map(|(flag, job)| (flag.as_str(), job))
    {
        return child::work(job);
    }
    // Cargo itself adds `--bench`.
    let wanted: Vec<_> = arguments.iter().filter(|a| *a != "--bench").collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(*part));
    let mut out = io::stdout().lock();
    for (name, measure) in ALL.into_iter().filter(|(name, _)| chosen(name)) {
        writeln!(out, "{name} {}", measure())?;
        out.flush()?;
    }
    Ok(())
}
