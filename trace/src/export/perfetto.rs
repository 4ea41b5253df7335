//! A trace for <https://ui.perfetto.dev>: native track events, a process track
//! for each peer, and a flow for each receipt of a message.
//!
//! A flow leads from one event to one slice: a message that is received twice has two
//! flows, and its sending has the numbers of both.
//!
//! The messages are a subset of `protos/perfetto/trace` in google/perfetto, with
//! its field numbers: `trace.proto`, `trace_packet.proto`,
//! `track_event/track_descriptor.proto`, `process_descriptor.proto`,
//! `track_event.proto` and `debug_annotation.proto`.

#![allow(missing_docs, reason = "the messages and fields of Perfetto's schema")]

mod order;

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::steps::key;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use prost::encoding::{WireType, encode_key, encode_varint};

use crate::history;
use crate::jaeger::{self, Value};
use crate::store::{Store, hex};
use order::{Timed, by_time_and_cause};

/// All packets are of one sequence.
const SEQUENCE: u32 = 1;

/// `TrackEvent.Type`
const BEGIN: i32 = 1;
const END: i32 = 2;
const INSTANT: i32 = 3;

/// `perfetto.protos.TracePacket`, of which a trace is a list.
#[derive(Clone, PartialEq, prost::Message)]
pub struct TracePacket {
    /// In nanoseconds.
    #[prost(uint64, optional, tag = "8")]
    pub timestamp: Option<u64>,
    #[prost(uint32, tag = "10")]
    pub trusted_packet_sequence_id: u32,
    #[prost(message, optional, tag = "11")]
    pub track_event: Option<TrackEvent>,
    #[prost(message, optional, tag = "60")]
    pub track_descriptor: Option<TrackDescriptor>,
}

/// `perfetto.protos.TrackDescriptor`
#[derive(Clone, PartialEq, prost::Message)]
pub struct TrackDescriptor {
    #[prost(uint64, tag = "1")]
    pub uuid: u64,
    #[prost(string, optional, tag = "2")]
    pub name: Option<String>,
    #[prost(message, optional, tag = "3")]
    pub process: Option<ProcessDescriptor>,
    #[prost(uint64, optional, tag = "5")]
    pub parent_uuid: Option<u64>,
}

/// `perfetto.protos.ProcessDescriptor`
#[derive(Clone, PartialEq, prost::Message)]
pub struct ProcessDescriptor {
    #[prost(int32, tag = "1")]
    pub pid: i32,
    #[prost(string, tag = "6")]
    pub process_name: String,
}

/// `perfetto.protos.TrackEvent`
#[derive(Clone, PartialEq, prost::Message)]
pub struct TrackEvent {
    #[prost(message, repeated, tag = "4")]
    pub debug_annotations: Vec<DebugAnnotation>,
    #[prost(int32, tag = "9")]
    pub r#type: i32,
    #[prost(uint64, tag = "11")]
    pub track_uuid: u64,
    #[prost(string, repeated, tag = "22")]
    pub categories: Vec<String>,
    #[prost(string, optional, tag = "23")]
    pub name: Option<String>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    pub flow_ids: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    pub terminating_flow_ids: Vec<u64>,
}

/// `perfetto.protos.DebugAnnotation`
#[derive(Clone, PartialEq, prost::Message)]
pub struct DebugAnnotation {
    #[prost(bool, optional, tag = "2")]
    pub bool_value: Option<bool>,
    #[prost(int64, optional, tag = "4")]
    pub int_value: Option<i64>,
    #[prost(double, optional, tag = "5")]
    pub double_value: Option<f64>,
    #[prost(string, optional, tag = "6")]
    pub string_value: Option<String>,
    #[prost(string, tag = "10")]
    pub name: String,
}

pub fn write(store: &Store, out: &mut impl Write) -> io::Result<()> {
    let mut peers = BTreeMap::<String, Vec<Span>>::new();
    store.for_each(|peer, span| match peers.get_mut(peer) {
        Some(spans) => spans.push(span),
        None => drop(peers.insert(peer.to_owned(), vec![span])),
    });
    let mut writer = Writer {
        out,
        tracks: 0,
        flows: Flows::new(peers.values().flatten()),
    };
    let mut lanes = Vec::new();
    for (pid, (peer, spans)) in (1..).zip(peers) {
        writer.peer(pid, peer, spans, &mut lanes)?;
    }
    for (at, event) in by_time_and_cause(lanes) {
        writer.event(at, event)?;
    }
    Ok(())
}

