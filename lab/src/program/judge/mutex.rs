//! `mutex`: one client at a time has the lock, and in the end it can be had.
//!
//! A client has the lock from the answer to its `lock` until it asks for `unlock`. All
//! clients have the same clock.

use std::collections::BTreeMap;

use trace::history::History;

use crate::checkers::Property;
use crate::program::operation::{Operation, last_of_each};

/// From the answer to a lock until its unlock is asked for.
struct Held<'a> {
    client: &'a str,
    holder: String,
    from: u64,
    /// `None`: it was never asked for.
    until: Option<u64>,
}

pub(super) fn check(operations: &[Operation<'_>], history: &History) -> Vec<Property> {
    vec![one(operations, history), had(operations, history)]
}

/// A lock is answered when the one before it is over.
fn one(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property =
        Property::of("one client at a time has the lock", history).looks_at("lock_ok");
    let mut all = held(operations);
    all.sort_by_key(|held| held.from);
    // Of those so far, the one that is over last.
    let mut last: Option<&Held<'_>> = None;
    for held in &all {
        if let Some(before) = last {
            property.check(before.until.is_some_and(|until| until <= held.from), || {
                format!(
                    "{} got the lock (holder {}) while {} had it (holder {})",
                    held.client, held.holder, before.client, before.holder
                )
            });
        } else {
            property.checked += 1;
        }
        let end = |held: &Held<'_>| held.until.unwrap_or(u64::MAX);
        if last.is_none_or(|before| end(before) <= end(held)) {
            last = Some(held);
        }
    }
    property
}

fn held<'a>(operations: &'a [Operation<'_>]) -> Vec<Held<'a>> {
    let holder = |operation: &Operation<'_>| operation.asks("holder").to_string();
    let unlocks = operations.iter().filter(|one| one.kind == "unlock");
    let unlocks = unlocks.map(|one| (holder(one), one.record.invoked));
    let unlocks: BTreeMap<_, _> = unlocks.collect();
    let locks = operations.iter().filter(|one| one.kind == "lock");
    let held = locks.filter_map(|one| {
        let (from, _) = one.has("type")?;
        let holder = holder(one);
        Some(Held {
            client: &one.client,
            until: unlocks.get(&holder).copied(),
            holder,
            from,
        })
    });
    // One that is asked to end before its answer was never held.
    held.filter(|held| held.until.is_none_or(|until| until >= held.from))
        .collect()
}

/// After the recovery the lock is free, and those who ask for it get it.
fn had(operations: &[Operation<'_>], history: &History) -> Property {
    let mut property =
        Property::of("in the end the lock can be had", history).looks_at("last unlock of a client");
    let locks = operations.iter().filter(|one| one.kind == "lock");
    let locks: BTreeMap<_, _> = locks
        .map(|one| (one.asks("holder").to_string(), one))
        .collect();
    for (process, operation) in last_of_each(operations) {
        let lock = locks.get(&operation.asks("holder").to_string());
        let Some(lock) = lock.filter(|_| operation.asks("last") == true) else {
            continue;
        };
        // One that somebody had while it was waited for says nothing.
        let asked = lock.record.invoked;
        let mut others = held(operations).into_iter();
        let had = others.find(|held| held.until.is_none_or(|until| until > asked));
        match had.filter(|_| !lock.is_done()) {
            Some(other) => property.unknown(format!(
                "{process} waited for the lock in the end, which {} had meanwhile",
                other.client
            )),
            None => property.check_in_the_end(lock.is_done(), || {
                format!(
                    "{process} asked for the lock in the end, when nobody had it, and did not \
                     get it"
                )
            }),
        }
    }
    property
}
