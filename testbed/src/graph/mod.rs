//! Random overlays, as `testbed graph` computes and reports them.

mod plot;
mod report;

use std::io;
use std::path::PathBuf;

use lab::graph::{self, Plan, Size};
use plotters::drawing::DrawingAreaErrorKind;

pub use plot::draw;
pub use report::Report;

/// Why nothing is computed, or not all of it is written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A graph does not fit in memory.
    #[error(
        "--peers {} --links {}: a graph of that size takes about {} MiB of memory, and {} MiB are \
         free; take fewer peers, or fewer links",
        size.peers, size.links, needed >> 20, available >> 20
    )]
    Memory {
        /// Its size.
        size: Size,
        /// How many bytes it is estimated to need.
        needed: u64,
        /// How many are free.
        available: u64,
    },
    /// The folder of the plots cannot be made.
    #[error("--plot {}: {source}; name a folder that can be written", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A plot cannot be written.
    #[error("{}: {source}", path.display())]
    Plot {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: DrawingAreaErrorKind<io::Error>,
    },
}

/// On how many threads a plan is computed: `most`, or as many as have memory.
///
/// # Errors
/// [`Error::Memory`], where not even one has.
pub fn threads(plan: &Plan, most: usize) -> Result<usize, Error> {
    fitting(plan, most, lab::memory::available())
}

fn fitting(plan: &Plan, most: usize, available: u64) -> Result<usize, Error> {
    let largest = plan
        .sizes()
        .into_iter()
        .max_by_key(|size| graph::bytes(*size));
    let Some(size) = largest else {
        return Ok(1);
    };
    let needed = graph::bytes(size).max(1);
    match usize::try_from(available / needed).unwrap_or(usize::MAX) {
        0 => Err(Error::Memory {
            size,
            needed,
            available,
        }),
        fit => Ok(fit.min(most)),
    }
}

#[cfg(test)]
mod tests {
    use lab::graph::{Config, Model};

    use super::*;

    #[test]
    fn threads_are_as_many_as_have_memory() {
        let plan = Plan {
            peers: vec![100, 1 << 20],
            links: vec![10],
            kills: vec![0.0],
            graphs: 5,
            config: Config {
                model: Model::Opened,
                sources: None,
                seed: 1,
            },
        };
        // 160 and 240 bytes for each of 2^20 nodes: 400 MiB.
        assert_eq!(fitting(&plan, 8, u64::MAX).expect("it fits"), 8);
        assert_eq!(fitting(&plan, 8, 1000 << 20).expect("it fits"), 2);
        let error = fitting(&plan, 8, 300 << 20).expect_err("no memory");
        let text = error.to_string();
        assert!(text.contains("--peers 1048576 --links 10"), "{text}");
        assert!(
            text.contains("400 MiB") && text.contains("300 MiB"),
            "{text}"
        );
    }
}
