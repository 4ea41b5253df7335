//! Peer scoring of gossipsub: the parameters, with the names of go-libp2p-pubsub and of the
//! specification of gossipsub 1.1.
//!
//! A peer computes the score of each neighbour alone, from what it has seen of it. libp2p
//! gives the sum ([`Known`] has two of its parts): over topics, `topic_weight` times the sum of
//! P1 to P4; plus P7 and the penalty of slow peers. P5, the application's score, is not used, and P6 is off unless
//! a weight is given: all peers of a run have one IP address, or none.

use std::time::Duration;

use libp2p::gossipsub::{PeerScoreParams, PeerScoreThresholds, TopicHash, TopicScoreParams};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use trace::time::duration;

/// The parameters of scoring. The defaults are this project's: libp2p's own are for tests
/// of its own, and count a millisecond in the mesh as much as a message.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Scoring {
    /// Below it, a neighbour gets no gossip, and none is accepted from it (GossipThreshold).
    pub gossip_threshold: f64,
    /// Below it, a publisher does not flood to the neighbour (PublishThreshold).
    pub publish_threshold: f64,
    /// Below it, all RPCs of the neighbour are ignored (GraylistThreshold).
    pub graylist_threshold: f64,
    /// Above it, peers that the neighbour names are dialled (AcceptPXThreshold).
    pub accept_px_threshold: f64,
    /// When the median of a mesh is below, better neighbours are taken in
    /// (OpportunisticGraftThreshold).
    pub opportunistic_graft_threshold: f64,
    /// The most that a topic adds (TopicScoreCap); 0 for no limit.
    pub topic_score_cap: f64,
    /// The factor of P1 to P4 (TopicWeight).
    pub topic_weight: f64,
    /// P1, for each quantum in the mesh.
    pub time_in_mesh_weight: f64,
    /// The quantum.
    #[serde(serialize_with = "seconds", deserialize_with = "time")]
    pub time_in_mesh_quantum: Duration,
    /// The most quanta that count.
    pub time_in_mesh_cap: f64,
    /// P2, for each message that the neighbour delivered first.
    pub first_message_deliveries_weight: f64,
    /// Its counter is multiplied by this at each decay interval.
    pub first_message_deliveries_decay: f64,
    /// The most that it counts.
    pub first_message_deliveries_cap: f64,
    /// P3, for the square of what a neighbour in the mesh delivered too little.
    pub mesh_message_deliveries_weight: f64,
    /// As above.
    pub mesh_message_deliveries_decay: f64,
    /// As above; `None` for twice the threshold.
    pub mesh_message_deliveries_cap: Option<f64>,
    /// How much it has to deliver; `None` for a tenth of all messages, or no P3 if their rate
    /// is not known.
    pub mesh_message_deliveries_threshold: Option<f64>,
    /// Copies that come so long after the first one count.
    #[serde(serialize_with = "seconds", deserialize_with = "time")]
    pub mesh_message_deliveries_window: Duration,
    /// P3 counts after so long in the mesh.
    #[serde(serialize_with = "seconds", deserialize_with = "time")]
    pub mesh_message_deliveries_activation: Duration,
    /// P3b, for the square of what was missing when the neighbour left the mesh.
    pub mesh_failure_penalty_weight: f64,
    /// As above.
    pub mesh_failure_penalty_decay: f64,
    /// P4, for the square of the invalid messages.
    pub invalid_message_deliveries_weight: f64,
    /// As above.
    pub invalid_message_deliveries_decay: f64,
    /// P6, for the square of the peers with one IP address beyond the threshold.
    pub ip_colocation_factor_weight: f64,
    /// The threshold.
    pub ip_colocation_factor_threshold: f64,
    /// P7, for the square of the broken promises and early GRAFTs beyond the threshold.
    pub behaviour_penalty_weight: f64,
    /// The threshold.
    pub behaviour_penalty_threshold: f64,
    /// As above.
    pub behaviour_penalty_decay: f64,
    /// How often counters are multiplied by their decay: at least a second.
    #[serde(serialize_with = "seconds", deserialize_with = "time")]
    pub decay_interval: Duration,
    /// Counters below it are 0.
    pub decay_to_zero: f64,
    /// For how long the score of a peer that has left is kept.
    #[serde(serialize_with = "seconds", deserialize_with = "time")]
    pub retain_score: Duration,
}

