//! The initial state of a process, and its description in the trace.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::channels::Counters;
use super::{Colours, LaiYang};
use crate::{Algorithm, Describe, Fields, NodeId};

impl<A: Algorithm> LaiYang<A> {
    /// A process with `application` below it.
    pub fn new(
        application: A,
        me: NodeId,
        neighbours: impl IntoIterator<Item = NodeId>,
        processes: impl IntoIterator<Item = NodeId>,
        patience: Duration,
    ) -> Self {
        Self {
            application,
            me,
            neighbours: neighbours
                .into_iter()
                .map(|neighbour| (neighbour, Counters::default()))
                .collect(),
            processes: processes.into_iter().collect(),
            patience,
            colours: Colours::default(),
            snapshots: BTreeMap::new(),
            open: BTreeSet::new(),
        }
    }

    /// The application below.
    pub fn application(&self) -> &A {
        &self.application
    }
}

impl<A: Algorithm> Describe for LaiYang<A> {
    fn describe(&self, fields: &mut Fields) {
        self.application.describe(fields);
        let snapshots = self.snapshots.values();
        let under_way = snapshots.filter(|snapshot| !snapshot.channels.are_recorded());
        fields.integer("recording", under_way.count());
    }
}
