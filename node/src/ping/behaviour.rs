//! The protocol of the whole peer: requested pings, and the bound on the answered
//! streams of each peer.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, transport::PortUse};
use libp2p::ping::{self, Event};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::Semaphore;

use super::handler::{Ask, Handler};
use super::{Reply, STREAMS};

/// libp2p's ping on all connections of one peer.
pub struct Behaviour {
    /// libp2p's behaviour, which pings at regular intervals; `None` if that is switched off.
    regular: Option<ping::Behaviour>,
    /// Permits, one for each inbound stream that is answered.
    places: HashMap<PeerId, Arc<Semaphore>>,
    asks: VecDeque<ToSwarm<Event, Ask>>,
}

impl Behaviour {
    /// Answers pings. With `regular` it also sends them, as libp2p has it: the
    /// first at once, then every 15 s.
    pub fn new(regular: bool) -> Self {
        Self {
            regular: regular.then(ping::Behaviour::default),
            places: HashMap::new(),
            asks: VecDeque::new(),
        }
    }

    /// Pings `peer` once, on that connection. The reply is dropped if the connection
    /// closes first.
    pub(crate) fn ask(&mut self, peer: PeerId, connection: ConnectionId, reply: Reply) {
        self.asks.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: Ask(reply),
        });
    }

    fn places(&mut self, peer: PeerId) -> Arc<Semaphore> {
        let new = || Arc::new(Semaphore::new(STREAMS));
        Arc::clone(self.places.entry(peer).or_insert_with(new))
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let regular = self.regular.as_mut();
        let regular = regular
            .map(|ping| ping.handle_established_inbound_connection(id, peer, local, remote))
            .transpose()?;
        Ok(Handler::new(peer, self.places(peer), regular))
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let regular = self.regular.as_mut();
        let regular = regular
            .map(|ping| ping.handle_established_outbound_connection(id, peer, address, role, port))
            .transpose()?;
        Ok(Handler::new(peer, self.places(peer), regular))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(closed) = event
            && closed.remaining_established == 0
        {
            self.places.remove(&closed.peer_id);
        }
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        result: THandlerOutEvent<Self>,
    ) {
        if let Some(regular) = &mut self.regular {
            regular.on_connection_handler_event(peer, connection, result);
        }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<ToSwarm<Event, THandlerInEvent<Self>>> {
        if let Some(ask) = self.asks.pop_front() {
            return Poll::Ready(ask);
        }
        match &mut self.regular {
            Some(regular) => regular
                .poll(cx)
                .map(|event| event.map_in(|never| match never {})),
            None => Poll::Pending,
        }
    }
}
