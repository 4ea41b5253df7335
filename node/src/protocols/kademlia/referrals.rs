//! Referrals in a lookup, from which its hops are counted: which peer named which.
//!
//! libp2p reports how many requests a lookup sent, and not which answer led to which
//! request. The answers pass through [`NetworkBehaviour::on_connection_handler_event`],
//! as a type without a public name; only its debug text can be read. Should that text
//! change, hops are unknown, and a test fails.

use std::collections::{HashMap, HashSet, VecDeque};
use std::task::{Context, Poll};
use std::time::SystemTime;

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::kad::store::MemoryStore;
use libp2p::kad::{self, KBucketKey, QueryId};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm,
};
use trace::time;

use crate::lookup::{ADD_PROVIDER, Exchange, Table};

type Kademlia = kad::Behaviour<MemoryStore>;
type Event = ToSwarm<kad::Event, THandlerInEvent<Kademlia>>;

/// How many events are held at most. A guess: more than the 20 requests with which a
/// lookup may end.
const MOST_HELD: usize = 64;

/// The answers that name peers, each with the message that it answers.
const ANSWERS: [(&str, &str); 3] = [
    ("FindNodeRes {", FIND_NODE),
    ("GetProvidersRes {", GET_PROVIDERS),
    ("GetRecordRes {", GET_VALUE),
];

/// The answer that names none.
const STORED: (&str, &str) = ("PutRecordRes {", PUT_VALUE);

/// The requests.
const REQUESTS: [(&str, &str); 5] = [
    ("FindNodeReq {", FIND_NODE),
    ("GetProvidersReq {", GET_PROVIDERS),
    ("GetRecord {", GET_VALUE),
    ("PutRecord {", PUT_VALUE),
    ("AddProvider {", ADD_PROVIDER),
];

const FIND_NODE: &str = "FIND_NODE";
const GET_PROVIDERS: &str = "GET_PROVIDERS";
const GET_VALUE: &str = "GET_VALUE";
const PUT_VALUE: &str = "PUT_VALUE";

/// Kademlia, and the chains of its lookups.
pub(crate) struct Referrals {
    pub(crate) kademlia: Kademlia,
    chains: HashMap<String, Chain>,
    /// Peers that were dialled while a lookup is recorded, and when.
    dials: HashMap<PeerId, SystemTime>,
    /// Events for the swarm, while a lookup is recorded.
    held: VecDeque<Event>,
    /// Dials of addresses in the local network that have not ended.
    local_dials: HashSet<ConnectionId>,
}

/// A lookup under way.
#[derive(Debug, Default)]
struct Chain {
    /// After how many hops each peer is asked.
    depths: HashMap<PeerId, u32>,
    answered: HashSet<PeerId>,
    /// The peer that answered last.
    last: Option<PeerId>,
    /// Its messages, if they are recorded.
    exchanges: Option<Vec<Exchange>>,
}

impl Referrals {
    pub(crate) fn new(kademlia: Kademlia) -> Self {
        Self {
            kademlia,
            chains: HashMap::new(),
            dials: HashMap::new(),
            held: VecDeque::new(),
            local_dials: HashSet::new(),
        }
    }

    /// That dial is one of an address in the local network, which does not enter the table.
    pub(crate) fn on_local_dial(&mut self, dial: ConnectionId) {
        self.local_dials.insert(dial);
    }

    /// The state of the routing table.
    pub(crate) fn now(&mut self) -> Table {
        let sizes = self.kademlia.kbuckets().map(|bucket| bucket.num_entries());
        Table {
            peers: sizes.sum(),
            lookups: self.kademlia.iter_queries().count(),
        }
    }

    /// A lookup of `key` has begun, with the peers of the own table.
    pub(super) fn begin(&mut self, id: QueryId, key: &[u8], recorded: bool) {
        let key = KBucketKey::new(key.to_vec());
        let own = self.kademlia.get_closest_local_peers(&key);
        let chain = Chain {
            depths: own.map(|peer| (peer.into_preimage(), 1)).collect(),
            exchanges: recorded.then(Vec::new),
            ..Chain::default()
        };
        self.chains.insert(name(id), chain);
    }

    /// The hops to the peer that answered last; 0 if no peer had to be asked.
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

    /// The lookup is over. Returns its messages, if they were recorded.
    pub(super) fn end(&mut self, id: QueryId) -> Vec<Exchange> {
        let chain = self.chains.remove(&name(id));
        if !self.is_recording() {
            self.dials.clear();
        }
        chain.and_then(|chain| chain.exchanges).unwrap_or_default()
    }

    fn is_recording(&self) -> bool {
        self.chains.values().any(|chain| chain.exchanges.is_some())
    }

