//! The layout of one span in memory: a fixed head, its name, and the rest as OTLP
//! protobuf.
//!
//! Lists, searches and summaries need ids, times, name, kind and error, so these
//! are kept in a row of plain numbers and are read without decoding. The parts that
//! are only shown (attributes, events, links, status) stay encoded, which takes a
//! fraction of the decoded `Span`'s memory. Nothing is kept twice.

use std::iter;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use prost::Message;

use super::{BadSpan, TraceId, encode, keys};

/// The kinds that OTLP names go from 0 to 5. Any other stays in the rest.
const KINDS: std::ops::RangeInclusive<i32> = 0..=5;

/// The tags of the repeated fields of `Span` (number << 3 | wire type 2), from
/// opentelemetry/proto/trace/v1/trace.proto.
const ATTRIBUTE: u8 = 9 << 3 | 2;
const EVENT: u8 = 11 << 3 | 2;
const LINK: u8 = 13 << 3 | 2;

/// The part of a span that is kept as numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) trace: TraceId,
    pub(crate) id: u64,
    /// Zero for none: zero is no valid span id.
    pub(crate) parent: u64,
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) kind: u8,
    pub(crate) error: bool,
}

/// Its trace, itself, and its parent or zero.
pub(super) fn ids(span: &Span) -> Result<(TraceId, u64, u64), BadSpan> {
    let trace: TraceId = span.trace_id[..].try_into().map_err(|_| BadSpan::TraceId)?;
    if trace == [0; 16] {
        return Err(BadSpan::TraceId);
    }
    let id = span_id(&span.span_id)
        .filter(|id| *id != 0)
        .ok_or(BadSpan::SpanId)?;
    let parent = match &span.parent_span_id[..] {
        [] => 0,
        bytes => span_id(bytes).ok_or(BadSpan::ParentId)?,
    };
    Ok((trace, id, parent))
}

/// Splits a span, and appends all but its head and name to `rest`.
pub(super) fn split(span: &Span, rest: &mut Vec<u8>) -> Result<Head, BadSpan> {
    let (trace, id, parent) = ids(span)?;
    encode_rest(span, rest);
    Ok(Head {
        trace,
        id,
        parent,
        start: span.start_time_unix_nano,
        end: span.end_time_unix_nano,
        kind: if KINDS.contains(&span.kind) {
            span.kind as u8
        } else {
            0
        },
        error: span
            .status
            .as_ref()
            .is_some_and(|status| status.code() == StatusCode::Error),
    })
}

/// Joins the parts of a span again.
pub(super) fn join(head: &Head, name: &str, rest: &[u8]) -> Span {
    let mut span = Span::decode(rest).expect("`split` encoded it");
    if encode::is_numbered(rest) {
        let of_events = span.events.iter_mut().map(|event| &mut event.attributes);
        let all = iter::once(&mut span.attributes).chain(of_events);
        all.flatten().for_each(name_in_full);
    }
    span.trace_id = head.trace.to_vec();
    span.span_id = head.id.to_be_bytes().to_vec();
    if head.parent != 0 {
        span.parent_span_id = head.parent.to_be_bytes().to_vec();
    }
    span.start_time_unix_nano = head.start;
    span.end_time_unix_nano = head.end;
    span.name = name.to_owned();
    if span.kind == 0 {
        span.kind = i32::from(head.kind);
    }
    span
}

/// Gives an attribute the name whose number it has.
fn name_in_full(attribute: &mut KeyValue) {
    if let Some(name) = keys::name(attribute.key_strindex as u64) {
        name.clone_into(&mut attribute.key);
        attribute.key_strindex = 0;
    }
}

/// The single fields go through a small `Span` of their own. The repeated ones
/// are written from where they are, since cloning them would cost more than
/// encoding. Protobuf lets fields stand in any order, so both may follow each
/// other. Links that lead nowhere are counted as dropped.
fn encode_rest(span: &Span, rest: &mut Vec<u8>) {
    let bad_links = span.links.iter().filter(|link| !leads_somewhere(link));
    let bad_links = u32::try_from(bad_links.count()).unwrap_or(u32::MAX);
    let single = Span {
        trace_state: span.trace_state.clone(),
        flags: span.flags,
        kind: if KINDS.contains(&span.kind) {
            0
        } else {
            span.kind
        },
        dropped_attributes_count: span.dropped_attributes_count,
        dropped_events_count: span.dropped_events_count,
        dropped_links_count: span.dropped_links_count.saturating_add(bad_links),
        status: span.status.clone(),
        ..Span::default()
    };
    append(&single, rest, Message::encode);
    for attribute in &span.attributes {
        rest.push(ATTRIBUTE);
        append(attribute, rest, Message::encode_length_delimited);
    }
    for event in &span.events {
        rest.push(EVENT);
        append(event, rest, Message::encode_length_delimited);
    }
    for link in span.links.iter().filter(|link| leads_somewhere(link)) {
        rest.push(LINK);
        append(link, rest, Message::encode_length_delimited);
    }
}

/// Whether a link has the ids of a span.
pub fn leads_somewhere(link: &Link) -> bool {
    link.trace_id.len() == 16 && link.span_id.len() == 8
}

fn append<M: Message>(
    message: &M,
    rest: &mut Vec<u8>,
    encode: impl Fn(&M, &mut Vec<u8>) -> Result<(), prost::EncodeError>,
) {
    encode(message, rest).expect("a Vec grows as needed");
}

fn span_id(bytes: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
