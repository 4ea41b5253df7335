//! Why a saved run cannot be judged.

use std::path::PathBuf;

use trace::import;

/// Why a saved run cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file of it cannot be read.
    #[error("{}: {source}", path.display())]
    Spans {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: import::Error,
    },
    /// Its record is not JSON.
    #[error("{}: {source}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Its record has no topology that can be built.
    #[error("the run's topology {text:?}: {why}; give another with --topology")]
    Topology {
        /// The topology.
        text: String,
        /// What is wrong with it.
        why: String,
    },
}
