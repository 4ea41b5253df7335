//! Spans on their way out of the store: copied under the lock, decoded after.

use std::sync::Arc;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use super::codec::{self, Head};
use super::table::{Table, service_name};

/// Spans copied out of the table.
#[derive(Default)]
pub(super) struct Batch {
    bytes: Vec<u8>,
    spans: Vec<Copied>,
}

struct Copied {
    head: Head,
    name: Arc<str>,
    source: u32,
    envelope: Arc<ResourceSpans>,
    length: usize,
}

impl Batch {
    /// Decodes the spans one by one and passes them on, with the names of their
    /// services.
    pub(super) fn hand_over(self, take: &mut impl FnMut(&str, Span)) {
        let mut bytes = &self.bytes[..];
        for group in self.spans.chunk_by(|a, b| a.source == b.source) {
            let name = service_name(&group[0].envelope);
            for copied in group {
                take(&name, copied.decode(&mut bytes));
            }
        }
    }

    /// Decodes the spans into OTLP: adjacent spans of one service share an envelope.
    pub(super) fn into_resource_spans(self) -> Vec<ResourceSpans> {
        let mut groups = Vec::new();
        let mut bytes = &self.bytes[..];
        for group in self.spans.chunk_by(|a, b| a.source == b.source) {
            let mut envelope = ResourceSpans::clone(&group[0].envelope);
            for copied in group {
                let span = copied.decode(&mut bytes);
                envelope.scope_spans[0].spans.push(span);
            }
            groups.push(envelope);
        }
        groups
    }
}

impl Copied {
    /// Decodes the span, whose rest is at the start of `bytes`, and advances `bytes` past it.
    fn decode(&self, bytes: &mut &[u8]) -> Span {
        let (rest, after) = bytes.split_at(self.length);
        *bytes = after;
        codec::join(&self.head, &self.name, rest)
    }
}

impl Table {
    /// Copies spans, still encoded, so that they can be decoded without the
    /// lock.
    pub(super) fn copy_out(&self, places: impl IntoIterator<Item = u64>) -> Batch {
        let mut batch = Batch::default();
        let kept = self.places();
        // Rows evicted since they were found are skipped.
        for place in places.into_iter().filter(|place| kept.contains(place)) {
            let row = self.row(place);
            let rest = self.rest(row);
            batch.bytes.extend_from_slice(rest);
            batch.spans.push(Copied {
                head: self.head(row),
                name: Arc::clone(self.name(row)),
                source: row.source,
                envelope: Arc::clone(&self.source(row.source).envelope),
                length: rest.len(),
            });
        }
        batch
    }
}
