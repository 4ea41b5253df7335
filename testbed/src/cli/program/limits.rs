//! What a program may take, on the command line.

use clap::Args;

use crate::program;

/// What a program may take of the machine.
#[derive(Clone, Debug, Args)]
pub struct Limits {
    /// How much memory a program may take, together with the processes of its group; one that
    /// takes more is stopped (on Linux)
    #[arg(long, value_name = "SIZE", value_parser = program::size)]
    pub max_memory: Option<u64>,
    /// How much a program may write to standard output and standard error; one that writes more
    /// is stopped
    #[arg(long, value_name = "SIZE", value_parser = program::size)]
    pub max_output: Option<u64>,
    /// Cut programs off from the network: each is started in a network namespace of its own (on
    /// Linux)
    #[arg(long)]
    pub no_network: bool,
}

impl From<Limits> for program::Limits {
    fn from(given: Limits) -> Self {
        Self {
            memory: given.max_memory,
            output: given.max_output,
            no_network: given.no_network,
        }
    }
}
