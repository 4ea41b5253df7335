//! Programs in any language: what it costs to let one take part.
//!
//! `cargo bench --bench program` runs, in turn with the same child on a bare pipe, what a
//! program's lines go through here ([`pipe`]); whole runs of `testbed program` with 25 Python
//! programs ([`runs`]); and the search for an order of 10,000 operations ([`order`]). Each
//! benchmark prints lines; an argument chooses those whose names contain it. Python is needed.

#[path = "../engines/figures.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod figures;
mod order;
mod pipe;
#[path = "../floor/resident.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod resident;
mod runs;

use std::env;
use std::io;
use std::process::ExitCode;

use figures::Benchmark;

const ALL: [Benchmark; 6] = [
    ("echo_rust", pipe::rust),
    ("echo_python", pipe::python),
    ("memory", pipe::memory),
    ("ready", runs::ready),
    ("broadcast", runs::broadcasts),
    ("linearize", order::of_many),
];

fn main() -> io::Result<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    match arguments.next() {
        Some(name) if name == testbed::program::NAME => Ok(testbed::program::main(arguments)),
        Some(name) if name == pipe::ECHO => pipe::echo().map(|()| ExitCode::SUCCESS),
        _ => figures::run(&ALL).map(|()| ExitCode::SUCCESS),
    }
}
