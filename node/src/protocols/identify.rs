//! `/ipfs/id/1.0.0`: peers tell each other who they are, what they speak and
//! where they listen.

use libp2p::identify::{Behaviour, Config as Identify, Event};
use libp2p::swarm::Swarm;

use super::kademlia;
use crate::behaviour;
use crate::config::Config;

/// What the network is called in identify messages.
const PROTOCOL_VERSION: &str = "testbed/1.0.0";

/// What this implementation is called in identify messages.
const AGENT_VERSION: &str = concat!("testbed-node/", env!("CARGO_PKG_VERSION"));

pub(crate) fn new(config: &Config) -> Behaviour {
    Behaviour::new(
        Identify::new(PROTOCOL_VERSION.into(), config.key.public())
            .with_agent_version(AGENT_VERSION.into()),
    )
}

pub(crate) fn on_event(event: Event, swarm: &mut Swarm<behaviour::Behaviour>) {
    match event {
        Event::Received { peer_id, info, .. } => {
            tracing::debug!(peer = %peer_id, agent = ?info.agent_version, "identified");
            kademlia::on_identified(peer_id, &info, swarm);
        }
        Event::Error { peer_id, error, .. } => {
            tracing::debug!(peer = %peer_id, %error, "identify failed");
        }
        Event::Sent { .. } | Event::Pushed { .. } => {}
    }
}
