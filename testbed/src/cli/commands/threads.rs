//! Checks that the process can start the threads that it needs. Otherwise the
//! runtime, and libraries that start threads, panic.

use std::io;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};

/// Threads beside those of the runtime: the host's watcher, the recorder, the
/// exporter, signals, file access. A guess.
const OTHERS: usize = 8;

/// Starts as many threads as a run needs at least, all at once, and ends them.
///
/// # Errors
/// That of the first thread that could not be started.
pub(super) fn probe() -> io::Result<()> {
    let count = thread::available_parallelism().map_or(1, usize::from) + OTHERS;
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let waits = |_| {
        let gate = Arc::clone(&gate);
        thread::Builder::new().spawn(move || drop(gate.lock()))
    };
    let started: io::Result<Vec<JoinHandle<()>>> = (0..count).map(waits).collect();
    drop(closed);
    for thread in started? {
        // The thread cannot panic.
        let _ = thread.join();
    }
    Ok(())
}
