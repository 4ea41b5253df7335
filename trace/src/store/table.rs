//! The store's memory: rows of numbers, blocks of bytes, and the tables of services,
//! names and traces.
//!
//! The rows of one trace are chained from the newest to the oldest, so that a
//! trace of one span and a trace of a million both cost one entry and no list
//! of their own. A table with a limit evicts the rows that were stored first.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::ResourceSpans;
use prost::Message;

use super::blocks::Blocks;
use super::codec::Head;
use super::names::Names;
use super::rows::{Group, Row, Rows};
use super::tokens::{self, Token};
use super::{BadSpan, Evicted, Operation, ServiceId, TraceId};
use crate::jaeger;

/// The overhead of an entry in bytes: its slot in a map. The map of traces is half
/// empty at times. Guesses.
const EACH_SOURCE: usize = 512;
const EACH_TRACE: usize = size_of::<Trace>() + 48;

/// A resource with its scope: the envelope of spans in OTLP.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) spans: u64,
    pub(super) envelope: Arc<ResourceSpans>,
    /// The encoded envelope, the key of the lookup.
    key: Arc<[u8]>,
    /// How many spans there are of each name and kind.
    operations: BTreeMap<(u32, u8), u64>,
    token: Token,
}

impl Source {
    /// The attributes of the resource and of the scope.
    pub(super) fn attributes(&self) -> impl Iterator<Item = &KeyValue> {
        let resource = self.envelope.resource.iter();
        let of_resource = resource.flat_map(|resource| &resource.attributes);
        let scopes = self.envelope.scope_spans.iter();
        let scopes = scopes.filter_map(|scope| scope.scope.as_ref());
        of_resource.chain(scopes.flat_map(|scope| &scope.attributes))
    }
}

/// The summary of a trace, known without reading its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    pub(super) id: TraceId,
    pub(super) start: u64,
    newest: u64,
    /// Zero for an entry that is free.
    spans: u64,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Rows,
    blocks: Blocks,
    /// The number of a service is not reused: its holder would report as another
    /// service.
    sources: Vec<Option<Box<Source>>>,
    source_ids: HashMap<Arc<[u8]>, u32>,
    source_bytes: usize,
    names: Names,
    traces: Vec<Trace>,
    free_traces: Vec<u32>,
    trace_ids: HashMap<TraceId, u32>,
    /// The trace of the span that was stored last.
    last_trace: u32,
    /// In bytes. Without one, nothing is evicted.
    limit: Option<usize>,
    evicted: Evicted,
    first_start: Option<u64>,
    epoch: u64,
}

impl Table {
    pub(super) fn with_limit(limit: usize) -> Self {
        Self {
            limit: Some(limit),
            ..Self::default()
        }
    }

    pub(super) fn add_source(&mut self, envelope: ResourceSpans) -> ServiceId {
        let key = envelope.encode_to_vec();
        if let Some(id) = self.source_ids.get(&*key) {
            return ServiceId(*id);
        }
        let id = u32::try_from(self.sources.len()).expect("fewer than 2^32 services");
        let (key, name): (Arc<[u8]>, _) = (key.into(), service_name(&envelope));
        self.source_bytes += EACH_SOURCE + 3 * key.len();
        self.source_ids.insert(Arc::clone(&key), id);
        self.sources.push(Some(Box::new(Source {
            spans: 0,
            envelope: Arc::new(envelope),
            key,
            operations: BTreeMap::new(),
            token: Token::service(&name),
            name,
        })));
        self.epoch += 1;
        ServiceId(id)
    }

    /// `tokens` are those of the span; its name and service are added. Without them, it
    /// has to be [signed](Self::sign) before it is searched.
    pub(super) fn append(
        &mut self,
        service: ServiceId,
        head: &Head,
        name: &str,
        rest: &[u8],
        tokens: Option<&[Token]>,
    ) -> Result<(), BadSpan> {
        let length = u32::try_from(rest.len()).map_err(|_| BadSpan::Full)?;
        let Some(Some(source)) = self.sources.get_mut(service.0 as usize) else {
            return Err(BadSpan::Service);
        };
        let name_id = self.names.add(name);
        source.spans += 1;
        *source.operations.entry((name_id, head.kind)).or_default() += 1;
        let tokens = tokens.map(|tokens| {
            let around = [source.token, Token::name(name)];
            tokens.iter().copied().chain(around)
        });
        let (block, offset) = self.blocks.keep(rest);
        let (trace, back) = self.chain(head);
        self.first_start.get_or_insert(head.start);
        let row = Row {
            id: head.id,
            parent: head.parent,
            start: head.start,
            end: head.end,
            source: service.0,
            name: name_id,
            trace,
            back,
            block,
            offset,
            length,
            kind: head.kind,
            error: head.error,
        };
        self.rows.push(row, tokens);
        if let Some(limit) = self.limit {
            while self.bytes() > limit && self.span_count() > 1 {
                self.evict();
            }
        }
        Ok(())
    }

