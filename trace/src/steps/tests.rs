//! The span of a step is the same that the OpenTelemetry API would make.

use std::borrow::Cow;
use std::sync::Mutex;
use std::time::{Duration, UNIX_EPOCH};

use opentelemetry::trace::{
    Event, Link, Span as _, SpanId, TraceFlags, TraceId, TraceState, Tracer as _,
};
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_sdk::Resource;

use super::operation::ApiAttributes;
use super::*;
use crate::recorder::StoreRecorder;
use crate::store::encode::{Attributes, Text, Value};
use crate::store::{EncodedSpan, EndedSpan, Query, Store};
use crate::telemetry::{Recorder, Sink};

/// Keeps spans as they arrive.
#[derive(Debug, Default)]
struct Kept(Mutex<Vec<EncodedSpan>>);

impl Recorder for Kept {
    fn add_service(&self, _: &Resource) -> u32 {
        0
    }

    fn record(&self, _: u32, span: EndedSpan<'_>) {
        self.0.lock().expect("no panic").push(span.into());
    }

    fn settle(&self) -> u64 {
        0
    }
}

/// Adds `count` attributes of all types and lengths.
fn fill(count: usize, to: &mut impl Attributes) {
    let long = "ü".repeat(511) + "€uro";
    let middle = "x".repeat(118 + count % 16);
    let list = ["".into(), long.clone().into(), "x".repeat(3000).into()];
    for number in 0..count {
        let name = Cow::Owned(format!("{}{number}", "n".repeat(number * 7 % 200)));
        let value = match number % 9 {
            0 => Value::Integer(-1),
            1 => Value::Integer(i64::MAX),
            2 => Value::Flag(number % 2 == 0),
            3 => Value::Id(0x00ab_cdef_0123_4567),
            4 => Value::Text(Text::whole("")),
            5 => Value::Text(Text::cut(&long)),
            6 => Value::Text(Text::whole(&middle)),
            7 => Value::List(&[]),
            _ => Value::List(&list),
        };
        to.add(["", "state."][number % 2], name, value);
    }
    to.set("p2p.step", Value::Integer(0));
}

fn context(id: u64, is_remote: bool) -> SpanContext {
    let state = match is_remote {
        true => TraceState::from_key_value([("vendor", "1")]).expect("a valid state"),
        false => TraceState::NONE,
    };
    let (trace, id) = (TraceId::from(7), SpanId::from(id));
    SpanContext::new(trace, id, TraceFlags::SAMPLED, is_remote, state)
}

#[test]
fn the_span_of_a_step_equals_the_one_of_the_api() {
    let kept = Arc::new(Kept::default());
    let sink = Sink::new(Some(Arc::clone(&kept) as Arc<dyn Recorder>), None);
    let tracer = sink.tracer("peer", "instance");
    let at = UNIX_EPOCH + Duration::from_nanos(1_700_000_000_000_000_001);
    let now = at + Duration::from_nanos(5);
    for (attributes, of_an_event, parent, link, status) in [
        (0, None, None, None, Status::Unset),
        (20, Some(0), Some(context(3, false)), None, Status::Unset),
        (127, Some(20), Some(context(3, true)), None, Status::Ok),
        (
            140,
            Some(1039),
            None,
            Some(context(4, false)),
            Status::Unset,
        ),
        (
            1,
            Some(1050),
            None,
            Some(context(4, true)),
            Status::error(""),
        ),
        (
            1,
            None,
            Some(SpanContext::NONE),
            None,
            Status::error("lost"),
        ),
    ] {
        let mut given = ApiAttributes::default();
        fill(attributes, &mut given);
        let events = of_an_event.map(|count| {
            let mut given = ApiAttributes::default();
            fill(count, &mut given);
            Event::new("send", now, given.0, 0)
        });
        let builder = tracer.span_builder("PING").with_kind(SpanKind::Consumer);
        let builder = builder.with_start_time(at).with_attributes(given.0);
        let builder = builder.with_events(events.into_iter().collect());
        let links = link.clone().map(Link::with_context);
        let builder = builder.with_links(links.into_iter().collect());
        let under = parent.clone().filter(SpanContext::is_valid);
        let under = under.map_or_else(Context::new, |parent| {
            Context::new().with_remote_span_context(parent)
        });
        let mut api = tracer.build_with_context(builder, &under);
        api.set_status(status.clone());
        api.end_with_timestamp(now);

        let mut span = SpanEncoder::new();
        fill(attributes, &mut span);
        if let Some(count) = of_an_event {
            span.event(unix_nano(now), "send", |event| fill(count, event));
        }
        if let Some(link) = &link {
            span.link(link);
        }
        let times = [unix_nano(at), unix_nano(now)];
        let kind = SpanKind::Consumer;
        let own = before::record(
            &tracer,
            span,
            "PING",
            &kind,
            times,
            parent.as_ref(),
            &status,
        );

        let spans = std::mem::take(&mut *kept.0.lock().expect("no panic"));
        let [by_api, by_step] = &spans[..] else {
            panic!("{} spans", spans.len());
        };
        assert_eq!(by_step.decode().span_id, own.span_id().to_bytes());
        assert_eq!(by_step.decode().trace_id, own.trace_id().to_bytes());
        assert_eq!(own.trace_state(), api.span_context().trace_state());
        let without_ids = |span: &EncodedSpan| Span {
            span_id: Vec::new(),
            trace_id: Vec::new(),
            ..span.decode()
        };
        let (by_api, by_step) = (without_ids(by_api), without_ids(by_step));
        assert_eq!(by_step, by_api);
        let kept = (attributes + 1).min(128);
        assert_eq!(by_step.attributes.len(), kept);
        assert_eq!(
            by_step.dropped_attributes_count as usize,
            attributes + 1 - kept
        );
    }
    let counts = sink.counts();
    assert_eq!((counts.started, counts.ended), (12, 12));
}

#[test]
fn a_step_is_found_by_its_attributes() {
    let store = Arc::new(Store::new());
    let recorder = StoreRecorder::start(Arc::clone(&store));
    let sink = Sink::new(Some(Arc::new(recorder)), None);
    let tracer = sink.tracer("peer", "instance");
    for step in 0..200 {
        let mut span = SpanEncoder::new();
        span.set(key::STEP, Value::Integer(step));
        span.event(1, "send", |event| {
            event.add(MESSAGE, "amount".into(), Value::Integer(2 * step));
            event.add(MESSAGE, format!("of {step}").into(), Value::Flag(true));
        });
        let (kind, times) = (SpanKind::Internal, [1, 2]);
        before::record(&tracer, span, "x", &kind, times, None, &Status::Unset);
    }
    assert_eq!(sink.counts().stored, 200);
    for (name, value, count) in [
        ("p2p.step", "7", 1),
        ("message.amount", "14", 1),
        ("message.amount", "15", 0),
        ("message.of 3", "true", 1),
        ("amount", "14", 0),
    ] {
        let attributes = [(name.to_owned(), value.to_owned())].into();
        let query = Query {
            attributes,
            ..Query::default()
        };
        assert_eq!(store.summaries(&query).len(), count, "{name}={value}");
    }
}
