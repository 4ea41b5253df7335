//! Searching for traces: the query and the answer of Jaeger's trace-summaries call.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use serde::{Serialize, Serializer};

use super::rows::Row;
use super::table::Table;
use super::{Store, TraceId, hex};

/// Selects the traces with at least one span that meets every condition. A condition
/// that is `None` is always met.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// The name of the span's service.
    pub service: Option<String>,
    /// The span's name.
    pub operation: Option<String>,
    /// The span starts then or later, in nanoseconds since 1970.
    pub start_min: Option<u64>,
    /// The span starts then or earlier, in nanoseconds since 1970.
    pub start_max: Option<u64>,
    /// The span takes this many nanoseconds or more.
    pub duration_min: Option<u64>,
    /// The span takes this many nanoseconds or less.
    pub duration_max: Option<u64>,
    /// Each of these is found, as text, among the attributes of the span, of
    /// its events, of its resource or of its scope.
    pub attributes: BTreeMap<String, String>,
    /// The maximum number of traces; the newest are kept. `None`: all.
    pub limit: Option<usize>,
}

/// A trace in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// 32 hexadecimal digits.
    pub trace_id: String,
    /// The service of the span without a parent. Where there is none, the
    /// earliest span stands in.
    pub root_service_name: String,
    /// The name of that span.
    pub root_operation_name: String,
    /// When the first span starts.
    #[serde(serialize_with = "as_text")]
    pub min_start_time_unix_nano: u64,
    /// When the last span ends. One without an end, or with one before its
    /// start, ends when it starts.
    #[serde(serialize_with = "as_text")]
    pub max_end_time_unix_nano: u64,
    /// Spans stored.
    pub span_count: u64,
    /// Spans among them whose status is an error.
    pub error_span_count: u64,
    /// Spans among them whose parent is not stored.
    pub orphan_span_count: u64,
    /// Spans among them without an end, or with one before their start.
    pub unended_span_count: u64,
    /// The services that take part, in the order of their names.
    pub services: Vec<ServiceSummary>,
}

/// The part of one service in a trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceSummary {
    /// Its name.
    pub name: String,
    /// Spans stored.
    pub span_count: u64,
    /// Spans among them whose status is an error.
    pub error_span_count: u64,
}

impl Store {
    /// The traces that match a query, the newest first.
    #[must_use]
    pub fn summaries(&self, query: &Query) -> Vec<Summary> {
        let found = self.search(query).into_iter();
        found
            .filter_map(|id| {
                let table = self.read();
                // It may have been evicted since.
                let trace = table.trace_index(&id)?;
                Some(summarise(&table, trace))
            })
            .collect()
    }

    /// How many spans name a parent that is not here.
    #[must_use]
    pub fn orphan_count(&self) -> u64 {
        let table = self.read();
        table
            .trace_indexes()
            .map(|trace| orphans(&table, trace))
            .sum()
    }

    /// The ids of the traces that match a query, the newest first.
    #[must_use]
    pub fn find(&self, query: &Query) -> Vec<TraceId> {
        self.search(query)
    }
}

impl Query {
    pub(super) fn meets_times(&self, start: u64, end: u64) -> bool {
        let duration = end.saturating_sub(start);
        self.start_min.is_none_or(|min| start >= min)
            && self.start_max.is_none_or(|max| start <= max)
            && self.duration_min.is_none_or(|min| duration >= min)
            && self.duration_max.is_none_or(|max| duration <= max)
    }
}

fn orphans(table: &Table, trace: u32) -> u64 {
    let rows = || table.spans_of(trace).map(|place| table.row(place));
    let ids: FxHashSet<u64> = rows().map(|row| row.id).collect();
    let is_orphan = |row: &&Row| row.parent != 0 && !ids.contains(&row.parent);
    rows().filter(is_orphan).count() as u64
}

fn summarise(table: &Table, trace: u32) -> Summary {
    let rows = || table.spans_of(trace).map(|place| table.row(place));
    let root = rows().min_by_key(|row| (row.parent != 0, row.start, row.id));
    let root = root.expect("a trace has at least one span");
    let mut services = BTreeMap::<&str, ServiceSummary>::new();
    let mut summary = Summary {
        trace_id: hex(&table.trace_at(trace).id),
        root_service_name: table.source(root.source).name.clone(),
        root_operation_name: table.name(root).to_string(),
        min_start_time_unix_nano: u64::MAX,
        max_end_time_unix_nano: 0,
        span_count: 0,
        error_span_count: 0,
        orphan_span_count: orphans(table, trace),
        unended_span_count: 0,
        services: Vec::new(),
    };
    for row in rows() {
        let name = &table.source(row.source).name;
        let service = services.entry(name).or_insert_with(|| ServiceSummary {
            name: name.clone(),
            span_count: 0,
            error_span_count: 0,
        });
        service.span_count += 1;
        service.error_span_count += u64::from(row.error);
        summary.span_count += 1;
        summary.error_span_count += u64::from(row.error);
        summary.min_start_time_unix_nano = summary.min_start_time_unix_nano.min(row.start);
        summary.unended_span_count += u64::from(row.end < row.start);
        let end = row.end.max(row.start);
        summary.max_end_time_unix_nano = summary.max_end_time_unix_nano.max(end);
    }
    summary.services = services.into_values().collect();
    summary
}

/// Nanoseconds since 1970 are beyond 2^53, where JavaScript's numbers end.
fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
