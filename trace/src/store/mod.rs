//! The span store: every span of a run, in memory, as it was reported.
//!
//! The viewer, the checkers, the report and every export read a run from here,
//! so there is one record of a run and not several that could differ. It is
//! append-only: a span that has ended does not change, so readers see a stable past.
//! A store that collects foreign spans has a memory limit. It evicts the spans that
//! were stored first, and counts them; a run's own store has no limit, since nothing
//! of a run may be lost.
//!
//! Peers report their spans while they work, so [`Store::insert`] must be cheap. It
//! encodes a span before it takes the lock, and holds the lock only to append one
//! fixed row and a few hundred bytes. Readers copy the encoded spans under the lock
//! and decode them after releasing it.
//!
//! A *service* is an OTLP resource: in a run, one peer.

mod around;
mod batch;
mod blocks;
mod codec;
mod dependencies;
pub(crate) mod encode;
mod ended;
mod insert;
mod jsonl;
mod keys;
mod left_out;
mod names;
mod once;
pub(crate) mod own;
mod query;
mod rows;
#[doc(hidden)]
pub mod samples;
mod search;
mod table;
#[cfg(test)]
mod tests;
mod tokens;
mod value;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use serde::Serialize;
use tokio::sync::Notify;

pub(crate) use codec::Head;
pub use codec::leads_somewhere;
pub use dependencies::Dependency;
pub use ended::{EncodedSpan, EndedSpan, EndedSpans};
pub use insert::Taken;
pub use jsonl::Error;
pub use left_out::LeftOut;
pub use query::{Query, ServiceSummary, Summary};
use table::Table;

use crate::history::text;
pub use tokens::message_count;

/// The 16 bytes that name a trace.
pub type TraceId = [u8; 16];

/// Identifies a service in its store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);

/// A service by its name, with how much it has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `service.name`, or Jaeger's default where the resource has none.
    pub name: String,
    /// Spans stored under that name.
    pub spans: u64,
}

/// An operation of a service: the name and kind of at least one of its spans.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Operation {
    /// The name of the spans.
    pub name: String,
    /// Their kind, as OTLP numbers it.
    pub kind: i32,
}

/// Why a span was not stored. The store is then as it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSpan {
    /// A trace id has 16 bytes and is not zero.
    #[error("the trace id is not 16 bytes, or all zero")]
    TraceId,
    /// A span id has 8 bytes and is not zero.
    #[error("the span id is not 8 bytes, or all zero")]
    SpanId,
    /// A parent's id is empty or has 8 bytes.
    #[error("the parent's span id is not 8 bytes")]
    ParentId,
    /// The service was not added to this store.
    #[error("the service is not known to this store")]
    Service,
    /// One span takes more than 4 GiB.
    #[error("the span does not fit into the store")]
    Full,
    /// Each scope of a resource has a copy of it, and all copies would take too
    /// much.
    #[error("its resource is too large for so many scopes; report it with fewer scopes at once")]
    Around,
}

/// The spans that a store has evicted to stay within its limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Evicted {
    /// Spans.
    pub spans: u64,
    /// Traces of which no span is left.
    pub traces: u64,
}

