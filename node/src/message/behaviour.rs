//! The protocol of the whole peer: messages by receiver.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use tokio::sync::mpsc;

use super::Parcel;
use super::handler::Handler;
use crate::channel::Arrival;

/// The messages of one peer that travel on streams of their own.
#[derive(Debug)]
pub struct Behaviour {
    inbox: mpsc::Sender<Arrival>,
    /// Each is awaited by a caller, which bounds their number.
    events: VecDeque<ToSwarm<Infallible, Parcel>>,
}

impl Behaviour {
    /// Incoming messages go to `inbox`.
    pub(crate) fn new(inbox: mpsc::Sender<Arrival>) -> Self {
        let events = VecDeque::new();
        Self { inbox, events }
    }

    /// Sends to `peer` on that connection. The reply is dropped when the
    /// connection closes before a receipt has come.
    pub(crate) fn send(&mut self, peer: PeerId, connection: ConnectionId, parcel: Parcel) {
        self.events.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: parcel,
        });
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = Handler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(peer, connection, self.inbox.clone()))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(Handler::new(peer, connection, self.inbox.clone()))
    }

    fn on_swarm_event(&mut self, _: FromSwarm<'_>) {}

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(&mut self, _: &mut Context<'_>) -> Poll<ToSwarm<Infallible, THandlerInEvent<Self>>> {
        self.events.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}