    /// The memory of the table in bytes, as far as it is counted.
    pub(super) fn bytes(&self) -> usize {
        let traces = self.trace_ids.len() * EACH_TRACE;
        self.rows.bytes() + self.blocks.bytes() + self.names.bytes() + self.source_bytes + traces
    }

    pub(super) fn is_bounded(&self) -> bool {
        self.limit.is_some()
    }

    pub(super) fn evicted(&self) -> Evicted {
        self.evicted
    }

    /// Changes whenever a service is added or a span is evicted, which can change the
    /// meaning of numbers.
    pub(super) fn epoch(&self) -> u64 {
        self.epoch
    }

    pub(super) fn first_start(&self) -> u64 {
        self.first_start.unwrap_or(0)
    }

    pub(super) fn span_count(&self) -> usize {
        let places = self.places();
        (places.end - places.start) as usize
    }

    pub(super) fn trace_count(&self) -> usize {
        self.trace_ids.len()
    }

    /// The services by number.
    pub(super) fn sources(&self) -> impl Iterator<Item = (u32, &Source)> {
        let all = (0..).zip(&self.sources);
        all.filter_map(|(id, source)| Some((id, &**source.as_ref()?)))
    }

    pub(super) fn source(&self, id: u32) -> &Source {
        let source = self.sources[id as usize].as_ref();
        source.expect("a service stays as long as it has a span")
    }

    pub(super) fn name(&self, row: &Row) -> &Arc<str> {
        self.names.get(row.name)
    }

    pub(super) fn name_id(&self, name: &str) -> Option<u32> {
        self.names.find(name)
    }

    /// The numbers of all traces.
    pub(super) fn trace_indexes(&self) -> impl Iterator<Item = u32> {
        let all = (0..).zip(&self.traces);
        all.filter_map(|(index, trace)| (trace.spans > 0).then_some(index))
    }

    pub(super) fn trace_at(&self, index: u32) -> &Trace {
        &self.traces[index as usize]
    }

    pub(super) fn trace_index(&self, id: &TraceId) -> Option<u32> {
        self.trace_ids.get(id).copied()
    }

    /// The places of the rows that are kept, in the order of storing.
    pub(super) fn places(&self) -> Range<u64> {
        self.rows.places()
    }

    pub(super) fn row(&self, place: u64) -> &Row {
        self.rows.get(place)
    }

    pub(super) fn groups(&self) -> impl Iterator<Item = (u64, u64)> {
        self.rows.groups()
    }

    /// Signs at most `most` unsigned groups. Returns whether there are more.
    pub(super) fn sign(&mut self, most: usize) -> bool {
        let mut tokens = Vec::new();
        for _ in 0..most {
            let Some(number) = self.rows.next_unsigned() else {
                return false;
            };
            tokens.clear();
            let places = self.group(number).map_or(0..0, |(_, places)| places);
            for row in places.map(|place| self.row(place)) {
                tokens::collect(row.kind, row.error, self.rest(row), &mut tokens);
                tokens.push(Token::name(self.name(row)));
                tokens.push(self.source(row.source).token);
            }
            self.rows.sign_next(&tokens);
        }
        true
    }

    pub(super) fn group(&self, number: u64) -> Option<(&Group, Range<u64>)> {
        self.rows.group(number)
    }

    /// The rows of a trace, from the newest to the oldest.
    pub(super) fn rows_of(&self, trace: u32) -> impl Iterator<Item = u64> {
        let trace = self.trace_at(trace);
        let kept = self.places().start;
        let newest = (trace.spans > 0).then_some(trace.newest);
        std::iter::successors(newest, move |place| {
            let back = u64::from(self.row(*place).back);
            let before = place.checked_sub(back)?;
            (back > 0 && before >= kept).then_some(before)
        })
    }

