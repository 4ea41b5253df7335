//! How fast the span store takes spans, how much memory they take in it, and
//! how fast they are found again.
//!
//! Each benchmark prints one line, with the target beside the measured value. Nothing
//! fails on a slow machine. `cargo bench --bench store -- search` runs those whose names
//! contain one of the arguments.

#[path = "../engines/figures.rs"]
mod figures;
mod filled;
mod http;
mod ingest;
#[path = "../floor/resident.rs"]
mod resident;
mod search;

use std::io;

use figures::Benchmark;

/// The benchmarks by name, in the order in which they run. Memory comes first, before
/// others have left freed memory in the allocator.
const ALL: [Benchmark; 4] = [
    ("bytes_per_span", filled::bytes_per_span),
    ("ingest", || ingest::in_process(5)),
    ("ingest_otlp_http", || http::ingest(5)),
    ("search", search::search),
];

fn main() -> io::Result<()> {
    figures::run(&ALL)
}
