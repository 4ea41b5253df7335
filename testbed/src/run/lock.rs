//! Locks on folders that a running process uses. The operating system releases a lock
//! when the process ends, however it ends.

use std::fs::{File, TryLockError};
use std::path::Path;

/// A folder that no other process holds. Dropping it releases the lock.
#[derive(Debug)]
pub(crate) struct Held {
    _folder: Option<File>,
}

/// Locks a folder until the value is dropped or the process ends. `None` if another
/// process holds it. If the file system has no locks, nothing is locked.
pub(crate) fn hold(folder: &Path) -> Option<Held> {
    match File::open(folder) {
        Err(_) => Some(Held { _folder: None }),
        Ok(file) => match file.try_lock() {
            Err(TryLockError::WouldBlock) => None,
            Err(TryLockError::Error(_)) => Some(Held { _folder: None }),
            Ok(()) => Some(Held {
                _folder: Some(file),
            }),
        },
    }
}

/// Whether a process holds the folder; `None` if that is unknown.
pub(super) fn is_held(folder: &Path) -> Option<bool> {
    let file = File::open(folder).ok()?;
    match file.try_lock_shared() {
        Ok(()) => Some(false),
        Err(TryLockError::WouldBlock) => Some(true),
        Err(TryLockError::Error(_)) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_locked_until_it_is_released() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_eq!(is_held(folder.path()), Some(false));
        let held = hold(folder.path()).expect("free");
        assert_eq!(is_held(folder.path()), Some(true));
        assert!(hold(folder.path()).is_none(), "held twice");
        drop(held);
        assert_eq!(is_held(folder.path()), Some(false));
        assert_eq!(is_held(&folder.path().join("none")), None);
    }
}
