//! The setup that a system is built for, and what the system may require of it.

mod error;

use std::time::Duration;

use algorithms::NodeId;
use clap::Args;
use serde::Serialize;
use trace::steps::ENTRIES;

use super::System;
use crate::lesson::Lesson;
use crate::liars::Liars;
use crate::simulator::Crash;
use crate::topology::Topology;
pub use error::SetupError;

/// What a system is built for: the checked options of a run.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many processes there are.
    pub peers: u32,
    /// The name of the topology, for errors.
    pub topology: String,
    /// The neighbours of each process, by its number.
    pub neighbours: Vec<Vec<NodeId>>,
    /// The seed of all random choices.
    pub seed: u64,
    /// The processes that are to lie.
    pub liars: Liars,
    /// What runs the system.
    pub engine: Engine,
    /// The planned crashes: which processes stop, when, and when they restart. The model
    /// checker plans none: it tries all that its options allow.
    pub stops: Vec<Crash>,
    /// Whether processes also crash at times that are not planned: those that each schedule
    /// of the simulator draws, or any that the model checker tries.
    pub random_crashes: bool,
    /// Whether channels are first in, first out.
    pub fifo: bool,
    /// Until when links go out; `None` if they do not.
    pub outages: Option<OutagesEnd>,
}

/// How long a run lasts in which links go out until it ends, unless its options say. A guess.
const OUT: Duration = Duration::from_secs(600);

/// When all links work again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum OutagesEnd {
    /// So long after the start.
    At(Duration),
    /// Not before the run ends.
    WithTheRun,
}

impl OutagesEnd {
    /// When that is, in a run whose options do not say how long it lasts.
    pub(super) fn usual(self) -> Duration {
        match self {
            Self::At(until) => until,
            Self::WithTheRun => OUT,
        }
    }
}

/// What runs a system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Real libp2p peers.
    Live,
    /// The simulator: many schedules in virtual time.
    Simulator,
    /// The model checker: every schedule.
    ModelChecker,
}

/// The options of a system on the command line, which build it.
pub trait SystemOptions: Args + Clone + Serialize + Send + Sync + 'static {
    /// The name of the command.
    const NAME: &'static str;

    /// The algorithms that it runs, and the applications below them, for `list` and
    /// `explain`.
    const LESSONS: &[Lesson];

    /// The topology unless the command line names one.
    const TOPOLOGY: Topology = Topology::Full;

    /// The same, where it depends on the options.
    fn topology(&self) -> Topology {
        Self::TOPOLOGY
    }

    /// How many peers there are beside the usual number, unless the command line says how many.
    fn more_peers(&self) -> u32 {
        0
    }

    /// Whether times are measured, so that a live run adds no delay of its own.
    const MEASURES: bool = false;

    /// The algorithm, as the literature names it.
    fn algorithm(&self) -> String;

    /// The application below a superimposed algorithm.
    fn workload(&self) -> Option<String> {
        None
    }

    /// Builds the system, and passes it to `visitor`.
    ///
    /// # Errors
    /// [`SetupError`] names the value and the way out.
    fn build<V: Visitor>(&self, setup: Setup, visitor: V) -> Result<V::Output, SetupError>;
}

/// Takes a system of any type.
pub trait Visitor {
    /// What it returns.
    type Output;

    /// Takes the system.
    fn visit<S: System + 'static>(self, system: S) -> Self::Output;
}

/// The most operations of a run: a command is kept until it is due.
const OPERATIONS: u64 = 1_000_000;

impl Setup {
    /// The processes to which `id` may send. Empty if the run has no such process.
    pub fn neighbours_of(&self, id: NodeId) -> &[NodeId] {
        let all = self.neighbours.get(usize::from(id));
        all.map_or(&[], Vec::as_slice)
    }

    /// How often a process of a workload acts by default: where every schedule is tried,
    /// each process has one token or item, not many that may move in any order.
    pub(super) fn acts(&self) -> Option<u64> {
        (self.engine == Engine::ModelChecker).then_some(1)
    }

    /// The neighbours by their numbers.
    pub(super) fn numbers(&self) -> Vec<Vec<u32>> {
        let numbers = |all: &Vec<NodeId>| all.iter().map(|id| id.0).collect();
        self.neighbours.iter().map(numbers).collect()
    }
}

