//! Other names for processes, under which a model checker compares states.

use std::cell::RefCell;
use std::hash::{Hash, Hasher};

use crate::NodeId;

thread_local! {
    /// The new number of each process. Beyond its end none is changed.
    static RENAMING: RefCell<Vec<u32>> = const { RefCell::new(Vec::new()) };
}

/// Runs `hash` while each process has the hash of another: of the one whose number stands
/// at its place in `renaming`.
///
/// So two values that hash alike, one as it is and one renamed, differ in the names of
/// processes alone. Sets and maps of processes are hashed in the order of the old names:
/// there some values hash differently that differ in names alone, and none alike that do
/// not.
pub fn renamed<T>(renaming: &[u32], hash: impl FnOnce() -> T) -> T {
    let is_changed = (0..).zip(renaming).any(|(old, new)| old != *new);
    if !is_changed {
        return hash();
    }
    let _ends = Ends;
    RENAMING.with_borrow_mut(|current| current.extend_from_slice(renaming));
    hash()
}

/// Ends a renaming, also if a hash panics.
struct Ends;

impl Drop for Ends {
    fn drop(&mut self) {
        RENAMING.with_borrow_mut(Vec::clear);
    }
}

impl Hash for NodeId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let number = RENAMING.with_borrow(|new| new.get(self.0 as usize).copied());
        state.write_u32(number.unwrap_or(self.0));
    }
}
