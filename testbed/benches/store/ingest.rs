//! Spans into the store from in-process sinks, on two threads: the SDK's spans
//! take the same path as a run's own.

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanKind, Tracer as _};
use trace::recorder::StoreRecorder;
use trace::store::Store;
use trace::telemetry::Sink;

use crate::figures::{median, rate, thousands};

/// How many spans each thread reports.
const COUNT: u64 = 500_000;

const THREADS: u64 = 2;

/// Rounds of which the middle one counts.
pub(crate) fn in_process(rounds: usize) -> String {
    let whole = median((0..rounds).map(|_| through_the_sdk()).collect());
    let stored = median((0..rounds).map(|_| stored_alone()).collect());
    format!(
        "{} spans a second into the store on {THREADS} threads (target 400,000); {} with the SDK's making of them; medians of {rounds} rounds of {} spans with 8 attributes",
        thousands(stored),
        thousands(whole),
        thousands((COUNT * THREADS) as f64)
    )
}

/// From `tracer.start` to the store, as a step of a run.
fn through_the_sdk() -> f64 {
    let store = Arc::new(Store::new());
    let recorder = Arc::new(StoreRecorder::start(Arc::clone(&store)));
    let sink = Sink::new(Some(recorder), None);
    let began = Instant::now();
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let tracer = sink.tracer(&format!("peer-{thread:02}"), "instance");
            scope.spawn(move || {
                for number in 0..COUNT {
                    let builder = tracer.span_builder("TRANSFER");
                    let builder = builder.with_kind(SpanKind::Consumer);
                    tracer
                        .build(builder.with_attributes(attributes(number)))
                        .end();
                }
            });
        }
    });
    assert_eq!(sink.counts().stored, COUNT * THREADS);
    rate(COUNT * THREADS, began.elapsed())
}

fn attributes(number: u64) -> Vec<KeyValue> {
    let number = number.cast_signed();
    vec![
        KeyValue::new("p2p.message.kind", "TRANSFER"),
        KeyValue::new("p2p.remote", "peer-07"),
        KeyValue::new("p2p.message.id", "0123456789abcdef"),
        KeyValue::new("message.amount", number % 97),
        KeyValue::new("p2p.channel.sequence", number),
        KeyValue::new("p2p.channel.incarnation", 1),
        KeyValue::new("state.balance", number % 211),
        KeyValue::new("p2p.step", number),
    ]
}

/// The share of the store itself: the spans are made beforehand.
fn stored_alone() -> f64 {
    let store = Store::new();
    let made: Vec<Vec<_>> = (0..THREADS)
        .map(|thread| {
            let spans = (0..COUNT).map(|number| {
                let number = number * THREADS + thread;
                crate::filled::step(number, number / 10)
            });
            spans.collect()
        })
        .collect();
    let began = Instant::now();
    thread::scope(|scope| {
        for (thread, spans) in (0..).zip(&made) {
            let store = &store;
            let service = store.add_service(crate::filled::resource(thread));
            scope.spawn(move || {
                for span in spans {
                    store.insert(service, span).expect("a good span");
                }
            });
        }
    });
    rate(COUNT * THREADS, began.elapsed())
}
