//! An algorithm of your own: a program of one file, with all engines.
//!
//! Write an [`Algorithm`], and a [`System`] that states the number of its processes,
//! the commands they get, and the properties that must hold. [`main`] does the rest:
//! the command line, the peers, the run's folder, the verdict. This module exports
//! everything that such a file needs; docs/own-algorithm.md shows a complete one.

#[cfg(test)]
mod tests;

use std::process::ExitCode;

/// The derives of the traits of the same names.
pub use derive::{TestbedDescribe as Describe, TestbedMessage as Message, TestbedOutput as Output};
pub use lab::own::*;

use crate::cli::own::Cli;
use crate::cli::{Error, commands, parse};

/// Executes the command line on the system that `system` makes: runs it over real
/// peers, simulates it, or checks it. Returns the exit status.
pub fn main<S: System + 'static>(system: impl FnOnce(&Setup) -> S) -> ExitCode {
    commands::exit(execute(system))
}

fn execute<S: System + 'static>(system: impl FnOnce(&Setup) -> S) -> Result<ExitCode, Error> {
    let cli: Cli = parse()?;
    node::logs::start(cli.common.verbose);
    commands::block_on(commands::systems::own(&cli, system)?)
}
