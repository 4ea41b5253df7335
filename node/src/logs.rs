//! Logs, on standard error: for the programs, never for the library.

use tracing_subscriber::EnvFilter;

/// Starts logging: warnings, and with `-v`, `-vv`, `-vvv` more. `RUST_LOG`
/// overrides both.
pub fn start(verbose: u8) {
    let level = match verbose {
        0 => "warn,libp2p_swarm=error",
        1 => "info,libp2p_swarm=warn",
        2 => "debug,yamux=info,multistream_select=info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
}
