//! Components and distances of the nodes that are alive.
//!
//! Breadth-first search over adjacency lists in one array. petgraph has both, too, but its search
//! has no distances, and takes new memory for each source.

use super::{Sample, pairs};

/// After how many components a request to stop is seen. A guess: below a millisecond.
const BETWEEN_STOPS: u64 = 4096;

/// Nodes that are alive, numbered anew, and their neighbours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survivors {
    /// Where the neighbours of each node begin; its last element is the end of all.
    begins: Vec<usize>,
    neighbours: Vec<u32>,
}

/// What a search needs of memory, which the next one uses again.
#[derive(Debug)]
pub(super) struct Scratch {
    /// The latest search that has seen the node.
    seen: Vec<u32>,
    search: u32,
    frontier: Vec<u32>,
    next: Vec<u32>,
}

impl Scratch {
    pub(super) fn new(graph: &Survivors) -> Self {
        Self {
            seen: vec![0; graph.len()],
            search: 0,
            frontier: Vec::new(),
            next: Vec::new(),
        }
    }
}

/// What a search has found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Reach {
    /// How many others.
    pub(super) nodes: u64,
    /// The sum of the distances to them.
    pub(super) hops: u64,
    /// The longest of these.
    pub(super) longest: u32,
}

impl Survivors {
    pub(super) fn of(all: &[Vec<u32>], living: &[bool]) -> Self {
        let mut names = vec![None; all.len()];
        let mut count = 0;
        for (name, _) in names.iter_mut().zip(living).filter(|(_, alive)| **alive) {
            *name = Some(count);
            count += 1;
        }
        let mut graph = Self {
            begins: Vec::with_capacity(count as usize + 1),
            neighbours: Vec::new(),
        };
        graph.begins.push(0);
        for (list, _) in all.iter().zip(&names).filter(|(_, name)| name.is_some()) {
            let alive = list.iter().filter_map(|other| names[*other as usize]);
            graph.neighbours.extend(alive);
            graph.begins.push(graph.neighbours.len());
        }
        graph
    }

    /// How many nodes there are.
    pub(super) fn len(&self) -> usize {
        self.begins.len() - 1
    }

    fn neighbours(&self, node: u32) -> &[u32] {
        let node = node as usize;
        &self.neighbours[self.begins[node]..self.begins[node + 1]]
    }

    /// The distances from a node to all that it reaches.
    pub(super) fn search(&self, source: u32, scratch: &mut Scratch) -> Reach {
        scratch.search += 1;
        self.search_on(source, scratch)
    }

    /// The same, which does not enter what earlier calls since the last search have seen.
    fn search_on(&self, source: u32, scratch: &mut Scratch) -> Reach {
        let Scratch {
            seen,
            search,
            frontier,
            next,
        } = scratch;
        let mut reach = Reach::default();
        seen[source as usize] = *search;
        frontier.clear();
        frontier.push(source);
        for distance in 1.. {
            next.clear();
            for node in &*frontier {
                for other in self.neighbours(*node) {
                    let seen = &mut seen[*other as usize];
                    if *seen != *search {
                        *seen = *search;
                        next.push(*other);
                    }
                }
            }
            if next.is_empty() {
                break;
            }
            reach.nodes += next.len() as u64;
            reach.hops += next.len() as u64 * u64::from(distance);
            reach.longest = distance;
            std::mem::swap(frontier, next);
        }
        reach
    }

    /// The components, and the number of links. Distances are left out.
    pub(super) fn components(
        &self,
        scratch: &mut Scratch,
        stop: &dyn Fn() -> bool,
    ) -> Option<Sample> {
        let mut sample = Sample {
            alive: self.len() as u64,
            ends: self.neighbours.len() as u64,
            ..Sample::default()
        };
        scratch.search += 1;
        for node in 0..self.len() {
            if scratch.seen[node] == scratch.search {
                continue;
            }
            let size = 1 + self.search_on(node as u32, scratch).nodes;
            sample.components += 1;
            sample.largest = sample.largest.max(size);
            sample.connected += pairs(size);
            if sample.components.is_multiple_of(BETWEEN_STOPS) && stop() {
                return None;
            }
        }
        Some(sample)
    }
}
