//! The `testbed` program.

use std::process::ExitCode;

use clap::Parser as _;
use testbed::app;
use testbed::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    node::logs::start(cli.common.verbose);
    // In a task, so that it runs beside the peers and not across threads.
    app::exit(tokio::spawn(app::run(cli)).await)
}
