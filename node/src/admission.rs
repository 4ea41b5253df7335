//! Admission control: which peers may connect to those of a run.
//!
//! A run knows the identities of its peers before they start: these are its
//! members. Any other peer is denied a connection unless it is admitted as a
//! guest. A connection is denied as soon as its handshake has proven the remote
//! identity, before any protocol has a handler on it. All peers of a run share one
//! [`Admission`], which counts guests and refused peers.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};

/// How many peers a [`Tally`] names. A guess: bounded, since a stranger can have any
/// number of identities.
pub const NAMED: usize = 16;

/// How many messages of guests the processes of a run handle at most. A guess: each
/// takes a step, which is recorded.
pub const MESSAGES: u64 = 10_000;

/// Peers outside the run that may connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Guests {
    /// None.
    #[default]
    None,
    /// These.
    Named(BTreeSet<PeerId>),
    /// Any.
    Any,
}

/// The peers that may connect, and counts of other connections.
#[derive(Debug)]
pub struct Admission {
    members: HashSet<PeerId>,
    guests: Guests,
    visitors: Mutex<Visitors>,
}

/// Peers outside the run that connected, or tried to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Visitors {
    /// Connections of guests.
    pub guests: Tally,
    /// Connections that were refused.
    pub refused: Tally,
    /// Messages of guests that were handled.
    pub messages: u64,
    /// Messages of guests that were not handled, since there were
    /// [`MESSAGES`] before.
    pub dropped: u64,
}

/// A count of connections, by peer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many connections.
    pub connections: u64,
    /// The first [`NAMED`] peers, with how many of the connections each had.
    pub peers: BTreeMap<PeerId, u64>,
    /// Connections of other peers.
    pub of_others: u64,
}

/// The remote peer is not admitted.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not of this run")]
struct NotAdmitted(PeerId);

impl Admission {
    /// Admits the `members` of a run, and `guests`.
    pub fn new(members: impl IntoIterator<Item = PeerId>, guests: Guests) -> Self {
        Self {
            members: members.into_iter().collect(),
            guests,
            visitors: Mutex::default(),
        }
    }

    /// Whether this peer is a member of the run.
    pub fn is_member(&self, peer: &PeerId) -> bool {
        self.members.contains(peer)
    }

    /// Which guests are admitted.
    pub fn guests(&self) -> &Guests {
        &self.guests
    }

    /// The visitors up to now.
    pub fn visitors(&self) -> Visitors {
        self.lock().clone()
    }

    /// Counts a message of a guest. `false` when it exceeds the limit.
    pub(crate) fn takes_message(&self) -> bool {
        let mut visitors = self.lock();
        let takes = visitors.messages < MESSAGES;
        match takes {
            true => visitors.messages += 1,
            false => visitors.dropped += 1,
        }
        takes
    }

    fn check(&self, peer: PeerId) -> Result<(), ConnectionDenied> {
        let admitted = match &self.guests {
            _ if self.is_member(&peer) => return Ok(()),
            Guests::None => false,
            Guests::Named(guests) => guests.contains(&peer),
            Guests::Any => true,
        };
        if admitted {
            self.lock().guests.add(peer);
            return Ok(());
        }
        self.lock().refused.add(peer);
        Err(ConnectionDenied::new(NotAdmitted(peer)))
    }

    fn lock(&self) -> MutexGuard<'_, Visitors> {
        self.visitors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn add(&mut self, peer: PeerId) {
        self.connections += 1;
        let has_room = self.peers.len() < NAMED;
        match self.peers.get_mut(&peer) {
            Some(count) => *count += 1,
            None if has_room => drop(self.peers.insert(peer, 1)),
            None => self.of_others += 1,
        }
    }
}

/// `3 connections of 12D3KooW… (2), 12D3KooX… (1)`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.connections == 1 { "" } else { "s" };
        write!(f, "{} connection{plural} of ", self.connections)?;
        let named = self.peers.iter();
        let mut all: Vec<_> = named
            .map(|(peer, count)| format!("{peer} ({count})"))
            .collect();
        if self.of_others > 0 {
            all.push(format!("others ({})", self.of_others));
        }
        f.write_str(&all.join(", "))
    }
}

/// Denies connections between one peer's swarm and peers that are not admitted.
#[derive(Debug)]
pub(crate) struct Behaviour(Arc<Admission>);

impl From<Arc<Admission>> for Behaviour {
    fn from(admission: Arc<Admission>) -> Self {
        Self(admission)
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.0.check(peer).map(|()| dummy::ConnectionHandler)
    }

    /// Outgoing connections are checked too: Kademlia dials peers that others have named.
    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        peer: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.0.check(peer).map(|()| dummy::ConnectionHandler)
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
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_guests_are_admitted_and_visitors_counted() {
        let [member, guest, stranger] = std::array::from_fn(|_| PeerId::random());
        for (guests, expected) in [
            (Guests::None, [true, false, false]),
            (Guests::Named([guest].into()), [true, true, false]),
            (Guests::Any, [true, true, true]),
        ] {
            let admission = Admission::new([member], guests.clone());
            let admitted = [member, guest, stranger].map(|peer| admission.check(peer).is_ok());
            assert_eq!(admitted, expected, "{guests:?}");
            let Visitors {
                guests: came,
                refused,
                ..
            } = admission.visitors();
            let admitted = expected.iter().filter(|admitted| **admitted).count() as u64;
            assert_eq!(
                (came.connections, refused.connections),
                (admitted - 1, 3 - admitted)
            );
        }
    }

    #[test]
    fn strangers_take_bounded_memory() {
        let admission = Admission::new([], Guests::None);
        let first = PeerId::random();
        for peer in [first, first]
            .into_iter()
            .chain((0..100).map(|_| PeerId::random()))
        {
            assert!(admission.check(peer).is_err());
        }
        let refused = admission.visitors().refused;
        assert_eq!((refused.connections, refused.peers.len()), (102, NAMED));
        assert_eq!((refused.peers[&first], refused.of_others), (2, 85));
        let text = refused.to_string();
        assert!(
            text.starts_with("102 connections of 1") && text.ends_with(", others (85)"),
            "{text}"
        );
    }

    #[test]
    fn messages_of_guests_are_bounded() {
        let admission = Admission::new([], Guests::Any);
        let taken = (0..MESSAGES + 7).filter(|_| admission.takes_message());
        assert_eq!(taken.count() as u64, MESSAGES);
        assert_eq!(admission.visitors().dropped, 7);
    }
}
