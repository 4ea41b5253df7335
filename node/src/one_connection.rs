//! One connection between two peers.
//!
//! Two peers that dial each other at the same time end up with two
//! connections. Both then keep the same one, without negotiation: the one that the
//! peer with the lower id dialled. When one side dials twice, it considers the
//! first connection dead, and the newer one is kept.
//!
//! The rule decides while the connections are young: a peer that is connected
//! does not dial again. The superfluous connection is refused, or closed before the
//! dial of the other one is answered. A channel that is opened on it after both dials
//! therefore fails to open, and does not break later; `Handle::open_channel` tries
//! again on the connection that is kept.
//!
//! A connection over a relay is kept until there is a direct one.
//!
//! Peers without a protocol of the testbed keep both: libp2p's Kademlia waits ten
//! seconds for the answer to a request whose connection was closed.

use std::collections::{HashMap, HashSet};
use std::convert::Infallible;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::{ConnectedPoint, Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    ConnectionClosed, ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler,
    THandlerInEvent, THandlerOutEvent, ToSwarm, behaviour::ConnectionEstablished, dummy,
};
use tokio::time::Instant;

use crate::admission::Admission;
use crate::reach::is_dialler;
use crate::watched;

/// How long the connection that is kept may take to appear on the side whose own
/// connection was closed: on the other side, its handshake is over already. A guess
/// for a busy machine.
pub(crate) const SETTLE: Duration = Duration::from_secs(1);

/// How long it is remembered that a peer turned us away. A guess.
const MEMORY: Duration = Duration::from_secs(60);

/// Keeps the connection to each peer, and finds superfluous ones.
#[derive(Debug)]
pub(crate) struct Behaviour {
    local: PeerId,
    /// Whether only one connection to each peer is kept.
    only: bool,
    /// The connections to each peer, of which the first is used.
    kept: HashMap<PeerId, Vec<Kept>>,
    count: watched::Sender<Count>,
    /// Which peers count; `None` for all.
    admission: Option<Arc<Admission>>,
    /// Connected peers that do not count.
    guests: HashSet<PeerId>,
    /// Superfluous connections, to be closed.
    closing: Vec<ConnectionId>,
    /// Peers that closed a connection that we dialled, and when. If they dialled us
    /// meanwhile, their connection is about to be established.
    settling: HashMap<PeerId, Instant>,
    /// Peers that closed a connection that we dialled before it was [`SETTLE`] old,
    /// and when.
    turned_away: HashMap<PeerId, Instant>,
}

/// There is a better connection to that peer.
#[derive(Debug, thiserror::Error)]
#[error("there is a connection already")]
pub(crate) struct OneTooMany;

/// The number of connected peers. Guests do not count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Peers with a connection.
    pub(crate) peers: usize,
    /// Connections, including superfluous ones that are not closed yet.
    pub(crate) connections: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kept {
    connection: ConnectionId,
    dialled_by_us: bool,
    is_relayed: bool,
    since: Instant,
}

impl Kept {
    fn new(connection: ConnectionId, endpoint: &ConnectedPoint) -> Self {
        Self {
            connection,
            dialled_by_us: is_dialler(endpoint),
            is_relayed: endpoint.is_relayed(),
            since: Instant::now(),
        }
    }
}

impl Behaviour {
    /// Counts the connected peers into `count`: those that are members. With
    /// `only` it keeps one connection to each.
    pub(crate) fn new(
        local: PeerId,
        only: bool,
        admission: Option<Arc<Admission>>,
        count: watched::Sender<Count>,
    ) -> Self {
        Self {
            local,
            only,
            kept: HashMap::new(),
            count,
            admission,
            guests: HashSet::new(),
            closing: Vec::new(),
            settling: HashMap::new(),
            turned_away: HashMap::new(),
        }
    }

    /// The connection to `peer`.
    pub(crate) fn to(&self, peer: &PeerId) -> Option<ConnectionId> {
        let kept = self.kept.get(peer)?.first()?;
        Some(kept.connection)
    }

    /// Whether `peer` has probably dialled us at the same time, so that its connection
    /// is about to be established.
    pub(crate) fn is_settling(&self, peer: &PeerId) -> bool {
        let since = self.settling.get(peer);
        since.is_some_and(|closed| closed.elapsed() < SETTLE)
    }

    /// Whether `peer` closed our last connection to it as soon as it was made.
    pub(crate) fn was_turned_away(&self, peer: &PeerId) -> bool {
        self.turned_away.contains_key(peer)
    }

