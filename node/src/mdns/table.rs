//! The peers of the local network that are remembered. It has no clock: times come in.

use std::collections::BTreeMap;
use std::time::Duration;

use libp2p::{Multiaddr, PeerId};
use tokio::time::Instant;

use super::{Event, LIFE, Neighbour};
use crate::address;

/// How many peers are remembered. Each is dialled, so the number bounds what one who sends
/// packets can make a node do, as well as its memory. A guess: more than a home or a classroom
/// has. While there are so many, others are ignored: an eviction would let a flood of names
/// displace all peers, and each name would be dialled.
pub(super) const MOST_PEERS: usize = 64;

/// How many addresses of a peer are remembered. A peer has one for each of three transports on
/// each of its interfaces. A guess.
pub(super) const MOST_ADDRESSES: usize = 8;

/// The shortest time between two events of a peer without a new address. So it is not dialled
/// more often, however many packets come. A guess.
pub(super) const PAUSE: Duration = Duration::from_secs(30);

/// The remembered peers.
#[derive(Debug, Default)]
pub(super) struct Table(BTreeMap<PeerId, Entry>);

#[derive(Debug)]
struct Entry {
    /// When each address was heard of last.
    addresses: BTreeMap<Multiaddr, Instant>,
    /// When the last event was.
    reported: Instant,
}

impl Table {
    /// A packet claims that `peer` is at `address`.
    pub(super) fn on_heard(
        &mut self,
        peer: PeerId,
        address: &Multiaddr,
        now: Instant,
    ) -> Option<Event> {
        let address = usable(peer, address)?;
        let is_full = self.0.len() >= MOST_PEERS;
        if let Some(entry) = self.0.get_mut(&peer) {
            let is_due = entry.on_heard(address, now);
            return is_due.then(|| Event::Heard(entry.neighbour(peer)));
        }
        if is_full {
            return None;
        }
        let entry = Entry {
            addresses: BTreeMap::from([(address, now)]),
            reported: now,
        };
        let found = Event::Found(entry.neighbour(peer));
        self.0.insert(peer, entry);
        Some(found)
    }

    /// Forgets what was not heard of for [`LIFE`].
    pub(super) fn expire(&mut self, now: Instant) -> Vec<Event> {
        let mut lost = Vec::new();
        self.0.retain(|peer, entry| {
            entry.addresses.retain(|_, heard| now < *heard + LIFE);
            let is_there = !entry.addresses.is_empty();
            if !is_there {
                lost.push(Event::Lost(*peer));
            }
            is_there
        });
        lost
    }
}

impl Entry {
    /// Returns whether there is an event.
    fn on_heard(&mut self, address: Multiaddr, now: Instant) -> bool {
        let is_known = self.addresses.contains_key(&address);
        if is_known || self.addresses.len() < MOST_ADDRESSES {
            self.addresses.insert(address, now);
        } else {
            return false;
        }
        let is_due = !is_known || now >= self.reported + PAUSE;
        if is_due {
            self.reported = now;
        }
        is_due
    }

    fn neighbour(&self, peer: PeerId) -> Neighbour {
        Neighbour {
            peer,
            addresses: self.addresses.keys().cloned().collect(),
        }
    }
}

