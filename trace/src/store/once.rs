//! A span that was reported twice, as by an exporter that got no answer and retried,
//! is returned and counted once. Duplicates are found when a trace is read: looking
//! for them whenever a span is stored would cost more than storing it.

use std::collections::hash_map::Entry;
use std::hash::{BuildHasher as _, Hash};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::rows::Row;
use super::table::Table;

impl Table {
    /// The rows of a trace, from the newest to the oldest, each span once. As in Jaeger,
    /// spans are duplicates if their contents are equal: a client's and a server's may
    /// share an id.
    pub(super) fn spans_of(&self, trace: u32) -> impl Iterator<Item = u64> {
        let mut known = FxHashMap::<(u64, u64), u64>::default();
        let mut others = FxHashSet::default();
        self.rows_of(trace).filter(move |place| {
            let row = self.row(*place);
            match known.entry((row.id, row.start)) {
                Entry::Vacant(entry) => {
                    entry.insert(*place);
                    true
                }
                Entry::Occupied(entry) => {
                    let says = self.says(row);
                    says != self.says(self.row(*entry.get()))
                        && others.insert(FxBuildHasher.hash_one(says))
                }
            }
        })
    }

    fn says(&self, row: &Row) -> impl Hash + PartialEq {
        let ids = (row.id, row.parent, row.source);
        (ids, row.start, row.end, row.name, row.kind, self.rest(row))
    }
}
