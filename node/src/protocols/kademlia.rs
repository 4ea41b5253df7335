//! `/ipfs/kad/1.0.0`: the distributed hash table, in server mode.
//!
//! libp2p starts a node as a client until an external address is confirmed,
//! which never happens on loopback: the tables would stay empty. So the mode
//! is set, and the table is fed with the addresses that identify brings. For the
//! same reason its listen addresses count as external addresses: a provider record
//! has no others, and one without addresses is only resolved by peers that have the
//! provider in their table, which in a network of thousands may be none.

mod referrals;

use std::collections::HashMap;

use libp2p::kad::store::MemoryStore;
use libp2p::kad::{
    Behaviour, Config, Event, GetProvidersOk, GetRecordOk, K_VALUE, Mode, PROTOCOL_NAME,
    PutRecordError, QueryId, QueryResult, QueryStats, Record,
};
use libp2p::{Multiaddr, PeerId, identify};
use tokio::sync::oneshot;

use crate::address;
use crate::handle::Looked;
use crate::lookup::{COPIES, Error, Found, Intervals, Lookup};
pub(crate) use referrals::Referrals;

/// How many of a stranger's addresses enter the table. A guess: more than an
/// honest peer has on one machine.
const MAX_ADDRESSES: usize = 16;

pub(crate) fn new(local: PeerId, intervals: Intervals) -> Referrals {
    let mut config = Config::new(PROTOCOL_NAME);
    if intervals.refresh.is_some() {
        config.set_periodic_bootstrap_interval(intervals.refresh);
    }
    if intervals.republish.is_some() {
        config.set_publication_interval(intervals.republish);
        config.set_provider_publication_interval(intervals.republish);
    }
    let mut kademlia = Behaviour::with_config(local, MemoryStore::new(local), config);
    kademlia.set_mode(Some(Mode::Server));
    Referrals::new(kademlia)
}

/// A peer has identified itself: if it is a server as well, it is entered into the
/// table. Each that asks is told what is in the table. So only public addresses of a peer are
/// entered that is connected within the local network (`is_local`).
pub(crate) fn on_identified(
    peer: PeerId,
    info: &identify::Info,
    is_local: bool,
    table: &mut Referrals,
) {
    if info.protocols.contains(&PROTOCOL_NAME) {
        let addresses = info.listen_addrs.iter();
        let addresses = addresses.filter(|address| !is_local || address::is_public(address));
        for address in addresses.take(MAX_ADDRESSES) {
            table.kademlia.add_address(&peer, address.clone());
        }
    }
}

/// The lookups under way, with the channels for their results.
#[derive(Debug, Default)]
pub(crate) struct Lookups {
    pending: HashMap<QueryId, Pending>,
    /// The id of libp2p's bootstrap lookups, which run one after the other under one
    /// id, if they are not needed.
    unwanted: Option<QueryId>,
}

#[derive(Debug)]
struct Pending {
    lookup: Lookup,
    reply: oneshot::Sender<Looked>,
}

impl Lookups {
    /// Begins a lookup.
    pub(crate) fn begin(
        &mut self,
        lookup: Lookup,
        recorded: bool,
        table: &mut Referrals,
        reply: oneshot::Sender<Looked>,
    ) {
        let begun = lookup.check().and_then(|()| start(&lookup, table));
        match begun {
            Ok(id) => {
                table.begin(id, lookup.key(), recorded);
                self.pending.insert(id, Pending { lookup, reply });
            }
            Err(error) => drop(reply.send((Err(error), Vec::new()))),
        }
    }

    /// Adds peers to the table. libp2p schedules bootstrap lookups when it learns of the
    /// first ones. They are begun here instead, and each is ended before it sends a
    /// request.
    pub(crate) fn introduce(&mut self, peers: Vec<(PeerId, Multiaddr)>, table: &mut Referrals) {
        for (peer, address) in peers {
            table.kademlia.add_address(&peer, address);
        }
        self.unwanted = table.kademlia.bootstrap().ok();
        self.end_unwanted(table);
    }

    fn end_unwanted(&self, table: &mut Referrals) {
        if let Some(mut query) = self.unwanted.and_then(|id| table.kademlia.query_mut(&id)) {
            query.finish();
        }
    }

    pub(crate) fn on_event(&mut self, event: Event, table: &mut Referrals) {
        match event {
            Event::OutboundQueryProgressed {
                id, result, stats, ..
            } if self.pending.contains_key(&id) => {
                if let Some(result) = conclude(result) {
                    self.end(id, result, &stats, table);
                }
            }
            Event::OutboundQueryProgressed { id, .. } if self.unwanted == Some(id) => {
                self.end_unwanted(table);
            }
            Event::RoutingUpdated {
                peer, is_new_peer, ..
            } => {
                tracing::debug!(%peer, is_new_peer, "routing table updated");
            }
            event => tracing::trace!(?event, "kademlia"),
        }
    }

