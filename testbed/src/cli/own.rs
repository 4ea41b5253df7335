//! The command line of a program that runs one system, its author's own.

#[cfg(test)]
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use lab::options::{Net, Schedules, States};

use super::Common;

const HELP: &str = "\
Exit status: 0 the run passed, 1 it failed, 2 wrong usage, 3 unknown
(interrupted, spans were lost, or too large to check whole).";

const SWEEP_EXAMPLES: &str = "\
Examples:
  sweep simulate --peers 10,20,40 --repeat 10
  sweep live --peers 8 --delay 1ms,10ms,100ms
  --out results sweep simulate --loss 0,0.01,0.1

Options of the algorithm may have lists as well. The same command goes on where it
was stopped, unless the program was built anew. Lists of numbers, sizes and times
stand in order.";

/// A distributed algorithm: over real libp2p peers, in a simulator, and under a
/// model checker.
#[derive(Debug, Parser)]
#[command(after_help = HELP, max_term_width = 100)]
pub struct Cli {
    /// What holds for every run.
    #[command(flatten)]
    pub common: Common,
    /// What happens to messages and peers.
    #[command(flatten)]
    pub net: Net,
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
    /// One run, or the judgement of one.
    #[command(flatten)]
    Run(Task),
    /// Run it over lists of options: a table, plots, one CSV file
    #[command(after_help = SWEEP_EXAMPLES)]
    Sweep(Sweep),
}

/// The engines, and the judge of a saved run.
#[derive(Clone, Debug, Subcommand)]
pub enum Task {
    /// Run it over real libp2p peers; the default
    Live,
    /// Run it in virtual time, by many seeds
    Simulate(Schedules),
    /// Try every schedule
    Check(States),
    /// Judge a saved run again. One that has spans alone needs the options that it had
    Judge {
        /// The run's folder, or a file of spans [default: the last run under --out]
        run: Option<PathBuf>,
    },
}

/// One run, or the judgement of one.
#[derive(Clone, Debug)]
pub struct Run {
    /// What holds for every run.
    pub common: Common,
    /// What happens to messages and peers.
    pub net: Net,
    /// What to do.
    pub task: Task,
}

#[cfg(test)]
impl Run {
    /// The run of a whole command line.
    pub(crate) fn parse(words: impl IntoIterator<Item = impl Into<OsString> + Clone>) -> Self {
        let Cli {
            common,
            net,
            command,
        } = Cli::parse_from(words);
        let task = match command {
            None => Task::Live,
            Some(Command::Run(task)) => task,
            Some(Command::Sweep(args)) => panic!("many runs: {args:?}"),
        };
        Self { common, net, task }
    }
}

/// Options of `sweep`.
#[derive(Clone, Debug, Args)]
pub struct Sweep {
    /// The engine, live or simulate, and the options of its runs. An option that has
    /// a list, as in --peers 8,16,32, is tried with each of its values; --seed is
    /// the first seed [default: 1]
    // The id is no name of a field that the program's own options may have.
    #[arg(
        id = "ENGINE [OPTIONS]",
        value_name = "ENGINE [OPTIONS]",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    pub words: Vec<String>,
    /// Run each combination with so many seeds [default: 5]
    #[arg(long, value_name = "N")]
    pub repeat: Option<u64>,
}
