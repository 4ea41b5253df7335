//! Searching for traces: what Jaeger's trace-summaries call asks, and what it
//! answers.

use std::collections::{BTreeMap, HashSet};

use opentelemetry_proto::tonic::trace::v1::Span;
use serde::{Serialize, Serializer};

use super::table::{Row, Table, Trace};
use super::{Store, hex, value};

/// Which traces are wanted: those with at least one span that meets every
/// condition. A condition that is `None` is always met.
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
    /// The span takes so many nanoseconds or more.
    pub duration_min: Option<u64>,
    /// The span takes so many nanoseconds or less.
    pub duration_max: Option<u64>,
    /// Each of these is found, as text, among the attributes of the span, of
    /// its events or of its resource.
    pub attributes: BTreeMap<String, String>,
    /// At most so many traces; the newest are kept. `None`: all.
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
    /// When the last span ends.
    #[serde(serialize_with = "as_text")]
    pub max_end_time_unix_nano: u64,
    /// Spans stored.
    pub span_count: u64,
    /// Spans among them whose status is an error.
    pub error_span_count: u64,
    /// Spans among them whose parent is not stored.
    pub orphan_span_count: u64,
    /// The services that take part, in the order of their names.
    pub services: Vec<ServiceSummary>,
}

/// What one service has in a trace.
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
    /// The traces that a query asks for, the newest first.
    ///
    /// The lock is taken for one trace at a time, so that a long search does
    /// not hold up the peers that report.
    #[must_use]
    pub fn summaries(&self, query: &Query) -> Vec<Summary> {
        let mut traces: Vec<(Trace, u32)> = self.read().traces().iter().copied().zip(0..).collect();
        traces.sort_unstable_by_key(|(trace, _)| (std::cmp::Reverse(trace.start), trace.id));
        traces
            .into_iter()
            .filter_map(|(_, trace)| {
                let table = self.read();
                query.finds(&table, trace).then(|| summarise(&table, trace))
            })
            .take(query.limit.unwrap_or(usize::MAX))
            .collect()
    }
}

impl Query {
    fn finds(&self, table: &Table, trace: u32) -> bool {
        if self.asks_nothing() {
            return true;
        }
        let operation = match &self.operation {
            Some(name) => match table.name_id(name) {
                Some(id) => Some(id),
                None => return false,
            },
            None => None,
        };
        table.rows_of(trace).any(|index| {
            let row = table.row(index);
            operation.is_none_or(|id| row.name == id)
                && self
                    .service
                    .as_ref()
                    .is_none_or(|name| table.source(row).name == *name)
                && self.meets_times(row)
                && self.meets_attributes(table, index)
        })
    }

    fn asks_nothing(&self) -> bool {
        *self
            == Query {
                limit: self.limit,
                ..Query::default()
            }
    }

    fn meets_times(&self, row: &Row) -> bool {
        let duration = row.end.saturating_sub(row.start);
        self.start_min.is_none_or(|min| row.start >= min)
            && self.start_max.is_none_or(|max| row.start <= max)
            && self.duration_min.is_none_or(|min| duration >= min)
            && self.duration_max.is_none_or(|max| duration <= max)
    }

    /// The last condition to look at, since it alone needs the span decoded.
    fn meets_attributes(&self, table: &Table, index: u32) -> bool {
        if self.attributes.is_empty() {
            return true;
        }
        let Span {
            attributes, events, ..
        } = table.span(index);
        let resource = table.source(table.row(index)).envelope.resource.as_ref();
        self.attributes.iter().all(|(key, wanted)| {
            let of_events = events.iter().flat_map(|event| &event.attributes);
            let of_resource = resource
                .into_iter()
                .flat_map(|resource| &resource.attributes);
            let mut all = attributes.iter().chain(of_events).chain(of_resource);
            all.any(|attribute| value::matches(attribute, key, wanted))
        })
    }
}

fn summarise(table: &Table, trace: u32) -> Summary {
    let rows = || table.rows_of(trace).map(|index| table.row(index));
    let ids: HashSet<u64> = rows().map(|row| row.id).collect();
    let root = rows().min_by_key(|row| (row.parent != 0, row.start, row.id));
    let root = root.expect("a trace has at least one span");
    let mut services = BTreeMap::<&str, ServiceSummary>::new();
    let mut summary = Summary {
        trace_id: hex(&table.traces()[trace as usize].id),
        root_service_name: table.source(root).name.clone(),
        root_operation_name: table.name(root).to_owned(),
        min_start_time_unix_nano: u64::MAX,
        max_end_time_unix_nano: 0,
        span_count: 0,
        error_span_count: 0,
        orphan_span_count: 0,
        services: Vec::new(),
    };
    for row in rows() {
        let name = &table.source(row).name;
        let service = services.entry(name).or_insert_with(|| ServiceSummary {
            name: name.clone(),
            span_count: 0,
            error_span_count: 0,
        });
        service.span_count += 1;
        service.error_span_count += u64::from(row.error);
        summary.span_count += 1;
        summary.error_span_count += u64::from(row.error);
        summary.orphan_span_count += u64::from(row.parent != 0 && !ids.contains(&row.parent));
        summary.min_start_time_unix_nano = summary.min_start_time_unix_nano.min(row.start);
        summary.max_end_time_unix_nano = summary.max_end_time_unix_nano.max(row.end);
    }
    summary.services = services.into_values().collect();
    summary
}

/// Nanoseconds since 1970 are beyond 2^53, where JavaScript's numbers end.
fn as_text<S: Serializer>(number: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(number)
}
