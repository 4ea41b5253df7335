//! Dependencies between services: a service whose span is the parent of another
//! service's span calls it.

use std::collections::{BTreeMap, HashMap};
use std::ops::RangeInclusive;

use serde::Serialize;

use super::Store;
use super::table::Table;

/// How many traces are read under one lock. Guess.
const TRACES_PER_LOCK: usize = 256;

/// How often one service called another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Dependency {
    /// The name of the caller.
    pub parent: String,
    /// The name of the callee.
    pub child: String,
    /// Spans of the child whose parent is one of the parent's.
    pub call_count: u64,
}

impl Store {
    /// The dependencies in traces that start in `range`, in nanoseconds since
    /// 1970, in the order of the names. Links do not count, and neither do calls of a
    /// service to itself.
    #[must_use]
    pub fn dependencies(&self, range: RangeInclusive<u64>) -> Vec<Dependency> {
        let traces: Vec<u32> = self.read().trace_indexes().collect();
        let mut named = BTreeMap::<(String, String), u64>::new();
        // A lock for some traces: peers report while this goes on.
        for some in traces.chunks(TRACES_PER_LOCK) {
            let table = self.read();
            let mut calls = HashMap::<(u32, u32), u64>::new();
            for trace in some {
                if range.contains(&table.trace_at(*trace).start) {
                    count(&table, *trace, &mut calls);
                }
            }
            let name = |source: u32| table.source(source).name.clone();
            for ((parent, child), count) in calls {
                *named.entry((name(parent), name(child))).or_default() += count;
            }
        }
        let others = named
            .into_iter()
            .filter(|((parent, child), _)| parent != child);
        others
            .map(|((parent, child), call_count)| Dependency {
                parent,
                child,
                call_count,
            })
            .collect()
    }
}

fn count(table: &Table, trace: u32, calls: &mut HashMap<(u32, u32), u64>) {
    let rows = || table.spans_of(trace).map(|place| table.row(place));
    let sources: HashMap<u64, u32> = rows().map(|row| (row.id, row.source)).collect();
    for row in rows() {
        if let Some(parent) = sources.get(&row.parent) {
            *calls.entry((*parent, row.source)).or_default() += 1;
        }
    }
}