/// The numbers of the flows: one for each receipt of a message.
struct Flows {
    /// For each received message, how many receipts it has, and how many of these
    /// have a number.
    receipts: BTreeMap<u64, (u64, u64)>,
}

impl Flows {
    fn new<'a>(spans: impl Iterator<Item = &'a Span>) -> Self {
        let mut receipts = BTreeMap::new();
        for message in spans.filter_map(received) {
            receipts.entry(message).or_insert((0, 0)).0 += 1;
        }
        Self { receipts }
    }

    /// The flows that begin at the sending of the message.
    fn of(&self, message: u64) -> impl Iterator<Item = u64> + use<> {
        let many = self.receipts.get(&message).map_or(0, |(many, _)| *many);
        (0..many).map(move |receipt| flow(message, receipt))
    }

    /// The flow that ends at the message's next receipt.
    fn next(&mut self, message: u64) -> Option<u64> {
        let (_, numbered) = self.receipts.get_mut(&message)?;
        *numbered += 1;
        Some(flow(message, *numbered - 1))
    }
}

/// The first receipt of a message has the message's own number. Numbers of later
/// receipts are spread by the golden ratio, to avoid those of other messages.
fn flow(message: u64, receipt: u64) -> u64 {
    message.wrapping_add(receipt.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

struct Writer<W> {
    out: W,
    /// How many tracks have a number.
    tracks: u64,
    flows: Flows,
}

impl<W: Write> Writer<W> {
    /// Writes the tracks of a peer, and adds the events of each.
    fn peer(
        &mut self,
        pid: i32,
        peer: String,
        mut spans: Vec<Span>,
        lanes: &mut Vec<Vec<Timed>>,
    ) -> io::Result<()> {
        let process = self.track(TrackDescriptor {
            process: Some(ProcessDescriptor {
                pid,
                process_name: peer,
            }),
            ..TrackDescriptor::default()
        })?;
        // An enclosing span comes before those it encloses. Steps that began at the
        // same time are in their own order: an operation's first step is stored when
        // the operation ends, after the steps that it caused.
        spans.sort_by_cached_key(|span| {
            let step = history::integer(&span.attributes, key::STEP);
            (span.start_time_unix_nano, step, Reverse(end(span)))
        });
        for (number, lane) in side_by_side(spans).into_iter().enumerate() {
            let name = match number {
                0 => "spans".to_owned(),
                _ => format!("spans at the same time ({number})"),
            };
            let track = self.track(TrackDescriptor {
                name: Some(name),
                parent_uuid: Some(process),
                ..TrackDescriptor::default()
            })?;
            lanes.push(self.lane(track, lane));
        }
        Ok(())
    }

    fn track(&mut self, descriptor: TrackDescriptor) -> io::Result<u64> {
        self.tracks += 1;
        let uuid = self.tracks;
        self.packet(TracePacket {
            track_descriptor: Some(TrackDescriptor { uuid, ..descriptor }),
            ..TracePacket::default()
        })?;
        Ok(uuid)
    }

    /// The slices of one track: they are nested or disjoint.
    fn lane(&mut self, track: u64, spans: Vec<Span>) -> Vec<Timed> {
        let ending = |at| (at, on(track, END, TrackEvent::default()));
        let (mut events, mut open) = (Vec::new(), Vec::new());
        for span in spans {
            while let Some(ended) = open.pop_if(|ended| *ended <= span.start_time_unix_nano) {
                events.push(ending(ended));
            }
            open.push(end(&span));
            self.slice(track, span, &mut events);
        }
        events.extend(open.into_iter().rev().map(ending));
        events
    }

    /// The beginning and end of a slice, and the events in it.
    fn slice(&mut self, track: u64, span: Span, events: &mut Vec<Timed>) {
        let (start, end) = (span.start_time_unix_nano, end(&span));
        let ids = [("trace", hex(&span.trace_id)), ("span", hex(&span.span_id))];
        let ids = ids.map(|(name, id)| DebugAnnotation {
            name: name.to_owned(),
            string_value: Some(id),
            ..DebugAnnotation::default()
        });
        let received = received(&span).and_then(|message| self.flows.next(message));
        let kind = jaeger::kind_name(span.kind).unwrap_or("span");
        let begin = TrackEvent {
            terminating_flow_ids: received.into_iter().collect(),
            name: Some(span.name),
            categories: vec![kind.to_owned()],
            debug_annotations: ids
                .into_iter()
                .chain(annotations(span.attributes))
                .collect(),
            ..TrackEvent::default()
        };
        events.push((start, on(track, BEGIN, begin)));
        for event in span.events {
            let at = event.time_unix_nano.clamp(start, end);
            let instant = TrackEvent {
                flow_ids: message(&event.attributes)
                    .into_iter()
                    .flat_map(|message| self.flows.of(message))
                    .collect(),
                name: Some(event.name),
                categories: vec!["event".to_owned()],
                debug_annotations: annotations(event.attributes).collect(),
                ..TrackEvent::default()
            };
            events.push((at, on(track, INSTANT, instant)));
        }
    }

    fn event(&mut self, at: u64, event: TrackEvent) -> io::Result<()> {
        self.packet(TracePacket {
            timestamp: Some(at),
            track_event: Some(event),
            ..TracePacket::default()
        })
    }

    /// A trace is its packets one after the other, each as field 1.
    fn packet(&mut self, packet: TracePacket) -> io::Result<()> {
        let packet = TracePacket {
            trusted_packet_sequence_id: SEQUENCE,
            ..packet
        };
        let mut bytes = Vec::with_capacity(packet.encoded_len() + 8);
        encode_key(1, WireType::LengthDelimited, &mut bytes);
        encode_varint(packet.encoded_len() as u64, &mut bytes);
        packet.encode(&mut bytes)?;
        self.out.write_all(&bytes)
    }
}

/// Spreads spans over lanes in which each is nested in the one before or begins
/// after it, as Perfetto requires of one track.
fn side_by_side(spans: Vec<Span>) -> Vec<Vec<Span>> {
    let mut lanes = Vec::<(Vec<u64>, Vec<Span>)>::new();
    for span in spans {
        let (start, end) = (span.start_time_unix_nano, end(&span));
        let free = lanes.iter_mut().find(|(open, _)| {
            let around = open.iter().rev().find(|ended| **ended > start);
            around.is_none_or(|ended| *ended >= end)
        });
        match free {
            Some((open, lane)) => {
                while open.pop_if(|ended| *ended <= start).is_some() {}
                open.push(end);
                lane.push(span);
            }
            None => lanes.push((vec![end], vec![span])),
        }
    }
    lanes.into_iter().map(|(_, lane)| lane).collect()
}

fn on(track: u64, kind: i32, event: TrackEvent) -> TrackEvent {
    TrackEvent {
        r#type: kind,
        track_uuid: track,
        ..event
    }
}

/// The message that the span receives. A span that reports a loss names a message that
/// did not arrive.
fn received(span: &Span) -> Option<u64> {
    match history::text(&span.attributes, "error.type") {
        None => message(&span.attributes),
        Some(_) => None,
    }
}

/// The end of the span, and never before its start, even if a clock was set back.
fn end(span: &Span) -> u64 {
    span.end_time_unix_nano.max(span.start_time_unix_nano)
}

/// The message of these attributes. Its id is unique in the run, and so is its flow's.
fn message(attributes: &[KeyValue]) -> Option<u64> {
    let id = history::text(attributes, key::ID)?;
    u64::from_str_radix(id, 16).ok()
}

fn annotations(attributes: Vec<KeyValue>) -> impl Iterator<Item = DebugAnnotation> {
    attributes.into_iter().map(|attribute| {
        let jaeger::KeyValue { key, value } = attribute.into();
        let mut annotation = DebugAnnotation {
            name: key,
            ..DebugAnnotation::default()
        };
        match value {
            Value::Text(text) => annotation.string_value = Some(text),
            Value::Bool(flag) => annotation.bool_value = Some(flag),
            Value::Int(number) => annotation.int_value = Some(number),
            Value::Float(number) => annotation.double_value = Some(number),
            Value::Binary(bytes) => annotation.string_value = Some(hex(&bytes)),
        }
        annotation
    })
}