    /// Puts rows into the order in which they are shown and written: by
    /// service, then by start. It does not depend on the order of the reports.
    pub(super) fn in_order(&self, rows: impl Iterator<Item = u64>) -> Vec<u64> {
        let mut keys: Vec<_> = rows
            .map(|place| (self.row(place), place))
            .map(|(row, place)| (row.source, row.start, row.id, place))
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(.., place)| place).collect()
    }

    pub(super) fn operations(&self, service: Option<&str>) -> Vec<Operation> {
        let named = |name: &str| service.is_none_or(|service| name == service);
        let sources = self.sources().filter(|(_, source)| named(&source.name));
        // A thousand services have the same few names.
        let ids: BTreeSet<_> = sources
            .flat_map(|(_, source)| source.operations.keys())
            .collect();
        let all: BTreeSet<_> = ids
            .into_iter()
            .map(|(name, kind)| (self.names.get(*name).to_string(), i32::from(*kind)))
            .collect();
        all.into_iter()
            .map(|(name, kind)| Operation { name, kind })
            .collect()
    }

    pub(super) fn head(&self, row: &Row) -> Head {
        Head {
            trace: self.trace_at(row.trace).id,
            id: row.id,
            parent: row.parent,
            start: row.start,
            end: row.end,
            kind: row.kind,
            error: row.error,
        }
    }

    pub(super) fn rest(&self, row: &Row) -> &[u8] {
        self.blocks.get(row.block, row.offset, row.length)
    }

    /// Adds the next row to the chain of its trace. Returns the trace, and the distance
    /// to its previous row.
    fn chain(&mut self, head: &Head) -> (u32, u32) {
        let place = self.places().end;
        let index = self.trace_of(head);
        let entry = &mut self.traces[index as usize];
        let back = match entry.spans {
            0 => 0,
            // Memory holds no two rows that are further apart.
            _ => u32::try_from(place - entry.newest).unwrap_or(0),
        };
        entry.start = entry.start.min(head.start);
        entry.newest = place;
        entry.spans += 1;
        (index, back)
    }

    /// The number of its trace. Spans of one trace often come one after another.
    fn trace_of(&mut self, head: &Head) -> u32 {
        let last = self.traces.get(self.last_trace as usize);
        if last.is_some_and(|trace| trace.spans > 0 && trace.id == head.trace) {
            return self.last_trace;
        }
        self.last_trace = match self.trace_ids.get(&head.trace) {
            Some(index) => *index,
            None => self.add_trace(head),
        };
        self.last_trace
    }

    fn add_trace(&mut self, head: &Head) -> u32 {
        let trace = Trace {
            id: head.trace,
            start: head.start,
            newest: 0,
            spans: 0,
        };
        let index = match self.free_traces.pop() {
            Some(index) => {
                self.traces[index as usize] = trace;
                index
            }
            None => {
                self.traces.push(trace);
                // Each has a row of 64 bytes.
                u32::try_from(self.traces.len() - 1).expect("fewer than 2^32 traces")
            }
        };
        self.trace_ids.insert(head.trace, index);
        index
    }

    /// Evicts the span that was stored first, and everything that only it used.
    fn evict(&mut self) {
        let Some(row) = self.rows.pop() else { return };
        self.evicted.spans += 1;
        let trace = &mut self.traces[row.trace as usize];
        trace.spans -= 1;
        if trace.spans == 0 {
            self.trace_ids.remove(&trace.id);
            self.free_traces.push(row.trace);
            self.evicted.traces += 1;
        }
        self.evict_from_source(&row);
        self.names.remove(row.name);
        let first = self.places().start;
        let next = self.row(first).block;
        self.blocks.drop_before(next);
        self.epoch += 1;
    }

    fn evict_from_source(&mut self, row: &Row) {
        let entry = &mut self.sources[row.source as usize];
        let source = entry.as_mut().expect("it has a span");
        source.spans -= 1;
        if source.spans == 0 {
            self.source_bytes -= EACH_SOURCE + 3 * source.key.len();
            self.source_ids.remove(&source.key);
            *entry = None;
        } else if let Some(count) = source.operations.get_mut(&(row.name, row.kind)) {
            *count -= 1;
            if *count == 0 {
                source.operations.remove(&(row.name, row.kind));
            }
        }
    }
}

/// The name of the service with this resource.
pub(super) fn service_name(envelope: &ResourceSpans) -> String {
    let resource = envelope.resource.as_ref();
    let attributes = resource.map_or(&[][..], |resource| &resource.attributes);
    jaeger::service_name(attributes).to_owned()
}
