//! Searching for traces: what Jaeger's trace-summaries call asks, and what it
//! answers.

use std::collections::{BTreeMap, HashSet};

use opentelemetry_proto::tonic::trace::v1::Span;
use serde::{Serialize, Serializer};

use super::table::{Row, Table, Trace};
use super::{Store, TraceId, hex, value};
use crate::jaeger;

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
    #[must_use]
    pub fn summaries(&self, query: &Query) -> Vec<Summary> {
        let found = self.search(query).into_iter();
        found.map(|trace| summarise(&self.read(), trace)).collect()
    }

    /// The ids of the traces that a query asks for, the newest first.
    #[must_use]
    pub fn find(&self, query: &Query) -> Vec<TraceId> {
        let found = self.search(query);
        let table = self.read();
        found
            .into_iter()
            .map(|trace| table.traces()[trace as usize].id)
            .collect()
    }

    /// The spans that meet a query's conditions, at most as many as its limit,
    /// those of the newest trace first; and whether there are more.
    #[must_use]
    pub fn find_spans(&self, query: &Query) -> (Vec<(TraceId, u64)>, bool) {
        let all = Query {
            limit: None,
            ..query.clone()
        };
        let limit = query.limit.unwrap_or(usize::MAX);
        let mut spans = Vec::new();
        for trace in self.search(&all) {
            let table = self.read();
            let id = table.traces()[trace as usize].id;
            let rows = table.rows_of(trace).filter(|row| query.meets(&table, *row));
            spans.extend(rows.map(|row| (id, table.row(row).id)));
            if spans.len() > limit {
                spans.truncate(limit);
                return (spans, true);
            }
        }
        (spans, false)
    }

    /// The lock is taken for one trace at a time, so that a long search does
    /// not hold up the peers that report.
    fn search(&self, query: &Query) -> Vec<u32> {
        let mut traces: Vec<(Trace, u32)> = self.read().traces().iter().copied().zip(0..).collect();
        traces.sort_unstable_by_key(|(trace, _)| (std::cmp::Reverse(trace.start), trace.id));
        let found = traces.into_iter().map(|(_, trace)| trace);
        found
            .filter(|trace| {
                let table = self.read();
                table.rows_of(*trace).any(|row| query.meets(&table, row))
            })
            .take(query.limit.unwrap_or(usize::MAX))
            .collect()
    }
}

impl Query {
    fn meets(&self, table: &Table, index: u32) -> bool {
        let row = table.row(index);
        self.operation
            .as_ref()
            .is_none_or(|name| table.name(row) == name)
            && self
                .service
                .as_ref()
                .is_none_or(|name| table.source(row).name == *name)
            && self.meets_times(row)
            && self.meets_attributes(table, index)
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
        let row = table.row(index);
        let mut asked = self
            .attributes
            .iter()
            .filter(|(key, value)| !row.tells(key, value));
        let Some(first) = asked.next() else {
            return true;
        };
        let Span {
            attributes, events, ..
        } = table.span(index);
        let resource = table.source(row).envelope.resource.as_ref();
        std::iter::once(first).chain(asked).all(|(key, wanted)| {
            let of_events = events.iter().flat_map(|event| &event.attributes);
            let of_resource = resource
                .into_iter()
                .flat_map(|resource| &resource.attributes);
            let mut all = attributes.iter().chain(of_events).chain(of_resource);
            all.any(|attribute| value::matches(attribute, key, wanted))
        })
    }
}

impl Row {
    /// Whether the row itself has what Jaeger writes as this tag.
    fn tells(&self, key: &str, value: &str) -> bool {
        match key {
            "error" => self.error && value == "true",
            "span.kind" => jaeger::kind_name(self.kind.into()) == Some(value),
            _ => false,
        }
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
