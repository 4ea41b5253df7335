//! The behaviours of relays and of hole punching, as one: a peer that is only in a
//! laboratory has none of them, and pays for one that is switched off.

use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, relay, upnp};

use super::punching::Punching;
use super::{Role, sessions};

#[derive(NetworkBehaviour)]
pub(crate) struct Reach {
    relay: Toggle<relay::Behaviour>,
    relay_client: Toggle<relay::client::Behaviour>,
    pub(crate) punching: Toggle<Punching>,
    mapping: Toggle<upnp::tokio::Behaviour>,
}

impl Reach {
    /// `client` is the other half of the transport for circuits.
    pub(crate) fn new(
        local: PeerId,
        role: &Role,
        client: Option<relay::client::Behaviour>,
    ) -> Self {
        let relay = match role {
            Role::Hub(sessions) => Some(sessions::relay(local, sessions)),
            Role::Peer { .. } => None,
        };
        let punches = matches!(role, Role::Peer { punches: true, .. });
        let maps = matches!(role, Role::Peer { maps: true, .. });
        Self {
            relay: relay.into(),
            relay_client: client.into(),
            mapping: maps.then(upnp::tokio::Behaviour::default).into(),
            punching: punches.then(|| Punching::new(local)).into(),
        }
    }
}

/// Counts and logs what libp2p reports. Nothing else depends on it.
pub(crate) fn on_event(event: ReachEvent, role: Option<&Role>) {
    match event {
        ReachEvent::Mapping(event) => match event {
            upnp::Event::GatewayNotFound => {
                tracing::warn!("no router answers over UPnP: its ports are not mapped");
            }
            upnp::Event::NonRoutableGateway => {
                tracing::warn!("the router has no public address: mapped ports are of no use");
            }
            event => tracing::debug!(?event, "mapping"),
        },
        ReachEvent::Punching(event) => tracing::debug!(?event, "punching"),
        ReachEvent::Relay(event) => {
            if let Some(Role::Hub(sessions)) = role {
                sessions.relayed.on_event(&event);
            }
            tracing::debug!(?event, "relay");
        }
        ReachEvent::RelayClient(event) => tracing::debug!(?event, "relay"),
    }
}
