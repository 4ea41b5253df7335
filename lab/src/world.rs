//! A world of links: where peers sit, how far apart, and how much their lines carry.
//!
//! A [`World`] is a preset or a TOML file. [`World::settle`] places the peers of a run in it,
//! by the run's seed.

mod error;
mod packets;
mod parse;
mod preset;
mod rate;
#[cfg(test)]
mod tests;

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use crate::delay::Delay;
pub use error::Error;
pub use packets::Packets;
pub use rate::Rate;

/// What timers of links resolve: tokio's count milliseconds, and run out late, never early.
pub const RESOLUTION: Duration = Duration::from_millis(1);

/// Regions, classes of nodes, and the links between them.
#[derive(Clone, Debug, PartialEq)]
pub struct World {
    /// The name of the preset, or the path of the file.
    pub name: String,
    /// How long a packet travels, one way.
    pub latency: Latency,
    /// What each packet takes longer. A packet never overtakes another of its connection.
    pub jitter: Delay,
    /// The probability that a packet is lost.
    pub loss: f64,
    /// Where peers sit; empty for one place.
    pub regions: Vec<Region>,
    /// Which lines they have; empty for lines without limits.
    pub classes: Vec<Class>,
}

/// How long a packet travels from one peer to another.
#[derive(Clone, Debug, PartialEq)]
pub enum Latency {
    /// Drawn once for each pair of peers, the same both ways.
    Drawn(Delay),
    /// From each region (row) to each.
    Regions(Vec<Vec<Duration>>),
}

/// A region.
#[derive(Clone, Debug, PartialEq)]
pub struct Region {
    /// Its name.
    pub name: String,
    /// How many peers sit there, in proportion.
    pub weight: f64,
}

/// A class of nodes: the rates of their lines.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// How many peers are of it, in proportion.
    pub share: f64,
    /// What a node sends at most.
    pub up: Rate,
    /// What it receives at most.
    pub down: Rate,
}

/// Where one peer sits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Place {
    region: usize,
    class: usize,
}

/// The peers of a run, in a world.
#[derive(Clone, Debug)]
pub struct Settled {
    world: World,
    places: Vec<Place>,
    seed: u64,
}

/// The streams of random numbers of a world: other draws of the same seed differ from them.
const PLACES: u64 = 1 << 61;
const PACKETS: u64 = 1 << 62;
const PAIRS: u64 = 1 << 63;

impl World {
    /// How long a packet travels at most, without jitter.
    pub fn longest(&self) -> Duration {
        match &self.latency {
            Latency::Drawn(delay) => delay.most(),
            Latency::Regions(rows) => {
                let all = rows.iter().flatten().copied();
                all.max().unwrap_or_default()
            }
        }
    }

    /// Places so many peers. The seed determines the region and the class of each, and what
    /// is drawn for each pair.
    pub fn settle(self, peers: u32, seed: u64) -> Settled {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(PLACES);
        let mut draw = |weights: Vec<f64>| {
            let all: f64 = weights.iter().sum();
            let mut left = rng.random::<f64>() * all;
            let mut before = weights.iter().take_while(|weight| {
                left -= **weight;
                left >= 0.0
            });
            (before.by_ref().count()).min(weights.len().saturating_sub(1))
        };
        let place = |_| Place {
            region: draw(self.regions.iter().map(|region| region.weight).collect()),
            class: draw(self.classes.iter().map(|class| class.share).collect()),
        };
        Settled {
            places: (0..peers).map(place).collect(),
            world: self,
            seed,
        }
    }
}

impl Settled {
    /// The world.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// The region of that peer, if the world has some.
    pub fn region(&self, peer: u32) -> Option<&Region> {
        self.world.regions.get(self.place(peer).region)
    }

    /// The class of that peer, if the world has some.
    pub fn class(&self, peer: u32) -> Option<&Class> {
        self.world.classes.get(self.place(peer).class)
    }

    /// How long a packet travels from one peer to another, without jitter.
    pub fn latency(&self, from: u32, to: u32) -> Duration {
        match &self.world.latency {
            Latency::Drawn(delay) => {
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                let pair = u64::from(from.min(to)) << 31 | u64::from(from.max(to));
                rng.set_stream(PAIRS | pair);
                delay.draw(&mut rng)
            }
            Latency::Regions(rows) => rows[self.place(from).region][self.place(to).region],
        }
    }

    fn place(&self, peer: u32) -> Place {
        self.places.get(peer as usize).copied().unwrap_or_default()
    }

    /// How many peers sit in each region.
    pub fn regions(&self) -> impl Iterator<Item = (&str, usize)> {
        let regions = self.world.regions.iter().enumerate();
        regions.map(|(at, region)| {
            let there = self.places.iter().filter(|place| place.region == at);
            (region.name.as_str(), there.count())
        })
    }

    /// How many peers are of each class.
    pub fn classes(&self) -> impl Iterator<Item = (&str, usize)> {
        let classes = self.world.classes.iter().enumerate();
        classes.map(|(at, class)| {
            let of_it = self.places.iter().filter(|place| place.class == at);
            (class.name.as_str(), of_it.count())
        })
    }
}
