//! libp2p's mDNS, with a bound on what it remembers.

use std::collections::{BTreeSet, VecDeque};
use std::io;
use std::task::{Context, Poll};

use libp2p::core::{Endpoint, Multiaddr, transport::PortUse};
use libp2p::swarm::{
    ConnectionDenied, ConnectionId, FromSwarm, NetworkBehaviour, THandler, THandlerInEvent,
    THandlerOutEvent, ToSwarm, dummy,
};
use libp2p::{PeerId, mdns};
use tokio::time::{Instant, Interval, interval};

use super::table::{PAUSE, Table};
use super::{Event, LIFE, QUERY};

/// Announces this peer on the local network, and reports others.
///
/// No other behaviour learns of their addresses: it neither passes on libp2p's
/// `NewExternalAddrOfPeer`, nor has it addresses for the dials of others. Kademlia, which
/// dials by PeerId, would enter such an address into its table.
pub(crate) struct Behaviour {
    /// Boxed, since the peers of a laboratory have none.
    mdns: Box<mdns::tokio::Behaviour>,
    table: Table,
    /// When the table is looked through.
    tidy: Interval,
    /// At most one for each address that libp2p has reported at once.
    events: VecDeque<Event>,
}

impl Behaviour {
    /// Needs a tokio runtime around it.
    pub(crate) fn new(local: PeerId) -> io::Result<Self> {
        let config = mdns::Config {
            ttl: LIFE,
            query_interval: QUERY,
            enable_ipv6: false,
        };
        Ok(Self {
            mdns: Box::new(mdns::tokio::Behaviour::new(config, local)?),
            table: Table::default(),
            tidy: interval(PAUSE),
            events: VecDeque::new(),
        })
    }

    /// libp2p keeps each address for as long as the packet says, without a bound. So its list
    /// is emptied at once, and it reports each packet anew.
    fn on_heard(&mut self, heard: &[(PeerId, Multiaddr)]) {
        let now = Instant::now();
        for (peer, address) in heard {
            self.events.extend(self.table.on_heard(*peer, address, now));
        }
        let peers: BTreeSet<_> = heard.iter().map(|(peer, _)| peer).collect();
        for peer in peers {
            #[expect(deprecated, reason = "nothing else bounds the list")]
            self.mdns.expire_node(peer);
        }
    }
}

impl NetworkBehaviour for Behaviour {
    type ConnectionHandler = dummy::ConnectionHandler;
    type ToSwarm = Event;

    fn handle_established_inbound_connection(
        &mut self,
        _: ConnectionId,
        _: PeerId,
        _: &Multiaddr,
        _: &Multiaddr,
    ) -> Result<THandler<Self>, ConnectionDenied> {
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

    /// The own listen addresses, which it announces.
    fn on_swarm_event(&mut self, event: FromSwarm<'_>) {
        self.mdns.on_swarm_event(event);
    }

    fn on_connection_handler_event(
        &mut self,
        _: PeerId,
        _: ConnectionId,
        event: THandlerOutEvent<Self>,
    ) {
        match event {}
    }

    fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<ToSwarm<Self::ToSwarm, THandlerInEvent<Self>>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(ToSwarm::GenerateEvent(event));
            }
            if self.tidy.poll_tick(cx).is_ready() {
                self.events.extend(self.table.expire(Instant::now()));
                continue;
            }
            match self.mdns.poll(cx) {
                Poll::Ready(ToSwarm::GenerateEvent(mdns::Event::Discovered(heard))) => {
                    self.on_heard(&heard);
                    if self.events.is_empty() {
                        // A flood of packets does not keep the swarm from its other work.
                        cx.waker().wake_by_ref();
                        return Poll::Pending;
                    }
                }
                // What has left its list, and addresses that other behaviours would get.
                Poll::Ready(_) => {}
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
