//! The command line of a program that runs one system, its author's own.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use lab::options::{Net, Schedules, States};

use super::Common;

const HELP: &str = "\
Exit status: 0 the run passed, 1 it failed, 2 wrong usage, 3 unknown
(interrupted, spans were lost, or too large to check whole).";

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
    /// By which engine.
    #[command(subcommand)]
    pub engine: Option<Command>,
}

/// The engines, and the judge of a saved run.
#[derive(Clone, Debug, Subcommand)]
pub enum Command {
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