    fn on_answer(&mut self, source: PeerId, text: &str) {
        if let Some((id, message)) = read_one(text, &[STORED]) {
            self.record_answer(id, source, message, 0);
        }
        let Some((id, message, named)) = read(text) else {
            return;
        };
        let named: Vec<_> = named.collect();
        self.record_answer(id, source, message, named.len());
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

    /// The next event while a lookup is recorded. libp2p reports the end of a lookup
    /// before it hands out the last requests, which are recorded here before the
    /// end.
    fn recorded(&mut self, event: Event, cx: &mut Context<'_>) -> Event {
        self.on_request(&event);
        let ToSwarm::GenerateEvent(kad::Event::OutboundQueryProgressed { .. }) = &event else {
            return event;
        };
        let mut events = vec![event];
        while events.len() < MOST_HELD
            && let Poll::Ready(next) = self.kademlia.poll(cx)
        {
            self.on_request(&next);
            events.push(next);
        }
        let is_request = |event: &Event| matches!(event, ToSwarm::NotifyHandler { .. });
        let (requests, others): (Vec<_>, Vec<_>) = events.into_iter().partition(is_request);
        self.held.extend(requests.into_iter().chain(others));
        self.held.pop_front().expect("at least the first")
    }

    /// Records Kademlia's requests to the swarm, while a lookup is recorded.
    fn on_request(&mut self, event: &Event) {
        match event {
            ToSwarm::Dial { opts } => {
                if let Some(peer) = opts.get_peer_id() {
                    self.dials.insert(peer, time::now());
                }
            }
            ToSwarm::NotifyHandler { peer_id, event, .. } => {
                self.record_request(*peer_id, &format!("{event:?}"));
            }
            _ => {}
        }
    }

    fn record_request(&mut self, peer: PeerId, text: &str) {
        let Some((id, message)) = read_one(text, &REQUESTS) else {
            return;
        };
        let chain = self.chains.get_mut(id);
        if let Some(exchanges) = chain.and_then(|chain| chain.exchanges.as_mut()) {
            exchanges.push(Exchange {
                peer,
                message,
                sent: time::now(),
                answered: None,
                named: 0,
                dialled: false,
            });
        }
    }

    fn record_answer(&mut self, id: &str, peer: PeerId, message: &'static str, named: usize) {
        let chain = self.chains.get_mut(id);
        let Some(exchanges) = chain.and_then(|chain| chain.exchanges.as_mut()) else {
            return;
        };
        let now = time::now();
        let asked = exchanges.iter_mut().find(|exchange| {
            (exchange.peer, exchange.message) == (peer, message) && exchange.answered.is_none()
        });
        match asked {
            Some(exchange) => (exchange.answered, exchange.named) = (Some(now), named),
            // The request went directly to the new connection, and was not recorded.
            None => exchanges.push(Exchange {
                peer,
                message,
                sent: self.dials.get(&peer).copied().unwrap_or(now),
                answered: Some(now),
                named,
                dialled: true,
            }),
        }
    }
}

/// The name of a lookup in the text.
fn name(id: QueryId) -> String {
    format!("{id:?}")
}

/// The lookup that a message belongs to, and the message's name.
fn read_one<'a>(text: &'a str, kinds: &[(&str, &'static str)]) -> Option<(&'a str, &'static str)> {
    let (_, message) = kinds.iter().find(|(name, _)| text.starts_with(name))?;
    let id = text.rsplit_once("query_id: ")?.1;
    Some((&id[..=id.find(')')?], message))
}

/// The lookup that an answer belongs to, the message that it answers, and the peers
/// that it names.
fn read(text: &str) -> Option<(&str, &'static str, impl Iterator<Item = PeerId>)> {
    let (id, message) = read_one(text, &ANSWERS)?;
    let named = text.split("node_id: PeerId(\"").skip(1);
    let named = named.filter_map(|rest| rest.split_once('"')?.0.parse().ok());
    Some((id, message, named))
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
        if self.local_dials.remove(&id) {
            // libp2p enters each address into the table at which it has dialled a peer, and
            // none of a connection that a peer has dialled.
            let local = Multiaddr::empty();
            return self
                .kademlia
                .handle_established_inbound_connection(id, peer, &local, address);
        }
        self.kademlia
            .handle_established_outbound_connection(id, peer, address, role, port)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        if let FromSwarm::DialFailure(failure) = &event {
            self.local_dials.remove(&failure.connection_id);
        }
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
        if let Some(event) = self.held.pop_front() {
            return Poll::Ready(event);
        }
        match self.kademlia.poll(cx) {
            Poll::Ready(event) if self.is_recording() => Poll::Ready(self.recorded(event, cx)),
            polled => polled,
        }
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
        let (id, message, named) = read(&text).expect("an answer");
        assert_eq!((id, message), ("QueryId(7)", "GET_PROVIDERS"));
        assert_eq!(named.collect::<Vec<_>>(), peers);
    }

    /// A response to another peer is no request, whatever its key says.
    #[test]
    fn a_request_is_read() {
        for (text, expected) in [
            (
                "PutRecord { record: Record { key: Key(b\"query_id: QueryId(1)\") }, query_id: QueryId(2) }",
                Some(("QueryId(2)", "PUT_VALUE")),
            ),
            (
                "GetRecord { key: Key(b\"k\"), query_id: QueryId(3) }",
                Some(("QueryId(3)", "GET_VALUE")),
            ),
            (
                "PutRecordRes { key: Key(b\"query_id: QueryId(1)\"), request_id: RequestId(2) }",
                None,
            ),
            ("Reset(RequestId(1))", None),
        ] {
            assert_eq!(read_one(text, &REQUESTS), expected, "{text}");
        }
    }

    #[test]
    fn malformed_answers_are_ignored() {
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
