//! `results.csv`, and other tables of a run: a line for each measurement, written as it is made.

use std::fs::File;

use csv::StringRecord;
use serde::Serialize;

use lab::spread::Delivery;
use lab::stats::Measure;
use lab::system::Judgement;

/// A row cannot be written, for example because the disk is full.
#[derive(Debug, thiserror::Error)]
#[error("{file}: {source}")]
pub struct Error {
    file: &'static str,
    source: csv::Error,
}

/// The file.
#[derive(Debug)]
pub struct Rows {
    name: &'static str,
    writer: csv::Writer<File>,
    is_empty: bool,
}

impl Rows {
    /// An empty file with that name.
    pub fn new(name: &'static str, file: File) -> Self {
        Self {
            name,
            writer: csv::Writer::from_writer(file),
            is_empty: true,
        }
    }

    /// Writes a row. The first row also writes the header.
    ///
    /// # Errors
    /// [`Error`], for example when the disk is full.
    pub fn save(&mut self, row: impl Serialize) -> Result<(), Error> {
        self.is_empty = false;
        let file = self.name;
        let saved = self.writer.serialize(row);
        saved.map_err(|source| Error { file, source })
    }

    /// Writes the header if there are no rows.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn finish(&mut self, columns: &StringRecord) -> Result<(), Error> {
        let file = self.name;
        if self.is_empty {
            let saved = self.writer.write_record(columns);
            saved.map_err(|source| Error { file, source })?;
        }
        self.flush()
    }

    /// Flushes all rows to the file.
    ///
    /// # Errors
    /// As [`save`](Self::save).
    pub fn flush(&mut self) -> Result<(), Error> {
        let file = self.name;
        self.writer.flush().map_err(|error| Error {
            file,
            source: error.into(),
        })
    }
}

/// Saves a row for every delivery; for a system without deliveries, a row for every
/// measure.
///
/// # Errors
/// [`Error`], for example when the disk is full.
pub fn save_judgement(judgement: &Judgement, rows: &mut Rows) -> Result<(), Error> {
    match judgement.ways {
        Some(_) => judgement
            .deliveries
            .iter()
            .try_for_each(|row| rows.save(row)),
        None => judgement
            .all_measures()
            .iter()
            .try_for_each(|row| rows.save(row)),
    }
}

/// The columns of the rows of [`save_judgement`].
pub fn judgement_columns(judgement: &Judgement) -> StringRecord {
    match judgement.ways {
        Some(_) => columns::<Delivery>(),
        None => columns::<Measure>(),
    }
}

/// The names of the columns of rows of type `T`.
pub fn columns<T: Serialize + Default>() -> StringRecord {
    let mut example = csv::Writer::from_writer(Vec::new());
    // Writing a row of numbers and texts to memory cannot fail.
    let _ = example.serialize(T::default());
    let text = example.into_inner().unwrap_or_default();
    let mut reader = csv::Reader::from_reader(&*text);
    reader.headers().cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::io::{Read as _, Seek as _};

    use super::*;

    fn saved(rows: &[Delivery]) -> String {
        let mut file = tempfile::tempfile().expect("a temporary file");
        let mut all = Rows::new("results.csv", file.try_clone().expect("a second handle"));
        rows.iter().for_each(|row| all.save(row).expect("it fits"));
        all.finish(&columns::<Delivery>()).expect("it fits");
        file.rewind().expect("a file");
        let mut text = String::new();
        file.read_to_string(&mut text).expect("text");
        text
    }

    #[test]
    fn a_file_without_rows_has_its_header() {
        let head = "message,publisher,publisher_degree,peer,via,sent_unix_ns,after_ns,lost\n";
        assert_eq!(saved(&[]), head);
        let one = saved(&[Delivery::default()]);
        assert_eq!(one, format!("{head}0,0,0,0,,0,,\n"));
    }
}
