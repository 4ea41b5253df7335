//! The `testbed` program.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use testbed::app;
use testbed::cli::Cli;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    node::logs::start(cli.common.verbose);
    // In a task, so that it runs beside the peers and not across threads.
    let ended = tokio::spawn(app::run(cli)).await;
    match ended {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            // Where standard error is gone there is nobody to tell.
            let _ = writeln!(std::io::stderr(), "error: {error}");
            error.exit_code()
        }
        Err(_) => ExitCode::from(1), // A panic, which has been reported.
    }
}
