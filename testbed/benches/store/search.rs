//! Searches among a million spans, and one large trace as Jaeger's JSON.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use trace::jaeger;
use trace::store::{Query, Store};

use crate::figures::thousands;
use crate::filled::{self, PEERS, SPANS};

/// How often each is searched for.
const TIMES: u64 = 200;

/// How many traces are asked for, as Jaeger's page does.
const LIMIT: usize = 20;

/// How many spans the large trace has.
const LARGE: u64 = 10_000;

/// What is searched for, by number: a key and a value.
type Tag<'a> = &'a dyn Fn(u64) -> (String, String);

const NEVER: &str = "never together";

pub(crate) fn search() -> String {
    let store = filled::store();
    let searches: [(&str, Tag<'_>); 5] = [
        // The id of one message.
        ("one", &|n| {
            ("p2p.message.id".into(), message(n * 4099 % SPANS))
        }),
        ("none", &|n| ("p2p.message.id".into(), format!("none {n}"))),
        ("often", &|_| ("p2p.message.kind".into(), "MARKER".into())),
        ("some", &|n| {
            (
                "p2p.channel.sequence".into(),
                (n * 211 % 50_000).to_string(),
            )
        }),
        // Every span is visited: both values are frequent, and never in one span.
        (NEVER, &|_| ("p2p.message.kind".into(), "MARKER".into())),
    ];
    let mut times = Vec::new();
    let mut worst = Duration::ZERO;
    for (name, tag) in searches {
        let p99 = p99(&store, |n| {
            let (key, value) = tag(n);
            Query {
                service: Some(format!("peer-{:02}", n * 4099 % PEERS)),
                operation: (name == NEVER).then(|| "TRANSFER".to_owned()),
                attributes: BTreeMap::from([(key, value)]),
                limit: Some(LIMIT),
                ..Query::default()
            }
        });
        worst = worst.max(p99);
        times.push(format!("{name} {:.1}", millis(p99)));
    }
    format!(
        "p99 {:.1} ms by service and tag (target 50 ms): {}, of {TIMES} each among {} spans; a trace of {} spans as Jaeger's JSON {:.1} ms (target 50 ms)",
        millis(worst),
        times.join(", "),
        thousands(SPANS as f64),
        thousands(LARGE as f64),
        millis(large())
    )
}

fn message(number: u64) -> String {
    let span = filled::step(number, 0);
    let id = u64::from_be_bytes(span.span_id[..].try_into().expect("8 bytes"));
    format!("{id:016x}")
}

fn p99(store: &Store, query: impl Fn(u64) -> Query) -> Duration {
    let mut times: Vec<_> = (0..TIMES)
        .map(|number| {
            let query = query(number);
            let began = Instant::now();
            std::hint::black_box(store.summaries(&query));
            began.elapsed()
        })
        .collect();
    times.sort();
    times[(TIMES * 99 / 100) as usize]
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// The slowest of ten.
fn large() -> Duration {
    let store = Store::new();
    let services: Vec<_> = (0..PEERS)
        .map(|peer| store.add_service(filled::resource(peer)))
        .collect();
    for number in 0..LARGE {
        let service = services[(number % PEERS) as usize];
        store
            .insert(service, &filled::step(number, 0))
            .expect("a good span");
    }
    let id = filled::step(0, 0).trace_id[..]
        .try_into()
        .expect("16 bytes");
    let times = (0..10).map(|_| {
        let began = Instant::now();
        let traces = jaeger::traces(store.trace(id).expect("just stored"));
        let text = serde_json::to_vec(&traces).expect("JSON");
        assert!(text.len() > LARGE as usize);
        began.elapsed()
    });
    times.max().expect("ten")
}
