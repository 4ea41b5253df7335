//! The store's memory: rows of numbers, blocks of bytes, and the indexes.
//!
//! A row takes 64 bytes. The rows of one trace are chained from the newest to
//! the oldest, so that a trace of one span and a trace of a million both cost
//! one entry and no list of their own.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;

use super::codec::{self, Head};
use super::{BadSpan, Operation, ServiceId, TraceId};

/// Encoded spans lie in blocks, so that growing never moves what is there.
const BLOCK: usize = 1 << 20;

/// Ends the chain of a trace's rows.
const NONE: u32 = u32::MAX;

/// One span but for its encoded rest.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) id: u64,
    pub(super) parent: u64,
    pub(super) start: u64,
    pub(super) end: u64,
    pub(super) source: u32,
    pub(super) name: u32,
    pub(super) error: bool,
    pub(super) kind: u8,
    trace: u32,
    previous: u32,
    block: u32,
    offset: u32,
    length: u32,
}

/// A resource with its scope, as it stands around spans in OTLP.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) spans: u64,
    pub(super) envelope: Arc<ResourceSpans>,
    operations: BTreeSet<(u32, u8)>,
}

/// What is known of a trace without walking its rows.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trace {
    pub(super) id: TraceId,
    pub(super) start: u64,
    newest: u32,
}

#[derive(Debug, Default)]
pub(super) struct Table {
    rows: Vec<Row>,
    blocks: Vec<Vec<u8>>,
    sources: Vec<Source>,
    source_ids: HashMap<Vec<u8>, u32>,
    names: Vec<Arc<str>>,
    name_ids: HashMap<Arc<str>, u32>,
    traces: Vec<Trace>,
    trace_ids: HashMap<TraceId, u32>,
}

impl Table {
    pub(super) fn add_source(&mut self, envelope: ResourceSpans) -> ServiceId {
        let next = u32::try_from(self.sources.len()).expect("fewer than 2^32 services");
        let id = *self
            .source_ids
            .entry(envelope.encode_to_vec())
            .or_insert(next);
        if id == next {
            let name = service_name(&envelope);
            let envelope = Arc::new(envelope);
            self.sources.push(Source {
                name,
                spans: 0,
                envelope,
                operations: BTreeSet::new(),
            });
        }
        ServiceId(id)
    }

    pub(super) fn append(
        &mut self,
        service: ServiceId,
        head: &Head,
        name: &str,
        rest: &[u8],
    ) -> Result<(), BadSpan> {
        let length = u32::try_from(rest.len()).map_err(|_| BadSpan::Full)?;
        let index = u32::try_from(self.rows.len()).map_err(|_| BadSpan::Full)?;
        if index == NONE {
            return Err(BadSpan::Full);
        }
        if service.0 as usize >= self.sources.len() {
            return Err(BadSpan::Service);
        }
        let name = self.intern(name);
        let source = &mut self.sources[service.0 as usize];
        source.spans += 1;
        source.operations.insert((name, head.kind));
        let (block, offset) = self.keep(rest);
        let (trace, previous) = self.chain(head, index);
        self.rows.push(Row {
            id: head.id,
            parent: head.parent,
            start: head.start,
            end: head.end,
            source: service.0,
            name,
            error: head.error,
            kind: head.kind,
            trace,
            previous,
            block,
            offset,
            length,
        });
        Ok(())
    }

