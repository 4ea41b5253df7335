//! `/ipfs/kad/1.0.0`: the distributed hash table, in server mode.
//!
//! libp2p starts a node as a client until an external address is confirmed,
//! which never happens on loopback: the tables would stay empty. So the mode
//! is set, and the table is fed with the addresses that identify brings.

use libp2p::kad::store::MemoryStore;
use libp2p::kad::{Behaviour, Event, Mode, PROTOCOL_NAME};
use libp2p::swarm::Swarm;
use libp2p::{PeerId, identify};

use crate::behaviour;

/// How many of a stranger's addresses enter the table. A guess: more than an
/// honest peer has on one machine.
const MAX_ADDRESSES: usize = 16;

pub(crate) fn new(local: PeerId) -> Behaviour<MemoryStore> {
    let mut kademlia = Behaviour::new(local, MemoryStore::new(local));
    kademlia.set_mode(Some(Mode::Server));
    kademlia
}

/// A peer told its protocols and addresses: if it is a server as well, it
/// belongs into the table.
pub(crate) fn on_identified(
    peer: PeerId,
    info: &identify::Info,
    swarm: &mut Swarm<behaviour::Behaviour>,
) {
    let Some(kademlia) = swarm.behaviour_mut().kademlia.as_mut() else {
        return;
    };
    if info.protocols.contains(&PROTOCOL_NAME) {
        for address in info.listen_addrs.iter().take(MAX_ADDRESSES) {
            kademlia.add_address(&peer, address.clone());
        }
    }
}

pub(crate) fn on_event(event: Event) {
    match event {
        Event::RoutingUpdated {
            peer, is_new_peer, ..
        } => {
            tracing::debug!(%peer, is_new_peer, "routing table updated");
        }
        event => tracing::trace!(?event, "kademlia"),
    }
}
