//! Simulated runs as files for other tools: each file meets the requirements of
//! its tool.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use prost::Message as _;
use prost::encoding::{DecodeContext, WireType, decode_key, decode_varint, skip_field};
use serde_json::Value;
use trace::export::perfetto::TracePacket;
use trace::export::{ExportFormat, write};
use trace::history::History;
use trace::store::{Query, Store, samples};

use super::Scenario;
use super::tests::{traced, traced_in};
use crate::delay::Delay;

fn exported(store: &Store, format: ExportFormat) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(store, format, &mut bytes).expect("memory takes everything");
    bytes
}

#[test]
fn jaegers_file_has_every_trace_and_span() {
    let store = traced();
    let file: Value =
        serde_json::from_slice(&exported(&store, ExportFormat::Jaeger)).expect("JSON");
    let traces = file["data"].as_array().expect("a list");
    assert_eq!(traces.len(), store.trace_count());
    let spans = traces
        .iter()
        .map(|trace| trace["spans"].as_array().map_or(0, Vec::len));
    assert_eq!(spans.sum::<usize>(), store.len());
    let empty = exported(&Store::new(), ExportFormat::Jaeger);
    let empty: Value = serde_json::from_slice(&empty).expect("JSON");
    assert_eq!(empty["data"], serde_json::json!([]));
}

/// As its parser reads it: `(?<host>\S*) (?<clock>{.*})\n(?<event>.*)`.
fn shiviz(text: &str) -> Vec<(String, BTreeMap<String, u64>, String)> {
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines.len() % 2, 0);
    let events = lines.chunks(2).map(|two| {
        let (host, clock) = two[0].split_once(' ').expect("a host and a clock");
        let clock = serde_json::from_str(clock).expect("a clock");
        (host.to_owned(), clock, two[1].to_owned())
    });
    events.collect()
}

#[test]
fn shivizs_rules_hold() {
    let store = traced();
    let text = String::from_utf8(exported(&store, ExportFormat::Shiviz)).expect("UTF-8");
    let events = shiviz(&text);
    let history = History::read(&store);
    assert_eq!(events.len(), history.steps().count());
    let mut last = BTreeMap::<&str, u64>::new();
    for (host, clock, what) in &events {
        let own = clock[host];
        let before = last.insert(host, own).unwrap_or(0);
        assert_eq!(own, before + 1, "{host}: {what}");
        // The events of others that it depends on come before it in the file.
        for (other, count) in clock.iter().filter(|(other, _)| *other != host) {
            assert!(
                *count >= 1 && *count <= last[&**other],
                "{host} of {other}: {what}"
            );
        }
    }
    let some = |part: &str| events.iter().any(|(.., what)| what.contains(part));
    assert!(
        some("MARKER from peer-0") && some("; sends MARKER to peer-0"),
        "{text}"
    );
}

#[test]
fn names_and_texts_do_not_break_shivizs_lines() {
    let store = Store::new();
    for name in ["a b", "a_b", " ", "a\tb"] {
        let service = store.add_service(samples::resource(name));
        let mut span = samples::span([1; 16], 1, 0, "x", 0);
        let value = opentelemetry_proto::tonic::common::v1::any_value::Value::IntValue(1);
        span.attributes = vec![
            samples::attribute("p2p.step", value),
            samples::text("p2p.timer", "one\ntwo {}"),
        ];
        store.insert(service, &span).expect("a good span");
    }
    let text = String::from_utf8(exported(&store, ExportFormat::Shiviz)).expect("UTF-8");
    let hosts: BTreeSet<_> = shiviz(&text).into_iter().map(|(host, ..)| host).collect();
    assert_eq!(hosts.len(), 4, "{text}");
    assert!(
        hosts
            .iter()
            .all(|host| !host.is_empty() && !host.contains(char::is_whitespace))
    );
}

#[test]
fn shiviz_needs_a_step() {
    let error = write(&samples::store(), ExportFormat::Shiviz, &mut Vec::new());
    let message = error.expect_err("no step").to_string();
    assert!(
        message.contains("ShiViz") && message.contains("perfetto"),
        "{message}"
    );
}

/// The packets of a trace.
fn packets(mut bytes: &[u8]) -> Vec<TracePacket> {
    let mut packets = Vec::new();
    while !bytes.is_empty() {
        assert_eq!(
            decode_key(&mut bytes).expect("a key"),
            (1, WireType::LengthDelimited)
        );
        let length = decode_varint(&mut bytes).expect("a length") as usize;
        packets.push(TracePacket::decode(&bytes[..length]).expect("a packet"));
        bytes = &bytes[length..];
    }
    packets
}

