//! Bounds on incoming connections from one address.
//!
//! The bounds on all connections ([`Limits`]) protect the peer's memory. The bounds
//! per address keep the peer reachable: one address cannot take all connections, nor all of
//! the processor, which a handshake costs a part of a millisecond.
//! IPv6 addresses are counted by their /64 prefix, since a host has a /64 of its own.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::Ipv4Addr;
use std::task::{Context, Poll};
use std::time::Duration;

use libp2p::PeerId;
use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::multiaddr::Protocol;
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};

use tokio::time::Instant;

use crate::config::Limits;

/// For so long connections are counted that an address begins.
const MINUTE: Duration = Duration::from_secs(60);

/// The source of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Source {
    V4(Ipv4Addr),
    /// The first half of the address.
    V6([u16; 4]),
}

/// The stage of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Pending,
    Established,
}

/// Counts incoming connections by address, and refuses those over a bound.
#[derive(Debug)]
pub(crate) struct Behaviour {
    limits: Limits,
    connections: HashMap<ConnectionId, (Source, Stage)>,
    counts: HashMap<(Source, Stage), u32>,
    begun: Begun,
}

/// How many connections each address has begun in this minute. All are forgotten with it, so
/// there are never more than the handshakes of a minute; in the minutes before and after its
/// end, an address may have begun twice as many.
#[derive(Debug)]
struct Begun {
    minute: Instant,
    counts: HashMap<Source, u32>,
}

impl Begun {
    fn new() -> Self {
        Self {
            minute: Instant::now(),
            counts: HashMap::new(),
        }
    }

    /// Counts another one. Returns how many there are.
    fn count(&mut self, source: Source) -> u32 {
        if self.minute.elapsed() >= MINUTE {
            *self = Self::new();
        }
        let count = self.counts.entry(source).or_default();
        *count = count.saturating_add(1);
        *count
    }
}

/// An address has reached its limit.
#[derive(Debug, thiserror::Error)]
#[error("{limit} {what} from one address are allowed, and it has them")]
struct Exceeded {
    limit: u32,
    what: &'static str,
}

impl Behaviour {
    pub(crate) fn new(limits: Limits) -> Self {
        Self {
            limits,
            connections: HashMap::new(),
            counts: HashMap::new(),
            begun: Begun::new(),
        }
    }

    /// Whether that address may begin another connection.
    fn begin(&mut self, source: Source) -> Result<(), ConnectionDenied> {
        let limit = self.limits.per_address_a_minute;
        let what = "connections a minute";
        match self.begun.count(source) <= limit {
            true => Ok(()),
            false => Err(ConnectionDenied::new(Exceeded { limit, what })),
        }
    }

    /// Whether another connection of this address may reach that stage.
    fn check(&self, source: Source, stage: Stage) -> Result<(), ConnectionDenied> {
        let (limit, what) = match stage {
            Stage::Pending => (self.limits.pending_per_address, "handshakes"),
            Stage::Established => (self.limits.established_per_address, "connections"),
        };
        let count = self.counts.get(&(source, stage)).copied();
        match count.unwrap_or_default() < limit {
            true => Ok(()),
            false => Err(ConnectionDenied::new(Exceeded { limit, what })),
        }
    }

    fn enter(&mut self, id: ConnectionId, source: Source, stage: Stage) {
        self.leave(id);
        self.connections.insert(id, (source, stage));
        *self.counts.entry((source, stage)).or_default() += 1;
    }

    fn leave(&mut self, id: ConnectionId) {
        let Some(held) = self.connections.remove(&id) else {
            return;
        };
        if let Some(count) = self.counts.get_mut(&held) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&held);
            }
        }
    }
}

