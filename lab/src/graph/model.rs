//! How nodes open links.

use clap::ValueEnum;
use rand::RngExt as _;
use rand::seq::index;
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::Size;
use super::component::Survivors;
use crate::topology::{Topology, neighbours};

/// How many random nodes a node of [`Model::Re6stnet`] tries for one link before it opens fewer
/// (`AddEdge` in `simulation/realistic_dataset/graph.cpp` of re6stnet).
const TRIES: u32 = 50;

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
            Model::Opened => in_turn(size.peers, stop, |node, all| {
                for other in others(node, all, size.links, rng) {
                    join(all, node, other);
                }
            })?,
            Model::Re6stnet { limit } => {
                let limit = limit.unwrap_or(size.links.saturating_mul(3));
                in_turn(size.peers, stop, |node, all| {
                    for _ in 0..size.links {
                        if let Some(other) = draw(node, all, (size.links, limit), rng) {
                            join(all, node, other);
                        }
                    }
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

/// All nodes open their links, one node after the other.
fn in_turn(
    peers: u32,
    stop: &dyn Fn() -> bool,
    mut open: impl FnMut(u32, &mut [Vec<u32>]),
) -> Option<Vec<Vec<u32>>> {
    let mut all = vec![Vec::new(); peers as usize];
    for node in 0..peers {
        if stop() {
            return None;
        }
        open(node, &mut all);
    }
    Some(all)
}

fn join(all: &mut [Vec<u32>], one: u32, other: u32) {
    all[one as usize].push(other);
    all[other as usize].push(one);
}

/// So many random nodes without a link to this one, or all of them where there are fewer.
fn others(node: u32, all: &[Vec<u32>], links: u32, rng: &mut ChaCha8Rng) -> Vec<u32> {
    let (linked, links) = (&all[node as usize], links as usize);
    let mut chosen = Vec::with_capacity(links);
    // With few links nearly every draw is a new node, and to compare it with all takes less
    // than to list the nodes.
    if links.saturating_mul(linked.len() + links) < all.len() {
        while chosen.len() < links {
            let other = rng.random_range(0..all.len() as u32);
            if other != node && !linked.contains(&other) && !chosen.contains(&other) {
                chosen.push(other);
            }
        }
        return chosen;
    }
    let mut is_linked = vec![false; all.len()];
    for other in linked.iter().chain([&node]) {
        is_linked[*other as usize] = true;
    }
    let left = (0..).zip(&is_linked).filter(|(_, linked)| !**linked);
    let left: Vec<u32> = left.map(|(other, _)| other).collect();
    let places = index::sample(rng, left.len(), links.min(left.len()));
    chosen.extend(places.into_iter().map(|place| left[place]));
    chosen
}

/// A random node that does not refuse; `None` where [`TRIES`] did.
fn draw(
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
