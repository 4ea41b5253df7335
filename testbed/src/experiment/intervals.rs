//! The file with the intervals of an overlay.

use lab::system::Judgement;

use super::Error;
use crate::run::Folder;

/// Saves them, if there are any.
///
/// # Errors
/// [`Error`], for example when the disk is full.
pub(super) fn save(judgement: &Judgement, folder: &Folder) -> Result<(), Error> {
    if judgement.intervals.is_empty() {
        return Ok(());
    }
    let mut rows = folder.intervals()?;
    let mut intervals = judgement.intervals.iter();
    intervals.try_for_each(|row| rows.save(row))?;
    Ok(rows.flush()?)
}
