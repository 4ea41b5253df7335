//! A peer's card: the addresses at which others may try to reach it, and the hubs over which
//! they can.

use std::collections::BTreeSet;
use std::net::IpAddr;

use libp2p::PeerId;
use libp2p::multiaddr::{Multiaddr, Protocol};
use proto::Bytes;

use crate::address::{relay, transport};

/// How many addresses a card has at most. A guess: a few interfaces, and what others see.
const MOST: usize = 16;

/// The longest address in bytes that is taken from a card. A guess: those of IP have 70.
const LONGEST: usize = 256;

/// Where a peer is, as far as it knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Card {
    /// The addresses at which it is.
    pub addresses: Vec<Multiaddr>,
    /// The hubs over which it is reached.
    pub hubs: Vec<PeerId>,
}

impl Card {
    /// One address a line. A hub is written as a circuit over it, without its own address:
    /// all have the same list of hubs.
    pub fn to_bytes(&self) -> Bytes {
        let circuit = |hub: &PeerId| {
            Multiaddr::empty()
                .with(Protocol::P2p(*hub))
                .with(Protocol::P2pCircuit)
        };
        let circuits = self.hubs.iter().map(circuit);
        let all = self.addresses.iter().cloned().chain(circuits);
        let lines: Vec<_> = all.map(|address| address.to_string()).collect();
        Bytes::from(lines.join("\n"))
    }

    /// What can be dialled in the bytes of another peer.
    pub fn from_bytes(bytes: &[u8]) -> Self {
        let text = std::str::from_utf8(bytes).unwrap_or_default();
        let lines = text.lines().filter(|line| line.len() <= LONGEST);
        Self::of(lines.filter_map(|line| line.parse().ok()))
    }

    fn of(addresses: impl IntoIterator<Item = Multiaddr>) -> Self {
        let mut card = Self::default();
        for address in addresses {
            match relay(&address) {
                Some(hub) if card.hubs.len() < MOST && !card.hubs.contains(&hub) => {
                    card.hubs.push(hub);
                }
                Some(_) => {}
                None if card.addresses.len() < MOST && transport(&address).is_some() => {
                    card.addresses.push(address);
                }
                None => {}
            }
        }
        card
    }
}

/// Where a peer listens, and where others see it.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    listened: BTreeSet<Multiaddr>,
    observed: BTreeSet<Multiaddr>,
}

impl Addresses {
    pub(crate) fn on_listening(&mut self, address: &Multiaddr) {
        self.listened.insert(address.clone());
    }

    pub(crate) fn on_expired(&mut self, address: &Multiaddr) {
        self.listened.remove(address);
    }

    /// Returns whether it is new. Whoever is connected may say so, so there is a bound.
    pub(crate) fn on_observed(&mut self, address: &Multiaddr) -> bool {
        self.observed.len() < MOST && self.observed.insert(address.clone())
    }

    /// Those that others may reach: what they see comes first.
    pub(crate) fn card(&self) -> Card {
        let listened = self.listened.difference(&self.observed);
        let all = self.observed.iter().chain(listened);
        // A hub is reached at the address that the others know.
        let usable = all.filter(|address| relay(address).is_some() || !is_local(address));
        Card::of(usable.cloned())
    }
}

/// Whether only this machine has it.
fn is_local(address: &Multiaddr) -> bool {
    let ip: Option<IpAddr> = address.iter().find_map(|part| match part {
        Protocol::Ip4(ip) => Some(ip.into()),
        Protocol::Ip6(ip) => Some(ip.into()),
        _ => None,
    });
    ip.is_none_or(|ip| ip.is_loopback() || ip.is_unspecified())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(text: &str) -> Multiaddr {
        text.parse().expect("an address")
    }

    #[test]
    fn a_card_has_what_others_see_and_no_loopback() {
        let mut addresses = Addresses::default();
        for text in ["/ip4/127.0.0.1/tcp/1", "/ip4/192.168.1.2/tcp/1"] {
            addresses.on_listening(&address(text));
        }
        assert!(addresses.on_observed(&address("/ip4/20.0.0.2/tcp/7")));
        assert!(!addresses.on_observed(&address("/ip4/20.0.0.2/tcp/7")));
        let card = addresses.card();
        let expected = ["/ip4/20.0.0.2/tcp/7", "/ip4/192.168.1.2/tcp/1"].map(address);
        assert_eq!(card.addresses, expected);
        assert_eq!(Card::from_bytes(&card.to_bytes()), card);
    }

    #[test]
    fn a_card_names_the_hubs() {
        let [hub, peer] = [PeerId::random(), PeerId::random()];
        let circuit = |at: &str| address(&format!("{at}/p2p/{hub}/p2p-circuit/p2p/{peer}"));
        let mut addresses = Addresses::default();
        addresses.on_listening(&circuit("/ip4/127.0.0.1/tcp/1"));
        addresses.on_listening(&circuit("/ip4/20.0.0.9/udp/1/quic-v1"));
        let card = addresses.card();
        assert_eq!((card.addresses.len(), &card.hubs[..]), (0, &[hub][..]));
        assert_eq!(Card::from_bytes(&card.to_bytes()), card);
    }

    #[test]
    fn cards_of_others_are_bounded() {
        let many = "/ip4/20.0.0.2/tcp/7\n".repeat(100);
        assert_eq!(Card::from_bytes(many.as_bytes()).addresses.len(), MOST);
        let circuits = (0..100).map(|_| format!("/p2p/{}/p2p-circuit\n", PeerId::random()));
        let circuits: String = circuits.collect();
        assert_eq!(Card::from_bytes(circuits.as_bytes()).hubs.len(), MOST);
        for nothing in ["\u{0}", "/memory/7", "/ip4/1.2.3.4", "\n\n", "/p2p-circuit"] {
            assert_eq!(Card::from_bytes(nothing.as_bytes()), Card::default());
        }
        assert_eq!(Card::from_bytes(&[0xff, 0xfe]), Card::default());
    }
}
