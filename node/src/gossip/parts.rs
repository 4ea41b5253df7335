//! The parts of a score that can be computed outside libp2p: P1 and P2.
//!
//! The counter of P2 is that of libp2p's `peer_score.rs`: one more for each first delivery,
//! and multiplied by its decay at each interval, also while the neighbour is away (libp2p's
//! rests then). P1 counts from when the neighbour was first seen in the mesh, so a sample late
//! at most, and a neighbour that left and came back between two samples counts as one that
//! stayed. P3, P4 and P7 depend on what libp2p does not report.

use std::collections::{BTreeSet, HashMap};

use libp2p::PeerId;
use libp2p::gossipsub::TopicHash;
use tokio::time::Instant;

use super::scoring::{Known, Scoring};

/// Follows the neighbours of a peer.
#[derive(Debug)]
pub(crate) struct Parts {
    scoring: Scoring,
    began: Instant,
    /// How many decay intervals have passed.
    decays: u64,
    /// How many messages of a topic each neighbour has delivered first, decayed.
    first: HashMap<(PeerId, TopicHash), f64>,
    /// Since when a neighbour is in the mesh of a topic.
    in_mesh: HashMap<(PeerId, TopicHash), Instant>,
}

impl Parts {
    pub(crate) fn new(scoring: Scoring) -> Self {
        Self {
            scoring,
            began: Instant::now(),
            decays: 0,
            first: HashMap::new(),
            in_mesh: HashMap::new(),
        }
    }

    /// The first copy of a message came from this neighbour.
    pub(crate) fn delivered(&mut self, via: PeerId, topic: TopicHash) {
        self.decay();
        let counter = self.first.entry((via, topic)).or_default();
        *counter = (*counter + 1.0).min(self.scoring.first_message_deliveries_cap);
    }

    /// These neighbours are in the meshes of these topics.
    pub(crate) fn look(&mut self, meshes: &BTreeSet<(PeerId, TopicHash)>) {
        let now = Instant::now();
        self.in_mesh.retain(|place, _| meshes.contains(place));
        for place in meshes {
            self.in_mesh.entry(place.clone()).or_insert(now);
        }
    }

    /// What P1 and P2 add to the score of each neighbour.
    pub(crate) fn known(&mut self) -> HashMap<PeerId, Known> {
        self.decay();
        let scoring = &self.scoring;
        let mut all = HashMap::<_, Known>::new();
        for ((peer, _), since) in &self.in_mesh {
            let quanta = since.elapsed().as_secs_f64() / scoring.time_in_mesh_quantum.as_secs_f64();
            let part = quanta.min(scoring.time_in_mesh_cap) * scoring.time_in_mesh_weight;
            all.entry(*peer).or_default().time_in_mesh += scoring.topic_weight * part;
        }
        for ((peer, _), counter) in &self.first {
            let part = counter * scoring.first_message_deliveries_weight;
            all.entry(*peer).or_default().first_deliveries += scoring.topic_weight * part;
        }
        all
    }

    fn decay(&mut self) {
        let interval = self.scoring.decay_interval.as_secs_f64();
        // At least a second an interval.
        let due = (self.began.elapsed().as_secs_f64() / interval) as u64;
        let passed = due - self.decays;
        if passed == 0 {
            return;
        }
        self.decays = due;
        let exponent = i32::try_from(passed).unwrap_or(i32::MAX);
        let factor = self.scoring.first_message_deliveries_decay.powi(exponent);
        self.first.retain(|_, counter| {
            *counter *= factor;
            *counter >= self.scoring.decay_to_zero
        });
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn place() -> (PeerId, TopicHash) {
        (PeerId::random(), TopicHash::from_raw("news"))
    }

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-9
    }

    #[tokio::test(start_paused = true)]
    async fn first_deliveries_decay() {
        let mut parts = Parts::new(Scoring::default());
        let (peer, topic) = place();
        for _ in 0..60 {
            parts.delivered(peer, topic.clone());
        }
        assert!(near(parts.known()[&peer].first_deliveries, 50.0), "the cap");
        tokio::time::advance(Duration::from_secs(2)).await;
        assert!(near(parts.known()[&peer].first_deliveries, 40.5));
        parts.delivered(peer, topic);
        assert!(near(parts.known()[&peer].first_deliveries, 41.5));
        tokio::time::advance(Duration::from_secs(60)).await;
        assert!(parts.known().is_empty(), "below a tenth it is 0");
    }

    #[tokio::test(start_paused = true)]
    async fn time_counts_in_the_mesh_alone() {
        let mut parts = Parts::new(Scoring::default());
        let place = place();
        let mesh = BTreeSet::from([place.clone()]);
        parts.look(&mesh);
        tokio::time::advance(Duration::from_secs(100)).await;
        parts.look(&mesh);
        assert!(near(parts.known()[&place.0].time_in_mesh, 1.0));
        tokio::time::advance(Duration::from_secs(1000)).await;
        assert!(near(parts.known()[&place.0].time_in_mesh, 3.0), "the cap");
        parts.look(&BTreeSet::new());
        assert!(parts.known().is_empty());
    }
}
