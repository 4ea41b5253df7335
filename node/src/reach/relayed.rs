//! What the relay of a hub has granted and refused.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use libp2p::PeerId;
use libp2p::relay::Event;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Counted from libp2p's events.
#[derive(Clone, Debug, Default)]
pub struct Relayed {
    circuits: Gauge,
    circuits_opened: Counter,
    circuits_refused: Counter,
    /// Who has a reservation. libp2p reports one as closed whenever a connection closes, whether
    /// or not it had one.
    reserved: Arc<Mutex<HashSet<PeerId>>>,
    reservations: Gauge,
    reservations_refused: Counter,
}

impl Relayed {
    pub(crate) fn on_event(&self, event: &Event) {
        match event {
            Event::ReservationReqAccepted { src_peer_id, .. } => {
                self.reserve(|peers| {
                    peers.insert(*src_peer_id);
                });
            }
            Event::ReservationClosed { src_peer_id }
            | Event::ReservationTimedOut { src_peer_id } => {
                self.reserve(|peers| {
                    peers.remove(src_peer_id);
                });
            }
            Event::ReservationReqDenied { .. } => drop(self.reservations_refused.inc()),
            Event::CircuitReqAccepted { .. } => {
                self.circuits.inc();
                self.circuits_opened.inc();
            }
            Event::CircuitClosed { .. } => drop(self.circuits.dec()),
            Event::CircuitReqDenied { .. } => drop(self.circuits_refused.inc()),
            // What libp2p could not send, and its status.
            _ => {}
        }
    }

    fn reserve(&self, change: impl FnOnce(&mut HashSet<PeerId>)) {
        let mut reserved = self.reserved.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut reserved);
        self.reservations
            .set(reserved.len().try_into().unwrap_or(i64::MAX));
    }

    /// Adds them to what Prometheus reads.
    pub fn register(&self, all: &mut Registry) {
        all.register(
            "testbed_hub_circuits",
            "Relayed connections that are open",
            self.circuits.clone(),
        );
        all.register(
            "testbed_hub_circuits_opened",
            "Relayed connections that were opened",
            self.circuits_opened.clone(),
        );
        all.register(
            "testbed_hub_circuits_refused",
            "Relayed connections that were refused",
            self.circuits_refused.clone(),
        );
        all.register(
            "testbed_hub_reservations",
            "Peers that have a reservation at the relay",
            self.reservations.clone(),
        );
        all.register(
            "testbed_hub_reservations_refused",
            "Reservations that were refused",
            self.reservations_refused.clone(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_closed_is_not_open() {
        let relayed = Relayed::default();
        let (src_peer_id, dst_peer_id) = (PeerId::random(), PeerId::random());
        for renewed in [false, true] {
            relayed.on_event(&Event::ReservationReqAccepted {
                src_peer_id,
                renewed,
            });
        }
        assert_eq!(relayed.reservations.get(), 1);
        // Its connection had no reservation.
        relayed.on_event(&Event::ReservationClosed {
            src_peer_id: dst_peer_id,
        });
        assert_eq!(relayed.reservations.get(), 1);
        relayed.on_event(&Event::ReservationClosed { src_peer_id });
        relayed.on_event(&Event::CircuitReqAccepted {
            src_peer_id,
            dst_peer_id,
        });
        relayed.on_event(&Event::CircuitClosed {
            src_peer_id,
            dst_peer_id,
            error: None,
        });
        let open = (relayed.reservations.get(), relayed.circuits.get());
        assert_eq!((open, relayed.circuits_opened.get()), ((0, 0), 1));
    }
}
