//! An algorithm of your own: a program of one file, with all engines.
//!
//! Write an [`Algorithm`], and a [`System`] that states the number of its processes,
//! the commands they get, and the properties that must hold. [`main`] does the rest:
//! the command line, the peers, the run's folder, the verdict. This module exports
//! everything that such a file needs; docs/own-algorithm.md shows a complete one.

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{Args, FromArgMatches as _};

/// The derives of the traits of the same names.
pub use derive::{TestbedDescribe as Describe, TestbedMessage as Message, TestbedOutput as Output};
use lab::options::own;
pub use lab::own::*;

use crate::cli::own::Cli;
use crate::cli::{Error, commands, matches};

/// Executes the command line on the system that `system` makes: runs it over real
/// peers, simulates it, or checks it. Returns the exit status.
///
/// The simulator calls `system` again for fewer peers, to make a failure smaller.
pub fn main<S: System + 'static>(system: impl Fn(&Setup) -> S + Send + Sync + 'static) -> ExitCode {
    main_with(move |setup, ()| system(setup))
}

/// As [`main`], with options of the program's own: a struct that derives [`clap::Args`]. An
/// option stands before or after the engine, and may not have the name of another. Their
/// values are in `run.json` and on the page.
///
/// ```no_run
/// use testbed::own::{self, clap};
///
/// #[derive(clap::Args)]
/// struct Options {
///     /// How many rounds each process takes part in
///     #[arg(long, default_value_t = 30)]
///     rounds: u32,
/// }
///
/// # fn averages(_: &own::Setup, _: u32) -> lab::system::election::Election {
/// #     lab::system::election::Election::new(3, 3, 1)
/// # }
/// fn main() -> std::process::ExitCode {
///     own::main_with(|setup, options: Options| averages(setup, options.rounds))
/// }
/// ```
pub fn main_with<O, S>(system: impl Fn(&Setup, O) -> S + Send + Sync + 'static) -> ExitCode
where
    O: Args,
    S: System + 'static,
{
    commands::exit(execute(system))
}

fn execute<O, S>(system: impl Fn(&Setup, O) -> S + Send + Sync + 'static) -> Result<ExitCode, Error>
where
    O: Args,
    S: System + 'static,
{
    let command = own::command::<Cli, O>().map_err(usage)?;
    let matches = matches(&command)?;
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    let (_, values) = own::read::<O>(&matches).map_err(usage)?;
    node::logs::start(cli.common.verbose);
    let build = own::builder(system, matches);
    commands::block_on(commands::systems::own(&cli, values.into(), build)?)
}

fn usage(error: own::OwnError) -> Error {
    lab::Error::from(lab::options::Error::from(error)).into()
}
