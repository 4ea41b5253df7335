//! The `testbed-node` program: one peer on its own.

use std::process::ExitCode;

fn main() -> ExitCode {
    node::daemon::main()
}
