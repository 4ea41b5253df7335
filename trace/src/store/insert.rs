//! Inserting spans in OTLP's form: one by one, or a whole report at once.

use std::cell::RefCell;
use std::ops::Range;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};

use super::codec::{self, Head};
use super::tokens::{self, Token};
use super::{BadSpan, LeftOut, ServiceId, Store, around};

/// The outcome of inserting a report.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// How many spans were stored.
    pub stored: u64,
    /// The spans that were rejected.
    pub left_out: LeftOut,
}

impl Store {
    /// Stores one span as reported by `service`.
    ///
    /// # Errors
    ///
    /// The span's ids are malformed, or the service is unknown.
    pub fn insert(&self, service: ServiceId, span: &Span) -> Result<(), BadSpan> {
        self.append(service, &span.name, |rest| codec::split(span, rest))
    }

    /// Single spans come from a run that is under way, which must not be slowed down:
    /// they are indexed at the next search.
    fn append(
        &self,
        service: ServiceId,
        name: &str,
        split: impl FnOnce(&mut Vec<u8>) -> Result<Head, BadSpan>,
    ) -> Result<(), BadSpan> {
        thread_local! {
            /// Kept between calls: a span then costs no allocation of its own.
            static REST: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
        }
        REST.with_borrow_mut(|rest| {
            rest.clear();
            let head = split(rest)?;
            self.write().append(service, &head, name, rest, None)
        })?;
        self.touch();
        Ok(())
    }

    /// Stores all spans of a resource, as they were reported together. A span whose ids
    /// are malformed is rejected, and the others are stored.
    pub fn insert_all(&self, mut around: ResourceSpans) -> Taken {
        let mut taken = Taken::default();
        around.scope_spans.retain(|scope| !scope.spans.is_empty());
        for (envelope, spans) in around::scopes(around) {
            let Some(envelope) = envelope else {
                let all = spans.iter();
                all.for_each(|span| taken.reject(&span.name, BadSpan::Around));
                continue;
            };
            let encoded = Encoded::new(&spans, &mut taken);
            self.append_all(envelope, &encoded, &mut taken);
        }
        if taken.stored > 0 {
            self.touch();
        }
        taken
    }

    fn append_all(&self, envelope: ResourceSpans, encoded: &Encoded<'_>, taken: &mut Taken) {
        if encoded.spans.is_empty() {
            return;
        }
        let mut table = self.write();
        // The service has no span yet, or has the one stored last, so it is not
        // evicted while the lock is held.
        let service = table.add_source(envelope);
        for span in &encoded.spans {
            let (rest, tokens) = (span.rest.clone(), span.tokens.clone());
            let (rest, tokens) = (&encoded.bytes[rest], &encoded.tokens[tokens]);
            match table.append(service, &span.head, span.name, rest, Some(tokens)) {
                Ok(()) => taken.stored += 1,
                Err(why) => taken.reject(span.name, why),
            }
        }
    }
}

impl Taken {
    fn reject(&mut self, name: &str, why: BadSpan) {
        let name = || name.chars().take(80).collect::<String>();
        self.left_out.add(|| format!("span {:?}: {why}", name()));
    }
}

/// Spans encoded before the lock is taken.
#[derive(Default)]
struct Encoded<'a> {
    bytes: Vec<u8>,
    tokens: Vec<Token>,
    spans: Vec<EncodedSpan<'a>>,
}

struct EncodedSpan<'a> {
    head: Head,
    name: &'a str,
    rest: Range<usize>,
    tokens: Range<usize>,
}

impl<'a> Encoded<'a> {
    fn new(spans: &'a [Span], taken: &mut Taken) -> Self {
        let mut encoded = Self::default();
        for span in spans {
            let (rest, tokens) = (encoded.bytes.len(), encoded.tokens.len());
            match codec::split(span, &mut encoded.bytes) {
                Err(why) => taken.reject(&span.name, why),
                Ok(head) => {
                    let bytes = &encoded.bytes[rest..];
                    tokens::collect(head.kind, head.error, bytes, &mut encoded.tokens);
                    encoded.spans.push(EncodedSpan {
                        head,
                        name: &span.name,
                        rest: rest..encoded.bytes.len(),
                        tokens: tokens..encoded.tokens.len(),
                    });
                }
            }
        }
        encoded
    }
}
