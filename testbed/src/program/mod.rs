//! Programs in any language, each a child of this process that stands on a libp2p peer: their
//! lines go out as messages, and messages come in as lines.
//!
//! [`lab::program`] has the system: what clients ask, and the judge. Here children are
//! started, contained and stopped ([`child`]), and connected with the processes that stand
//! for them ([`crew`]). Others connect by themselves ([`door`]).
//!
//! A child gets a process group, a folder and an environment of its own, limits on files and
//! cores, on memory and output ([`Limits`]), and a signal that kills it when this process dies.
//! It may have no network. That contains accidents. It is no
//! sandbox against a program that means harm.

#[cfg(unix)]
mod child;
#[cfg(unix)]
mod crew;
#[cfg(unix)]
mod door;
mod error;
#[cfg(unix)]
mod launch;
mod limits;
#[cfg(unix)]
mod lines;
#[cfg(unix)]
mod memory;
#[cfg(unix)]
mod network;
#[cfg(unix)]
mod output;
#[cfg(unix)]
mod sweep;

use std::path::PathBuf;

#[cfg(unix)]
pub(crate) use child::Group;
#[cfg(unix)]
pub use child::{Child, Event};
#[cfg(unix)]
pub use crew::{Crew, executable};
pub use error::Error;
#[cfg(unix)]
pub(crate) use launch::NO_NETWORK;
#[cfg(unix)]
pub use launch::{NAME, main};
pub use limits::{Limits, size};
#[cfg(unix)]
pub(crate) use memory::outgrows;
#[cfg(unix)]
pub use network::can_be_cut;

/// A program to run.
#[derive(Clone, Debug)]
pub struct Spec {
    /// Its file.
    pub bin: PathBuf,
    /// What it is started with.
    pub args: Vec<String>,
    /// What it may take of the machine.
    pub limits: Limits,
}

/// Elsewhere no program is run.
///
/// # Errors
/// [`Error::Elsewhere`].
#[cfg(not(unix))]
pub fn executable(_: &std::path::Path) -> Result<PathBuf, Error> {
    Err(Error::Elsewhere)
}

/// Elsewhere no program is run.
///
/// # Errors
/// [`Error::Elsewhere`].
#[cfg(not(unix))]
pub fn can_be_cut() -> Result<(), Error> {
    Err(Error::Elsewhere)
}