    /// Takes the superfluous connections. The caller has to close them at each new
    /// connection, before it is reported.
    pub(crate) fn take_closing(&mut self) -> Vec<ConnectionId> {
        std::mem::take(&mut self.closing)
    }

    /// Refuses a superfluous connection before it is used.
    fn admit(&self, peer: PeerId, new: Kept) -> Result<dummy::ConnectionHandler, ConnectionDenied> {
        match self.kept.get(&peer).and_then(|kept| kept.first()) {
            Some(old) if self.only && !self.wins(peer, new, *old) => {
                Err(ConnectionDenied::new(OneTooMany))
            }
            Some(_) | None => Ok(dummy::ConnectionHandler),
        }
    }

    fn on_established(&mut self, peer: PeerId, new: Kept) {
        self.settling.remove(&peer);
        self.turned_away.remove(&peer);
        let old = self.kept.get(&peer).and_then(|kept| kept.first()).copied();
        match old.filter(|_| self.only) {
            None => self.kept.entry(peer).or_default().push(new),
            Some(old) if self.wins(peer, new, old) => {
                self.kept.insert(peer, vec![new]);
                self.closing.push(old.connection);
            }
            Some(_) => self.closing.push(new.connection),
        }
        self.recount(peer, |connections| connections + 1);
    }

    /// `by_them`: the remote peer closed the connection, or it broke; else we closed it.
    fn on_closed(&mut self, peer: PeerId, connection: ConnectionId, by_them: bool) {
        let kept = self.kept.remove(&peer).unwrap_or_default();
        let (closed, open): (Vec<_>, _) = kept
            .into_iter()
            .partition(|kept| kept.connection == connection);
        let ours = closed.iter().find(|kept| kept.dialled_by_us);
        if !open.is_empty() {
            self.kept.insert(peer, open);
        } else if let Some(ours) = ours {
            if peer < self.local {
                self.settling.retain(|_, closed| closed.elapsed() < SETTLE);
                self.settling.insert(peer, Instant::now());
            }
            if by_them && ours.since.elapsed() < SETTLE {
                self.turned_away
                    .retain(|_, closed| closed.elapsed() < MEMORY);
                self.turned_away.insert(peer, Instant::now());
            }
        }
        self.recount(peer, |connections| connections - 1);
    }

    fn recount(&mut self, peer: PeerId, connections: impl FnOnce(usize) -> usize) {
        let admission = self.admission.as_ref();
        if admission.is_some_and(|admission| !admission.is_member(&peer)) {
            match self.kept.contains_key(&peer) {
                true => self.guests.insert(peer),
                false => self.guests.remove(&peer),
            };
            return;
        }
        self.count.send_modify(|count| {
            count.peers = self.kept.len() - self.guests.len();
            count.connections = connections(count.connections);
        });
    }

    /// Whether `new` is kept and `old` is closed.
    fn wins(&self, peer: PeerId, new: Kept, old: Kept) -> bool {
        if new.is_relayed != old.is_relayed {
            return old.is_relayed;
        }
        let lower_is_us = self.local < peer;
        new.dialled_by_us == old.dialled_by_us || new.dialled_by_us == lower_is_us
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let endpoint = ConnectedPoint::Listener {
            local_addr: local.clone(),
            send_back_addr: remote.clone(),
        };
        self.admit(peer, Kept::new(connection, &endpoint))
    }

