//! Reaching into a process from outside: it can be paused, and its links cut.

use std::collections::{BTreeSet, VecDeque};

use algorithms::NodeId;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::channel::Inbound;

/// How many messages wait on links that are cut. A guess; when there are more,
/// the channels push back.
const CAPACITY: usize = 16_384;

/// What somebody does to a process from outside.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FaultState {
    /// It takes no step, and its time stands still.
    pub paused: bool,
    /// What comes from these waits until the link is whole again. Nothing is
    /// lost and nothing changes its order, as with any reliable transport.
    pub cut: BTreeSet<NodeId>,
}

/// What the process knows of it.
pub(super) struct Reached {
    reach: watch::Receiver<FaultState>,
    cut: BTreeSet<NodeId>,
    held: VecDeque<(NodeId, Inbound)>,
}

impl Reached {
    pub(super) fn new(reach: watch::Receiver<FaultState>) -> Self {
        Self {
            reach,
            cut: BTreeSet::new(),
            held: VecDeque::new(),
        }
    }

    pub(super) fn have_room(&self) -> bool {
        self.held.len() < CAPACITY
    }

    /// Keeps what comes over a link that is cut. Returns it otherwise.
    pub(super) fn hold(&mut self, from: NodeId, inbound: Inbound) -> Option<Inbound> {
        if self.cut.is_empty() || !self.cut.contains(&from) {
            return Some(inbound);
        }
        self.held.push_back((from, inbound));
        None
    }

    /// Waits until somebody reaches in; false when nobody can any more.
    pub(super) async fn changed(&mut self) -> bool {
        self.reach.changed().await.is_ok()
    }

    /// Waits while the process is paused. Returns since when, and what has
    /// come over links that are whole again, in its order.
    pub(super) async fn resumed(&mut self) -> (Instant, Vec<Inbound>) {
        let since = Instant::now();
        if let Ok(reach) = self.reach.wait_for(|reach| !reach.paused).await {
            self.cut.clone_from(&reach.cut);
        }
        let (kept, there) = self
            .held
            .drain(..)
            .partition::<VecDeque<_>, _>(|(from, _)| self.cut.contains(from));
        self.held = kept;
        (
            since,
            there.into_iter().map(|(_, inbound)| inbound).collect(),
        )
    }
}
