//! How many endings of a run there were, and which can no longer come.

use std::collections::BTreeMap;

use algorithms::{Algorithm, NodeId};

use super::System;

/// The endings of a run so far, by the process whose output each was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Endings {
    by: BTreeMap<NodeId, u64>,
    total: u64,
}

impl Endings {
    /// Counts an output, if it is an ending. Returns whether it is.
    pub fn count<S: System>(
        &mut self,
        system: &S,
        node: NodeId,
        output: &<S::Algorithm as Algorithm>::Output,
    ) -> bool {
        let ends = system.ends(node, output);
        if ends {
            *self.by.entry(node).or_default() += 1;
            self.total += 1;
        }
        ends
    }

    /// A process has restarted without its memory, and its earlier outputs count as endings no
    /// more. This holds for a system with a [time limit](System::gives_up_after): without one, a
    /// run whose process outputs nothing again would never end.
    pub fn forget<S: System>(&mut self, system: &S, node: NodeId) {
        if system.gives_up_after().is_some() {
            self.total -= self.by.remove(&node).unwrap_or(0);
        }
    }

    /// How many there were of each process that has output any.
    pub fn of_each(&self) -> impl Iterator<Item = (NodeId, u64)> {
        self.by.iter().map(|(node, count)| (*node, *count))
    }

    /// How many there were.
    pub fn ended(&self) -> u64 {
        self.total
    }

    /// How many there should be in all, if these processes have stopped for ever: those of
    /// a stopped process that are missing will not come.
    pub fn expected<S: System>(
        &self,
        system: &S,
        stopped: impl IntoIterator<Item = NodeId>,
    ) -> u64 {
        let excused = stopped.into_iter().map(|node| {
            let ended = self.by.get(&node).copied().unwrap_or(0);
            system.endings_of(node).unwrap_or(0).saturating_sub(ended)
        });
        system.endings().saturating_sub(excused.sum())
    }

    /// Whether all have come that still can.
    pub fn are_complete<S: System>(
        &self,
        system: &S,
        stopped: impl IntoIterator<Item = NodeId>,
    ) -> bool {
        self.total >= system.endings() || self.total >= self.expected(system, stopped)
    }
}
