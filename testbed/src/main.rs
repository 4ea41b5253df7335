//! The `testbed` program.

use std::process::ExitCode;

use testbed::Error;
use testbed::cli::{Cli, commands, parse};

fn main() -> ExitCode {
    commands::exit(run())
}

fn run() -> Result<ExitCode, Error> {
    let cli: Cli = parse()?;
    node::logs::start(cli.common.verbose);
    commands::block_on(commands::run(cli))
}
