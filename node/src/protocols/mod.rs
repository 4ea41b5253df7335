//! libp2p's own protocols, one small file each: its configuration, and the handling of its
//! events.

pub(crate) mod gossipsub;
pub(crate) mod identify;
pub(crate) mod kademlia;
pub(crate) mod ping;

use libp2p::connection_limits;

use crate::config::Limits;

/// Why a protocol cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// gossipsub does not accept its configuration or a topic.
    #[error("gossipsub: {0}")]
    Gossipsub(String),
    /// The interfaces of the machine cannot be watched.
    #[error("mDNS: {0}")]
    Mdns(std::io::Error),
}

pub(crate) fn limits(limits: Limits) -> connection_limits::Behaviour {
    connection_limits::Behaviour::new(
        connection_limits::ConnectionLimits::default()
            .with_max_pending_incoming(Some(limits.pending_incoming))
            .with_max_established_incoming(Some(limits.established_incoming))
            .with_max_established_per_peer(Some(limits.established_per_peer)),
    )
}
