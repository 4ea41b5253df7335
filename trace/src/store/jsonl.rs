//! A run's spans as a file: OTLP JSON, one `TracesData` a line.
//!
//! Lines can be written and read one at a time, so neither needs a second copy of
//! the run in memory, and a file that was cut short is valid up to the line where it
//! was cut. Jaeger's own UI opens such a file.

use std::io::{self, BufRead, Read, Write};

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span, TracesData};

use super::{BadSpan, LeftOut, Store, around};
use crate::json::is_cut;
use crate::otlp::{self, Read as Spans};

/// Spans on one line: some 300 KiB of text. Guess.
const SPANS_PER_LINE: usize = 512;

/// The longest line that is read, in bytes. Two hundred times the longest that is
/// written here, since other tools write a whole run as one line.
const MAX_LINE: u64 = 64 << 20;

/// Why spans could not be read. Lines are counted from 1.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file itself could not be read.
    #[error("line {line}: {source}")]
    Read {
        /// The line.
        line: u64,
        /// The cause.
        source: io::Error,
    },
    /// A line is longer than the limit.
    #[error("line {line}: longer than {} MiB", MAX_LINE >> 20)]
    TooLong {
        /// The line.
        line: u64,
    },
    /// The file ends in the middle of a line.
    #[error("line {line}: the file was cut short here")]
    CutShort {
        /// The line.
        line: u64,
    },
    /// A line is not OTLP traces data.
    #[error("line {line}: not OTLP JSON: {source}")]
    NotOtlp {
        /// The line.
        line: u64,
        /// The error, with its place in the line.
        source: serde_json::Error,
    },
    /// There are spans, and all of them are malformed.
    #[error("{0}; there are no others")]
    AllWrong(LeftOut),
}

impl Store {
    /// Writes all spans, the services one after the other. The same spans give
    /// the same bytes, whatever the order in which they were reported.
    ///
    /// # Errors
    ///
    /// Those of `out`.
    pub fn write_jsonl(&self, out: &mut impl Write) -> io::Result<()> {
        let (rows, envelopes) = {
            let table = self.read();
            let rows = table.in_order(table.places());
            let sources: Vec<u32> = rows.iter().map(|row| table.row(*row).source).collect();
            let sources_all = table.sources();
            let envelopes: Vec<_> = sources_all
                .map(|(id, s)| (id, s.envelope.clone()))
                .collect();
            (rows.into_iter().zip(sources).collect::<Vec<_>>(), envelopes)
        };
        let mut groups = rows.chunk_by(|a, b| a.1 == b.1).peekable();
        for (source, envelope) in envelopes {
            let Some(group) = groups.next_if(|group| group[0].1 == source) else {
                // A service without spans was still part of the run.
                write_line(out, vec![ResourceSpans::clone(&envelope)])?;
                continue;
            };
            for chunk in group.chunks(SPANS_PER_LINE) {
                let batch = self.read().copy_out(chunk.iter().map(|(row, _)| *row));
                write_line(out, batch.into_resource_spans())?;
            }
        }
        // Dropping a buffered writer would hide a disk that is full.
        out.flush()
    }

    /// Passes every span to `take`, with the name of its service: the services one
    /// after the other, the spans of each in the order of their start.
    pub fn for_each(&self, take: impl FnMut(&str, Span)) {
        let rows = {
            let table = self.read();
            table.in_order(table.places())
        };
        self.hand_over_all(&rows, take);
    }

    /// As [`Store::for_each`], but only the spans of that name. The others are not
    /// decoded, which saves most of the time.
    pub fn for_each_named(&self, name: &str, take: impl FnMut(&str, Span)) {
        let rows = {
            let table = self.read();
            let all = table.places();
            table.in_order(all.filter(|place| **table.name(table.row(*place)) == *name))
        };
        self.hand_over_all(&rows, take);
    }

    /// Passes the spans that were stored from place `after` on to `take`, at most
    /// `most`, with the names of their services and in the order in which they were
    /// stored. Returns the place of the next.
    ///
    /// A span keeps its place. If the spans from `after` on were evicted, it begins
    /// with the first that is kept.
    pub fn read_from(&self, after: usize, most: usize, mut take: impl FnMut(&str, Span)) -> usize {
        let kept = self.read().places();
        let first = (after as u64).max(kept.start);
        let end = kept.end.min(first.saturating_add(most as u64));
        for from in (first..end).step_by(SPANS_PER_LINE) {
            let to = end.min(from + SPANS_PER_LINE as u64);
            self.hand_over(from..to, &mut take);
        }
        end.max(after as u64) as usize
    }