#[test]
fn perfetto_has_one_process_per_peer_and_one_flow_per_message() {
    let store = traced();
    let packets = packets(&exported(&store, ExportFormat::Perfetto));
    assert!(
        packets
            .iter()
            .all(|packet| packet.trusted_packet_sequence_id == 1)
    );
    let tracks = packets
        .iter()
        .filter_map(|packet| packet.track_descriptor.as_ref());
    let processes: Vec<_> = tracks
        .clone()
        .filter_map(|track| track.process.as_ref())
        .collect();
    let names: Vec<_> = processes
        .iter()
        .map(|process| &*process.process_name)
        .collect();
    let services = store.services();
    assert_eq!(
        names,
        services
            .iter()
            .map(|service| &*service.name)
            .collect::<Vec<_>>()
    );
    let uuids: BTreeSet<_> = tracks.clone().map(|track| track.uuid).collect();
    assert_eq!(uuids.len(), tracks.count());
    let events = || {
        packets
            .iter()
            .filter_map(|packet| packet.track_event.as_ref())
    };
    assert!(events().all(|event| uuids.contains(&event.track_uuid)));
    let begun = events().filter(|event| event.r#type == 1).count();
    assert_eq!(begun, store.len());
    assert_eq!(events().filter(|event| event.r#type == 2).count(), begun);
    assert_eq!(arrows(&packets), receipts(&store));
}

/// How often a message was received.
fn receipts(store: &Store) -> usize {
    let history = History::read(store);
    let steps = history.steps();
    let came = steps.filter(|(_, _, step)| step.received.is_some()).count();
    assert!(came > 0);
    came
}

/// How many arrows Perfetto draws: it orders events by time, and events of the
/// same time as in the file. A flow begins at the first event with its number.
fn arrows(packets: &[TracePacket]) -> usize {
    let mut events: Vec<_> = packets
        .iter()
        .filter_map(|packet| Some((packet.timestamp?, packet.track_event.as_ref()?)))
        .collect();
    events.sort_by_key(|(at, _)| *at);
    let (mut begun, mut ended) = (BTreeSet::new(), BTreeSet::<u64>::new());
    for (_, event) in events {
        for flow in &event.flow_ids {
            assert!(!ended.contains(flow), "{flow} ended before it began");
            assert!(begun.insert(*flow), "{flow} begins twice");
        }
        let ends = event.terminating_flow_ids.iter();
        ended.extend(ends.filter(|flow| begun.contains(flow)));
    }
    ended.len()
}

/// Messages that take no time, and messages that come twice.
#[test]
fn perfetto_has_an_arrow_for_every_receipt() {
    let some = Delay::Uniform(Duration::from_millis(1)..Duration::from_millis(3));
    for (delay, duplication) in [(Delay::NONE, 0.0), (Delay::NONE, 0.4), (some, 0.4)] {
        let scenario = Scenario {
            delay,
            duplication,
            ..Scenario::default()
        };
        for seed in 0..8 {
            let store = traced_in(&scenario, seed);
            let packets = packets(&exported(&store, ExportFormat::Perfetto));
            assert_eq!(
                arrows(&packets),
                receipts(&store),
                "{scenario:?}, seed {seed}"
            );
        }
    }
}

/// Perfetto sorts by time, and then as it is in the file.
#[test]
fn perfettos_slices_lie_within_each_other() {
    let packets = packets(&exported(&traced(), ExportFormat::Perfetto));
    let events = packets.iter().filter_map(|packet| {
        let event = packet.track_event.as_ref()?;
        Some((packet.timestamp.expect("every event has one"), event))
    });
    let mut tracks = BTreeMap::<u64, Vec<_>>::new();
    for (at, event) in events {
        tracks
            .entry(event.track_uuid)
            .or_default()
            .push((at, event));
    }
    for (track, mut events) in tracks {
        events.sort_by_key(|(at, _)| *at);
        let mut open = 0;
        for (at, event) in events {
            match event.r#type {
                1 => open += 1,
                2 => open -= 1,
                _ => assert!(open > 0, "track {track}: {event:?} at {at} is in no slice"),
            }
            assert!(open >= 0, "track {track} at {at}");
        }
        assert_eq!(open, 0, "track {track}");
    }
}

/// The encoding itself, by the field numbers in Perfetto's own files: a round
/// trip through our types would not find a wrong number.
#[test]
fn perfettos_fields_have_their_numbers() {
    let bytes = exported(&samples::store(), ExportFormat::Perfetto);
    let (mut of_packets, mut of_events) = (BTreeSet::new(), BTreeSet::new());
    for packet in packets(&bytes) {
        of_packets.extend(fields(&packet.encode_to_vec()));
        if let Some(event) = packet.track_event {
            of_events.extend(fields(&event.encode_to_vec()));
        }
    }
    let (varint, fixed, bytes) = ("Varint", "SixtyFourBit", "LengthDelimited");
    let expected = [(8, varint), (10, varint), (11, bytes), (60, bytes)];
    assert_eq!(of_packets, named(&expected));
    let expected = [
        (4, bytes),
        (9, varint),
        (11, varint),
        (22, bytes),
        (23, bytes),
    ];
    assert_eq!(of_events, named(&expected));
    let flows = packets(&exported(&traced(), ExportFormat::Perfetto));
    let events = flows.into_iter().filter_map(|packet| packet.track_event);
    let numbers: BTreeSet<_> = events
        .flat_map(|event| fields(&event.encode_to_vec()))
        .collect();
    assert!(
        numbers.is_superset(&named(&[(47, fixed), (48, fixed)])),
        "{numbers:?}"
    );
}

fn named(fields: &[(u32, &str)]) -> BTreeSet<(u32, String)> {
    fields
        .iter()
        .map(|(number, kind)| (*number, (*kind).to_owned()))
        .collect()
}

fn fields(mut message: &[u8]) -> Vec<(u32, String)> {
    let mut fields = Vec::new();
    while !message.is_empty() {
        let (number, kind) = decode_key(&mut message).expect("a key");
        fields.push((number, format!("{kind:?}")));
        skip_field(kind, number, &mut message, DecodeContext::default()).expect("a field");
    }
    fields
}

#[test]
fn the_same_spans_give_the_same_bytes() {
    for format in [
        ExportFormat::Jaeger,
        ExportFormat::Otlp,
        ExportFormat::Shiviz,
        ExportFormat::Perfetto,
    ] {
        assert_eq!(
            exported(&traced(), format),
            exported(&traced(), format),
            "{format:?}"
        );
    }
    assert!(!traced().find(&Query::default()).is_empty());
}
