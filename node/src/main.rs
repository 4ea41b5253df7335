//! The `testbed-node` program: one peer on its own.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use node::daemon::{self, Cli};
use node::logs;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    logs::start(cli.verbose);
    match daemon::run(cli).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            error.exit_code()
        }
    }
}
