//! The channel protocol of the whole peer: channels by remote peer.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, NotifyHandler, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm,
};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::Never;
use super::handler::{Handler, Open};
use super::inbox::{Arrival, Inbox};
use super::{ARRIVALS, Error, Sender};

/// The channels of one peer.
#[derive(Debug)]
pub struct Behaviour {
    inbox: mpsc::Sender<Arrival>,
    /// The number of the last channel to each peer.
    incarnations: HashMap<PeerId, u32>,
    /// That number where this peer has opened none.
    incarnation: u32,
    /// When peers had crashed.
    forgotten: HashMap<PeerId, Instant>,
    /// Resolves when the channels of the newest connection to each peer have ended.
    ends: HashMap<PeerId, oneshot::Receiver<Never>>,
    events: VecDeque<ToSwarm<Infallible, Open>>,
}

impl Behaviour {
    /// A behaviour without channels, and the inbox of incoming ones. The channels to each
    /// peer are numbered from the one after `incarnation`.
    pub fn new(incarnation: u32) -> (Self, Inbox) {
        let (inbox, arrivals) = mpsc::channel(ARRIVALS);
        let behaviour = Self {
            inbox,
            incarnations: HashMap::new(),
            incarnation,
            forgotten: HashMap::new(),
            ends: HashMap::new(),
            events: VecDeque::new(),
        };
        (behaviour, Inbox::new(arrivals))
    }

    /// The sender into the inbox.
    pub(crate) fn inbox(&self) -> mpsc::Sender<Arrival> {
        self.inbox.clone()
    }

    /// The handler of a new connection. When it replaces another connection, its
    /// messages are delivered after the end of the old one's channel: a restarted peer
    /// would otherwise be answered on a closed channel.
    fn handler(&mut self, connection: ConnectionId, peer: PeerId) -> Handler {
        let (end, ended) = oneshot::channel();
        let before = self.ends.insert(peer, ended);
        Handler::new((peer, connection), self.inbox.clone(), before, end)
    }

    /// `peer` has crashed: channels that are opened to it from now on carry no message
    /// that was sent before.
    pub fn forget(&mut self, peer: PeerId) {
        self.forgotten.insert(peer, Instant::now());
    }

    /// Opens a channel to `peer` on that connection. `reply` is dropped if the
    /// connection closes first.
    pub fn open(
        &mut self,
        peer: PeerId,
        connection: ConnectionId,
        reply: oneshot::Sender<Result<Sender, Error>>,
    ) {
        let incarnation = self.incarnations.entry(peer).or_insert(self.incarnation);
        *incarnation = incarnation.wrapping_add(1);
        self.events.push_back(ToSwarm::NotifyHandler {
            peer_id: peer,
            handler: NotifyHandler::One(connection),
            event: Open {
                incarnation: *incarnation,
                not_before: self.forgotten.get(&peer).copied(),
                reply,
            },
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
        Ok(self.handler(connection, peer))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(self.handler(connection, peer))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::ConnectionClosed(closed) = event
            && closed.remaining_established == 0
        {
            self.ends.remove(&closed.peer_id);
        }
    }

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
