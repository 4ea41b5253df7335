//! Logs, on standard error: for the programs, never for the library.

use tracing_subscriber::EnvFilter;

use crate::stderr::{self, Stderr};

/// Starts logging: warnings, and with `-v`, `-vv`, `-vvv` more. `RUST_LOG`
/// overrides both.
pub fn start(verbose: u8) {
    let level = match verbose {
        // Kademlia warns of every start without known peers.
        0 => "warn,libp2p_swarm=error,libp2p_kad=error",
        1 => "info,libp2p_swarm=warn,libp2p_kad=error",
        2 => "debug,yamux=info,multistream_select=info",
        _ => "trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Colours are for a terminal, and for nobody who asked for none.
        .with_ansi(stderr::is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(|| Stderr)
        .init();
}