    /// Answers the caller; the rest of libp2p's query is not needed.
    fn end(
        &mut self,
        id: QueryId,
        result: Result<Found, Error>,
        stats: &QueryStats,
        table: &mut Referrals,
    ) {
        if let Some(mut query) = table.kademlia.query_mut(&id) {
            query.finish();
        }
        let Some(Pending { lookup, reply }) = self.pending.remove(&id) else {
            return;
        };
        let hops = match &lookup {
            Lookup::Get { .. } | Lookup::Providers { .. } => table.to_last(id),
            Lookup::Put { .. } | Lookup::Provide { .. } | Lookup::Closest { .. } => {
                table.to_closest(id, lookup.key())
            }
        };
        let exchanges = table.end(id);
        let result = result.map(|found| Found {
            requests: stats.num_requests(),
            answers: stats.num_successes(),
            took: stats.duration().unwrap_or_default(),
            hops,
            ..found
        });
        let _ = reply.send((result, exchanges));
    }
}

fn start(lookup: &Lookup, Referrals { kademlia, .. }: &mut Referrals) -> Result<QueryId, Error> {
    Ok(match lookup.clone() {
        Lookup::Put { key, value } => kademlia.put_record(Record::new(key, value), COPIES)?,
        Lookup::Get { key } => kademlia.get_record(key.into()),
        Lookup::Provide { key } => kademlia.start_providing(key.into())?,
        Lookup::Providers { key } => kademlia.get_providers(key.into()),
        Lookup::Closest { key } => kademlia.get_closest_peers(key),
    })
}

/// The result of a lookup; `None` while it goes on.
fn conclude(result: QueryResult) -> Option<Result<Found, Error>> {
    let of = |peers| Found {
        peers,
        ..Found::default()
    };
    Some(match result {
        QueryResult::GetClosestPeers(Ok(found)) => Ok(of(found
            .peers
            .into_iter()
            .map(|peer| peer.peer_id)
            .collect())),
        QueryResult::GetRecord(Ok(GetRecordOk::FoundRecord(found))) => Ok(Found {
            value: Some(found.record.value),
            ..of(found.peer.into_iter().collect())
        }),
        QueryResult::GetRecord(_) => Err(Error::NotFound),
        QueryResult::GetProviders(Ok(GetProvidersOk::FoundProviders { providers, .. })) => {
            if providers.is_empty() {
                return None;
            }
            Ok(of(providers.into_iter().collect()))
        }
        QueryResult::GetProviders(Ok(_)) => Err(Error::NotFound),
        QueryResult::StartProviding(Ok(_)) => Ok(Found::default()),
        QueryResult::PutRecord(Ok(_)) => Ok(Found {
            copies: K_VALUE.get(),
            ..Found::default()
        }),
        QueryResult::PutRecord(Err(PutRecordError::QuorumFailed { success, .. })) => {
            match success.len() {
                0 => Err(Error::NotStored),
                copies => Ok(Found {
                    copies,
                    ..Found::default()
                }),
            }
        }
        QueryResult::GetClosestPeers(Err(_))
        | QueryResult::GetProviders(Err(_))
        | QueryResult::StartProviding(Err(_))
        | QueryResult::PutRecord(Err(_)) => Err(Error::TimedOut),
        QueryResult::Bootstrap(_)
        | QueryResult::RepublishProvider(_)
        | QueryResult::RepublishRecord(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use libp2p::identity::Keypair;

    /// A peer that says that it listens at a public address and at one of a local network.
    fn info(listens: &[&str]) -> (PeerId, identify::Info) {
        let key = Keypair::generate_ed25519().public();
        let address = |text: &&str| text.parse().expect("an address");
        let info = identify::Info {
            public_key: key.clone(),
            protocol_version: String::new(),
            agent_version: String::new(),
            listen_addrs: listens.iter().map(address).collect(),
            protocols: vec![PROTOCOL_NAME],
            observed_addr: Multiaddr::empty(),
            signed_peer_record: None,
        };
        (key.to_peer_id(), info)
    }

    #[tokio::test]
    async fn only_public_addresses_of_a_neighbour_enter_the_table() {
        let (public, local) = ("/ip4/20.0.0.3/tcp/1", "/ip4/192.168.1.7/tcp/1");
        for (listens, is_local, expected) in [
            (&[public, local][..], false, &[public, local][..]),
            (&[public, local], true, &[public]),
            (&[local], true, &[]),
        ] {
            let mut table = new(PeerId::random(), Intervals::default());
            let (peer, info) = info(listens);
            on_identified(peer, &info, is_local, &mut table);
            let buckets = table.kademlia.kbuckets();
            let entries = buckets.flat_map(|bucket| {
                let entries = bucket.iter().map(|entry| entry.node.value.clone());
                entries.collect::<Vec<_>>()
            });
            let told: Vec<_> = entries
                .flat_map(|addresses| addresses.into_vec())
                .map(|address| address.iter().take(2).collect::<Multiaddr>().to_string())
                .collect();
            assert_eq!(told, expected, "{listens:?} {is_local}");
        }
    }
}