    pub(super) fn span_count(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn trace_count(&self) -> usize {
        self.traces.len()
    }

    pub(super) fn sources(&self) -> &[Source] {
        &self.sources
    }

    pub(super) fn source(&self, row: &Row) -> &Source {
        &self.sources[row.source as usize]
    }

    pub(super) fn name(&self, row: &Row) -> &str {
        &self.names[row.name as usize]
    }

    pub(super) fn shared_name(&self, row: &Row) -> Arc<str> {
        Arc::clone(&self.names[row.name as usize])
    }

    pub(super) fn traces(&self) -> &[Trace] {
        &self.traces
    }

    pub(super) fn trace_index(&self, id: &TraceId) -> Option<u32> {
        self.trace_ids.get(id).copied()
    }

    pub(super) fn row(&self, index: u32) -> &Row {
        &self.rows[index as usize]
    }

    /// The rows of a trace, from the newest to the oldest.
    pub(super) fn rows_of(&self, trace: u32) -> impl Iterator<Item = u32> {
        let newest = self.traces[trace as usize].newest;
        let older = |row: u32| (row != NONE).then_some(row);
        std::iter::successors(older(newest), move |row| older(self.row(*row).previous))
    }

    /// Puts rows into the order in which they are shown and written: by
    /// service, then by start. It does not depend on who reported first.
    pub(super) fn in_order(&self, rows: impl Iterator<Item = u32>) -> Vec<u32> {
        let mut keys: Vec<_> = rows
            .map(|index| (self.row(index), index))
            .map(|(row, index)| (row.source, row.start, row.id, index))
            .collect();
        keys.sort_unstable();
        keys.into_iter().map(|(.., index)| index).collect()
    }

    pub(super) fn operations(&self, service: &str) -> Vec<Operation> {
        let named = self.sources.iter().filter(|source| source.name == service);
        let all: BTreeSet<_> = named
            .flat_map(|source| &source.operations)
            .map(|(name, kind)| (self.names[*name as usize].to_string(), i32::from(*kind)))
            .collect();
        all.into_iter()
            .map(|(name, kind)| Operation { name, kind })
            .collect()
    }

    /// Decodes one span.
    pub(super) fn span(&self, index: u32) -> Span {
        let row = self.row(index);
        codec::join(&self.head(row), self.name(row), self.rest(row))
    }

    pub(super) fn head(&self, row: &Row) -> Head {
        Head {
            trace: self.traces[row.trace as usize].id,
            id: row.id,
            parent: row.parent,
            start: row.start,
            end: row.end,
            kind: row.kind,
            error: row.error,
        }
    }

    pub(super) fn rest(&self, row: &Row) -> &[u8] {
        &self.blocks[row.block as usize][row.offset as usize..][..row.length as usize]
    }

    fn intern(&mut self, name: &str) -> u32 {
        if let Some(id) = self.name_ids.get(name) {
            return *id;
        }
        let id = u32::try_from(self.names.len()).expect("there are no more names than spans");
        let name: Arc<str> = name.into();
        self.names.push(Arc::clone(&name));
        self.name_ids.insert(name, id);
        id
    }

    fn keep(&mut self, rest: &[u8]) -> (u32, u32) {
        if self
            .blocks
            .last()
            .is_none_or(|block| block.capacity() - block.len() < rest.len())
        {
            self.blocks.push(Vec::with_capacity(BLOCK.max(rest.len())));
        }
        let last = self.blocks.len() - 1;
        let block = &mut self.blocks[last];
        let offset = block.len();
        block.extend_from_slice(rest);
        // A block is no longer than its longest span or `BLOCK`, and a new one
        // comes only with a new span, so both fit.
        (last as u32, offset as u32)
    }

    /// Enters a row into the chain of its trace; returns the trace and the row
    /// before.
    fn chain(&mut self, head: &Head, row: u32) -> (u32, u32) {
        // There are no more traces than rows, which are counted in 32 bits.
        let next = self.traces.len() as u32;
        let trace = *self.trace_ids.entry(head.trace).or_insert(next);
        if trace == next {
            self.traces.push(Trace {
                id: head.trace,
                start: head.start,
                newest: NONE,
            });
        }
        let entry = &mut self.traces[trace as usize];
        entry.start = entry.start.min(head.start);
        (trace, std::mem::replace(&mut entry.newest, row))
    }
}

/// The name that OpenTelemetry prescribes where there is none stands in for
/// names that are missing or no text.
pub(super) fn service_name(envelope: &ResourceSpans) -> String {
    let attributes = envelope
        .resource
        .iter()
        .flat_map(|resource| &resource.attributes);
    let mut names = attributes.filter(|attribute| attribute.key == "service.name");
    match names.next().and_then(|attribute| attribute.value.as_ref()) {
        Some(AnyValue {
            value: Some(any_value::Value::StringValue(name)),
        }) => name.clone(),
        _ => "unknown_service".to_owned(),
    }
}