/// What systems require.
impl Setup {
    /// Requires that `processes` can keep `each` operations each.
    pub(super) fn limit_operations(
        &self,
        option: &'static str,
        each: u32,
        processes: u32,
    ) -> Result<(), SetupError> {
        let all = u64::from(each) * u64::from(processes);
        require(all <= OPERATIONS, || SetupError::TooManyOperations {
            option,
            each,
            processes,
        })
    }

    /// Requires that processes can keep so many operations together.
    pub(super) fn limit_all_operations(
        &self,
        option: &'static str,
        count: u32,
    ) -> Result<(), SetupError> {
        let fits = u64::from(count) <= OPERATIONS;
        require(fits, || SetupError::TooManyInAll { option, count })
    }

    /// Requires as many processes as `option` counts.
    pub(super) fn limit_processes(
        &self,
        option: &'static str,
        count: u32,
    ) -> Result<(), SetupError> {
        let peers = self.peers;
        require(count <= peers, || SetupError::TooFewPeers {
            option,
            count,
            peers,
        })
    }

    /// Requires that states which list so many other processes are recorded whole: a judge would
    /// take what is left out for something that is not there.
    pub(super) fn require_recorded(&self, listed: u32) -> Result<(), SetupError> {
        require(listed as usize <= ENTRIES, || SetupError::TooManyListed {
            peers: self.peers,
            listed,
        })
    }

    /// Requires a process with at least `fanout` neighbours. Processes with fewer
    /// send to all of them.
    pub(super) fn require_degree(&self, fanout: u32) -> Result<(), SetupError> {
        let degree = self.neighbours.iter().map(Vec::len).max().unwrap_or(0);
        require(degree as u64 >= u64::from(fanout), || SetupError::Fanout {
            fanout,
            degree,
            topology: self.topology.clone(),
        })
    }

    /// Requires a channel from every process to the next.
    pub(super) fn require_ring(&self) -> Result<(), SetupError> {
        let next = |peer: usize| (peer as u32 + 1) % self.peers;
        let lacks = |&peer: &usize| !self.neighbours[peer].contains(&NodeId(next(peer)));
        match (0..self.neighbours.len()).find(lacks) {
            None => Ok(()),
            Some(peer) => Err(SetupError::NoRing {
                peer,
                next: next(peer),
                topology: self.topology.clone(),
            }),
        }
    }

    /// Requires a channel between each of the first `hubs` processes and all others.
    pub(super) fn require_hubs(&self, hubs: u32) -> Result<(), SetupError> {
        let lacks = |peer: usize| {
            let mut all = (0..hubs).filter(|hub| *hub as usize != peer);
            all.find(|hub| !self.neighbours[peer].contains(&NodeId(*hub)))
        };
        match (0..self.neighbours.len()).find_map(|peer| Some((peer, lacks(peer)?))) {
            None => Ok(()),
            Some((peer, hub)) => Err(SetupError::NoHub {
                peer,
                hub,
                hubs,
                topology: self.topology.clone(),
            }),
        }
    }

    /// Requires a channel between any two processes.
    pub(super) fn require_mesh(&self) -> Result<(), SetupError> {
        let mut all = self.neighbours.iter();
        match all.position(|some| some.len() + 1 < self.neighbours.len()) {
            None => Ok(()),
            Some(peer) => Err(SetupError::NoMesh {
                peer,
                topology: self.topology.clone(),
            }),
        }
    }

    /// Requires a path between any two processes.
    pub(super) fn require_connected(&self) -> Result<(), SetupError> {
        let mut reached = vec![false; self.neighbours.len()];
        let mut to_visit = vec![NodeId(0)];
        while let Some(node) = to_visit.pop() {
            if !std::mem::replace(&mut reached[usize::from(node)], true) {
                to_visit.extend(self.neighbours_of(node));
            }
        }
        match reached.iter().position(|reached| !reached) {
            None => Ok(()),
            Some(peer) => Err(SetupError::NotConnected {
                peer,
                topology: self.topology.clone(),
            }),
        }
    }
}

fn require(holds: bool, error: impl FnOnce() -> SetupError) -> Result<(), SetupError> {
    match holds {
        true => Ok(()),
        false => Err(error()),
    }
}
