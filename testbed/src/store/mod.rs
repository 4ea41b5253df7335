//! The span store: every span of a run, in memory, as it was reported.
//!
//! The viewer, the checkers, the report and every export read a run from here,
//! so there is one record of what happened and not several that could differ.
//! It is append-only: a span that has ended does not change, so whoever reads
//! need not fear that the past is rewritten under him.
//!
//! Peers report their spans while they work, so [`Store::insert`] must cost
//! them little. It encodes a span before it takes the lock, and holds the lock
//! only to append one fixed row and a few hundred bytes. Readers copy out what
//! they need under the lock and decode it after they have let it go.
//!
//! A *service* is an OTLP resource: in a run, one peer.

mod batch;
mod codec;
mod dependencies;
mod jsonl;
mod own;
mod query;
#[cfg(test)]
pub(crate) mod samples;
mod table;
#[cfg(test)]
mod tests;
mod value;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, TracesData};
use opentelemetry_sdk::trace::SpanData;
use tokio::sync::Notify;

use codec::Head;
pub use dependencies::Dependency;
pub use jsonl::Error;
pub use query::{Query, ServiceSummary, Summary};
use table::Table;

/// The 16 bytes that name a trace.
pub type TraceId = [u8; 16];

/// Names a service in the store that gave it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub u32);

/// A service by its name, with how much it has reported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// `service.name`, or `unknown_service` where the resource has none.
    pub name: String,
    /// Spans stored under that name.
    pub spans: u64,
}

/// What a service does: the name and kind of at least one of its spans.
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
    /// One span takes more than 4 GiB, or there are more than 2^32 spans.
    #[error("the span does not fit into the store")]
    Full,
}

/// All spans of a run. Share it as `Arc<Store>`.
#[derive(Debug, Default)]
pub struct Store {
    table: RwLock<Table>,
    revision: AtomicU64,
    changed: Notify,
}

impl Store {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a service, or finds it again if an equal one was added before.
    pub fn add_service(&self, resource: Resource) -> ServiceId {
        self.add_envelope(ResourceSpans {
            resource: Some(resource),
            scope_spans: vec![ScopeSpans::default()],
            schema_url: String::new(),
        })
    }

    /// Adds what stands around spans in OTLP: the resource, one scope and
    /// their schema URLs, so that a file from elsewhere is written back whole.
    fn add_envelope(&self, envelope: ResourceSpans) -> ServiceId {
        let id = self.write().add_source(envelope);
        self.touch();
        id
    }

    /// Stores one span as reported by `service`.
    ///
    /// # Errors
    ///
    /// A span whose ids are malformed is refused, as is an unknown service.
    pub fn insert(&self, service: ServiceId, span: &Span) -> Result<(), BadSpan> {
        self.append(service, &span.name, |rest| codec::split(span, rest))
    }

    /// Stores one span of this program's own.
    ///
    /// # Errors
    ///
    /// As for [`Store::insert`].
    pub fn insert_own(&self, service: ServiceId, span: &SpanData) -> Result<(), BadSpan> {
        self.append(service, &span.name, |rest| own::split(span, rest))
    }

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
            self.write().append(service, &head, name, rest)
        })?;
        self.touch();
        Ok(())
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
        for source in self.read().sources() {
            *spans.entry(source.name.clone()).or_default() += source.spans;
        }
        spans
            .into_iter()
            .map(|(name, spans)| Service { name, spans })
            .collect()
    }

    /// What the services of this name do, in the order of the names.
    #[must_use]
    pub fn operations(&self, service: &str) -> Vec<Operation> {
        self.read().operations(service)
    }

    /// One trace, its spans grouped by service and in the order of their
    /// start. `None` if no span of it is stored.
    #[must_use]
    pub fn trace(&self, id: TraceId) -> Option<TracesData> {
        let batch = {
            let table = self.read();
            let rows = table.rows_of(table.trace_index(&id)?);
            table.copy_out(table.in_order(rows))
        };
        Some(TracesData {
            resource_spans: batch.into_resource_spans(),
        })
    }

    /// One span, with what stands around it. `None` if it is not stored.
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
    /// zero while there is none.
    #[must_use]
    pub fn first_start(&self) -> u64 {
        let table = self.read();
        match table.span_count() {
            0 => 0,
            _ => table.row(0).start,
        }
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
            // Listening starts before the look, so that no change falls between.
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
/// What is wrong with them.
pub fn check_ids(span: &Span) -> Result<(), BadSpan> {
    codec::ids(span).map(drop)
}

/// Ids as they are written.
pub(crate) fn hex(id: &[u8]) -> String {
    let digit = |value: u8| char::from_digit(value.into(), 16).expect("four bits");
    let digits = |byte: &u8| [digit(byte >> 4), digit(byte & 15)];
    id.iter().flat_map(digits).collect()
}
