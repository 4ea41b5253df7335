//! An overlay that survives: what its computations cost.
//!
//! `cargo bench --bench overlay` computes random overlays of up to 102,400 nodes ([`graph`]), and runs
//! the overlay and its routing ([`runs`]). Each benchmark prints a line; an argument chooses those
//! whose names contain it.

#[path = "../engines/figures.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod figures;
mod graph;
mod runs;
#[path = "../engines/started.rs"]
mod started;

use std::io;

use figures::Benchmark;

const ALL: [Benchmark; 4] = [
    ("graph", graph::of_all_sizes),
    ("overlay_simulated_1000", runs::simulated),
    ("overlay_virtual_200", runs::live),
    ("routing_schedules", runs::schedules),
];

fn main() -> io::Result<()> {
    figures::run(&ALL)
}
