//! `results.csv`: what was measured, a line each, written as it is measured.

use std::fs::File;

use serde::Serialize;

use crate::Error;

/// The file.
#[derive(Debug)]
pub struct Rows(csv::Writer<File>);

impl Rows {
    /// With nothing in it.
    pub fn new(file: File) -> Self {
        Self(csv::Writer::from_writer(file))
    }

    /// One more; the first brings the names of the columns.
    ///
    /// # Errors
    /// [`Error::Failed`], for example when the disk is full.
    pub fn save(&mut self, row: impl Serialize) -> Result<(), Error> {
        self.0.serialize(row).map_err(|error| failed(&error))
    }

    /// All of them are in the file now.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn flush(&mut self) -> Result<(), Error> {
        self.0.flush().map_err(|error| failed(&error))
    }
}

/// A message of gossip and a peer that it was to come to, as a line.
#[derive(Clone, Debug, Serialize)]
pub struct Delivery<'a> {
    /// The number of the message.
    pub message: usize,
    /// Who published it.
    pub publisher: u32,
    /// How many neighbours it has.
    pub publisher_degree: usize,
    /// To whom it was to come.
    pub peer: u32,
    /// From whom it came first.
    pub via: Option<u32>,
    /// When it was to be sent, in nanoseconds since 1970.
    pub sent_unix_ns: u64,
    /// After how long it came.
    pub after_ns: Option<u64>,
    /// Why it did not.
    pub lost: Option<&'a str>,
}

fn failed(error: &dyn std::error::Error) -> Error {
    Error::Failed(format!("results.csv: {error}"))
}