/// `None` for a connection from within the process.
fn source(remote: &Multiaddr) -> Option<Source> {
    match remote.iter().next() {
        Some(Protocol::Ip4(ip)) => Some(Source::V4(ip)),
        Some(Protocol::Ip6(ip)) => Some(match ip.to_ipv4_mapped() {
            Some(ip) => Source::V4(ip),
            None => {
                let [a, b, c, d, ..] = ip.segments();
                Source::V6([a, b, c, d])
            }
        }),
        _ => None,
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Infallible;

    fn handle_pending_inbound_connection(
        &mut self,
        id: ConnectionId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<(), ConnectionDenied> {
        if let Some(source) = source(remote) {
            self.begin(source)?;
            self.check(source, Stage::Pending)?;
            self.enter(id, source, Stage::Pending);
        }
        Ok(())
    }

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        remote: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        if let Some(source) = source(remote) {
            self.check(source, Stage::Established)?;
        }
        Ok(dummy::ConnectionHandler)
    }

    fn handle_established_outbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: Endpoint,
        _: PortUse,
    ) -> Result<THandler<Self>, ConnectionDenied> {
        Ok(dummy::ConnectionHandler)
    }

    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        match event {
            FromSwarm::ConnectionEstablished(established) => {
                let id = established.connection_id;
                // Outgoing connections are not counted.
                if let Some((source, _)) = self.connections.get(&id).copied() {
                    self.enter(id, source, Stage::Established);
                }
            }
            // Denied connections end here, too.
            FromSwarm::ListenFailure(failure) => self.leave(failure.connection_id),
            FromSwarm::ConnectionClosed(closed) => self.leave(closed.connection_id),
            // Addresses and dials do not matter here.
            _ => {}
        }
    }

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

    fn of(address: &str) -> Option<Source> {
        source(&address.parse().expect("an address"))
    }

    #[test]
    fn ipv6_addresses_are_counted_by_their_64_prefix() {
        for (one, other, same) in [
            ("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.1/udp/2/quic-v1", true),
            ("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1", false),
            (
                "/ip6/2001:db8:0:1::1/tcp/1",
                "/ip6/2001:db8:0:1:ffff::2/tcp/1",
                true,
            ),
            (
                "/ip6/2001:db8:0:1::1/tcp/1",
                "/ip6/2001:db8:0:2::1/tcp/1",
                false,
            ),
            ("/ip6/::ffff:10.0.0.1/tcp/1", "/ip4/10.0.0.1/tcp/1", true),
            (
                "/ip6/::ffff:10.0.0.1/tcp/1",
                "/ip6/::ffff:10.0.0.2/tcp/1",
                false,
            ),
        ] {
            assert_eq!(of(one) == of(other), same, "{one} and {other}");
        }
        assert_eq!(of("/memory/1"), None);
    }

    #[test]
    fn limits_apply_to_each_address_separately() {
        let limits = Limits::default();
        let (greedy, other) = ("/ip4/10.0.0.1/tcp/1", "/ip4/10.0.0.2/tcp/1");
        let address = |text: &str| text.parse::<Multiaddr>().expect("an address");
        for stage in [Stage::Pending, Stage::Established] {
            let mut peer = Behaviour::new(limits);
            let limit = match stage {
                Stage::Pending => limits.pending_per_address,
                Stage::Established => limits.established_per_address,
            };
            let id = |number: u32| ConnectionId::new_unchecked(number as usize);
            let source = of(greedy).expect("an address of IPv4");
            for number in 0..limit {
                peer.check(source, stage).expect("there is room");
                peer.enter(id(number), source, stage);
            }
            assert!(peer.check(source, stage).is_err(), "{stage:?}");
            let own = address("/ip4/10.0.0.9/tcp/1");
            let newcomer = peer.handle_pending_inbound_connection(id(limit), &own, &address(other));
            assert!(newcomer.is_ok(), "another address is admitted");
            peer.leave(id(0));
            peer.leave(id(0));
            assert!(peer.check(source, stage).is_ok(), "a place is free again");
            for number in 0..=limit {
                peer.leave(id(number));
            }
            assert!(peer.connections.is_empty() && peer.counts.is_empty());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_begins_so_many_connections_a_minute() {
        let limits = Limits {
            per_address_a_minute: 3,
            ..Limits::default()
        };
        let mut peer = Behaviour::new(limits);
        let own = "/ip4/10.0.0.9/tcp/1".parse().expect("an address");
        let mut begins = |number: usize, address: &str| {
            let id = ConnectionId::new_unchecked(number);
            let remote = address.parse().expect("an address");
            let begun = peer.handle_pending_inbound_connection(id, &own, &remote);
            peer.leave(id);
            begun.is_ok()
        };
        let greedy = "/ip6/2001:db8::1/tcp/1";
        for number in 0..3 {
            assert!(begins(number, greedy));
        }
        assert!(!begins(3, greedy));
        assert!(!begins(3, "/ip6/2001:db8::2/tcp/1"), "the same /64");
        assert!(begins(4, "/ip4/10.0.0.2/tcp/1"), "another address");
        tokio::time::advance(MINUTE).await;
        assert!(begins(5, greedy), "the next minute");
    }

    /// At least four addresses are needed to exhaust a limit.
    #[test]
    fn limits_of_an_address_are_at_most_a_quarter_of_the_total() {
        let limits = Limits::default();
        assert!(limits.pending_per_address * 4 <= limits.pending_incoming);
        assert!(limits.established_per_address * 4 <= limits.established_incoming);
    }
}