/// The address without its `/p2p/…`, if it is one of a local network that can be dialled, and
/// of no other peer.
fn usable(peer: PeerId, address: &Multiaddr) -> Option<Multiaddr> {
    let is_usable = address::transport(address).is_some() && address::is_local(address);
    address::without(address, peer).ok().filter(|_| is_usable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(port: usize) -> Multiaddr {
        let text = format!("/ip4/192.168.1.7/tcp/{port}");
        text.parse().expect("an address")
    }

    fn neighbour(peer: PeerId, ports: &[usize]) -> Neighbour {
        Neighbour {
            peer,
            addresses: ports.iter().map(|port| at(*port)).collect(),
        }
    }

    #[test]
    fn a_peer_is_found_and_heard_of_and_lost() {
        let (peer, start) = (PeerId::random(), Instant::now());
        let mut table = Table::default();
        let mut hears = |port, after| table.on_heard(peer, &at(port), start + after);
        let found = Event::Found(neighbour(peer, &[1]));
        assert_eq!(hears(1, Duration::ZERO), Some(found));
        assert_eq!(hears(1, PAUSE / 2), None, "no dial for each packet");
        let both = Event::Heard(neighbour(peer, &[1, 2]));
        assert_eq!(hears(2, PAUSE / 2), Some(both.clone()), "a new address");
        assert_eq!(hears(2, PAUSE), None);
        assert_eq!(hears(2, PAUSE * 2), Some(both));
        // The first address was heard of at half a pause for the last time.
        assert_eq!(table.expire(start + LIFE + PAUSE), []);
        let later = table.on_heard(peer, &at(2), start + LIFE + PAUSE);
        assert_eq!(later, Some(Event::Heard(neighbour(peer, &[2]))));
        let lost = table.expire(start + LIFE * 2 + PAUSE);
        assert_eq!(lost, [Event::Lost(peer)]);
        assert_eq!(table.expire(start + LIFE * 3), []);
    }

    #[test]
    fn a_flood_of_names_is_bounded_and_displaces_nobody() {
        let start = Instant::now();
        let peers: Vec<_> = (0..2 * MOST_PEERS).map(|_| PeerId::random()).collect();
        let mut table = Table::default();
        let found = peers
            .iter()
            .filter(|peer| table.on_heard(**peer, &at(1), start).is_some());
        assert_eq!(found.count(), MOST_PEERS);
        let known = table.on_heard(peers[0], &at(1), start + PAUSE);
        assert!(matches!(known, Some(Event::Heard(_))), "{known:?}");
        assert_eq!(table.expire(start + LIFE).len(), MOST_PEERS - 1);
        let last = table.on_heard(*peers.last().expect("many"), &at(1), start + LIFE);
        assert!(matches!(last, Some(Event::Found(_))), "{last:?}");
    }

    #[test]
    fn a_flood_of_addresses_is_bounded() {
        let (peer, start) = (PeerId::random(), Instant::now());
        let mut table = Table::default();
        let ports = 1..=10 * MOST_ADDRESSES;
        let events: Vec<_> = ports
            .filter_map(|port| table.on_heard(peer, &at(port), start))
            .collect();
        assert_eq!(events.len(), MOST_ADDRESSES);
        let Some(Event::Heard(last)) = events.last() else {
            panic!("{events:?}")
        };
        assert_eq!(last.addresses.len(), MOST_ADDRESSES);
    }

    #[test]
    fn only_addresses_of_local_networks_that_can_be_dialled_are_remembered() {
        let (peer, other) = (PeerId::random(), PeerId::random());
        for (text, expected) in [
            (format!("/ip4/192.168.1.7/tcp/1/p2p/{peer}"), true),
            (format!("/ip4/10.0.0.7/udp/1/quic-v1/p2p/{peer}"), true),
            (format!("/ip6/fd00::7/tcp/1/ws/p2p/{peer}"), true),
            (format!("/ip4/192.168.1.7/tcp/1/p2p/{other}"), false),
            (format!("/ip4/20.0.0.7/tcp/1/p2p/{peer}"), false),
            (format!("/ip4/192.168.1.7/udp/1/p2p/{peer}"), false),
            (format!("/dns4/localhost/tcp/1/p2p/{peer}"), false),
            (
                format!("/ip4/192.168.1.7/tcp/1/p2p/{other}/p2p-circuit/p2p/{peer}"),
                false,
            ),
        ] {
            let address = text.parse().expect("an address");
            let event = Table::default().on_heard(peer, &address, Instant::now());
            assert_eq!(event.is_some(), expected, "{text}");
            if let Some(Event::Found(found)) = event {
                assert_eq!(address::peer(&found.addresses[0]), None, "{text}");
            }
        }
    }
}
