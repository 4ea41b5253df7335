//! Peers behind network address translation: who reaches whom, and how. Each cell of the
//! matrix is a network of its own in the kernel's network namespaces, with real routers,
//! and three real peers in it: a hub that relays, a dialler and a listener.
//!
//! [`theory`] says how each cell should come out, `netns` (on Linux) builds and measures it,
//! and [`Report`] compares both.

mod cell;
mod collector;
#[cfg(target_os = "linux")]
pub mod netns;
mod outcome;
mod programs;
mod report;
mod table;
pub mod theory;

use std::time::Duration;

pub use cell::{Carrier, Cell, How, Kind, Scene, Special};
pub use collector::Collector;
pub use outcome::{Attempt, Reached, Run};
pub use programs::{Program, Programs};
pub use report::Report;

/// What is measured.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The kinds of NAT: each dials each.
    pub kinds: Vec<Kind>,
    /// The networks beside the matrix.
    pub also: Vec<Special>,
    /// What carries the connections.
    pub carriers: Vec<Carrier>,
    /// How often each cell is measured, in fresh namespaces each time.
    pub runs: u32,
    /// The links between hosts with public addresses.
    pub links: Links,
    /// How many cells are measured at a time.
    pub parallel: usize,
    /// Where keys, jitter and loss come from.
    pub seed: u64,
    /// Whether peers may punch holes. Without it theory says `relayed` where it says
    /// `punched` with it.
    pub punching: bool,
    /// Whether only the NATs are verified, without peers.
    pub verify: bool,
    /// The programs of the two peers. The hub is always this program.
    pub programs: Programs,
    /// The collector to which the peers send their spans.
    pub otlp: Option<Collector>,
}

/// The links between hosts with public addresses.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Links {
    /// The round trip between two of them.
    pub rtt: Duration,
    /// The most by which a frame is delayed further, at random. Frames keep their order.
    pub jitter: Duration,
    /// The probability that a frame is lost.
    pub loss: f64,
}

impl Plan {
    /// All cells, in the order of the report.
    pub fn cells(&self) -> Vec<Cell> {
        let mut cells = Vec::new();
        for carrier in &self.carriers {
            for dialler in &self.kinds {
                cells.extend(self.kinds.iter().map(|listener| Cell {
                    carrier: *carrier,
                    scene: Scene::Pair {
                        dialler: *dialler,
                        listener: *listener,
                    },
                }));
            }
            cells.extend(self.also.iter().map(|special| Cell {
                carrier: *carrier,
                scene: Scene::Special(*special),
            }));
        }
        cells
    }
}
