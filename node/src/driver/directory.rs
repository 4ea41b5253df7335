//! Who is who: the processes of a run, the peers they run on, and which of them
//! are neighbours.

use std::collections::HashMap;
use std::sync::Arc;

use algorithms::NodeId;
use libp2p::PeerId;

/// The peers of a run in their order, and strangers as they come. Cheap to
/// clone: all processes of a run share what is known from the start.
#[derive(Clone, Debug)]
pub struct Directory {
    known: Arc<Known>,
    strangers: HashMap<PeerId, Stranger>,
    next_stranger: u32,
}

#[derive(Clone, Debug)]
struct Known {
    peers: Vec<PeerId>,
    nodes: HashMap<PeerId, NodeId>,
    names: Vec<Arc<str>>,
    /// Each one's neighbours, in order. `None`: all are neighbours.
    neighbours: Option<Vec<Vec<u32>>>,
}

#[derive(Clone, Debug)]
struct Stranger {
    node: NodeId,
    name: Arc<str>,
}

impl Directory {
    /// Process `i` runs on `peers[i]`.
    pub fn new(peers: Vec<PeerId>) -> Self {
        Self::with_guest(peers, None)
    }

    /// The same, and after them a peer of another program, which goes by its
    /// PeerId.
    pub fn with_guest(mut peers: Vec<PeerId>, guest: Option<PeerId>) -> Self {
        let own = (0..).map(NodeId).take(peers.len());
        let names = own.map(|node| node.to_string().into());
        let names = names.chain(guest.map(|peer| peer.to_string().into()));
        let names = names.collect();
        peers.extend(guest);
        let count = u32::try_from(peers.len()).expect("fewer peers than u32::MAX");
        let all = (0..count).map(NodeId);
        let nodes = peers.iter().copied().zip(all).collect();
        Self {
            known: Arc::new(Known {
                peers,
                nodes,
                names,
                neighbours: None,
            }),
            strangers: HashMap::new(),
            next_stranger: count,
        }
    }

    /// The same processes, of which these are neighbours: for each one its own.
    #[must_use]
    pub fn with_neighbours(self, mut neighbours: Vec<Vec<u32>>) -> Self {
        for of_one in &mut neighbours {
            of_one.sort_unstable();
        }
        Self {
            known: Arc::new(Known {
                neighbours: Some(neighbours),
                ..Arc::unwrap_or_clone(self.known)
            }),
            ..self
        }
    }

    /// Processes that run on no peers, in an engine of one program. All are
    /// neighbours.
    pub fn without_peers(count: u32) -> Self {
        let names = (0..count).map(|node| NodeId(node).to_string().into());
        Self {
            known: Arc::new(Known {
                peers: Vec::new(),
                nodes: HashMap::new(),
                names: names.collect(),
                neighbours: None,
            }),
            strangers: HashMap::new(),
            next_stranger: count,
        }
    }

    /// The process on `peer`. A stranger gets the next free number, and keeps
    /// it until it is forgotten; there are never more than connections.
    pub fn node(&mut self, peer: PeerId) -> NodeId {
        if let Some(&node) = self.known.nodes.get(&peer) {
            return node;
        }
        let stranger = self.strangers.entry(peer).or_insert_with(|| {
            let node = NodeId(self.next_stranger);
            self.next_stranger = self.next_stranger.wrapping_add(1).max(1);
            let name = peer.to_string().into();
            Stranger { node, name }
        });
        stranger.node
    }

    /// What `node` is called in the trace: `peer-07`, or a stranger's PeerId.
    pub fn name(&self, node: NodeId) -> Arc<str> {
        let known = self.known.names.get(usize::from(node));
        let stranger = || self.stranger(node).map(|(_, stranger)| &stranger.name);
        let name = known.or_else(stranger).cloned();
        name.unwrap_or_else(|| node.to_string().into())
    }

    /// The peer that `node` runs on; `None` for one who was never here or has
    /// been forgotten.
    pub fn peer(&self, node: NodeId) -> Option<PeerId> {
        let known = self.known.peers.get(usize::from(node)).copied();
        known.or_else(|| self.stranger(node).map(|(peer, _)| *peer))
    }

    fn stranger(&self, node: NodeId) -> Option<(&PeerId, &Stranger)> {
        self.strangers
            .iter()
            .find(|(_, stranger)| stranger.node == node)
    }

    /// Why `from` may not send to `to`; `None` if it may: to its neighbours, and
    /// to a stranger that has come to it, who may be gone again.
    pub(crate) fn forbids(&self, from: NodeId, to: NodeId) -> Option<Forbidden> {
        let known = &self.known;
        let is_stranger = usize::from(to) >= known.names.len() && to.0 < self.next_stranger;
        match &known.neighbours {
            _ if from == to => Some(Forbidden::Itself),
            _ if is_stranger => None,
            _ if usize::from(to) >= known.names.len() => Some(Forbidden::NoProcess),
            Some(neighbours) => {
                let of_sender = neighbours.get(usize::from(from));
                let has = of_sender.is_some_and(|all| all.binary_search(&to.0).is_ok());
                (!has).then_some(Forbidden::NoNeighbour)
            }
            None => None,
        }
    }

    /// Drops what was noted of a stranger. Returns who it was.
    pub(super) fn forget(&mut self, peer: PeerId) -> NodeId {
        let node = self.node(peer);
        self.strangers.remove(&peer);
        node
    }
}

/// Why a process may not send to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// It is the same.
    Itself,
    /// The topology does not connect them.
    NoNeighbour,
    /// There is none.
    NoProcess,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_goes_by_its_own_name() {
        let (peer, guest) = (PeerId::random(), PeerId::random());
        let mut directory = Directory::with_guest(vec![peer], Some(guest));
        assert_eq!(directory.node(guest), NodeId(1));
        assert_eq!(*directory.name(NodeId(0)), *"peer-00");
        assert_eq!(*directory.name(NodeId(1)), *guest.to_string());
    }

    #[test]
    fn processes_send_to_neighbours_and_to_strangers_that_have_come() {
        let (me, other, far, outside) = (NodeId(0), NodeId(1), NodeId(2), NodeId(3));
        let all = Directory::new((0..3).map(|_| PeerId::random()).collect());
        let mut line = all
            .clone()
            .with_neighbours(vec![vec![1], vec![2, 0], vec![1]]);
        for (directory, from, to, expected) in [
            (&all, me, far, None),
            (&all, me, me, Some(Forbidden::Itself)),
            (&all, me, outside, Some(Forbidden::NoProcess)),
            (&line, me, other, None),
            (&line, other, me, None),
            (&line, me, far, Some(Forbidden::NoNeighbour)),
            (&line, far, far, Some(Forbidden::Itself)),
            (&line, far, outside, Some(Forbidden::NoProcess)),
        ] {
            assert_eq!(directory.forbids(from, to), expected, "{from} to {to}");
        }
        let stranger = PeerId::random();
        assert_eq!(line.node(stranger), outside);
        assert_eq!(line.forbids(me, outside), None);
        line.forget(stranger);
        assert_eq!(line.forbids(me, outside), None, "gone, but it was here");
    }

    #[test]
    fn strangers_come_after_the_known_and_go() {
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
