//! Asks honest peers at regular times what they think of their neighbours.

use std::time::Duration;

use node::gossip::{Attack, Score};
use node::traffic::Traffic;
use serde::Serialize;

use lab::spread::Message;

use super::standing::{Attacked, Sample, Scores, Standing, Victim, VictimMesh};
use crate::experiment::Error;
use crate::experiment::percentiles::Percentiles;
use crate::network::{Attackers, Members, VICTIM};
use crate::rows::Rows;

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
    mean: Option<f64>,
    mean_time_in_mesh: Option<f64>,
    mean_first_deliveries: Option<f64>,
}

/// Takes the samples.
#[derive(Debug, Default)]
pub(super) struct Watched {
    attackers: Option<Attackers>,
    scoring: bool,
    topics: u32,
    samples: Vec<Sample>,
    /// `scores.csv`.
    rows: Option<Rows>,
}

impl Watched {
    pub(super) fn new(attackers: Option<Attackers>, scoring: bool, topics: u32) -> Self {
        Self {
            attackers,
            scoring,
            topics,
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

    fn is_attacker(&self, peer: u32) -> bool {
        let first = self.attackers.map(|attackers| attackers.first);
        first.is_some_and(|first| peer >= first)
    }

    /// Asks all honest peers, so long after the first message. A paused peer would not answer.
    pub(super) async fn take(&mut self, members: &Members, at: Duration) -> Result<(), Error> {
        let at_seconds = at.as_secs_f64();
        let mut of = vec![Vec::new(); members.neighbours.len()];
        let (mut asked, mut victim) = (0, None);
        for peer in members.active() {
            if self.is_attacker(peer) {
                continue;
            }
            asked += 1;
            let all = members.handles[&peer].standing().await.unwrap_or_default();
            if self.victim() == Some(peer) {
                victim = Some(self.mesh_of(&all, members));
            }
            for score in all {
                // Guests have no number.
                if let Some(number) = members.numbers.get(&score.peer) {
                    of[*number as usize].push(score);
                }
            }
        }
        self.add(at_seconds, asked, &of);
        if let Some(sample) = self.samples.last_mut() {
            sample.victim_mesh = victim;
        }
        self.save(at_seconds, &of)
    }

    /// The peer that is to be eclipsed.
    fn victim(&self) -> Option<u32> {
        let attack = self.attackers.map(|attackers| attackers.attack);
        (attack == Some(Attack::Eclipse)).then_some(VICTIM)
    }

    fn mesh_of(&self, scores: &[Score], members: &Members) -> VictimMesh {
        let mesh = scores.iter().filter(|score| score.meshes > 0);
        let numbers = mesh.filter_map(|score| members.numbers.get(&score.peer));
        let (attackers, honest): (Vec<&u32>, Vec<&u32>) =
            numbers.partition(|peer| self.is_attacker(**peer));
        VictimMesh {
            honest: honest.len(),
            attackers: attackers.len(),
        }
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
            let count: usize = group.iter().map(|score| score.meshes).sum();
            count as f64 / (asked.max(1) * u64::from(self.topics)) as f64
        };
        self.samples.push(Sample {
            at_seconds,
            mesh_honest: in_mesh(&honest),
            mesh_attackers: in_mesh(&attackers),
            victim_mesh: None,
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
                in_meshes: scores.iter().map(|score| score.meshes).sum(),
                min: all.map(|all| all.min),
                p50: all.map(|all| all.p50),
                max: all.map(|all| all.max),
                mean: all.map(|all| all.mean),
                mean_time_in_mesh: all.map(|all| all.mean_time_in_mesh),
                mean_first_deliveries: all.map(|all| all.mean_first_deliveries),
            })?;
        }
        Ok(())
    }

    /// With what attackers have sent and received, and the messages that were published.
    pub(super) fn results(&self, traffic: &[Traffic], messages: &[&Message]) -> Standing {
        let bytes = |of: fn(&Traffic) -> u64| Percentiles::of(traffic.iter().map(of).collect());
        Standing {
            attackers: self.attackers.map(|attackers| Attacked {
                attack: attackers.attack,
                peers: traffic.len() as u64,
                sent_bytes: bytes(|one| one.sent.bytes),
                received_bytes: bytes(|one| one.received.bytes),
            }),
            victim: self.victim().map(|peer| Victim::new(peer, messages)),
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
