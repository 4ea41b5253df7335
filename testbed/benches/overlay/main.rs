//! An overlay that survives: what its computations cost.
//!
//! `cargo bench --bench overlay` computes random overlays of up to 102,400 nodes ([`graph`]).
//! Each benchmark prints lines; an argument chooses those whose names contain it.

#[path = "../engines/figures.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod figures;
mod graph;

use std::io;

use figures::Benchmark;

const ALL: [Benchmark; 1] = [("graph", graph::of_all_sizes)];

fn main() -> io::Result<()> {
    figures::run(&ALL)
}
