//! An algorithm of your own: a program of one file, with all engines.
//!
//! Write an [`Algorithm`], and a [`System`] that states the number of its processes,
//! the commands they get, and the properties that must hold. [`main`] does the rest:
//! the command line, the peers, the run's folder, the verdict. This module exports
//! everything that such a file needs; docs/own-algorithm.md shows a complete one.

#[cfg(test)]
mod tests;

use std::process::ExitCode;

use clap::{ArgMatches, Args, FromArgMatches as _};

/// The derives of the traits of the same names.
pub use derive::{TestbedDescribe as Describe, TestbedMessage as Message, TestbedOutput as Output};
use lab::options::own;
pub use lab::own::*;
use lab::{shell, system};

use crate::cli::own::{Cli, Command, Run, Task};
use crate::cli::{Error, commands, matches};
use crate::sweep::Program;

/// Executes the command line on the system that `system` makes: runs it over real
/// peers, simulates it, checks it, or sweeps lists of options. Returns the exit status.
///
/// The simulator calls `system` again for fewer peers, to make a failure smaller.
pub fn main<S: System + 'static>(system: impl Fn(&Setup) -> S + Send + Sync + 'static) -> ExitCode {
    main_with(move |setup, ()| system(setup))
}

/// As [`main`], with options of the program's own: a struct that derives [`clap::Args`]. An
/// option stands before or after the engine, and may not have the name of another. Their
/// values are in `run.json` and on the page. `sweep` tries lists of them.
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
    let matches = matches(&own::command::<Cli, O>().map_err(usage)?)?;
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    node::logs::start(cli.common.verbose);
    let task = match cli.command {
        None => Task::Live,
        Some(Command::Run(task)) => task,
        Some(Command::Sweep(args)) => {
            let program = program::<O, S>();
            return commands::block_on(commands::sweep::own(cli.common, args, program, fits::<O>));
        }
    };
    let (_, values) = own::read::<O>(&matches).map_err(usage)?;
    let build = own::builder(system, matches);
    let Cli { common, net, .. } = cli;
    let run = Run { common, net, task };
    commands::block_on(commands::systems::own(&run, values.into(), build)?)
}

/// This program, for a sweep of its runs.
fn program<O: Args, S: System>() -> Program {
    let words: Vec<_> = std::env::args_os().collect();
    Program {
        name: shell::program(&words).into_owned(),
        system: Some(system::name::<S>()),
        example: "simulate",
        lists: own::lists::<O>(),
        build: build(),
    }
}

/// What tells a build of this program from another: its author changes it, and the runs of
/// the old one are not those of the new one.
fn build() -> Option<String> {
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    Some(format!("{} {:?}", file.len(), file.modified().ok()?))
}

/// Whether the words are those of a run that a sweep can measure, and fits this machine.
fn fits<O: Args>(words: &[String]) -> Result<(), Error> {
    let all: Vec<_> = std::env::args_os().collect();
    let program = shell::program(&all);
    let command = own::command::<Cli, O>().map_err(usage)?;
    let matches: ArgMatches = commands::sweep::parsed(command, &program, words)?;
    own::read::<O>(&matches).map_err(usage)?;
    let cli = Cli::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    commands::sweep::check_own(&program, words, &cli)
}

fn usage(error: own::OwnError) -> Error {
    lab::Error::from(lab::options::Error::from(error)).into()
}
