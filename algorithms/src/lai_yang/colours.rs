//! The snapshots for which a process, or a message, is red.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use crate::{InstanceId, NodeId};

/// The latest snapshot of each initiator; those before it are recorded as well.
pub type Colours = BTreeMap<NodeId, u32>;

/// How many snapshots a process records at once, at most, when it learns of the last
/// of them. A guess: as many as one initiator may start while one message is on its
/// way. A message that claims more is ignored.
const MAX_BEHIND: u32 = 1024;

/// Whether the colours include that snapshot.
pub(super) fn contain(colours: &Colours, id: InstanceId) -> bool {
    colours.get(&id.by).is_some_and(|&last| id.number <= last)
}

/// The number of the initiator's first snapshot that is not recorded.
pub(super) fn next(colours: &Colours, initiator: NodeId) -> u32 {
    let last = colours.get(&initiator);
    last.map_or(0, |last| last.saturating_add(1))
}

/// The numbers of the snapshots up to `last` that are not recorded, if there are any
/// and no more than the limit.
pub(super) fn unrecorded(colours: &Colours, last: InstanceId) -> Option<RangeInclusive<u32>> {
    let next = next(colours, last.by);
    let is_news = !contain(colours, last) && last.number - next < MAX_BEHIND;
    is_news.then_some(next..=last.number)
}

/// The latest snapshot of each initiator.
pub(super) fn ids(colours: &Colours) -> Vec<InstanceId> {
    let id = |(&by, &number)| InstanceId { by, number };
    colours.iter().map(id).collect()
}
