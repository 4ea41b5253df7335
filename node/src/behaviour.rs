//! The behaviours of all protocols of a peer, combined.

use crate::watched;
use libp2p::swarm::NetworkBehaviour;
use libp2p::swarm::behaviour::toggle::Toggle;
use libp2p::{PeerId, connection_limits, identify, relay};

use crate::boxed::Boxed;
use crate::config::{Config, Protocol};
use crate::protocols;
use crate::reach::Reach;
use crate::{address_limits, admission, channel, mdns, message, one_connection, ping};

#[derive(NetworkBehaviour)]
pub(crate) struct Behaviour {
    /// Comes first: connections that it denies do not reach the others.
    admission: Toggle<admission::Behaviour>,
    address_limits: Toggle<address_limits::Behaviour>,
    limits: Toggle<connection_limits::Behaviour>,
    pub(crate) one_connection: one_connection::Behaviour,
    pub(crate) channel: Toggle<channel::Behaviour>,
    pub(crate) message: Toggle<Boxed<message::Behaviour>>,
    identify: Toggle<Boxed<identify::Behaviour>>,
    pub(crate) ping: Toggle<Boxed<ping::Behaviour>>,
    pub(crate) kademlia: Toggle<Boxed<protocols::kademlia::Referrals>>,
    /// For what attackers of gossipsub send by themselves.
    pub(crate) streams: Toggle<Boxed<libp2p_stream::Behaviour>>,
    pub(crate) gossipsub: Toggle<Boxed<protocols::gossipsub::Behaviour>>,
    mdns: Toggle<mdns::Behaviour>,
    /// Comes last: connections that others deny do not reach it.
    pub(crate) reach: Toggle<Boxed<Reach>>,
}

impl Behaviour {
    pub(crate) fn new(
        config: &Config,
        channel: channel::Behaviour,
        message: message::Behaviour,
        count: watched::Sender<one_connection::Count>,
        circuits: Option<relay::client::Behaviour>,
    ) -> Result<Self, protocols::Error> {
        let local = PeerId::from(config.key.public());
        let has = |protocol| config.protocols.contains(&protocol);
        let only = has(Protocol::Channel) || has(Protocol::Message);
        let gossipsub = has(Protocol::Gossipsub)
            .then(|| protocols::gossipsub::new(config))
            .transpose()?;
        let mdns = config.mdns.as_ref().map(|_| mdns::Behaviour::new(local));
        let admission = config.admission.clone();
        Ok(Self {
            admission: admission.clone().map(admission::Behaviour::from).into(),
            address_limits: config.limits.map(address_limits::Behaviour::new).into(),
            limits: config.limits.map(protocols::limits).into(),
            one_connection: one_connection::Behaviour::new(local, only, admission, count),
            channel: has(Protocol::Channel).then_some(channel).into(),
            message: has(Protocol::Message).then(|| message.into()).into(),
            identify: has(Protocol::Identify)
                .then(|| protocols::identify::new(config).into())
                .into(),
            ping: has(Protocol::Ping)
                .then(|| ping::Behaviour::new(config.regular_pings).into())
                .into(),
            kademlia: has(Protocol::Kademlia)
                .then(|| protocols::kademlia::new(local, config.kademlia).into())
                .into(),
            streams: config
                .attack
                .map(|_| libp2p_stream::Behaviour::new().into())
                .into(),
            gossipsub: gossipsub.map(Boxed::from).into(),
            mdns: mdns.transpose().map_err(protocols::Error::Mdns)?.into(),
            reach: config
                .reach
                .as_ref()
                .map(|role| Reach::new(local, role, circuits).into())
                .into(),
        })
    }
}
