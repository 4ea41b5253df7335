//! The directory: the processes of a run, the peers they run on, and which of them are
//! neighbours.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use algorithms::NodeId;
use libp2p::PeerId;
use trace::steps::{Forbidden, Names, Processes};

/// The peers of a run in their order, and strangers in the order of their arrival. Cheap
/// to clone: all processes of a run share the peers known from the start.
#[derive(Clone, Debug)]
pub struct Directory {
    known: Arc<Known>,
    processes: Processes,
    strangers: HashMap<NodeId, Stranger>,
    numbers: HashMap<PeerId, NodeId>,
    next_stranger: u32,
}

#[derive(Clone, Debug)]
struct Known {
    /// The first of the guests.
    guest: NodeId,
    peers: Vec<PeerId>,
    nodes: HashMap<PeerId, NodeId>,
}

#[derive(Clone, Debug)]
struct Stranger {
    peer: PeerId,
    name: Arc<str>,
}

impl Directory {
    /// Process `i` runs on `peers[i]`.
    pub fn new(peers: Vec<PeerId>) -> Self {
        Self::with_guests(peers, [])
    }

    /// The same, and after them peers of other programs, named by their PeerIds.
    pub fn with_guests(mut peers: Vec<PeerId>, guests: impl IntoIterator<Item = PeerId>) -> Self {
        let guests: Vec<_> = guests.into_iter().collect();
        let own = (0..).map(NodeId).take(peers.len());
        let guest = NodeId(peers.len() as u32);
        let names = own.map(|node| node.to_string().into());
        let names = names.chain(guests.iter().map(|peer| peer.to_string().into()));
        let processes = Processes::named(names);
        peers.extend(guests);
        let all = (0..processes.count()).map(NodeId);
        let nodes = peers.iter().copied().zip(all).collect();
        Self {
            next_stranger: processes.count(),
            known: Arc::new(Known {
                guest,
                peers,
                nodes,
            }),
            processes,
            strangers: HashMap::new(),
            numbers: HashMap::new(),
        }
    }

    /// The same processes, with these neighbours for each.
    #[must_use]
    pub fn with_neighbours(self, neighbours: Vec<Vec<u32>>) -> Self {
        Self {
            processes: self.processes.with_neighbours(neighbours),
            ..self
        }
    }

    /// The process on `peer`. A stranger gets the next free number, and keeps
    /// it until it is forgotten; there are never more strangers than connections.
    pub fn node(&mut self, peer: PeerId) -> NodeId {
        if let Some(&node) = self.known.nodes.get(&peer) {
            return node;
        }
        *self.numbers.entry(peer).or_insert_with(|| {
            let node = NodeId(self.next_stranger);
            self.next_stranger = self.next_stranger.wrapping_add(1).max(1);
            let name = peer.to_string().into();
            self.strangers.insert(node, Stranger { peer, name });
            node
        })
    }

    /// The peer that `node` runs on; `None` for one that is unknown or has been
    /// forgotten.
    pub fn peer(&self, node: NodeId) -> Option<PeerId> {
        let known = self.known.peers.get(usize::from(node)).copied();
        known.or_else(|| self.strangers.get(&node).map(|stranger| stranger.peer))
    }

    fn known_or_stranger(&self, node: NodeId) -> Option<&Arc<str>> {
        let stranger = || self.strangers.get(&node).map(|stranger| &stranger.name);
        self.processes.known(node).or_else(stranger)
    }

    /// Removes a stranger. Returns its number.
    pub(super) fn forget(&mut self, peer: PeerId) -> NodeId {
        let node = self.node(peer);
        self.strangers.remove(&node);
        self.numbers.remove(&peer);
        node
    }
}

impl Names for Directory {
    /// `peer-07`, or a stranger's PeerId.
    fn name(&self, node: NodeId) -> Arc<str> {
        let name = self.known_or_stranger(node).cloned();
        name.unwrap_or_else(|| node.to_string().into())
    }

    fn text(&self, node: NodeId) -> Cow<'_, str> {
        let name = self.known_or_stranger(node);
        let name = name.map(|name| Cow::Borrowed(&**name));
        name.unwrap_or_else(|| node.to_string().into())
    }

    /// A process may send to its neighbours, and to a stranger that has connected to it,
    /// even if the stranger has disconnected since.
    fn forbids(&self, from: NodeId, to: NodeId) -> Option<Forbidden> {
        let is_stranger = self.processes.known(to).is_none() && to.0 < self.next_stranger;
        match is_stranger && from != to {
            true => None,
            false => self.processes.forbids(from, to),
        }
    }

    fn stranger(&self, node: NodeId) -> Option<Arc<str>> {
        let name = (node >= self.known.guest).then(|| self.known_or_stranger(node));
        name.flatten().map(Arc::clone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guests_are_named_by_their_peer_ids() {
        let (peer, guest) = (PeerId::random(), PeerId::random());
        let mut directory = Directory::with_guests(vec![peer], [guest]);
        assert_eq!(directory.node(guest), NodeId(1));
        assert_eq!(*directory.name(NodeId(0)), *"peer-00");
        assert_eq!(*directory.name(NodeId(1)), *guest.to_string());
        assert_eq!(
            directory.stranger(NodeId(1)),
            Some(guest.to_string().into())
        );
        assert_eq!(directory.stranger(NodeId(0)), None);
    }

    #[test]
    fn processes_send_to_strangers_that_have_connected() {
        let (me, far, outside) = (NodeId(0), NodeId(2), NodeId(3));
        let line = Directory::new((0..3).map(|_| PeerId::random()).collect());
        let mut line = line.with_neighbours(vec![vec![1], vec![2, 0], vec![1]]);
        assert_eq!(line.forbids(me, far), Some(Forbidden::NoNeighbour));
        assert_eq!(line.forbids(me, outside), Some(Forbidden::NoProcess));
        let stranger = PeerId::random();
        assert_eq!(line.node(stranger), outside);
        assert_eq!(line.forbids(me, outside), None);
        assert_eq!(line.forbids(outside, outside), Some(Forbidden::Itself));
        line.forget(stranger);
        assert_eq!(line.forbids(me, outside), None, "gone, but it was here");
    }

    #[test]
    fn strangers_are_numbered_after_the_peers_and_removed() {
        let known: Vec<_> = (0..3).map(|_| PeerId::random()).collect();
        let mut directory = Directory::new(known.clone());
        let stranger = PeerId::random();
        assert_eq!(directory.node(known[2]), NodeId(2));
        assert_eq!(directory.peer(NodeId(1)), Some(known[1]));
        assert_eq!(directory.node(stranger), NodeId(3));
        assert_eq!(directory.peer(NodeId(3)), Some(stranger));
        assert_eq!(*directory.name(NodeId(1)), *"peer-01");
        assert_eq!(*directory.name(NodeId(3)), *stranger.to_string());
        assert_eq!(directory.forget(stranger), NodeId(3));
        assert_eq!(directory.peer(NodeId(3)), None);
        assert_eq!(directory.node(stranger), NodeId(4), "a new acquaintance");
        assert_eq!(directory.forget(known[0]), NodeId(0));
        assert_eq!(directory.peer(NodeId(0)), Some(known[0]), "the known stay");
    }
}
