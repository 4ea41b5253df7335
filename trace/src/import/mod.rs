//! Spans from a file: OTLP JSON, whole or in lines, or Jaeger's JSON.
//!
//! The form is recognized by the beginning of the file, not by its name. Malformed
//! spans are left out, and counted by [`Store::left_out`].

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use crate::jaeger;
use crate::json::is_cut;
use crate::otlp;
use crate::store::{self, Store};

/// The longest file that is read, in bytes. It is in memory as a whole while it is
/// read. Guess.
const LONGEST: u64 = 2 << 30;

/// Why a file could not be read. Lines and columns are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file does not exist, or cannot be read.
    #[error("{0}")]
    Read(#[from] io::Error),
    /// It is larger than the limit.
    #[error("longer than {} MiB: export fewer traces", LONGEST >> 20)]
    TooLong,
    /// It begins like none of the known forms.
    #[error("line 1: neither OTLP JSON nor Jaeger's JSON, nor a run's folder")]
    Unknown,
    /// It ends in the middle.
    #[error("line {line}, column {column}: the file was cut short here: save it again")]
    CutShort {
        /// The line.
        line: usize,
        /// The column.
        column: usize,
    },
    /// It does not have the form that its beginning announces.
    #[error("not {form}: {source}")]
    Form {
        /// The form.
        form: &'static str,
        /// The error, with its place.
        source: serde_json::Error,
    },
    /// Lines of OTLP JSON, one of them malformed.
    #[error(transparent)]
    Lines(#[from] store::Error),
}

/// The spans in the file at `path`.
///
/// # Errors
/// [`Error`], with the place.
pub fn open(path: &Path) -> Result<Store, Error> {
    let mut text = Vec::new();
    File::open(path)?.take(LONGEST + 1).read_to_end(&mut text)?;
    match text.len() as u64 > LONGEST {
        true => Err(Error::TooLong),
        false => read(&text),
    }
}

/// The spans in the text of a file.
///
/// # Errors
/// [`Error`], with the place.
pub fn read(text: &[u8]) -> Result<Store, Error> {
    let text = text.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(text);
    match form(text).ok_or(Error::Unknown)? {
        Form::Lines => Ok(Store::read_jsonl(text)?),
        Form::Document => {
            let read = otlp::read_saved(text, 1);
            let read = read.map_err(|source| wrong("OTLP JSON", text, source))?;
            Ok(Store::filled(read)?)
        }
        Form::Jaeger => {
            let read = jaeger::read(text);
            let read = read.map_err(|source| wrong("Jaeger's JSON", text, source))?;
            Ok(Store::filled(read)?)
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Lines,
    Document,
    Jaeger,
}

/// The form of the file. The first key distinguishes the two forms.
fn form(text: &[u8]) -> Option<Form> {
    let start = text.trim_ascii_start();
    let Some(inside) = start.strip_prefix(b"{") else {
        // A list of traces, as some tools save them.
        return start.starts_with(b"[").then_some(Form::Jaeger);
    };
    let key = inside.trim_ascii_start().strip_prefix(b"\"")?;
    let key = &key[..key.iter().position(|byte| *byte == b'"')?];
    let line = start.split(|byte| *byte == b'\n').next()?;
    match key {
        b"data" | b"total" | b"limit" | b"offset" | b"errors" => Some(Form::Jaeger),
        b"traceID" | b"spans" | b"processes" | b"warnings" => Some(Form::Jaeger),
        // A report, or an answer of Jaeger's v3 API.
        b"resourceSpans" | b"resource_spans" | b"result" => {
            // A line that ends within its value goes on in the next.
            let goes_on = line.len() < start.len() && is_part(line);
            Some(if goes_on { Form::Document } else { Form::Lines })
        }
        _ => None,
    }
}

fn is_part(line: &[u8]) -> bool {
    let whole = serde_json::from_slice::<serde::de::IgnoredAny>(line);
    whole.is_err_and(|error| error.is_eof())
}

fn wrong(form: &'static str, text: &[u8], source: serde_json::Error) -> Error {
    match is_cut(text, &source) {
        true => Error::CutShort {
            line: source.line(),
            column: source.column(),
        },
        false => Error::Form { form, source },
    }
}

#[cfg(test)]
mod property_tests;
#[cfg(test)]
mod tests;