    /// When each span starts, and its place; the earliest first. Nothing is
    /// decoded.
    #[must_use]
    pub fn starts(&self) -> Vec<(u64, u64)> {
        let table = self.read();
        let mut starts: Vec<_> = table
            .places()
            .map(|place| (table.row(place).start, place))
            .collect();
        starts.sort_unstable();
        starts
    }

    /// Passes the spans at these places to `take`. Spans evicted meanwhile are
    /// skipped.
    pub fn read_places(&self, places: &[u64], take: impl FnMut(&str, Span)) {
        let kept = self.read().places();
        let places: Vec<_> = places
            .iter()
            .copied()
            .filter(|p| kept.contains(p))
            .collect();
        self.hand_over_all(&places, take);
    }

    fn hand_over_all(&self, rows: &[u64], mut take: impl FnMut(&str, Span)) {
        for chunk in rows.chunks(SPANS_PER_LINE) {
            self.hand_over(chunk.iter().copied(), &mut take);
        }
    }

    fn hand_over(&self, rows: impl IntoIterator<Item = u64>, take: &mut impl FnMut(&str, Span)) {
        let batch = self.read().copy_out(rows);
        batch.hand_over(take);
    }

    /// Reads the output of [`Store::write_jsonl`] or of another OTLP tool. Malformed
    /// spans are left out, and counted by [`Store::left_out`]; so is a last line that
    /// is cut, unless it is the only one.
    ///
    /// # Errors
    ///
    /// The first line that is malformed outside of its spans is named, with the
    /// reason.
    pub fn read_jsonl(mut input: impl BufRead) -> Result<Self, Error> {
        let store = Self::new();
        let mut text = Vec::new();
        for line in 1.. {
            text.clear();
            let limited = (&mut input).take(MAX_LINE + 1).read_until(b'\n', &mut text);
            limited.map_err(|source| Error::Read { line, source })?;
            if text.is_empty() {
                break;
            }
            if text.len() as u64 > MAX_LINE {
                return Err(Error::TooLong { line });
            }
            if !text.trim_ascii().is_empty() {
                let ended = text.ends_with(b"\n");
                match parse(line, &text, ended) {
                    Ok(spans) => store.take(spans, Some(line)),
                    Err(Error::CutShort { line }) if line > 1 => store.leave_out(LeftOut {
                        cut_in_line: Some(line),
                        ..LeftOut::default()
                    }),
                    Err(error) => return Err(error),
                }
            }
        }
        store.checked()
    }

    /// A store with the spans of a file.
    ///
    /// # Errors
    ///
    /// [`Error::AllWrong`].
    pub fn filled(spans: Spans) -> Result<Self, Error> {
        let store = Self::new();
        store.take(spans, None);
        store.checked()
    }

    /// Stores spans, which come from that line if the file is read by lines.
    fn take(&self, spans: Spans, line: Option<u64>) {
        self.leave_out(spans.left_out);
        for around in spans.data.resource_spans {
            for (envelope, spans) in around::scopes(around) {
                let service = envelope.map(|envelope| self.add_envelope(envelope));
                let service = service.ok_or(BadSpan::Around);
                for span in spans {
                    if let Err(why) = service.and_then(|service| self.insert(service, &span)) {
                        let place = line.map_or(String::new(), |line| format!("line {line}: "));
                        let name: String = span.name.chars().take(80).collect();
                        let mut left_out = LeftOut::default();
                        left_out.add(|| format!("{place}span {name:?}: {why}"));
                        self.leave_out(left_out);
                    }
                }
            }
        }
    }

    fn checked(self) -> Result<Self, Error> {
        let left_out = self.left_out();
        match self.is_empty() && left_out.spans > 0 {
            true => Err(Error::AllWrong(left_out)),
            false => Ok(self),
        }
    }
}

fn parse(line: u64, text: &[u8], ended: bool) -> Result<Spans, Error> {
    otlp::read_saved(text, line).map_err(|source| match !ended && is_cut(text, &source) {
        true => Error::CutShort { line },
        false => Error::NotOtlp { line, source },
    })
}

fn write_line(out: &mut impl Write, resource_spans: Vec<ResourceSpans>) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &otlp::Json(&TracesData { resource_spans }))?;
    out.write_all(b"\n")
}
