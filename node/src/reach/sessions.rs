//! Who has a session at this hub, or at another one that vouches for them. Only they get
//! reservations and circuits.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use libp2p::core::Multiaddr;
use libp2p::{PeerId, relay};
use web_time::Instant;

use super::Relayed;

/// How many bytes a circuit carries. With [`CIRCUITS`] a minute that is the ration of 300 kB,
/// and punching a hole takes 10 kB.
pub(super) const CIRCUIT_BYTES: u64 = 30_000;

/// How many circuits a peer gets a minute.
pub(super) const CIRCUITS: u32 = 10;

/// How long a circuit lasts: libp2p's default.
const CIRCUIT_TIME: Duration = Duration::from_secs(120);

/// How many reservations and circuits there are at most. Guesses: as many as connections.
const MOST: usize = 16 * 1024;

/// For how long another hub has vouched for a peer: it dials at once. A guess.
const VOUCHED: Duration = Duration::from_secs(60);

/// How many circuits of one peer are open at once.
const AT_ONCE: usize = 2 * CIRCUITS as usize;

/// The peers with a session.
#[derive(Debug, Default)]
pub struct Sessions {
    peers: Mutex<HashSet<PeerId>>,
    /// Those of other hubs, and until when these vouch for them.
    guests: Mutex<HashMap<PeerId, Instant>>,
    /// What the relay has granted them.
    pub relayed: Relayed,
}

impl Sessions {
    /// That peer has a session.
    pub fn begin(&self, peer: PeerId) {
        lock(&self.peers).insert(peer);
    }

    /// Its session has ended.
    pub fn end(&self, peer: PeerId) {
        lock(&self.peers).remove(&peer);
    }

    /// Another hub has handed over something of that peer, which has a session there.
    pub fn vouch(&self, peer: PeerId) {
        let now = Instant::now();
        let mut guests = lock(&self.guests);
        if guests.len() >= MOST {
            guests.retain(|_, until| *until > now);
        }
        if guests.len() < MOST {
            guests.insert(peer, now + VOUCHED);
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        lock(&self.peers).len()
    }

    fn has(&self, peer: &PeerId) -> bool {
        lock(&self.peers).contains(peer)
            || lock(&self.guests)
                .get(peer)
                .is_some_and(|until| *until > Instant::now())
    }
}

fn lock<T>(held: &Mutex<T>) -> MutexGuard<'_, T> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Refuses those without a session.
struct WithSession(Arc<Sessions>);

impl relay::RateLimiter for WithSession {
    fn try_next(&mut self, peer: PeerId, _: &Multiaddr, _: Instant) -> bool {
        self.0.has(&peer)
    }
}

/// What the relay of a hub grants.
pub(super) fn relay(local: PeerId, sessions: &Arc<Sessions>) -> relay::Behaviour {
    let mut config = relay::Config {
        max_reservations: MOST,
        max_reservations_per_peer: 2,
        max_circuits: MOST,
        max_circuits_per_peer: AT_ONCE,
        max_circuit_duration: CIRCUIT_TIME,
        max_circuit_bytes: CIRCUIT_BYTES,
        ..relay::Config::default()
    };
    let with_session = || Box::new(WithSession(Arc::clone(sessions)));
    config.reservation_rate_limiters = vec![with_session()];
    config.circuit_src_rate_limiters = vec![with_session()];
    let circuits = NonZeroU32::new(CIRCUITS).expect("not 0");
    let config = config.circuit_src_per_peer(circuits, Duration::from_secs(60) / CIRCUITS);
    let mut relay = relay::Behaviour::new(local, config);
    relay.set_status(Some(relay::Status::Enable));
    relay
}
