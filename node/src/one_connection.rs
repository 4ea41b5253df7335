//! One connection between two peers.
//!
//! Two peers that dial each other at the same time end up with two
//! connections. Both then keep the same one, without a word: the one that the
//! peer with the lower id dialled. When one side dials twice, it believes the
//! first connection dead, and the newer one is kept.
//!
//! The rule decides while the connections are young: a peer that is connected
//! does not dial again, so nothing is under way yet on the one that goes.

use std::collections::{HashMap, VecDeque};
use std::convert::Infallible;
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    CloseConnection, ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour,
    THandler, THandlerInEvent, THandlerOutEvent, ToSwarm, behaviour::ConnectionEstablished, dummy,
};
use tokio::sync::watch;

/// Knows the connection to each peer, and closes what is one too many.
#[derive(Debug)]
pub(crate) struct Behaviour {
    local: PeerId,
    kept: HashMap<PeerId, Kept>,
    connected: watch::Sender<usize>,
    closing: VecDeque<(PeerId, ConnectionId)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    connection: ConnectionId,
    dialled_by_us: bool,
}

impl Behaviour {
    /// Counts the connected peers into `connected`.
    pub(crate) fn new(local: PeerId, connected: watch::Sender<usize>) -> Self {
        Self {
            local,
            kept: HashMap::new(),
            connected,
            closing: VecDeque::new(),
        }
    }

    /// The connection to `peer`.
    pub(crate) fn to(&self, peer: &PeerId) -> Option<ConnectionId> {
        self.kept.get(peer).map(|kept| kept.connection)
    }

    fn on_established(&mut self, peer: PeerId, new: Kept) {
        let lower_is_us = self.local < peer;
        let replaced = match self.kept.get(&peer) {
            Some(old) if wins(new, *old, lower_is_us) => Some(old.connection),
            Some(_) => {
                self.closing.push_back((peer, new.connection));
                return;
            }
            None => None,
        };
        self.closing.extend(replaced.map(|old| (peer, old)));
        self.kept.insert(peer, new);
        self.connected.send_replace(self.kept.len());
    }

    fn on_closed(&mut self, peer: PeerId, connection: ConnectionId) {
        if self.to(&peer) == Some(connection) {
            self.kept.remove(&peer);
            self.connected.send_replace(self.kept.len());
        }
    }
}

/// Whether `new` is kept and `old` goes.
fn wins(new: Kept, old: Kept, lower_is_us: bool) -> bool {
    new.dialled_by_us == old.dialled_by_us || new.dialled_by_us == lower_is_us
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => self.on_established(
                peer_id,
                Kept {
                    connection: connection_id,
                    dialled_by_us: endpoint.is_dialer(),
                },
            ),
            FromSwarm::ConnectionClosed(ConnectionClosed {
                peer_id,
                connection_id,
                ..
            }) => self.on_closed(peer_id, connection_id),
            // Addresses and failed dials do not matter here.
            _ => {}
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
        match self.closing.pop_front() {
            Some((peer_id, connection)) => Poll::Ready(ToSwarm::CloseConnection {
                peer_id,
                connection: CloseConnection::One(connection),
            }),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: usize, dialled_by_us: bool) -> Kept {
        Kept {
            connection: ConnectionId::new_unchecked(id),
            dialled_by_us,
        }
    }

    #[test]
    fn both_sides_keep_the_same_connection_in_any_order() {
        let (a, b) = (PeerId::random(), PeerId::random());
        for order in [[1, 2], [2, 1]] {
            for order_of_other in [[1, 2], [2, 1]] {
                // Connection 1 was dialled by a, connection 2 by b.
                let keeps = |local, remote, order: [usize; 2]| {
                    let mut peer = Behaviour::new(local, watch::Sender::new(0));
                    for id in order {
                        let dialler = if id == 1 { a } else { b };
                        peer.on_established(remote, kept(id, dialler == local));
                    }
                    assert_eq!(peer.closing.len(), 1, "exactly one goes");
                    assert_ne!(peer.to(&remote), Some(peer.closing[0].1));
                    peer.to(&remote)
                };
                let lower = ConnectionId::new_unchecked(if a < b { 1 } else { 2 });
                assert_eq!(keeps(a, b, order), Some(lower));
                assert_eq!(keeps(b, a, order_of_other), Some(lower));
            }
        }
    }

    #[test]
    fn a_second_dial_of_one_side_replaces_the_first() {
        let (local, remote) = (PeerId::random(), PeerId::random());
        for dialled_by_us in [true, false] {
            let mut peer = Behaviour::new(local, watch::Sender::new(0));
            peer.on_established(remote, kept(1, dialled_by_us));
            peer.on_established(remote, kept(2, dialled_by_us));
            assert_eq!(peer.to(&remote), Some(ConnectionId::new_unchecked(2)));
            assert_eq!(peer.closing, [(remote, ConnectionId::new_unchecked(1))]);
            peer.on_closed(remote, ConnectionId::new_unchecked(1));
            assert_eq!(*peer.connected.borrow(), 1, "the one that counts is open");
            peer.on_closed(remote, ConnectionId::new_unchecked(2));
            assert_eq!(*peer.connected.borrow(), 0);
        }
    }
}