impl Default for Scoring {
    /// The thresholds and P7 are libp2p's, but for a threshold of P7 that forgives a lost
    /// answer; the others are guesses for runs of minutes: 1 for each message, at most 3 for
    /// five minutes in the mesh, and a neighbour that brings nothing falls below 0.
    fn default() -> Self {
        Self {
            gossip_threshold: -10.0,
            publish_threshold: -50.0,
            graylist_threshold: -80.0,
            accept_px_threshold: 10.0,
            opportunistic_graft_threshold: 1.0,
            topic_score_cap: 0.0,
            topic_weight: 1.0,
            time_in_mesh_weight: 0.01,
            time_in_mesh_quantum: Duration::from_secs(1),
            time_in_mesh_cap: 300.0,
            first_message_deliveries_weight: 1.0,
            first_message_deliveries_decay: 0.9,
            first_message_deliveries_cap: 50.0,
            mesh_message_deliveries_weight: -10.0,
            mesh_message_deliveries_decay: 0.9,
            mesh_message_deliveries_cap: None,
            mesh_message_deliveries_threshold: None,
            mesh_message_deliveries_window: Duration::from_secs(2),
            mesh_message_deliveries_activation: Duration::from_secs(30),
            mesh_failure_penalty_weight: -10.0,
            mesh_failure_penalty_decay: 0.9,
            invalid_message_deliveries_weight: -10.0,
            invalid_message_deliveries_decay: 0.9,
            ip_colocation_factor_weight: 0.0,
            ip_colocation_factor_threshold: 1.0,
            behaviour_penalty_weight: -10.0,
            behaviour_penalty_threshold: 2.0,
            behaviour_penalty_decay: 0.9,
            decay_interval: Duration::from_secs(1),
            decay_to_zero: 0.1,
            retain_score: Duration::from_secs(3600),
        }
    }
}

/// A neighbour has to deliver this share of all messages. A guess: in a mesh of D peers each
/// brings a copy of about half, unless both sides send at once.
const SHARE: f64 = 0.1;

/// A neighbour with a score, from [`Handle::standing`](crate::Handle::standing).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score {
    /// The neighbour.
    pub peer: libp2p::PeerId,
    /// Its score; `None` without scoring.
    pub score: Option<f64>,
    /// Parts of it; 0 without scoring.
    pub known: Known,
    /// In how many of the topics' meshes it is.
    pub meshes: usize,
}

/// The parts of a score that are known, with their weights. The rest of the sum is the other
/// parts, and what a cap took away.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Known {
    /// P1.
    pub time_in_mesh: f64,
    /// P2.
    pub first_deliveries: f64,
}

impl Scoring {
    /// Fills what depends on how many messages are sent in a second: a counter to which so
    /// many are added levels off at their number in a decay interval, divided by one less
    /// the decay. Without a threshold, P3 and P3b are off.
    pub fn at_rate(self, a_second: Option<f64>) -> Self {
        let level = a_second.map(|rate| {
            let added = rate * self.decay_interval.as_secs_f64();
            added / (1.0 - self.mesh_message_deliveries_decay)
        });
        let threshold = self
            .mesh_message_deliveries_threshold
            .or(level.map(|level| SHARE * level))
            // Of a decay of 1 it is infinite.
            .filter(|threshold| threshold.is_finite());
        let weight = |weight: f64| threshold.map_or(0.0, |_| weight);
        Self {
            mesh_message_deliveries_weight: weight(self.mesh_message_deliveries_weight),
            mesh_failure_penalty_weight: weight(self.mesh_failure_penalty_weight),
            mesh_message_deliveries_threshold: threshold,
            mesh_message_deliveries_cap: self
                .mesh_message_deliveries_cap
                .or(threshold.map(|threshold| 2.0 * threshold)),
            ..self
        }
    }

    /// Whether libp2p takes the parameters.
    ///
    /// # Errors
    /// What is wrong with one of them.
    pub fn check(&self) -> Result<(), String> {
        let (parameters, thresholds) = self.libp2p([TopicHash::from_raw("testbed")]);
        thresholds.validate()?;
        parameters.validate()
    }

