//! A run's spans in the formats of other tools.

mod jaeger;
pub mod perfetto;
mod shiviz;

use std::io::{self, Write};

use crate::store::Store;

/// The format in which a run is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExportFormat {
    /// The JSON that Jaeger's page opens.
    Jaeger,
    /// Lines of OTLP JSON.
    Otlp,
    /// Steps with vector clocks, for ShiViz.
    Shiviz,
    /// Track events, for Perfetto.
    Perfetto,
}

/// Why spans could not be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The output cannot be written.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// The format has only steps, and the run has none.
    #[error(
        "no step of a process is recorded, and {0} shows nothing else: export it as jaeger, otlp or perfetto"
    )]
    NoSteps(&'static str),
}

/// Writes all spans of `store` to `out`. The same spans give the same bytes.
///
/// # Errors
/// [`Error`]: those of `out`, or the format cannot represent this run.
pub fn write(store: &Store, format: ExportFormat, out: &mut impl Write) -> Result<(), Error> {
    match format {
        ExportFormat::Jaeger => jaeger::write(store, out)?,
        ExportFormat::Otlp => store.write_jsonl(out)?,
        ExportFormat::Shiviz => shiviz::write(store, out)?,
        ExportFormat::Perfetto => perfetto::write(store, out)?,
    }
    Ok(out.flush()?)
}
