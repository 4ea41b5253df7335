//! A store with a limit evicts its oldest spans, and nothing else.

use super::*;

const LIMIT: usize = 4 << 20;

/// Spans `from..to`, three to a trace, of a service for every thousand.
fn report(store: &Store, from: u32, to: u32) {
    for number in from..to {
        let mut trace = [1; 16];
        trace[..4].copy_from_slice(&(number / 3).to_be_bytes());
        let mut span = samples::span(trace, 1, 0, "x", u64::from(number));
        span.name = format!("work {}", number / 1000);
        span.span_id[..4].copy_from_slice(&number.to_be_bytes());
        span.attributes
            .push(samples::text("number", &number.to_string()));
        span.attributes
            .push(samples::text("padding", &"x".repeat(200)));
        let taken = store.insert_all(ResourceSpans {
            resource: Some(samples::resource(&format!("peer-{}", number / 1000))),
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            schema_url: String::new(),
        });
        assert_eq!((taken.stored, taken.left_out.spans), (1, 0));
    }
}

fn numbered(number: u32) -> Query {
    let attributes = BTreeMap::from([("number".to_owned(), number.to_string())]);
    Query {
        attributes,
        ..Query::default()
    }
}

#[test]
fn the_oldest_spans_are_evicted_and_counted() {
    let store = Store::with_limit(LIMIT);
    report(&store, 0, 40_000);
    let evicted = store.evicted().expect("it has a limit");
    assert!(store.bytes() <= LIMIT, "{}", store.bytes());
    assert!(store.len() > 5000, "{}", store.len());
    assert_eq!(evicted.spans + store.len() as u64, 40_000);
    assert_eq!(
        evicted.traces + store.trace_count() as u64,
        40_000_u64.div_ceil(3)
    );
    let first = evicted.spans as u32;
    assert_eq!(store.find(&numbered(first - 1)), [[0; 16]; 0]);
    assert_eq!(store.find(&numbered(first)).len(), 1);
    assert_eq!(store.find(&numbered(39_999)).len(), 1);
    // Everything that only they used is evicted with them.
    let services = store.services();
    assert_eq!(services.len() as u32, 40 - first / 1000);
    assert_eq!(
        services.iter().map(|service| service.spans).sum::<u64>(),
        store.len() as u64
    );
    assert_eq!(store.operations(Some("peer-0")), []);
    assert_eq!(store.operations(Some("peer-39")).len(), 1);
    assert_eq!(
        store.summaries(&Query::default()).len(),
        store.trace_count()
    );
}

#[test]
fn a_partly_evicted_trace_has_the_remaining_spans() {
    let store = Store::with_limit(LIMIT);
    report(&store, 0, 40_000);
    let first = store.evicted().expect("it has a limit").spans as u32;
    let mut trace = [1; 16];
    trace[..4].copy_from_slice(&(first / 3).to_be_bytes());
    assert_eq!(spans(&store, trace).len() as u32, 3 - first % 3);
}

#[test]
fn eviction_does_not_change_places() {
    let store = Store::with_limit(LIMIT);
    report(&store, 0, 100);
    let start = store.first_start();
    let mut seen = Vec::new();
    let next = store.read_from(0, 1000, |_, span| seen.push(span.start_time_unix_nano));
    assert_eq!((next, seen.len()), (100, 100));
    report(&store, 100, 40_000);
    let first = store.evicted().expect("it has a limit").spans;
    // A reader that has read up to 100 continues with the first that is kept.
    let mut read = Vec::new();
    let next = store.read_from(next, 10, |_, span| read.push(span.start_time_unix_nano));
    assert_eq!(next as u64, first + 10);
    assert_eq!(read[0], START + first);
    let next = store.read_from(next, usize::MAX, |_, span| {
        read.push(span.start_time_unix_nano)
    });
    assert_eq!((next, read.len()), (40_000, store.len()));
    assert!(read.is_sorted());
    assert_eq!(
        store.read_from(next, 10, |_, _| panic!("nothing more")),
        next
    );
    assert_eq!(store.first_start(), start);
}

#[test]
fn span_larger_than_the_limit_is_kept_alone() {
    let store = Store::with_limit(LIMIT);
    for number in 0..4_u8 {
        let mut span = samples::span([number + 1; 16], 1, 0, "x", 0);
        span.attributes
            .push(samples::text("large", &"x".repeat(LIMIT)));
        store.insert_all(ResourceSpans {
            scope_spans: vec![ScopeSpans {
                spans: vec![span],
                ..ScopeSpans::default()
            }],
            ..ResourceSpans::default()
        });
        assert_eq!(store.len(), 1);
    }
    assert_eq!(spans(&store, [4; 16]).len(), 1);
    assert!(store.bytes() < 3 * LIMIT, "{}", store.bytes());
}

#[test]
fn store_without_a_limit_evicts_nothing() {
    let store = Store::new();
    report(&store, 0, 20_000);
    assert!(store.bytes() > LIMIT);
    assert_eq!((store.len(), store.evicted()), (20_000, None));
}

#[test]
fn bad_spans_are_counted_and_the_others_stored() {
    let store = Store::with_limit(LIMIT);
    let good = samples::span(PING, 1, 0, "x", 0);
    let bad = Span {
        span_id: vec![0; 8],
        ..good.clone()
    };
    let taken = store.insert_all(ResourceSpans {
        scope_spans: vec![ScopeSpans {
            spans: vec![bad.clone(), good, bad],
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    });
    let wanted = Taken {
        stored: 1,
        left_out: LeftOut {
            spans: 2,
            first: Some(format!("span \"x\": {}", BadSpan::SpanId)),
            ..LeftOut::default()
        },
    };
    assert_eq!((taken, store.len()), (wanted, 1));
}
