//! What peers think of their neighbours over time: who is in the meshes, and scores.
//!
//! libp2p gives the sum of a score alone; two of its parts are known. The score of a peer is
//! one number at each of its neighbours.

use std::time::Duration;

use algorithms::NodeId;
use lab::spread::Message;
use lab::stats::{Measure, Summary, Times, show};
use node::gossip::{Attack, Known, Score};
use serde::Serialize;

use crate::experiment::percentiles::Percentiles;

/// `standing` in the results.
#[derive(Debug, Default, Serialize)]
pub(super) struct Standing {
    /// What attackers did; `None` without any.
    pub(super) attackers: Option<Attacked>,
    /// The peer that they were to eclipse; `None` in other attacks.
    pub(super) victim: Option<Victim>,
    /// Whether peers had scores.
    pub(super) scoring: bool,
    /// From the first message on.
    pub(super) samples: Vec<Sample>,
}

/// The attackers.
#[derive(Debug, Serialize)]
pub(super) struct Attacked {
    pub(super) attack: Attack,
    /// How many there were.
    pub(super) peers: u64,
    /// What one of them has sent and received of gossipsub.
    pub(super) sent_bytes: Percentiles,
    pub(super) received_bytes: Percentiles,
}

/// The peer that is to be eclipsed.
#[derive(Debug, Serialize)]
pub(super) struct Victim {
    peer: u32,
    /// Deliveries of messages of others that there should be, and that there were.
    expected: u64,
    delivered: u64,
    /// From when a message was to be published until it was there.
    delivery_ns: Option<Summary>,
}

/// What honest peers thought at one time.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    pub(super) at_seconds: f64,
    /// How many honest and other peers were in a mesh, on average.
    pub(super) mesh_honest: f64,
    pub(super) mesh_attackers: f64,
    /// How many were in the mesh of the peer that is to be eclipsed; `None` without one.
    pub(super) victim_mesh: Option<VictimMesh>,
    /// The scores of honest neighbours, and of attackers; `None` without any.
    pub(super) honest: Option<Scores>,
    pub(super) attackers: Option<Scores>,
}

/// The mesh of the peer that is to be eclipsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(super) struct VictimMesh {
    pub(super) honest: usize,
    pub(super) attackers: usize,
}

/// Scores, each a score that a neighbour has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Scores {
    /// Of how many pairs of neighbours.
    count: u64,
    /// How many of them were below 0.
    negative: u64,
    pub(super) min: f64,
    p5: f64,
    pub(super) p50: f64,
    p95: f64,
    pub(super) max: f64,
    /// What they are on average, and what P1 and P2 are of that.
    pub(super) mean: f64,
    pub(super) mean_time_in_mesh: f64,
    pub(super) mean_first_deliveries: f64,
}

impl Scores {
    pub(super) fn of(all: &[&Score]) -> Option<Self> {
        let mut scores: Vec<_> = all.iter().filter_map(|one| one.score).collect();
        scores.sort_unstable_by(f64::total_cmp);
        let count = scores.len();
        let mean = |sum: f64| sum / count as f64;
        let known = |of: fn(&Known) -> f64| mean(all.iter().map(|one| of(&one.known)).sum());
        // The nearest rank.
        let percentile = |percent: usize| scores[(count * percent).div_ceil(100).max(1) - 1];
        (count > 0).then(|| Self {
            count: count as u64,
            negative: scores.iter().filter(|score| **score < 0.0).count() as u64,
            min: percentile(0),
            p5: percentile(5),
            p50: percentile(50),
            p95: percentile(95),
            max: percentile(100),
            mean: mean(scores.iter().sum()),
            mean_time_in_mesh: known(|known| known.time_in_mesh),
            mean_first_deliveries: known(|known| known.first_deliveries),
        })
    }

    fn text(&self) -> String {
        let Self {
            count,
            negative,
            p5,
            p50,
            p95,
            mean,
            mean_time_in_mesh: p1,
            mean_first_deliveries: p2,
            ..
        } = self;
        let rest = mean - p1 - p2;
        format!(
            "p5 {p5:.1}, p50 {p50:.1}, p95 {p95:.1}, {negative} of {count} below 0; \
             on average P1 {p1:.1}, P2 {p2:.1}, the rest {rest:.1}"
        )
    }
}

