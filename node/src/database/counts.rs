//! What the peer database counts for Prometheus.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;

/// Metrics by one label.
type By<M> = Family<[(&'static str, &'static str); 1], M>;

/// The values of the labels, each of which is served from the beginning.
const STATES: [&str; 2] = ["live", "dead"];
const OUTCOMES: [&str; 2] = ["reached", "failed"];
const REASONS: [&str; 3] = ["queue", "disk", "size"];

/// The counts of one database.
#[derive(Clone, Debug)]
pub(crate) struct Counts {
    peers: By<Gauge>,
    dials: By<Counter>,
    unsaved: By<Counter>,
}

impl Counts {
    pub(super) fn new() -> Self {
        let counts = Self {
            peers: By::default(),
            dials: By::default(),
            unsaved: By::default(),
        };
        for state in STATES {
            drop(counts.peers.get_or_create(&[("state", state)]));
        }
        for outcome in OUTCOMES {
            drop(counts.dials.get_or_create(&[("outcome", outcome)]));
        }
        for reason in REASONS {
            drop(counts.unsaved.get_or_create(&[("reason", reason)]));
        }
        counts
    }

    pub(crate) fn register(&self, all: &mut Registry) {
        all.register(
            "testbed_database_peers",
            "Peers in the database",
            self.peers.clone(),
        );
        all.register(
            "testbed_database_dials",
            "Dials of peers from the database",
            self.dials.clone(),
        );
        all.register(
            "testbed_database_unsaved",
            "Changes of the database that were not saved",
            self.unsaved.clone(),
        );
    }

    /// So many peers are kept.
    pub(super) fn keeps(&self, live: i64, dead: i64) {
        self.peers.get_or_create(&[("state", "live")]).set(live);
        self.peers.get_or_create(&[("state", "dead")]).set(dead);
    }

    /// A peer from the database was dialled.
    pub(crate) fn dialled(&self, reached: bool) {
        let outcome = if reached { "reached" } else { "failed" };
        self.dials.get_or_create(&[("outcome", outcome)]).inc();
    }

    pub(super) fn lost_in_queue(&self) {
        self.unsaved("queue");
    }

    pub(super) fn lost_at_disk(&self) {
        self.unsaved("disk");
    }

    /// Every peer in a full database has a connection.
    pub(super) fn had_no_room(&self) {
        self.unsaved("size");
    }

    fn unsaved(&self, reason: &'static str) {
        self.unsaved.get_or_create(&[("reason", reason)]).inc();
    }
}

#[cfg(test)]
impl Counts {
    pub(super) fn kept(&self) -> (i64, i64) {
        let peers = |state| self.peers.get_or_create(&[("state", state)]).get();
        (peers("live"), peers("dead"))
    }

    pub(super) fn not_saved(&self, reason: &'static str) -> u64 {
        self.unsaved.get_or_create(&[("reason", reason)]).get()
    }
}
