//! The command line of a program that simulates and checks one system.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::options::{Net, Schedules, States};
use crate::topology::Topology;

const HELP: &str = "\
Over real libp2p peers, and over lists of options (sweep): depend on `testbed`
as well, and take `testbed::own` for `lab::own`.

Exit status: 0 the run passed, 1 it failed, 2 wrong usage, 3 unknown
(a property had nothing to check, or the system is too large to check whole).";

/// A distributed algorithm: in a simulator, and under a model checker.
#[derive(Debug, Parser)]
#[command(after_help = HELP, max_term_width = 100)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) run: RunArgs,
    #[command(flatten)]
    pub(super) net: Net,
    #[command(subcommand)]
    pub(super) task: Option<Task>,
}

/// Options of every run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Options of every run")]
pub(super) struct RunArgs {
    /// How many processes there are [default: 20 simulated, 3 checked, or all that
    /// a topology file names]
    #[arg(long, global = true, value_name = "N", value_parser = crate::values::count::<u32>)]
    pub(super) peers: Option<u32>,
    /// Which processes are neighbours [default: full]: full, line, ring, star, hubs:K, tree, grid, random:K, xor:K
    /// (K neighbours each, connected), file:PATH (an edge list, "0 1" a line)
    #[arg(long, global = true, value_name = "T")]
    pub(super) topology: Option<Topology>,
    /// Where all choices come from [default: a new one, printed]
    #[arg(long, global = true, value_name = "S")]
    pub(super) seed: Option<u64>,
    /// What the network does, and which faults there are, from a TOML file, as
    /// docs/scenario.md describes. Or the same as an inline table: '{loss = 0.1}'
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) scenario: Option<PathBuf>,
    /// Write the spans of the recorded run to this file, for `testbed view FILE`
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) spans: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, global = true, value_name = "F", default_value = "text")]
    pub(super) format: Format,
}

/// How the result is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// In lines, for people
    Text,
    /// As one JSON document, for programs
    Json,
}

/// What the program can do.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Task {
    #[command(flatten)]
    Run(Command),
    /// Judge a saved run again. One that has spans alone needs the options that it had
    Judge {
        /// The run's folder, or a file of spans
        run: PathBuf,
    },
}

/// The engines.
#[derive(Clone, Debug, Subcommand)]
pub(super) enum Command {
    /// Run it in virtual time, by many seeds; the default
    Simulate(Schedules),
    /// Try every schedule
    Check(States),
}

impl Default for Task {
    fn default() -> Self {
        Self::Run(Command::Simulate(Schedules::default()))
    }
}