impl Victim {
    pub(super) fn new(peer: u32, messages: &[&Message]) -> Self {
        let others = messages.iter().filter(|message| message.publisher != peer);
        let others = others.filter(|message| message.refused.is_none());
        let (mut times, mut expected, mut delivered) = (Times::new(), 0, 0);
        for message in others {
            expected += 1;
            if let Some(arrival) = message.arrivals.get(&peer) {
                delivered += 1;
                times.record(arrival.after);
            }
        }
        Self {
            peer,
            expected,
            delivered,
            delivery_ns: times.summary(),
        }
    }

    fn text(&self) -> String {
        let took = self.delivery_ns.map(|took| {
            let (p50, max) = (
                show(Duration::from_nanos(took.p50)),
                show(Duration::from_nanos(took.max)),
            );
            format!(", after p50 {p50}, max {max}")
        });
        let (peer, took) = (NodeId(self.peer), took.unwrap_or_default());
        format!(
            "eclipsed          {peer} got {} of {} messages{took}",
            self.delivered, self.expected
        )
    }
}

impl Standing {
    /// The honest peers and the attackers in a mesh, on average over all meshes and samples.
    fn meshes(&self) -> Option<[f64; 2]> {
        let count = self.samples.len() as f64;
        let sum = |of: fn(&Sample) -> f64| self.samples.iter().map(of).sum::<f64>();
        let sums = [sum(|one| one.mesh_honest), sum(|one| one.mesh_attackers)];
        let is_known = self.attackers.is_some() && count > 0.0;
        is_known.then(|| sums.map(|sum| sum / count))
    }

    /// What a sweep compares.
    pub(super) fn measures(&self) -> Vec<Measure> {
        let Some([_, attackers]) = self.meshes() else {
            return Vec::new();
        };
        let mut all = vec![Measure::ratio(
            "attackers in a mesh",
            attackers,
            self.samples.len() as u64,
        )];
        if let Some(Victim {
            expected,
            delivered,
            ..
        }) = self.victim
        {
            let share = delivered as f64 / expected.max(1) as f64;
            all.push(Measure::ratio(
                "messages that the victim got",
                share,
                expected,
            ));
        }
        all
    }

    /// As text: the scores are those at the end.
    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let last = self.samples.last();
        if let Some(attacked) = &self.attackers {
            let attack = clap::ValueEnum::to_possible_value(&attacked.attack);
            let name = attack.as_ref().map_or("", |value| value.get_name());
            lines.push(format!(
                "attackers         {} ({name}); one sent p50 {} bytes of gossipsub and received {}",
                attacked.peers, attacked.sent_bytes.p50, attacked.received_bytes.p50
            ));
        }
        lines.extend(self.meshes().map(|[honest, attackers]| {
            format!(
                "in a mesh         {honest:.1} honest peers and {attackers:.1} attackers on average"
            )
        }));
        let mesh = last.and_then(|last| last.victim_mesh);
        lines.extend(self.victim.iter().map(Victim::text));
        lines.extend(mesh.map(|VictimMesh { honest, attackers }| {
            format!("                  its mesh had {honest} honest peers and {attackers} attackers at the end")
        }));
        let scores = last.and_then(|last| last.honest);
        lines.extend(scores.map(|scores| {
            format!(
                "scores            of honest neighbours at the end {}",
                scores.text()
            )
        }));
        let scores = last.and_then(|last| last.attackers);
        lines.extend(scores.map(|scores| {
            format!(
                "                  of attackers at the end {}",
                scores.text()
            )
        }));
        lines
    }
}

#[cfg(test)]
mod tests {
    use node::PeerId;

    use super::*;

    #[test]
    fn scores_are_those_of_neighbours() {
        let score = |score: f64| Score {
            peer: PeerId::random(),
            score: Some(score),
            known: Known {
                time_in_mesh: 1.0,
                first_deliveries: score,
            },
            meshes: 0,
        };
        let all: Vec<_> = (-50..150).map(|number| score(f64::from(number))).collect();
        let scores = Scores::of(&all.iter().collect::<Vec<_>>()).expect("some");
        assert_eq!((scores.count, scores.negative), (200, 50));
        let percentiles = [scores.min, scores.p5, scores.p50, scores.p95, scores.max];
        assert_eq!(percentiles, [-50.0, -41.0, 49.0, 139.0, 149.0]);
        let means = [scores.mean_time_in_mesh, scores.mean_first_deliveries];
        assert_eq!((scores.mean, means), (49.5, [1.0, 49.5]));
        let none = Score {
            score: None,
            ..score(0.0)
        };
        assert_eq!(Scores::of(&[&none]), None);
    }
}
