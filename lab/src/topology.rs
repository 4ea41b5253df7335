//! The edges between the processes of a run.

mod file;
mod random;
mod xor;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use algorithms::NodeId;

pub use file::{EdgeList, FileError};

/// The connections of a network: pairs `(a, b)` with `a < b`, in order, each
/// once. `a` dials `b`.
pub type Edges = Vec<(u32, u32)>;

/// Why a topology does not fit a run: take another, or other peers.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Each peer would have more neighbours than there are others.
    #[error(
        "--topology random:{degree} with --peers {peers}: each peer takes {degree} others; start \
         at least {} peers, or take full", u64::from(*degree) + 1
    )]
    Degree {
        /// How many neighbours each has.
        degree: u32,
        /// How many peers there are.
        peers: u32,
    },
    /// The file is not the edge list of the run.
    #[error("--topology file:{}: {why}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        why: FileError,
    },
}

/// A shape of a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Topology {
    /// An edge between any two processes.
    Full,
    /// Each with the next.
    Line,
    /// A line whose ends meet.
    Ring,
    /// All with peer 0.
    Star,
    /// All with each of the first so many peers.
    Hubs(u32),
    /// A binary tree: peer `i` with peer `(i - 1) / 2`.
    Tree,
    /// Rows and columns, as square as can be, filled row by row.
    Grid,
    /// Connected, each with about this many random others.
    Random(u32),
    /// Each with so many others of each length of a common prefix of their ids, as they are in
    /// [`route`](algorithms::route).
    Xor(u32),
    /// An edge list.
    File(EdgeList),
}

impl Topology {
    /// How many peers the topology asks for, if it says.
    ///
    /// # Errors
    /// [`Error::File`], where the file is no edge list.
    pub fn peers(&self) -> Result<Option<u32>, Error> {
        match self {
            Self::File(list) => Ok(Some(list.peers()?)),
            Self::Full
            | Self::Line
            | Self::Ring
            | Self::Star
            | Self::Hubs(_)
            | Self::Tree
            | Self::Grid
            | Self::Random(_)
            | Self::Xor(_) => Ok(None),
        }
    }

    /// The topology for so many peers: full, if each would have more neighbours
    /// than there are others.
    pub fn among(&self, peers: u32) -> Self {
        match self {
            Self::Random(degree) if *degree >= peers => Self::Full,
            other => other.clone(),
        }
    }

    /// How many connections `peers` peers have, without making them.
    ///
    /// # Errors
    /// [`Error`] when the topology does not fit so many peers.
    pub fn count(&self, peers: u32) -> Result<u64, Error> {
        let n = u64::from(peers);
        Ok(match self {
            Self::Full => n * n.saturating_sub(1) / 2,
            Self::Ring if n > 2 => n,
            Self::Line | Self::Ring | Self::Star | Self::Tree => n.saturating_sub(1),
            Self::Hubs(hubs) => {
                let hubs = u64::from(*hubs).min(n);
                hubs * (n - hubs) + hubs * hubs.saturating_sub(1) / 2
            }
            Self::Grid => n + n - width(peers) - n.div_ceil(width(peers)),
            Self::Random(degree) => random::count(peers, *degree)?,
            Self::Xor(of_each) => xor::edges(peers, *of_each).len() as u64,
            Self::File(list) => list.edges(peers)?.len() as u64,
        })
    }

    /// The connections of `peers` peers.
    ///
    /// # Errors
    /// [`Error`] when the topology does not fit so many peers.
    pub fn edges(&self, peers: u32, seed: u64) -> Result<Edges, Error> {
        Ok(match self {
            Self::Full => hubs(peers, peers),
            Self::Hubs(count) => hubs(peers, *count),
            Self::Line => line(peers).collect(),
            Self::Ring if peers > 2 => {
                let mut ring: Edges = line(peers).chain([(0, peers - 1)]).collect();
                ring.sort_unstable();
                ring
            }
            Self::Ring => line(peers).collect(),
            Self::Star => (1..peers).map(|b| (0, b)).collect(),
            Self::Tree => (1..peers).map(|b| ((b - 1) / 2, b)).collect(),
            Self::Grid => grid(peers),
            Self::Random(degree) => random::edges(peers, *degree, seed)?,
            Self::Xor(of_each) => xor::edges(peers, *of_each),
            Self::File(list) => list.edges(peers)?,
        })
    }
}

/// The first of the peers with all.
fn hubs(peers: u32, count: u32) -> Edges {
    (0..count.min(peers))
        .flat_map(|a| (a + 1..peers).map(move |b| (a, b)))
        .collect()
}

fn line(peers: u32) -> impl Iterator<Item = (u32, u32)> {
    (1..peers).map(|b| (b - 1, b))
}

/// How many columns a grid has: the root of its size, rounded up.
fn width(peers: u32) -> u64 {
    let root = u64::from(peers).isqrt();
    (root + u64::from(root * root < u64::from(peers))).max(1)
}

fn grid(peers: u32) -> Edges {
    let width = u32::try_from(width(peers)).expect("a root of a u32");
    let right = |a: u32| (!(a + 1).is_multiple_of(width)).then_some(a + 1);
    let below = |a: u32| a.checked_add(width);
    (0..peers)
        .flat_map(|a| [right(a), below(a)].map(|b| (a, b)))
        .filter_map(|(a, b)| b.filter(|b| *b < peers).map(|b| (a, b)))
        .collect()
}

