//! `main.rs` with `lab::own` for `testbed::own`, as the build script writes it.

include!(concat!(env!("OUT_DIR"), "/simulated.rs"));
