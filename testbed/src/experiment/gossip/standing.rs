//! What peers think of their neighbours over time: scores, and who is in the meshes.
//!
//! Honest peers are asked at regular times. libp2p gives the sum of a score alone. The score
//! of a peer is one number at each of its neighbours.

use std::time::{Duration, SystemTime};

use node::gossip::{Attack, Score, Traffic};
use serde::Serialize;

use super::TOPIC;
use super::traffic::Percentiles;
use crate::experiment::Error;
use crate::network::{Attackers, Members};
use crate::rows::Rows;

/// How many samples a run has at most, evenly over the time of its messages. A guess: a plot
/// shows as many.
const SAMPLES: u32 = 60;

/// The least time between two samples: scores change at heartbeats.
const APART: Duration = Duration::from_secs(1);

/// `standing` in the results.
#[derive(Debug, Default, Serialize)]
pub(super) struct Standing {
    /// What attackers did; `None` without any.
    pub(super) attackers: Option<Attacked>,
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

/// What honest peers thought at one time.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Sample {
    at_seconds: f64,
    /// How many honest and other peers were in a mesh, on average.
    mesh_honest: f64,
    mesh_attackers: f64,
    /// The scores of honest neighbours, and of attackers; `None` without any.
    honest: Option<Scores>,
    attackers: Option<Scores>,
}

/// Percentiles of scores, each a score that a neighbour has.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Scores {
    /// Of how many pairs of neighbours.
    count: u64,
    /// How many of them were below 0.
    negative: u64,
    min: f64,
    p5: f64,
    p50: f64,
    p95: f64,
    max: f64,
}

/// A row of `scores.csv`: the score of one peer at all of its honest neighbours.
#[derive(Debug, Serialize)]
struct Row {
    at_seconds: f64,
    peer: u32,
    attacker: bool,
    neighbours: usize,
    in_meshes: usize,
    min: Option<f64>,
    p50: Option<f64>,
    max: Option<f64>,
}

/// Takes the samples.
#[derive(Debug, Default)]
pub(super) struct Watched {
    attackers: Option<Attackers>,
    scoring: bool,
    began: Option<SystemTime>,
    samples: Vec<Sample>,
    /// `scores.csv`.
    rows: Option<Rows>,
}

impl Watched {
    pub(super) fn new(attackers: Option<Attackers>, scoring: bool) -> Self {
        Self {
            attackers,
            scoring,
            ..Self::default()
        }
    }

    pub(super) fn save_to(&mut self, rows: Option<Rows>) {
        self.rows = rows;
    }

    /// Whether there is something to sample.
    pub(super) fn is_on(&self) -> bool {
        self.scoring || self.attackers.is_some()
    }

    /// When samples are taken, while messages are sent for so long.
    pub(super) fn times(&self, lasts: Duration) -> Vec<Duration> {
        if !self.is_on() {
            return Vec::new();
        }
        let apart = APART.max(lasts / SAMPLES);
        let all = (0..=SAMPLES).map(|number| apart * number);
        all.take_while(|at| *at <= lasts).collect()
    }

    fn is_attacker(&self, peer: u32) -> bool {
        let first = self.attackers.map(|attackers| attackers.first);
        first.is_some_and(|first| peer >= first)
    }

    /// Asks all honest peers.
    pub(super) async fn take(&mut self, members: &Members, now: SystemTime) -> Result<(), Error> {
        let began = *self.began.get_or_insert(now);
        let at_seconds = now.duration_since(began).unwrap_or_default().as_secs_f64();
        let mut of = vec![Vec::new(); members.neighbours.len()];
        let mut asked = 0;
        for (peer, handle) in &members.handles {
            if self.is_attacker(*peer) {
                continue;
            }
            asked += 1;
            for score in handle.standing(TOPIC).await.unwrap_or_default() {
                // Guests have no number.
                if let Some(number) = members.numbers.get(&score.peer) {
                    of[*number as usize].push(score);
                }
            }
        }
        self.add(at_seconds, asked, &of);
        self.save(at_seconds, &of)
    }