    fn handle_established_outbound_connection(
        &mut self,
        connection: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role_override: Endpoint,
        port_use: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        let endpoint = ConnectedPoint::Dialer {
            address: address.clone(),
            role_override,
            port_use,
        };
        self.admit(peer, Kept::new(connection, &endpoint))
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(ConnectionEstablished {
                peer_id,
                connection_id,
                endpoint,
                ..
            }) => self.on_established(peer_id, Kept::new(connection_id, endpoint)),
            FromSwarm::ConnectionClosed(ConnectionClosed {
                peer_id,
                connection_id,
                cause,
                ..
            }) => self.on_closed(peer_id, connection_id, cause.is_some()),
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
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admission::Guests;

    fn kept(id: usize, dialled_by_us: bool) -> Kept {
        Kept {
            connection: ConnectionId::new_unchecked(id),
            dialled_by_us,
            is_relayed: false,
            since: Instant::now(),
        }
    }

    #[test]
    fn a_direct_connection_replaces_a_relayed_one_whoever_has_dialled() {
        let (local, remote) = (PeerId::random(), PeerId::random());
        let relayed = |id| Kept {
            is_relayed: true,
            ..kept(id, true)
        };
        for by_us in [true, false] {
            let mut peer = Behaviour::new(local, true, None, watched::Sender::default());
            peer.on_established(remote, relayed(1));
            peer.on_established(remote, kept(2, by_us));
            assert_eq!(peer.closing, [ConnectionId::new_unchecked(1)]);
            assert!(peer.admit(remote, relayed(3)).is_err());
        }
    }

    #[test]
    fn both_sides_keep_the_same_connection_in_any_order() {
        let (a, b) = (PeerId::random(), PeerId::random());
        for order in [[1, 2], [2, 1]] {
            for order_of_other in [[1, 2], [2, 1]] {
                // Connection 1 was dialled by a, connection 2 by b.
                let keeps = |local, remote, order: [usize; 2]| {
                    let mut peer = Behaviour::new(local, true, None, watched::Sender::default());
                    for id in order {
                        let dialler = if id == 1 { a } else { b };
                        peer.on_established(remote, kept(id, dialler == local));
                    }
                    assert_eq!(peer.closing.len(), 1, "exactly one goes");
                    assert_ne!(peer.to(&remote), Some(peer.closing[0]));
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
            let mut peer = Behaviour::new(local, true, None, watched::Sender::default());
            peer.on_established(remote, kept(1, dialled_by_us));
            peer.on_established(remote, kept(2, dialled_by_us));
            assert_eq!(peer.to(&remote), Some(ConnectionId::new_unchecked(2)));
            assert_eq!(peer.closing, [ConnectionId::new_unchecked(1)]);
            peer.on_closed(remote, ConnectionId::new_unchecked(1), true);
            assert_eq!(peer.count.now().peers, 1, "the one that counts is open");
            peer.on_closed(remote, ConnectionId::new_unchecked(2), true);
            assert_eq!(peer.count.now(), Count::default());
        }
    }

    #[test]
    fn a_peer_that_closes_at_once_has_turned_us_away() {
        let (local, remote) = (PeerId::random(), PeerId::random());
        let id = ConnectionId::new_unchecked(1);
        for (dialled_by_us, by_them, turned_away) in [
            (true, true, true),
            (true, false, false),
            (false, true, false),
        ] {
            let mut peer = Behaviour::new(local, true, None, watched::Sender::default());
            peer.on_established(remote, kept(1, dialled_by_us));
            assert!(!peer.was_turned_away(&remote));
            peer.on_closed(remote, id, by_them);
            assert_eq!(peer.was_turned_away(&remote), turned_away);
            peer.on_established(remote, kept(1, true));
            assert!(!peer.was_turned_away(&remote), "it is let in");
        }
    }

    #[test]
    fn peer_stays_connected_until_its_last_connection_closes() {
        let (local, remote) = (PeerId::random(), PeerId::random());
        let mut peer = Behaviour::new(local, false, None, watched::Sender::default());
        for (id, dialled_by_us) in [(1, true), (2, false)] {
            peer.admit(remote, kept(id, dialled_by_us)).expect("both");
            peer.on_established(remote, kept(id, dialled_by_us));
        }
        assert_eq!(peer.closing, []);
        peer.on_closed(remote, ConnectionId::new_unchecked(1), true);
        assert_eq!(peer.to(&remote), Some(ConnectionId::new_unchecked(2)));
        assert_eq!(peer.count.now().peers, 1);
        peer.on_closed(remote, ConnectionId::new_unchecked(2), true);
        assert_eq!(peer.count.now(), Count::default());
    }

    #[test]
    fn guests_do_not_count() {
        let [local, member, guest] = std::array::from_fn(|_| PeerId::random());
        let admission = Arc::new(Admission::new([local, member], Guests::Any));
        let mut peer = Behaviour::new(local, true, Some(admission), watched::Sender::default());
        for (id, remote) in [(1, guest), (2, member)] {
            peer.on_established(remote, kept(id, false));
        }
        let one = Count {
            peers: 1,
            connections: 1,
        };
        assert_eq!(peer.count.now(), one);
        assert!(peer.to(&guest).is_some());
        peer.on_closed(guest, ConnectionId::new_unchecked(1), false);
        assert_eq!(peer.count.now(), one);
        peer.on_closed(member, ConnectionId::new_unchecked(2), false);
        assert_eq!(peer.count.now(), Count::default());
    }
}
