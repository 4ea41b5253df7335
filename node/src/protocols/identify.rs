//! `/ipfs/id/1.0.0`: peers exchange their identities, protocols and listen
//! addresses.

use libp2p::identify::{Behaviour, Config as Identify, Event};

use super::kademlia::{self, Referrals};
use crate::config::Config;

/// The name of the network in identify messages.
pub(crate) const PROTOCOL_VERSION: &str = "testbed/1.0.0";

/// The name of this implementation in identify messages.
const AGENT_VERSION: &str = concat!("testbed-node/", env!("CARGO_PKG_VERSION"));

pub(crate) fn new(config: &Config) -> Behaviour {
    let identify = Identify::new(PROTOCOL_VERSION.into(), config.key.public())
        .with_agent_version(AGENT_VERSION.into());
    Behaviour::new(match &config.mdns {
        // It keeps the listen addresses of other peers for the dials of all behaviours. Among
        // them are those of neighbours, which a dial of Kademlia would enter into its table.
        Some(_) => identify.with_cache_size(0),
        None => identify,
    })
}

/// Enters the addresses of a peer into the routing table, if there is one. `is_local`: the
/// connection is one within the local network.
pub(crate) fn on_event(event: Event, is_local: bool, table: Option<&mut Referrals>) {
    match event {
        Event::Received { peer_id, info, .. } => {
            tracing::debug!(peer = %peer_id, agent = ?info.agent_version, "identified");
            if let Some(table) = table {
                kademlia::on_identified(peer_id, &info, is_local, table);
            }
        }
        Event::Error { peer_id, error, .. } => {
            tracing::debug!(peer = %peer_id, %error, "identify failed");
        }
        Event::Sent { .. } | Event::Pushed { .. } => {}
    }
}
