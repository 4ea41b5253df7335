//! The `testbed` program.

use std::process::ExitCode;

use testbed::cli::{Cli, parse};
use testbed::{Error, app};

fn main() -> ExitCode {
    app::exit(run())
}

fn run() -> Result<ExitCode, Error> {
    let cli: Cli = parse()?;
    node::logs::start(cli.common.verbose);
    app::block_on(app::run(cli))
}