impl fmt::Display for Topology {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full => f.write_str("full"),
            Self::Line => f.write_str("line"),
            Self::Ring => f.write_str("ring"),
            Self::Star => f.write_str("star"),
            Self::Hubs(hubs) => write!(f, "hubs:{hubs}"),
            Self::Tree => f.write_str("tree"),
            Self::Grid => f.write_str("grid"),
            Self::Random(degree) => write!(f, "random:{degree}"),
            Self::Xor(of_each) => write!(f, "xor:{of_each}"),
            Self::File(list) => write!(f, "file:{}", list.path().display()),
        }
    }
}

/// The neighbours of each process, by its number.
pub fn neighbours(processes: u32, edges: &[(u32, u32)]) -> Vec<Vec<u32>> {
    let mut neighbours = vec![Vec::new(); processes as usize];
    for &(a, b) in edges {
        neighbours[a as usize].push(b);
        neighbours[b as usize].push(a);
    }
    neighbours
}

/// The same lists, with the identities of the processes.
pub fn ids(neighbours: Vec<Vec<u32>>) -> Vec<Vec<NodeId>> {
    let ids = |all: Vec<u32>| all.into_iter().map(NodeId).collect();
    neighbours.into_iter().map(ids).collect()
}

impl FromStr for Topology {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.split_once(':') {
            None => match text {
                "full" => Self::Full,
                "line" => Self::Line,
                "ring" => Self::Ring,
                "star" => Self::Star,
                "tree" => Self::Tree,
                "grid" => Self::Grid,
                "random" => return Err(no_degree()),
                "hubs" => return Err(no_hubs()),
                "xor" => return Err(no_group()),
                "file" => return Err("file:PATH takes a path, for example file:edges.txt".into()),
                _ => return Err(unknown()),
            },
            Some(("random", degree)) => match degree.parse() {
                Ok(degree) if degree >= 2 => Self::Random(degree),
                _ => return Err(no_degree()),
            },
            Some(("hubs", hubs)) => match hubs.parse() {
                Ok(hubs) if hubs >= 1 => Self::Hubs(hubs),
                _ => return Err(no_hubs()),
            },
            Some(("xor", of_each)) => match of_each.parse() {
                Ok(of_each) if of_each >= 1 => Self::Xor(of_each),
                _ => return Err(no_group()),
            },
            Some(("file", path)) if !path.is_empty() => Self::File(EdgeList::at(path)),
            Some(_) => return Err(unknown()),
        })
    }
}

fn no_degree() -> String {
    "random:K takes a number of neighbours from 2 on, for example random:8".into()
}

fn no_hubs() -> String {
    "hubs:K takes a number of hubs from 1 on, for example hubs:4".into()
}

fn no_group() -> String {
    "xor:K takes a number of neighbours of each prefix from 1 on, for example xor:2".into()
}

fn unknown() -> String {
    "unknown topology; choose from full, line, ring, star, hubs:K, tree, grid, random:K, xor:K, file:PATH"
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    /// All the shapes that need no file.
    fn shapes() -> Vec<Topology> {
        [
            "full", "line", "ring", "star", "hubs:1", "hubs:3", "tree", "grid", "random:2",
            "random:3", "random:8", "xor:1", "xor:2",
        ]
        .map(|name| name.parse().unwrap())
        .into()
    }

    fn is_connected(peers: u32, edges: &Edges) -> bool {
        let mut reached = BTreeSet::from([0]);
        let mut grew = true;
        while grew {
            let before = reached.len();
            for (a, b) in edges {
                if reached.contains(a) || reached.contains(b) {
                    reached.extend([*a, *b]);
                }
            }
            grew = reached.len() > before;
        }
        reached.len() == peers as usize
    }

    #[test]
    fn every_shape_is_connected_ordered_and_counted() {
        for topology in shapes() {
            for peers in [1, 2, 3, 4, 5, 9, 10, 16, 17, 100] {
                let Ok(count) = topology.count(peers) else {
                    assert!(
                        matches!(topology, Topology::Random(k) if k >= peers),
                        "{topology} {peers}"
                    );
                    continue;
                };
                let edges = topology.edges(peers, 7).unwrap();
                assert_eq!(edges.len() as u64, count, "{topology} of {peers}");
                assert!(edges.is_sorted() && edges.iter().all(|(a, b)| a < b && *b < peers));
                assert_eq!(
                    edges.iter().collect::<BTreeSet<_>>().len(),
                    edges.len(),
                    "{topology} of {peers}"
                );
                assert!(is_connected(peers, &edges), "{topology} of {peers}");
                assert_eq!(topology.to_string().parse(), Ok(topology.clone()));
            }
        }
    }

    #[test]
    fn full_topology_has_an_edge_between_any_two_peers() {
        assert_eq!(Topology::Full.count(20).unwrap(), 190);
        assert_eq!(Topology::Full.count(1_000_000).unwrap(), 499_999_500_000);
    }

    #[test]
    fn unknown_names_are_rejected() {
        for name in [
            "", "mesh", "random", "random:", "random:0", "random:1", "random:x", "hubs", "hubs:0",
            "xor", "xor:0", "file:", "full:2",
        ] {
            assert!(name.parse::<Topology>().is_err(), "{name}");
        }
    }
}
