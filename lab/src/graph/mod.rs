//! What random overlays of bounded degree look like: computed, without messages and without time.
//!
//! Each node opens links to random others ([`Model`]), a random part of the nodes is removed, and
//! what is left is measured ([`Sample`]): distances by breadth-first search, and the share of
//! pairs without a path by the sizes of the components. [`run`] computes all combinations of a
//! [`Plan`] on several threads, and [`Cell`] sums up the graphs of one.
//!
//! The choices come from ChaCha8 with a key of the seed, the size, the number of the graph and
//! the killed share. So a combination has the same figures whatever else is computed beside it.

mod cell;
mod component;
mod interval;
mod model;
pub mod published;
mod run;
#[cfg(test)]
mod tests;

use rand::SeedableRng as _;
use rand::seq::{SliceRandom as _, index};
use rand_chacha::ChaCha8Rng;

pub use self::cell::{Cell, Mean};
use self::component::Scratch;
pub use self::component::Survivors;
pub use self::interval::Interval;
pub use self::model::{Model, Name, Overlay};
pub use self::run::{Plan, Run, bytes, run};

/// Without a number of sources, breadth-first searches go on until they have looked at about so
/// many neighbours, so that the cost of a graph hardly depends on its size. A guess: a tenth
/// of a second.
const WORK: u64 = 50_000_000;

/// Without a number of sources, there are at least so many. A guess: the mean distances of two
/// sources differ by a few percent, so their mean by some tenths of a percent.
const LEAST_SOURCES: u64 = 32;

/// How many nodes of what degree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Size {
    /// Nodes.
    pub peers: u32,
    /// Links that each opens; in [`Model::Total`], that each has.
    pub links: u32,
}

/// How graphs are made and measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// What a link is.
    pub model: Model,
    /// How many sources of distances a graph has; fewer where fewer nodes are alive. Without a
    /// number, all where that is cheap.
    pub sources: Option<u32>,
    /// Where all choices come from.
    pub seed: u64,
}

/// What was measured of one graph, after its nodes were killed.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Sample {
    /// Nodes that are alive.
    pub alive: u64,
    /// Ends of links between them. A link that was opened twice is one.
    pub ends: u64,
    /// Nodes of the largest component.
    pub largest: u64,
    /// Components.
    pub components: u64,
    /// Pairs of nodes that are alive, and have a path.
    pub connected: u64,
    /// Nodes whose distances to all others were measured.
    pub sources: u64,
    /// Nodes that these reach, themselves not counted.
    pub reached: u64,
    /// The sum of the distances to them, in hops.
    pub hops: u64,
    /// The longest of these distances: the greatest eccentricity seen. With all nodes as sources
    /// it is the diameter of the component where it is largest.
    pub longest: u32,
}

impl Sample {
    /// Pairs of nodes that are alive.
    pub fn pairs(&self) -> u64 {
        pairs(self.alive)
    }

    /// The share of pairs without a path, from 0 to 1.
    pub fn cut_off(&self) -> f64 {
        self.pairs().saturating_sub(self.connected) as f64 / self.pairs().max(1) as f64
    }

    /// The mean distance from a source to a node that it reaches, in hops; `None` where none
    /// reaches any.
    pub fn distance(&self) -> Option<f64> {
        (self.reached > 0).then(|| self.hops as f64 / self.reached as f64)
    }

    /// The mean number of neighbours that are alive.
    pub fn degree(&self) -> f64 {
        self.ends as f64 / self.alive.max(1) as f64
    }
}

/// Unordered pairs of so many.
fn pairs(of: u64) -> u64 {
    of * of.saturating_sub(1) / 2
}

/// How many of the nodes are alive when this share is killed, which is from 0 to 1.
pub fn alive(peers: u32, kill: f64) -> u32 {
    let killed = (f64::from(peers) * kill).round() as u32;
    peers.saturating_sub(killed)
}

/// The estimate of the mean distance in a random regular graph: ln n / ln(d-1) hops between n
/// nodes of degree d, up to a constant that does not grow with n (R. van der Hofstad, G.
/// Hooghiemstra, P. Van Mieghem, "Distances in random graphs with finite variance degrees",
/// Random Structures and Algorithms 27, 2005; for the diameter B. Bollobás and W. Fernandez de la
/// Vega, Combinatorica 2, 1982). `None` for a degree up to 2, which has no such estimate.
pub fn estimate(nodes: f64, degree: f64) -> Option<f64> {
    (degree > 2.0 && nodes > 1.0).then(|| nodes.ln() / (degree - 1.0).ln())
}

/// Makes one graph, and measures it for each of the killed shares. `None` if `stop` became true
/// meanwhile.
pub fn measure(
    size: Size,
    kills: &[f64],
    graph: u32,
    config: &Config,
    stop: &dyn Fn() -> bool,
) -> Option<Vec<Sample>> {
    // No share has these bits: they are of no number.
    let mut rng = generator(size, graph, config.seed, u64::MAX);
    let overlay = Overlay::open(size, config.model, &mut rng, stop)?;
    let samples = kills.iter().map(|kill| {
        let mut rng = generator(size, graph, config.seed, kill.to_bits());
        let survivors = overlay.survivors(&chosen(size.peers, *kill, &mut rng));
        sample(&survivors, config.sources, &mut rng, stop)
    });
    samples.collect()
}

fn generator(size: Size, graph: u32, seed: u64, part: u64) -> ChaCha8Rng {
    let size = u64::from(size.peers) << 32 | u64::from(size.links);
    let mut key = [0; 32];
    let words = [seed, size, graph.into(), part];
    for (bytes, word) in key.chunks_exact_mut(8).zip(words) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    ChaCha8Rng::from_seed(key)
}

/// Which nodes are alive.
fn chosen(peers: u32, kill: f64, rng: &mut ChaCha8Rng) -> Vec<bool> {
    let mut living = vec![false; peers as usize];
    living[..alive(peers, kill) as usize].fill(true);
    living.shuffle(rng);
    living
}

fn sample(
    graph: &Survivors,
    sources: Option<u32>,
    rng: &mut ChaCha8Rng,
    stop: &dyn Fn() -> bool,
) -> Option<Sample> {
    let mut scratch = Scratch::new(graph);
    let mut sample = graph.components(&mut scratch, stop)?;
    let wanted = sources.map_or_else(|| cheap(sample.ends), u64::from);
    let count = usize::try_from(wanted.min(sample.alive)).expect("a number of nodes");
    for source in index::sample(rng, graph.len(), count) {
        if stop() {
            return None;
        }
        let reach = graph.search(source as u32, &mut scratch);
        sample.reached += reach.nodes;
        sample.hops += reach.hops;
        sample.longest = sample.longest.max(reach.longest);
    }
    sample.sources = count as u64;
    Some(sample)
}

/// How many sources are cheap where nodes have so many ends of links.
fn cheap(ends: u64) -> u64 {
    (WORK / ends.max(1)).max(LEAST_SOURCES)
}
