//! What a peer's task knows of its addresses, and of how its connections came about.

use std::collections::{HashMap, HashSet};

use libp2p::PeerId;
use libp2p::core::transport::ListenerId;
use libp2p::core::{ConnectedPoint, Multiaddr};
use libp2p::swarm::ConnectionId;
use libp2p::swarm::dial_opts::{DialOpts, PeerCondition};
use tokio::sync::oneshot;

use super::{Card, How};
use crate::reach::Addresses;

/// Whether a dial has reached the peer; the error says why not.
pub(crate) type Reached = Result<(), String>;

/// The addresses, connections and dials of a peer that others reach over a hub.
#[derive(Debug, Default)]
pub(crate) struct Reaching {
    addresses: Addresses,
    how: HashMap<ConnectionId, How>,
    dials: HashMap<ConnectionId, oneshot::Sender<Reached>>,
    /// Those of them that are dials of addresses in the local network.
    local_dials: HashSet<ConnectionId>,
    listeners: HashSet<ListenerId>,
    /// The addresses that a router maps.
    mapped: HashSet<Multiaddr>,
    /// Who waits for an address that others may reach.
    waiting: Vec<oneshot::Sender<()>>,
}

impl Reaching {
    pub(crate) fn card(&self) -> Card {
        self.addresses.card()
    }

    pub(crate) fn on_listening(&mut self, listener: ListenerId, address: &Multiaddr) {
        self.listeners.insert(listener);
        self.addresses.on_listening(address);
        if !self.addresses.card().addresses.is_empty() {
            self.waiting.clear();
        }
    }

    /// Drops `reply` when the peer listens at an address that others may reach.
    pub(crate) fn wait_reachable(&mut self, reply: oneshot::Sender<()>) {
        if self.addresses.card().addresses.is_empty() {
            self.waiting.retain(|waiting| !waiting.is_closed());
            self.waiting.push(reply);
        }
    }

    pub(crate) fn on_expired(&mut self, address: &Multiaddr) {
        self.addresses.on_expired(address);
    }

    /// Returns whether the address is new.
    pub(crate) fn on_observed(&mut self, address: &Multiaddr) -> bool {
        self.addresses.on_observed(address)
    }

    /// A router maps that address, or does not any more.
    pub(crate) fn on_mapped(&mut self, address: &Multiaddr, mapped: bool) {
        match mapped {
            true => self.mapped.insert(address.clone()),
            false => self.mapped.remove(address),
        };
    }

    /// The listeners, to be closed: only then a router forgets what it maps. Returns how many
    /// addresses it maps as well.
    pub(crate) fn close(&mut self) -> (Vec<ListenerId>, usize) {
        (self.listeners.drain().collect(), self.mapped.len())
    }

    /// The dial of these addresses, from a port of its own, whether or not there is a
    /// connection.
    pub(crate) fn dial(
        &mut self,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Reached>,
    ) -> DialOpts {
        self.dial_if(PeerCondition::Always, peer, addresses, reply)
    }

    fn dial_if(
        &mut self,
        condition: PeerCondition,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Reached>,
    ) -> DialOpts {
        let opts = DialOpts::peer_id(peer)
            .addresses(addresses)
            .condition(condition)
            .allocate_new_port()
            .build();
        self.dials.insert(opts.connection_id(), reply);
        opts
    }

    /// The dial of addresses that mDNS has named, from a port of its own: the other peer may
    /// dial at the same time.
    pub(crate) fn dial_neighbour(
        &mut self,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Reached>,
    ) -> DialOpts {
        let opts = self.dial_if(PeerCondition::NotDialing, peer, addresses, reply);
        self.local_dials.insert(opts.connection_id());
        opts
    }

    pub(crate) fn on_connected(
        &mut self,
        id: ConnectionId,
        endpoint: &ConnectedPoint,
        punches: bool,
    ) {
        let how = match self.local_dials.remove(&id) {
            true => How::Neighbour,
            false => How::of(endpoint, punches),
        };
        self.how.insert(id, how);
        if let Some(reply) = self.dials.remove(&id) {
            let _ = reply.send(Ok(()));
        }
    }

    pub(crate) fn on_closed(&mut self, id: ConnectionId) {
        self.how.remove(&id);
    }

    pub(crate) fn on_failed(&mut self, id: ConnectionId, why: impl FnOnce() -> String) {
        self.local_dials.remove(&id);
        if let Some(reply) = self.dials.remove(&id) {
            let _ = reply.send(Err(why()));
        }
    }

    pub(crate) fn how(&self, id: ConnectionId) -> Option<How> {
        self.how.get(&id).cloned()
    }
}
