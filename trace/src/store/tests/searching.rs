//! A search finds the same spans as a scan of all of them.

use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};

use super::*;

/// The numbers that xorshift64 makes of a seed (G. Marsaglia, 2003).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// The properties of a span that a query compares.
struct Seen {
    trace: TraceId,
    service: String,
    span: Span,
}

fn filled(seed: u64) -> (Store, Vec<Seen>) {
    let (store, mut random, mut all) = (Store::new(), Random(seed), Vec::new());
    for number in 0..3000_u64 {
        let service = format!("peer-{}", random.below(7));
        let trace = [1 + random.below(200) as u8; 16];
        // Not in the order of storing.
        let start = number * 10 + random.below(20_000);
        let name = format!("op {}", random.below(5));
        let mut span = samples::span(trace, 1, 0, &name, start);
        span.span_id = (number + 1).to_be_bytes().to_vec();
        span.end_time_unix_nano += random.below(1000);
        span.kind = random.below(6) as i32;
        span.attributes
            .push(samples::text("common", &random.below(3).to_string()));
        let rare = any_value::Value::IntValue(random.below(1000) as i64);
        span.attributes.push(samples::attribute("rare", rare));
        if number % 40 == 0 {
            let value = any_value::Value::IntValue((number / 40 % 3) as i64);
            let values = vec![AnyValue { value: Some(value) }];
            let list = any_value::Value::ArrayValue(ArrayValue { values });
            span.attributes.push(samples::attribute("list", list));
            let bytes = any_value::Value::BytesValue(vec![(number / 40 % 5) as u8]);
            span.attributes.push(samples::attribute("bytes", bytes));
        }
        if random.below(50) == 0 {
            span.status = samples::rich_span().status;
            span.events = samples::rich_span().events;
        }
        let id = store.add_service(samples::resource(&service));
        store.insert(id, &span).expect("a good span");
        all.push(Seen {
            trace,
            service,
            span,
        });
    }
    (store, all)
}

fn meets(query: &Query, seen: &Seen) -> bool {
    let span = &seen.span;
    let took = span.end_time_unix_nano - span.start_time_unix_nano;
    let own = |key: &str, text: &str| {
        let events = span.events.iter().flat_map(|event| &event.attributes);
        let mut all = span.attributes.iter().chain(events);
        let error = span.status.as_ref().is_some_and(|status| status.code == 2);
        all.any(|attribute| value::matches(attribute, key, text))
            || (key == "error" && text == "true" && error)
            || (key == "span.kind" && crate::jaeger::kind_name(span.kind) == Some(text))
            || (key == "service.name" && seen.service == text)
    };
    query
        .service
        .as_ref()
        .is_none_or(|name| *name == seen.service)
        && query
            .operation
            .as_ref()
            .is_none_or(|name| *name == span.name)
        && query
            .start_min
            .is_none_or(|min| span.start_time_unix_nano >= min)
        && query
            .start_max
            .is_none_or(|max| span.start_time_unix_nano <= max)
        && query.duration_min.is_none_or(|min| took >= min)
        && query.duration_max.is_none_or(|max| took <= max)
        && query.attributes.iter().all(|(key, text)| own(key, text))
}

fn query(random: &mut Random) -> Query {
    let mut query = Query::default();
    let mut sometimes = |odds| (random.below(odds) == 0).then(|| random.below(1 << 20));
    query.service = sometimes(2).map(|n| format!("peer-{}", n % 8));
    query.operation = sometimes(3).map(|n| format!("op {}", n % 6));
    query.start_min = sometimes(4).map(|n| START + n % 50_000);
    query.start_max = sometimes(4).map(|n| START + n % 50_000);
    query.duration_min = sometimes(6).map(|n| n % 1000);
    query.duration_max = sometimes(6).map(|n| n % 1000);
    let tags = [
        ("common", sometimes(3).map(|n| (n % 4).to_string())),
        ("rare", sometimes(4).map(|n| (n % 1100).to_string())),
        ("error", sometimes(8).map(|_| "true".to_owned())),
        ("span.kind", sometimes(8).map(|_| "client".to_owned())),
        ("to", sometimes(12).map(|_| "peer-1".to_owned())),
        ("list", sometimes(9).map(|n| format!("[{}]", n % 4))),
        ("bytes", sometimes(9).map(|n| format!("{:02x}", n % 6))),
        (
            "service.name",
            sometimes(12).map(|n| format!("peer-{}", n % 8)),
        ),
    ];
    let tags = tags
        .into_iter()
        .filter_map(|(key, text)| Some((key.to_owned(), text?)));
    query.attributes = tags.collect();
    query.limit = sometimes(2).map(|n| (n % 30) as usize);
    query
}

#[test]
fn a_search_finds_the_same_as_a_full_scan() {
    let seed = std::env::var("SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or(0x5EED);
    let (store, all) = filled(seed);
    let mut random = Random(seed);
    for number in 0..2000 {
        let query = query(&mut random);
        let message = format!("SEED={seed}, query {number}: {query:?}");
        let limit = query.limit.unwrap_or(usize::MAX);
        let found: Vec<_> = all.iter().filter(|seen| meets(&query, seen)).collect();
        let start = |trace: TraceId| {
            let of = all.iter().filter(|seen| seen.trace == trace);
            of.map(|seen| seen.span.start_time_unix_nano).min()
        };
        let mut traces: Vec<_> = found.iter().map(|seen| seen.trace).collect();
        traces.sort_unstable();
        traces.dedup();
        traces.sort_by_cached_key(|id| (std::cmp::Reverse(start(*id)), *id));
        traces.truncate(limit);
        assert_eq!(store.find(&query), traces, "{message}");
        let listed = store
            .summaries(&query)
            .into_iter()
            .map(|summary| summary.trace_id);
        let ids: Vec<_> = traces.iter().map(|id| hex(id)).collect();
        assert_eq!(listed.collect::<Vec<_>>(), ids, "{message}");
        let mut spans: Vec<_> = found
            .iter()
            .map(|seen| {
                let id = seen.span.span_id[..].try_into().expect("8 bytes");
                let start = std::cmp::Reverse(seen.span.start_time_unix_nano);
                (start, seen.trace, u64::from_be_bytes(id))
            })
            .collect();
        spans.sort_unstable();
        let more = spans.len() > limit;
        spans.truncate(limit);
        let spans: Vec<_> = spans
            .into_iter()
            .map(|(_, trace, id)| (trace, id))
            .collect();
        assert_eq!(store.find_spans(&query), (spans, more), "{message}");
    }
}

/// Groups are signed by a search: spans stored after it are found too, even in a group
/// that was begun before.
#[test]
fn spans_stored_after_a_search_are_found_by_the_next() {
    let store = Store::new();
    let id = store.add_service(samples::resource("peer-0"));
    for number in 0..1000_u64 {
        let mut span = samples::span([1 + (number % 250) as u8; 16], 1, 0, "op", number);
        span.span_id = (number + 1).to_be_bytes().to_vec();
        let value = any_value::Value::IntValue(number as i64);
        span.attributes.push(samples::attribute("number", value));
        store.insert(id, &span).expect("a good span");
        if number % 37 == 0 {
            for wanted in [0, number / 2, number, number + 1] {
                let query = Query {
                    attributes: [("number".into(), wanted.to_string())].into(),
                    ..Query::default()
                };
                let (found, _) = store.find_spans(&query);
                assert_eq!(
                    found.len(),
                    usize::from(wanted <= number),
                    "{wanted} of {number}"
                );
            }
        }
    }
}
