//! Why a program cannot take part.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Why a program cannot take part in a run.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no such file, or it cannot be read.
    #[error("--bin {bin}: {source}; name a program that is there", bin = bin.display())]
    Missing {
        /// The file.
        bin: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It is not executable.
    #[error("--bin {bin}: the file is not executable; try chmod +x {bin}", bin = bin.display())]
    NotExecutable {
        /// The file.
        bin: PathBuf,
    },
    /// Programs cannot be cut off from the network.
    #[error(
        "--no-network: this system does not permit it ({why}); run as root, permit user \
         namespaces, or leave --no-network out"
    )]
    Network {
        /// What the system says.
        why: String,
    },
    /// This system has no process groups.
    #[error("programs are run on Unix alone")]
    Elsewhere,
    /// The system does not start it.
    #[error("{program} cannot be started: {source}")]
    Start {
        /// Its name in the run.
        program: String,
        /// What the system says.
        source: io::Error,
    },
    /// There can be no socket there.
    #[error("--attach unix:{socket}: {source}", socket = socket.display())]
    Socket {
        /// The path.
        socket: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others may enter the folder of the socket.
    #[error(
        "--attach unix:{socket}: the folder {folder} is not this user's alone (mode {mode:o}); \
         chmod 700 it, or name a folder that is not there yet",
        socket = socket.display(), folder = folder.display()
    )]
    Open {
        /// The path.
        socket: PathBuf,
        /// Its folder.
        folder: PathBuf,
        /// The mode of that.
        mode: u32,
    },
    /// Not all programs have attached.
    #[error("of {count} programs, these have attached within {within:?}: {attached}")]
    Absent {
        /// How many there should be.
        count: u32,
        /// The time.
        within: Duration,
        /// The names of those that have.
        attached: String,
    },
    /// It has not answered `init`.
    #[error("{program} has not answered init: {why}")]
    Silent {
        /// Its name in the run.
        program: String,
        /// What it did instead.
        why: String,
    },
}
