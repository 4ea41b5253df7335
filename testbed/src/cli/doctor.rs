//! The options of `testbed doctor`.

use std::time::Duration;

use clap::Args;

use super::values;
use crate::doctor::Target;

/// Options of `testbed doctor`.
#[derive(Clone, Debug, Args)]
pub struct Doctor {
    /// The address, as in /ip4/127.0.0.1/tcp/4001/p2p/12D3Koo...; also with /ws after the
    /// port, /udp/PORT/quic-v1, without the PeerId, or with /p2p-circuit/p2p/... behind a relay
    #[arg(value_name = "ADDR")]
    pub address: Target,
    /// How long all of it may take
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = values::interval)]
    pub timeout: Duration,
}
