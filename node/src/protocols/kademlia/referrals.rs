//! Who named whom in a lookup: what its hops are counted from.
//!
//! libp2p tells how many requests a lookup sent, and not who was asked because
//! of whom. The answers pass through [`NetworkBehaviour::on_connection_handler_event`],
//! as a type that has no public name; its debug text is what can be read of it.
//! Should that text change, hops are not known, and a test says so.

use std::collections::{HashMap, HashSet};
use std::task::{Context, Poll};

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::kad::store::MemoryStore;
use libp2p::kad::{self, KBucketKey, QueryId};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};

use crate::lookup::Table;

type Kademlia = kad::Behaviour<MemoryStore>;

/// The answers that name peers.
const ANSWERS: [&str; 3] = ["FindNodeRes", "GetProvidersRes", "GetRecordRes"];

/// Kademlia, and the chains of its lookups.
pub(crate) struct Referrals {
    pub(crate) kademlia: Kademlia,
    chains: HashMap<String, Chain>,
}

/// A lookup that goes on.
#[derive(Debug, Default)]
struct Chain {
    /// After how many hops each peer is asked.
    depths: HashMap<PeerId, u32>,
    answered: HashSet<PeerId>,
    /// Who answered last.
    last: Option<PeerId>,
}

impl Referrals {
    pub(crate) fn new(kademlia: Kademlia) -> Self {
        Self {
            kademlia,
            chains: HashMap::new(),
        }
    }

    /// How the routing table is.
    pub(crate) fn now(&mut self) -> Table {
        let sizes = self.kademlia.kbuckets().map(|bucket| bucket.num_entries());
        Table {
            peers: sizes.sum(),
            lookups: self.kademlia.iter_queries().count(),
        }
    }

    /// A lookup of `key` has begun, with the peers of the own table.
    pub(super) fn begin(&mut self, id: QueryId, key: &[u8]) {
        let key = KBucketKey::new(key.to_vec());
        let own = self.kademlia.get_closest_local_peers(&key);
        let chain = Chain {
            depths: own.map(|peer| (peer.into_preimage(), 1)).collect(),
            ..Chain::default()
        };
        self.chains.insert(name(id), chain);
    }

    /// The hops to who answered last; none when nobody had to be asked.
    pub(super) fn to_last(&self, id: QueryId) -> Option<u32> {
        let chain = self.chains.get(&name(id))?;
        match chain.last {
            Some(last) => chain.depths.get(&last).copied(),
            None => Some(0),
        }
    }

    /// The hops to the closest peer that answered.
    pub(super) fn to_closest(&self, id: QueryId, key: &[u8]) -> Option<u32> {
        let chain = self.chains.get(&name(id))?;
        let key = KBucketKey::new(key.to_vec());
        let distance = |peer: &&PeerId| KBucketKey::from(**peer).distance(&key);
        let closest = chain.answered.iter().min_by_key(distance)?;
        chain.depths.get(closest).copied()
    }

    /// It is over.
    pub(super) fn end(&mut self, id: QueryId) {
        self.chains.remove(&name(id));
    }

    fn on_answer(&mut self, source: PeerId, text: &str) {
        let Some((id, named)) = read(text) else {
            return;
        };
        let Some(chain) = self.chains.get_mut(id) else {
            return;
        };
        chain.last = Some(source);
        chain.answered.insert(source);
        if let Some(depth) = chain.depths.get(&source).copied() {
            for peer in named {
                chain.depths.entry(peer).or_insert(depth + 1);
            }
        }
    }
}

/// How a lookup is called in the text.
fn name(id: QueryId) -> String {
    format!("{id:?}")
}

/// The lookup that an answer is for, and the peers that it names.
fn read(text: &str) -> Option<(&str, impl Iterator<Item = PeerId>)> {
    ANSWERS.iter().find(|name| text.starts_with(**name))?;
    let id = text.rsplit_once("query_id: ")?.1;
    let id = &id[..=id.find(')')?];
    let named = text.split("node_id: PeerId(\"").skip(1);
    let named = named.filter_map(|rest| rest.split_once('"')?.0.parse().ok());
    Some((id, named))
}

impl NetworkBehaviour for Referrals {
    type ConnectionHandler = <Kademlia as NetworkBehaviour>::ConnectionHandler;
    type ToSwarm = kad::Event;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        self.kademlia
            .handle_pending_inbound_connection(id, local, remote)
    }

    fn handle_established_inbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        local: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kademlia
            .handle_established_inbound_connection(id, peer, local, remote)
    }

    fn handle_pending_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: Option<PeerId>,
        addresses: &[Multiaddr],
        role: Endpoint,
    ) -> Result<Vec<Multiaddr>, ConnectionDenied> {
        self.kademlia
            .handle_pending_outbound_connection(id, peer, addresses, role)
    }

    fn handle_established_outbound_connection(
        &mut self,
        id: ConnectionId,
        peer: PeerId,
        address: &Multiaddr,
        role: Endpoint,
        port: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        self.kademlia
            .handle_established_outbound_connection(id, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.kademlia.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        peer: PeerId,
        id: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        if !self.chains.is_empty() {
            self.on_answer(peer, &format!("{event:?}"));
        }
        self.kademlia.on_connection_handler_event(peer, id, event);
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        self.kademlia.poll(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read() {
        let peers: Vec<_> = (0..3).map(|_| PeerId::random()).collect();
        let of = |peer: &PeerId| format!("KadPeer {{ node_id: {peer:?}, multiaddrs: [] }}");
        let [a, b, c] = &peers[..] else {
            unreachable!()
        };
        let text = format!(
            "GetProvidersRes {{ closer_peers: [{}, {}], provider_peers: [{}], query_id: QueryId(7) }}",
            of(a),
            of(b),
            of(c)
        );
        let (id, named) = read(&text).expect("an answer");
        assert_eq!(id, "QueryId(7)");
        assert_eq!(named.collect::<Vec<_>>(), peers);
    }

    #[test]
    fn what_is_no_answer_is_not_read() {
        for text in [
            "",
            "FindNodeReq { key: [1] }",
            "FindNodeRes {",
            "FindNodeRes { query_id: 7",
        ] {
            assert!(read(text).is_none(), "{text}");
        }
    }
}