/// All spans of a run. Share it as `Arc<Store>`.
#[derive(Debug, Default)]
pub struct Store {
    table: RwLock<Table>,
    revision: AtomicU64,
    changed: Notify,
    left_out: Mutex<LeftOut>,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that takes no more than `limit` bytes of memory, give or take a
    /// megabyte or two: beyond that, it evicts its oldest spans.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            table: RwLock::new(Table::with_limit(limit)),
            ..Self::default()
        }
    }

    /// Adds a service, or finds it again if an equal one was added before.
    pub fn add_service(&self, resource: Resource) -> ServiceId {
        self.add_envelope(ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans::default()],
            schema_url: String::new(),
        })
    }

    /// Adds the envelope of spans in OTLP: the resource, one scope and their schema
    /// URLs, so that a foreign file survives the round trip.
    fn add_envelope(&self, envelope: ResourceSpans) -> ServiceId {
        let id = self.write().add_source(envelope);
        self.touch();
        id
    }

    /// The spans evicted to stay within the limit; `None` without one.
    #[must_use]
    pub fn evicted(&self) -> Option<Evicted> {
        let table = self.read();
        table.is_bounded().then(|| table.evicted())
    }

    /// The memory of the spans, in bytes, as far as the store counts it.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.read().bytes()
    }

    /// The spans that were left out of foreign input.
    #[must_use]
    pub fn left_out(&self) -> LeftOut {
        let left_out = self.left_out.lock();
        left_out.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds spans that were left out by the reader of the input.
    pub fn leave_out(&self, spans: LeftOut) {
        let left_out = self.left_out.lock();
        let mut left_out = left_out.unwrap_or_else(PoisonError::into_inner);
        left_out.extend(spans);
    }

    /// How many spans are stored.
    #[must_use]
    pub fn len(&self) -> usize {
        self.read().span_count()
    }

    /// Whether no span is stored.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many traces have at least one span.
    #[must_use]
    pub fn trace_count(&self) -> usize {
        self.read().trace_count()
    }

    /// The services by name, in the order of their names. Resources that share
    /// a name are counted together, as Jaeger does.
    #[must_use]
    pub fn services(&self) -> Vec<Service> {
        let mut spans = BTreeMap::<String, u64>::new();
        for (_, source) in self.read().sources() {
            *spans.entry(source.name.clone()).or_default() += source.spans;
        }
        spans
            .into_iter()
            .map(|(name, spans)| Service { name, spans })
            .collect()
    }

    /// The text of an attribute of resources, by the names of their services. Services without
    /// it are left out.
    #[must_use]
    pub fn resource_texts(&self, attribute: &str) -> BTreeMap<String, String> {
        let table = self.read();
        let all = table.sources().filter_map(|(_, source)| {
            let resource = source.envelope.resource.as_ref()?;
            let text = text(&resource.attributes, attribute)?;
            Some((source.name.clone(), text.to_owned()))
        });
        all.collect()
    }

    /// The operations of the services of this name, or of all services, in the order of
    /// the operations' names.
    #[must_use]
    pub fn operations(&self, service: Option<&str>) -> Vec<Operation> {
        self.read().operations(service)
    }

    /// One trace, its spans grouped by service and in the order of their
    /// start. `None` if no span of it is stored.
    #[must_use]
    pub fn trace(&self, id: TraceId) -> Option<TracesData> {
        let batch = {
            let table = self.read();
            let rows = table.spans_of(table.trace_index(&id)?);
            table.copy_out(table.in_order(rows))
        };
        Some(TracesData {
            resource_spans: batch.into_resource_spans(),
        })
    }

    /// One span, with its envelope. `None` if it is not stored.
    #[must_use]
    pub fn span(&self, trace: TraceId, id: u64) -> Option<TracesData> {
        let batch = {
            let table = self.read();
            let mut rows = table.rows_of(table.trace_index(&trace)?);
            table.copy_out(rows.find(|row| table.row(*row).id == id))
        };
        let resource_spans = batch.into_resource_spans();
        (!resource_spans.is_empty()).then_some(TracesData { resource_spans })
    }

    /// When the span that was stored first starts, in nanoseconds since 1970;
    /// zero while there was none. It does not change when that span is evicted.
    #[must_use]
    pub fn first_start(&self) -> u64 {
        self.read().first_start()
    }

    /// A number that grows with everything that is added.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision.load(Ordering::Acquire)
    }

    /// Waits until the revision is another one than `seen`, and returns it.
    pub async fn changed_since(&self, seen: u64) -> u64 {
        loop {
            let mut notified = std::pin::pin!(self.changed.notified());
            // Listening starts before the check, so that no change is missed.
            notified.as_mut().enable();
            let now = self.revision();
            if now != seen {
                return now;
            }
            notified.await;
        }
    }

    fn touch(&self) {
        self.revision.fetch_add(1, Ordering::AcqRel);
        self.changed.notify_waiters();
    }

    /// A panic in another thread while it held the lock leaves rows that are
    /// whole (a span is appended in one go), so the data is still good.
    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Table> {
        self.table.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether a span's ids are such as a tracer makes.
///
/// # Errors
///
/// The ids are malformed.
pub fn check_ids(span: &Span) -> Result<(), BadSpan> {
    codec::ids(span).map(drop)
}

/// Ids as they are written: hexadecimal digits.
pub fn hex(id: &[u8]) -> String {
    const_hex::encode(id)
}
