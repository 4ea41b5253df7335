//! Spans of this program's own that have ended, in the store's form, on their way
//! to the store or to a collector.

use opentelemetry_proto::tonic::trace::v1::Span;

use super::codec::{self, Head};
use super::{BadSpan, ServiceId, Store};

/// How many spans are stored under one lock. Guess.
const AT_ONCE: usize = 256;

/// A span that has ended, borrowed from the buffer to which it was written.
#[derive(Clone, Copy, Debug)]
pub struct EndedSpan<'a> {
    pub(crate) head: Head,
    pub(crate) name: &'a str,
    pub(crate) rest: &'a [u8],
}

/// An owned span that waits to be exported. [`decode`](Self::decode) converts it to an
/// OTLP span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedSpan {
    head: Head,
    name: Box<str>,
    rest: Box<[u8]>,
}

impl From<EndedSpan<'_>> for EncodedSpan {
    fn from(span: EndedSpan<'_>) -> Self {
        Self {
            head: span.head,
            name: span.name.into(),
            rest: span.rest.into(),
        }
    }
}

impl TryFrom<&Span> for EncodedSpan {
    type Error = BadSpan;

    fn try_from(span: &Span) -> Result<Self, BadSpan> {
        let mut rest = Vec::new();
        Ok(Self {
            head: codec::split(span, &mut rest)?,
            name: span.name.as_str().into(),
            rest: rest.into(),
        })
    }
}

impl EncodedSpan {
    /// The span in OTLP's form.
    #[must_use]
    pub fn decode(&self) -> Span {
        codec::join(&self.head, &self.name, &self.rest)
    }
}

/// Spans that have ended, one behind the other, until they are stored.
#[derive(Debug, Default)]
pub struct EndedSpans {
    bytes: Vec<u8>,
    spans: Vec<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    service: ServiceId,
    head: Head,
    name: usize,
    rest: usize,
}

impl EndedSpans {
    /// Adds a span.
    pub fn push(&mut self, service: ServiceId, span: EndedSpan<'_>) {
        self.bytes.extend_from_slice(span.name.as_bytes());
        self.bytes.extend_from_slice(span.rest);
        self.spans.push(Entry {
            service,
            head: span.head,
            name: span.name.len(),
            rest: span.rest.len(),
        });
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.spans.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.spans.is_empty()
    }

    /// The memory of their texts and attributes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Drops them, and keeps memory for `bytes` at most.
    pub fn clear(&mut self, bytes: usize) {
        self.spans.clear();
        self.bytes.clear();
        self.bytes.shrink_to(bytes);
    }
}

impl Store {
    /// Stores spans of this program's own, in their order. Returns how many were stored:
    /// all but those of unknown services.
    pub fn insert_ended(&self, spans: &EndedSpans) -> u64 {
        let (mut bytes, mut stored) = (&spans.bytes[..], 0);
        for some in spans.spans.chunks(AT_ONCE) {
            let mut table = self.write();
            for span in some {
                let (name, after) = bytes.split_at(span.name);
                let (rest, after) = after.split_at(span.rest);
                bytes = after;
                let name = std::str::from_utf8(name).expect("it was a text");
                let kept = table.append(span.service, &span.head, name, rest, None);
                stored += u64::from(kept.is_ok());
            }
        }
        if stored > 0 {
            self.touch();
        }
        stored
    }
}
