//! The `testbed-node` program: one peer on its own.

use std::process::ExitCode;

use clap::Parser as _;
use node::daemon::{self, Cli};
use node::{logs, stderr};

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::start(cli.verbose);
    match daemon::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            stderr::note(format_args!("error: {error}"));
            error.exit_code()
        }
    }
}
