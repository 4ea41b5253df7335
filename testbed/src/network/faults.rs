//! Faults of the links of a running network.

use std::sync::Arc;
use std::time::Duration;

use lab::simulator::{Change, Partition};
use node::links::{Direct, Fabric};

use super::world;
use crate::run::RunOptions;

/// The links of a running network, which faults change.
#[derive(Clone, Debug)]
pub struct LinkFaults {
    /// `None` where links are as the machine has them, and stay so.
    fabric: Option<Arc<Fabric>>,
    peers: u32,
    seed: u64,
}

impl LinkFaults {
    /// Those of a run. Links that no fault changes, and that are as the machine has them, cost
    /// nothing.
    pub(super) fn new(options: &RunOptions) -> Self {
        let (peers, seed) = (options.peers, options.seed);
        let world = options.network.as_ref();
        let world = world.map(|settled| world::Links(Arc::clone(settled)));
        let fabric = match world {
            Some(world) => Some(Fabric::new(world, peers)),
            None => options.changes_links.then(|| Fabric::new(Direct, peers)),
        };
        Self {
            fabric,
            peers,
            seed,
        }
    }

    pub(super) fn fabric(&self) -> Option<&Arc<Fabric>> {
        self.fabric.as_ref()
    }

    /// Changes the links, and says whether it could. A change of a process is not one of them.
    #[must_use]
    pub fn apply(&self, change: &Change) -> bool {
        let Some(fabric) = &self.fabric else {
            return false;
        };
        match change {
            Change::Part(partition) => self.each(partition, |from, to| fabric.hold(from, to)),
            Change::Heal(partition) => self.each(partition, |from, to| fabric.release(from, to)),
            Change::Slow(peer, by) => fabric.slow(*peer, *by),
            Change::Usual(peer) => fabric.slow(*peer, Duration::ZERO),
            Change::Links(world) => {
                let settled = world.clone().settle(self.peers, self.seed);
                fabric.change(world::Links(Arc::new(settled)));
            }
            Change::Crash(_) | Change::Restart(_) | Change::Pause(_) | Change::Resume(_) => {}
        }
        true
    }

    /// Each direction that the partition cuts.
    fn each(&self, partition: &Partition, mut change: impl FnMut(u32, u32)) {
        let [group, others] = partition.sides(self.peers);
        for &one in &group {
            for &other in &others {
                for (from, to) in [(one, other), (other, one)] {
                    if partition.cuts(from, to) {
                        change(from, to);
                    }
                }
            }
        }
    }
}
