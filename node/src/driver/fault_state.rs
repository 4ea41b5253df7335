//! Faults that the page injects into a process: it can be paused, and its links cut.

use std::collections::{BTreeSet, VecDeque};
use std::time::Duration;

use algorithms::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::channel::Inbound;

/// How many messages wait on links that are cut. A guess; when there are more, the
/// channels push back.
const CAPACITY: usize = 16_384;

/// The faults of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultState {
    /// The run stands still: it takes no step, and its timers are suspended.
    pub paused: bool,
    /// It takes no step, and time goes on: timers that run out meanwhile are handled
    /// afterwards.
    pub halted: bool,
    /// Processes whose messages are held until the link is healed. None is lost or
    /// reordered, as with any reliable transport.
    pub cut: BTreeSet<NodeId>,
}

/// Applies the faults to the messages of the process.
pub(super) struct FaultGate {
    faults: watch::Receiver<FaultState>,
    cut: BTreeSet<NodeId>,
    held: VecDeque<(NodeId, Inbound)>,
}

impl FaultGate {
    pub(super) fn new(faults: watch::Receiver<FaultState>) -> Self {
        Self {
            faults,
            cut: BTreeSet::new(),
            held: VecDeque::new(),
        }
    }

    /// The faults at present.
    pub(super) fn faults(&self) -> FaultState {
        self.faults.borrow().clone()
    }

    pub(super) fn have_room(&self) -> bool {
        self.held.len() < CAPACITY
    }

    /// Holds an event of a link that is cut. Returns it otherwise.
    pub(super) fn hold(&mut self, from: NodeId, inbound: Inbound) -> Option<Inbound> {
        if self.cut.is_empty() || !self.cut.contains(&from) {
            return Some(inbound);
        }
        self.held.push_back((from, inbound));
        None
    }

    /// Waits until the faults change; false when the driver is gone.
    pub(super) async fn changed(&mut self) -> bool {
        self.faults.changed().await.is_ok()
    }

    /// Waits while the process is paused or halted. Returns how long the run stood still, and
    /// the held events of healed links, in order.
    pub(super) async fn resumed(&mut self) -> (Duration, Vec<Inbound>) {
        let mut stood_still = Duration::ZERO;
        loop {
            let (since, now) = (Instant::now(), self.faults());
            if !now.paused && !now.halted {
                self.cut = now.cut;
                break;
            }
            let is_gone = self.faults.changed().await.is_err();
            if now.paused {
                stood_still += since.elapsed();
            }
            if is_gone {
                break;
            }
        }
        let (kept, there) = self
            .held
            .drain(..)
            .partition::<VecDeque<_>, _>(|(from, _)| self.cut.contains(from));
        self.held = kept;
        (
            stood_still,
            there.into_iter().map(|(_, inbound)| inbound).collect(),
        )
    }
}
