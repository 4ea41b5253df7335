//! Gossip and lookups at scale, compared with libp2p alone.
//!
//! `cargo bench --bench gossip` runs `testbed` as a user does, and in turn with
//! it the *floor*: a bare rust-libp2p program with the same peers, connections,
//! parameters and messages, and nothing else ([`bare`]). Each side has a process
//! of its own, because its memory is measured as well. Each benchmark
//! prints one line. `cargo bench --bench gossip -- 256` runs those whose names
//! contain one of the arguments.

mod bare;
mod ours;
mod work;

use std::env;
use std::io::{self, Write as _};

use work::{Done, Work};

/// The argument that the bare program's work follows.
const BARE: &str = "--bare";

type Benchmark = (&'static str, fn() -> String);

/// The benchmarks by name, in the order in which they run.
const ALL: [Benchmark; 5] = [
    ("gossipsub_1000", || {
        beside(&Work {
            peers: 1_000,
            messages: 100,
            interval_ms: 500,
            size: 1024,
            signed: true,
            secured: true,
            queue_seconds: None,
        })
    }),
    ("gossipsub_256_64k", || {
        beside(&Work {
            peers: 256,
            messages: 100,
            interval_ms: 500,
            size: 64 * 1024,
            signed: true,
            secured: true,
            queue_seconds: None,
        })
    }),
    ("gossipsub_10000", || {
        beside(&Work {
            peers: 10_000,
            messages: 10,
            interval_ms: 5_000,
            size: 1024,
            signed: false,
            secured: false,
            // 10,000 peers on two processors take longer than one second.
            queue_seconds: Some(30),
        })
    }),
    ("flood_1000", || ours::flood(1_000, 20)),
    ("kad_256", || ours::lookups(256, 500)),
];

fn main() -> io::Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [BARE, work] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        let work = serde_json::from_str(work).map_err(io::Error::other)?;
        let done = serde_json::to_string(&bare::run(work))?;
        return writeln!(io::stdout(), "{done}");
    }
    // Cargo itself adds `--bench`.
    let wanted: Vec<_> = arguments.iter().filter(|a| *a != "--bench").collect();
    let chosen = |name: &str| wanted.is_empty() || wanted.iter().any(|part| name.contains(*part));
    let mut out = io::stdout().lock();
    for (name, measure) in ALL.into_iter().filter(|(name, _)| chosen(name)) {
        writeln!(out, "{name:<20} {}", measure())?;
        out.flush()?;
    }
    Ok(())
}

/// Ours, and the floor after it.
fn beside(work: &Work) -> String {
    let ours = ours::gossipsub(work);
    let floor = bare::child(work);
    let ratio = |of: fn(&Done) -> f64| of(&ours) / of(&floor);
    format!(
        "CPU a delivery: ratio {:.2}; duplicates a delivery: ratio {:.2} (ours {ours}; floor {floor})",
        ratio(Done::cpu_micros),
        ratio(Done::duplicates),
    )
}