    fn add(&mut self, at_seconds: f64, asked: u64, of: &[Vec<Score>]) {
        let [mut honest, mut attackers] = [Vec::new(), Vec::new()];
        for (peer, scores) in (0..).zip(of) {
            let group = match self.is_attacker(peer) {
                true => &mut attackers,
                false => &mut honest,
            };
            group.extend(scores);
        }
        let in_mesh = |group: &[&Score]| {
            let count = group.iter().filter(|score| score.in_mesh).count();
            count as f64 / asked.max(1) as f64
        };
        self.samples.push(Sample {
            at_seconds,
            mesh_honest: in_mesh(&honest),
            mesh_attackers: in_mesh(&attackers),
            honest: Scores::of(&honest),
            attackers: Scores::of(&attackers),
        });
    }

    fn save(&mut self, at_seconds: f64, of: &[Vec<Score>]) -> Result<(), Error> {
        let first = self.attackers.map(|attackers| attackers.first);
        let Some(rows) = &mut self.rows else {
            return Ok(());
        };
        for (peer, scores) in (0..).zip(of) {
            let all = Scores::of(&scores.iter().collect::<Vec<_>>());
            rows.save(Row {
                at_seconds,
                peer,
                attacker: first.is_some_and(|first| peer >= first),
                neighbours: scores.len(),
                in_meshes: scores.iter().filter(|score| score.in_mesh).count(),
                min: all.map(|all| all.min),
                p50: all.map(|all| all.p50),
                max: all.map(|all| all.max),
            })?;
        }
        Ok(())
    }

    /// With the traffic of the attackers. Flushes `scores.csv`.
    pub(super) fn results(&self, traffic: &[Traffic]) -> Standing {
        let bytes = |of: fn(&Traffic) -> u64| Percentiles::of(traffic.iter().map(of).collect());
        Standing {
            attackers: self.attackers.map(|attackers| Attacked {
                attack: attackers.attack,
                peers: traffic.len() as u64,
                sent_bytes: bytes(|one| one.sent.bytes),
                received_bytes: bytes(|one| one.received.bytes),
            }),
            scoring: self.scoring,
            samples: self.samples.clone(),
        }
    }

    /// Writes what is left of `scores.csv`.
    pub(super) fn finish(&mut self) -> Result<(), Error> {
        match &mut self.rows {
            Some(rows) => Ok(rows.flush()?),
            None => Ok(()),
        }
    }
}

impl Scores {
    fn of(all: &[&Score]) -> Option<Self> {
        let mut scores: Vec<_> = all.iter().filter_map(|one| one.score).collect();
        scores.sort_unstable_by(f64::total_cmp);
        let count = scores.len();
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
        })
    }

    fn text(&self) -> String {
        let Self {
            count,
            negative,
            p5,
            p50,
            p95,
            ..
        } = self;
        format!("p5 {p5:.1}, p50 {p50:.1}, p95 {p95:.1}, {negative} of {count} below 0")
    }
}

impl Standing {
    /// As text: what was so at the end.
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
        if let (Some(last), true) = (last, self.attackers.is_some()) {
            let (honest, attackers) = (last.mesh_honest, last.mesh_attackers);
            lines.push(format!(
                "in a mesh         {honest:.1} honest peers and {attackers:.1} attackers on average, at the end"
            ));
        }
        let scores = last.and_then(|last| last.honest);
        lines.extend(
            scores
                .map(|scores| format!("scores            of honest neighbours {}", scores.text())),
        );
        let scores = last.and_then(|last| last.attackers);
        lines.extend(
            scores.map(|scores| format!("                  of attackers {}", scores.text())),
        );
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
            in_mesh: false,
        };
        let all: Vec<_> = (-50..150).map(|number| score(f64::from(number))).collect();
        let scores = Scores::of(&all.iter().collect::<Vec<_>>()).expect("some");
        assert_eq!((scores.count, scores.negative), (200, 50));
        let percentiles = [scores.min, scores.p5, scores.p50, scores.p95, scores.max];
        assert_eq!(percentiles, [-50.0, -41.0, 49.0, 139.0, 149.0]);
        let none = Score {
            score: None,
            ..score(0.0)
        };
        assert_eq!(Scores::of(&[&none]), None);
    }

    #[test]
    fn samples_are_a_second_apart_or_as_many_as_a_plot_shows() {
        let watched = Watched::new(None, true);
        let seconds = Duration::from_secs;
        assert_eq!(watched.times(seconds(3)).len(), 4);
        let hour = watched.times(seconds(3600));
        assert_eq!((hour.len(), hour[1]), (61, seconds(60)));
        assert!(Watched::new(None, false).times(seconds(3)).is_empty());
    }
}