    /// libp2p's form of them.
    pub(crate) fn libp2p(
        &self,
        topics: impl IntoIterator<Item = TopicHash>,
    ) -> (PeerScoreParams, PeerScoreThresholds) {
        let parameters = PeerScoreParams {
            topics: topics
                .into_iter()
                .map(|topic| (topic, self.topic()))
                .collect(),
            topic_score_cap: self.topic_score_cap,
            ip_colocation_factor_weight: self.ip_colocation_factor_weight,
            ip_colocation_factor_threshold: self.ip_colocation_factor_threshold,
            behaviour_penalty_weight: self.behaviour_penalty_weight,
            behaviour_penalty_threshold: self.behaviour_penalty_threshold,
            behaviour_penalty_decay: self.behaviour_penalty_decay,
            decay_interval: self.decay_interval,
            decay_to_zero: self.decay_to_zero,
            retain_score: self.retain_score,
            ..PeerScoreParams::default()
        };
        let thresholds = PeerScoreThresholds {
            gossip_threshold: self.gossip_threshold,
            publish_threshold: self.publish_threshold,
            graylist_threshold: self.graylist_threshold,
            accept_px_threshold: self.accept_px_threshold,
            opportunistic_graft_threshold: self.opportunistic_graft_threshold,
        };
        (parameters, thresholds)
    }

    fn topic(&self) -> TopicScoreParams {
        TopicScoreParams {
            topic_weight: self.topic_weight,
            time_in_mesh_weight: self.time_in_mesh_weight,
            time_in_mesh_quantum: self.time_in_mesh_quantum,
            time_in_mesh_cap: self.time_in_mesh_cap,
            first_message_deliveries_weight: self.first_message_deliveries_weight,
            first_message_deliveries_decay: self.first_message_deliveries_decay,
            first_message_deliveries_cap: self.first_message_deliveries_cap,
            mesh_message_deliveries_weight: self.mesh_message_deliveries_weight,
            mesh_message_deliveries_decay: self.mesh_message_deliveries_decay,
            mesh_message_deliveries_cap: self.mesh_message_deliveries_cap.unwrap_or(1.0),
            mesh_message_deliveries_threshold: self
                .mesh_message_deliveries_threshold
                .unwrap_or(1.0),
            mesh_message_deliveries_window: self.mesh_message_deliveries_window,
            mesh_message_deliveries_activation: self.mesh_message_deliveries_activation,
            mesh_failure_penalty_weight: self.mesh_failure_penalty_weight,
            mesh_failure_penalty_decay: self.mesh_failure_penalty_decay,
            invalid_message_deliveries_weight: self.invalid_message_deliveries_weight,
            invalid_message_deliveries_decay: self.invalid_message_deliveries_decay,
        }
    }
}

fn seconds<S: Serializer>(time: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_f64(time.as_secs_f64())
}

fn time<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(from)?;
    duration(&text).map_err(de::Error::custom)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_is_accepted_with_and_without_a_rate() {
        for rate in [None, Some(0.1), Some(20.0)] {
            assert_eq!(Scoring::default().at_rate(rate).check(), Ok(()), "{rate:?}");
        }
    }

    #[test]
    fn the_rate_decides_what_a_neighbour_has_to_deliver() {
        let at = Scoring::default().at_rate(Some(2.0));
        let near = |value: Option<f64>, to: f64| value.is_some_and(|it| (it - to).abs() < 1e-9);
        assert!(near(at.mesh_message_deliveries_threshold, 2.0), "{at:?}");
        assert!(near(at.mesh_message_deliveries_cap, 4.0), "{at:?}");
        let unknown = Scoring::default().at_rate(None);
        assert_eq!(unknown.mesh_message_deliveries_weight, 0.0);
        assert_eq!(unknown.mesh_failure_penalty_weight, 0.0);
        let endless = Scoring {
            mesh_message_deliveries_decay: 1.0,
            ..Scoring::default()
        };
        assert_eq!(
            endless.at_rate(Some(2.0)).mesh_message_deliveries_weight,
            0.0
        );
        let why = endless.check().expect_err("it never levels off");
        assert!(why.contains("mesh_message_deliveries_decay"), "{why}");
    }

    #[test]
    fn what_libp2p_refuses_is_named() {
        let positive = Scoring {
            behaviour_penalty_weight: 1.0,
            ..Scoring::default()
        };
        let why = positive.check().expect_err("a penalty is negative");
        assert!(why.contains("behaviour_penalty_weight"), "{why}");
    }
}
