//! Whether processes and their edges fit into memory.

use super::Error;
use crate::memory;

/// Bytes of an edge: 8 in the list of edges, and 4 in each of two lists of neighbours.
/// These lists exist twice, and may have twice the capacity that they need.
const EDGE: u64 = 40;

/// Bytes of a process without its algorithm. A guess.
const PROCESS: u64 = 1024;

/// Requires that the processes and their edges fit into memory.
///
/// # Errors
/// [`Error::TooLarge`].
pub fn fits(peers: u32, edges: u64) -> Result<(), Error> {
    let needed = u64::from(peers) * PROCESS;
    let needed = needed.saturating_add(edges.saturating_mul(EDGE));
    match memory::available() {
        free if needed > free => Err(Error::TooLarge {
            peers,
            edges,
            needed,
            free,
        }),
        _ => Ok(()),
    }
}
