//! `testbed sweep` on the command line.

use clap::Args;

/// Options of `testbed sweep`.
#[derive(Clone, Debug, Args)]
pub struct Sweep {
    /// An experiment and its options, or simulate with an algorithm. An option
    /// that has a list, as in --peers 8,16,32, is tried with each of its values;
    /// --repeat N runs each combination with N seeds [default: 5], from --seed on
    /// [default: 1]; --jobs N runs so many beside each other, simulated or in virtual time
    /// [default: one for each processor]
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "EXPERIMENT [OPTIONS]"
    )]
    pub words: Vec<String>,
}
