//! Logs, on standard error: for the programs, never for the library.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::stderr::{self, Stderr};

/// Starts logging: warnings, and with `-v`, `-vv`, `-vvv` more. `RUST_LOG`
/// overrides both.
pub fn start(verbose: u8) {
    let level = match verbose {
        // Kademlia warns of every start without known peers, and gossipsub of every invalid
        // message, of which an attacker sends as many as it likes.
        0 => "warn,libp2p_swarm=error,libp2p_kad=error,libp2p_gossipsub=error",
        1 => "info,libp2p_swarm=warn,libp2p_kad=error",
        2 => "debug,yamux=info,multistream_select=info",
        _ => "trace",
    };
    let asked = std::env::var("RUST_LOG").ok();
    let asked = asked.and_then(|levels| levels.parse::<Targets>().ok());
    let filter = asked.unwrap_or_else(|| level.parse().expect("levels of our own"));
    let lines = tracing_subscriber::fmt::layer()
        // Colours are for a terminal without NO_COLOR.
        .with_ansi(stderr::is_terminal() && std::env::var_os("NO_COLOR").is_none())
        .with_writer(|| Stderr);
    tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .init();
}
