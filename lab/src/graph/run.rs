//! All combinations of a plan, on several threads.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::{Cell, Config, Sample, Size, measure};

/// What is computed: each number of nodes with each number of links, and each killed share.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Numbers of nodes.
    pub peers: Vec<u32>,
    /// Numbers of links, each less than that of the nodes.
    pub links: Vec<u32>,
    /// Shares that are killed, from 0 to below 1.
    pub kills: Vec<f64>,
    /// How many graphs each combination has.
    pub graphs: u32,
    /// How they are made and measured.
    pub config: Config,
}

/// What was computed.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// The combinations with a graph at least, in the order of the plan.
    pub cells: Vec<Cell>,
    /// Whether they have all graphs of the plan.
    pub is_complete: bool,
}

impl Plan {
    /// Each number of nodes with each number of links.
    pub fn sizes(&self) -> Vec<Size> {
        let with = |peers: &u32| {
            let peers = *peers;
            self.links.iter().map(move |links| Size {
                peers,
                links: *links,
            })
        };
        self.peers.iter().flat_map(with).collect()
    }

    /// How many graphs are made. Each is measured once for each killed share.
    pub fn tasks(&self) -> usize {
        let sizes = self.peers.len().saturating_mul(self.links.len());
        sizes.saturating_mul(self.graphs as usize)
    }
}

/// About how many bytes one graph takes while it is made and measured: 160 for a node, and 24 for
/// a link that it opens. Measured with 102,400 nodes and 5 to 50 links of each model, rounded up.
pub fn bytes(size: Size) -> u64 {
    u64::from(size.peers).saturating_mul(160 + 24 * u64::from(size.links))
}

/// Computes a plan on so many threads. When `stop` becomes true, what is complete is returned.
/// `step` is called after each graph.
pub fn run(
    plan: &Plan,
    threads: usize,
    stop: &(dyn Fn() -> bool + Sync),
    step: &(dyn Fn() + Sync),
) -> Run {
    let sizes = plan.sizes();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let work = || {
        while !stop() {
            let task = next.fetch_add(1, Ordering::Relaxed);
            if task >= plan.tasks() {
                break;
            }
            let (size, graph) = (
                sizes[task / plan.graphs as usize],
                task % plan.graphs as usize,
            );
            let found = measure(size, &plan.kills, graph as u32, &plan.config, &stop);
            if let Some(samples) = found {
                let mut done = done.lock().expect("no thread panics with it");
                done.push((task, samples));
                step();
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.min(plan.tasks()) {
            scope.spawn(work);
        }
        work();
    });
    let mut done = done.into_inner().expect("no thread panics with it");
    // Threads end in any order.
    done.sort_unstable_by_key(|(task, _)| *task);
    Run {
        is_complete: done.len() == plan.tasks(),
        cells: cells(plan, &sizes, &done),
    }
}

fn cells(plan: &Plan, sizes: &[Size], done: &[(usize, Vec<Sample>)]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for graphs in done
        .chunk_by(|(one, _), (other, _)| one / plan.graphs as usize == other / plan.graphs as usize)
    {
        let size = sizes[graphs[0].0 / plan.graphs as usize];
        for (place, kill) in plan.kills.iter().enumerate() {
            let samples = graphs.iter().map(|(_, samples)| samples[place]);
            cells.push(Cell {
                size,
                kill: *kill,
                samples: samples.collect(),
            });
        }
    }
    cells
}
