//! The dials of a peer's task.

use libp2p::core::transport::PortUse;
use libp2p::swarm::dial_opts::DialOpts;
use libp2p::swarm::{self, ConnectionId};
use libp2p::{Multiaddr, PeerId};
use tokio::sync::oneshot;

use super::Task;
use crate::dial;
use crate::mdns::Neighbour;
use crate::reach::Reached;

/// A dial of one address, and who waits for it.
pub(super) struct Dialling {
    pub(super) address: Multiaddr,
    pub(super) reply: oneshot::Sender<Result<PeerId, dial::Error>>,
}

impl Task {
    pub(super) fn dial(&mut self, peer: Option<PeerId>, port: PortUse, dialling: Dialling) {
        let address = dialling.address.clone();
        let opts = match (peer, port) {
            (Some(peer), _) if self.swarm.is_connected(&peer) => {
                let _ = dialling.reply.send(Ok(peer));
                return;
            }
            (Some(peer), PortUse::New) => DialOpts::peer_id(peer)
                .addresses(vec![address])
                .allocate_new_port()
                .build(),
            (Some(peer), PortUse::Reuse) => {
                DialOpts::peer_id(peer).addresses(vec![address]).build()
            }
            (None, PortUse::New) => DialOpts::unknown_peer_id()
                .address(address)
                .allocate_new_port()
                .build(),
            (None, PortUse::Reuse) => DialOpts::unknown_peer_id().address(address).build(),
        };
        let id = opts.connection_id();
        match (self.swarm.dial(opts), peer) {
            (Ok(()), _) => drop(self.dialling.insert(id, dialling)),
            (Err(swarm::DialError::DialPeerConditionFalse(_)), Some(peer)) => {
                self.joining.entry(peer).or_default().push(dialling);
            }
            (Err(error), _) => dialling.fail(error),
        }
    }

    pub(super) fn reach(
        &mut self,
        peer: PeerId,
        addresses: Vec<Multiaddr>,
        reply: oneshot::Sender<Reached>,
    ) {
        let opts = self.reaching.dial(peer, addresses, reply);
        let id = opts.connection_id();
        if let Err(error) = self.swarm.dial(opts) {
            self.reaching.on_failed(id, || error.to_string());
        }
    }

    pub(super) fn dial_neighbour(&mut self, neighbour: Neighbour, reply: oneshot::Sender<Reached>) {
        let Neighbour { peer, addresses } = neighbour;
        let opts = self.reaching.dial_neighbour(peer, addresses, reply);
        let id = opts.connection_id();
        if let Some(table) = self.swarm.behaviour_mut().kademlia.as_mut() {
            table.on_local_dial(id);
        }
        if let Err(error) = self.swarm.dial(opts) {
            self.reaching.on_failed(id, || error.to_string());
        }
    }

    pub(super) fn on_dial_error(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        error: swarm::DialError,
    ) {
        // A dial that is not ours is Kademlia's.
        if let Some(dialling) = self.dialling.remove(&id) {
            match peer {
                // It dialled us meanwhile.
                Some(peer) if self.swarm.is_connected(&peer) => {
                    drop(dialling.reply.send(Ok(peer)));
                }
                Some(_) | None => dialling.fail(error),
            }
        }
        // The dials that had joined may have a better address. One is started, and
        // the others join again.
        let joining = peer.and_then(|peer| self.joining.remove(&peer));
        for dialling in joining.into_iter().flatten() {
            self.dial(peer, PortUse::New, dialling);
        }
    }
}

impl Dialling {
    fn fail(self, error: swarm::DialError) {
        let _ = self.reply.send(Err(dial::Error::new(self.address, error)));
    }
}
