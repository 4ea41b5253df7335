//! How nodes open links.

use clap::ValueEnum;
use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Size;
use super::component::Survivors;
use crate::topology::{Topology, neighbours};

/// How many random nodes a node of [`Model::Re6stnet`] tries for one link before it opens fewer
/// (`AddEdge` in `simulation/realistic_dataset/graph.cpp` of re6stnet).
const TRIES: u32 = 50;

/// After how many nodes that opened their links a request to stop is seen. A guess: some
/// milliseconds.
const BETWEEN_STOPS: u32 = 4096;

/// What a link is: three readings of "K links a node".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Model {
    /// Each node in turn opens K links, to random others that it has no link with yet. None
    /// refuses. So a node has K links of its own and about K from others, or all others.
    Opened,
    /// K links in all: a random graph in which nearly all nodes have K neighbours, as
    /// `--topology random:K` makes it. With an odd K one of them is drawn at random, so degrees
    /// differ more.
    Total,
    /// As the authors of re6stnet simulated it (`simulation/graph.cpp`, from 2012): each node in
    /// turn draws K others. It may draw one twice, which makes no second link. One that has more
    /// than `limit` links refuses; before it has opened its own it keeps room for them.
    Re6stnet {
        /// The limit; without one 3 K, as in their table of distances.
        limit: Option<u32>,
    },
}

/// The names of the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Name {
    /// [`Model::Opened`]: K links to others that a node has none with yet.
    Opened,
    /// [`Model::Total`]: K links in all.
    Total,
    /// [`Model::Re6stnet`]: K draws of others, of which some refuse.
    Re6stnet,
}

impl Model {
    /// Its name.
    pub fn name(self) -> Name {
        match self {
            Self::Opened => Name::Opened,
            Self::Total => Name::Total,
            Self::Re6stnet { .. } => Name::Re6stnet,
        }
    }
}

/// Nodes and their neighbours, before any is killed.
#[derive(Clone, Debug)]
pub struct Overlay {
    /// Of each node the others that it has a link with, in order and each once.
    pub(super) neighbours: Vec<Vec<u32>>,
}

impl Overlay {
    /// Lets the nodes open their links. There are more nodes than links. `None` if `stop` became
    /// true meanwhile.
    pub fn open(
        size: Size,
        model: Model,
        rng: &mut ChaCha8Rng,
        stop: &dyn Fn() -> bool,
    ) -> Option<Self> {
        let mut neighbours = match model {
            Model::Opened => in_turn(size, stop, |node, all| open_one(node, all, rng))?,
            Model::Re6stnet { limit } => {
                let limit = limit.unwrap_or(size.links.saturating_mul(3));
                in_turn(size, stop, |node, all| {
                    draw_one(node, all, (size.links, limit), rng)
                })?
            }
            Model::Total => {
                let edges = Topology::Random(size.links).edges(size.peers, rng.random());
                neighbours(size.peers, &edges.expect("more nodes than links"))
            }
        };
        for all in &mut neighbours {
            all.sort_unstable();
            all.dedup();
        }
        Some(Self { neighbours })
    }

    /// The links, each once.
    #[cfg(test)]
    pub(super) fn links(&self) -> std::collections::BTreeSet<(u32, u32)> {
        let all = (0..).zip(&self.neighbours);
        let links = all.flat_map(|(node, all)| all.iter().map(move |other| (node, *other)));
        links.filter(|(node, other)| node < other).collect()
    }

    /// The nodes that are alive, and the links between them.
    pub fn survivors(&self, living: &[bool]) -> Survivors {
        Survivors::of(&self.neighbours, living)
    }
}

/// All nodes open their links, one node after the other. `next` chooses the other end.
fn in_turn(
    size: Size,
    stop: &dyn Fn() -> bool,
    mut next: impl FnMut(u32, &[Vec<u32>]) -> Option<u32>,
) -> Option<Vec<Vec<u32>>> {
    let mut all = vec![Vec::new(); size.peers as usize];
    for node in 0..size.peers {
        if node.is_multiple_of(BETWEEN_STOPS) && stop() {
            return None;
        }
        for _ in 0..size.links {
            if let Some(other) = next(node, &all) {
                all[node as usize].push(other);
                all[other as usize].push(node);
            }
        }
    }
    Some(all)
}

/// A random node without a link to this one; `None` where it has links to all.
fn open_one(node: u32, all: &[Vec<u32>], rng: &mut ChaCha8Rng) -> Option<u32> {
    let (linked, peers) = (&all[node as usize], all.len() as u32);
    let is_new = |other: &u32| *other != node && !linked.contains(other);
    // With few links most draws are new; with many, what is left is short.
    if linked.len() < all.len() / 2 {
        loop {
            let other = rng.random_range(0..peers);
            if is_new(&other) {
                return Some(other);
            }
        }
    }
    let left: Vec<_> = (0..peers).filter(is_new).collect();
    (!left.is_empty()).then(|| left[rng.random_range(0..left.len())])
}

/// A random node that does not refuse; `None` where [`TRIES`] did.
fn draw_one(
    node: u32,
    all: &[Vec<u32>],
    (links, limit): (u32, u32),
    rng: &mut ChaCha8Rng,
) -> Option<u32> {
    let accepts = |other: u32| {
        // Nodes with higher numbers have not opened theirs yet. The authors keep room for 10,
        // which is what their nodes open.
        let room = if other > node { links } else { 0 };
        all[other as usize].len() as u64 <= u64::from(limit.saturating_sub(room))
    };
    let mut draws = (0..TRIES).map(|_| rng.random_range(0..all.len() as u32));
    draws.find(|other| *other != node && accepts(*other))
}
