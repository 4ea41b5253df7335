//! DCUtR, with the addresses that it needs, and with a memory of what it dialled.

use std::collections::HashSet;
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NewExternalAddrCandidate,
    THandler, THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{PeerId, dcutr};

/// DCUtR.
pub(crate) struct Punching {
    dcutr: dcutr::Behaviour,
    /// Dials of DCUtR that have not ended.
    dials: HashSet<ConnectionId>,
}

impl Punching {
    pub(crate) fn new(local: PeerId) -> Self {
        Self {
            dcutr: dcutr::Behaviour::new(local),
            dials: HashSet::new(),
        }
    }

    /// The peer is seen at that address. It replaces nothing: DCUtR keeps the last twenty.
    pub(crate) fn on_observed(&mut self, address: &Multiaddr) {
        let candidate = NewExternalAddrCandidate { addr: address };
        self.dcutr
            .on_swarm_event(FromSwarm::NewExternalAddrCandidate(candidate));
    }

    /// Whether DCUtR has asked for that dial, which has ended.
    pub(crate) fn take(&mut self, dial: ConnectionId) -> bool {
        self.dials.remove(&dial)
    }
}

impl NetworkBehaviour for Punching {
    type ConnectionHandler = <dcutr::Behaviour as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = dcutr::Event;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.dcutr
            .handle_established_inbound_connection(id, peer, local, remote)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.dcutr
            .handle_established_outbound_connection(id, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            // As identify has them: without those that are confirmed, and with other ports.
            FromSwarm::NewExternalAddrCandidate(_) => return,
            FromSwarm::DialFailure(failure) => drop(self.dials.remove(&failure.connection_id)),
            _ => {}
        }
        self.dcutr.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        id: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        self.dcutr.on_connection_handler_event(peer, id, event);
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        let event = self.dcutr.poll(cx);
        if let Poll::Ready(ToSwarm::Dial { opts }) = &event {
            self.dials.insert(opts.connection_id());
        }
        event
    }
}
