//! A run as one file: the viewer's page with the answers to its requests, so that it
//! opens from the disk, without a server or a network.
//!
//! `page` puts the page's files into one; `answers` selects the answers. They are those
//! of the server, made by the same functions, as far as they fit.

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

/// The most bytes of a report, including the page's own files. It fits in a mail (25 MB,
/// with base64), a browser opens it in about a second, and a run of 100,000 steps fits.
const MOST: usize = 16 << 20;

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The page refers to a file that does not exist.
    #[error("{by} wants {file}, which is not among the files of the page")]
    Missing {
        /// The file that refers to it.
        by: String,
        /// The missing file.
        file: String,
    },
    /// A file of the page has a form that cannot be put into a report.
    #[error("{file}: {line:?} cannot be put into a report")]
    Form {
        /// The file.
        file: String,
        /// The unsupported line or form.
        line: String,
    },
    /// The report cannot be written.
    #[error("{0}")]
    Write(#[from] io::Error),
    /// The files of the run cannot be read.
    #[error("{0}")]
    Read(#[from] run::Error),
}

/// Writes the report of a run into its folder. `run` is the contents of `run.json`.
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
