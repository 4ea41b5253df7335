//! A run as one file: the page of the viewer with all that it would ask, so
//! that it opens from the disk, without a server and without a network.
//!
//! `page` puts the page's files into one, `answers` chooses what it gets to
//! know. The answers are those of the server, made by the same functions, as
//! far as they fit.

mod answers;
mod budget;
mod file;
mod modules;
mod page;
#[cfg(test)]
mod tests;
mod windows;

use std::io::{self, Write};
use std::path::PathBuf;

use serde_json::Value;
use trace::store::Store;

use crate::run::{self, Folder};
use page::Page;

/// The most that a report takes, the page's own files included. Mail takes it
/// (25 MB, with what base64 adds), a browser opens it in about a second, and a
/// run of 100,000 steps fits.
const MOST: usize = 16 << 20;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The page names a file that is not there.
    #[error("{by} wants {file}, which is not among the files of the page")]
    Missing {
        /// What names it.
        by: String,
        /// What it names.
        file: String,
    },
    /// A file of the page is written in a way that cannot be put into one.
    #[error("{file}: {line:?} cannot be put into a report")]
    Form {
        /// The file.
        file: String,
        /// What is meant.
        line: String,
    },
    /// It cannot be written.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// What it should tell cannot be read.
    #[error("{0}")]
    Read(#[from] run::Error),
}

/// Writes the report of a run into its folder. `run` is what stands in
/// `run.json`.
///
/// # Errors
/// [`Error`]. There is then no report.
pub fn save(folder: &Folder, run: &Value, store: &Store) -> Result<PathBuf, Error> {
    let page = page::page(super::page::read, rand::random())?;
    folder.save_report(|out| write(out, &page, MOST, folder, run, store))
}

fn write(
    out: &mut impl Write,
    page: &Page,
    most: usize,
    folder: &Folder,
    run: &Value,
    store: &Store,
) -> Result<(), Error> {
    let left = most.saturating_sub(page.len());
    out.write_all(page.before.as_bytes())?;
    answers::write(out, left, folder, run, store)?;
    out.write_all(page.after.as_bytes())?;
    Ok(())
}
