//! The two traces of a run: the set-up, and the ping.

use std::collections::BTreeSet;

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use support::spans::{self, Reported};
use support::{Runs, run, saved};

/// The seed of the peers' keys in this test.
const SEED: u64 = 42;

const PEERS: u32 = 20;

#[test]
fn a_run_is_one_trace_for_the_setup_and_one_for_the_ping() {
    let runs = Runs::new();
    let seed = SEED.to_string();
    run(&mut runs.testbed(["--peers", "20", "ping", "--seed", &seed])).exits(0);
    let folder = runs.only();
    let traces = spans::saved(&folder);
    let [setup, ping] = &traces[..] else {
        panic!("{} traces", traces.len())
    };
    check_setup(setup);
    let to = &saved::record(&folder)["results"]["first"]["to"]["name"];
    check_ping(ping, to.as_str().expect("a name"));
    for span in setup.iter().chain(ping) {
        check_instance(span);
    }
}

fn check_setup(setup: &[Reported]) {
    let root = only(setup, "Setup");
    assert_eq!(root.service, "testbed");
    assert!(root.span.parent_span_id.is_empty());
    for part in ["NewNetwork", "ConnectPeers"] {
        let span = only(setup, part);
        assert_eq!(span.service, "testbed");
        assert_eq!(span.span.parent_span_id, root.span.span_id);
    }
    let parent = &only(setup, "ConnectPeers").span.span_id;
    let dials: Vec<_> = named(setup, "DialPeer").collect();
    assert_eq!(setup.len(), 3 + dials.len());
    let pairs: BTreeSet<_> = dials
        .iter()
        .map(|dial| (dial.service.clone(), dial.attribute("p2p.remote")))
        .collect();
    let expected: BTreeSet<_> = (0..PEERS)
        .flat_map(|a| (a + 1..PEERS).map(move |b| (peer(a), peer(b))))
        .collect();
    assert_eq!(pairs, expected);
    assert_eq!(dials.len(), 190);
    for dial in dials {
        assert_eq!(&dial.span.parent_span_id, parent);
        assert_eq!(dial.span.kind(), SpanKind::Client);
        assert!(dial.attribute("network.peer.address").contains("/p2p/"));
    }
}

fn check_ping(ping: &[Reported], to: &str) {
    let operation = only(ping, &format!("ping {to}"));
    let (request, reply) = (only(ping, "PING"), only(ping, "PONG"));
    assert_eq!(ping.len(), 3);
    assert!(operation.span.parent_span_id.is_empty());
    assert_eq!(request.span.parent_span_id, operation.span.span_id);
    assert_eq!(reply.span.parent_span_id, request.span.span_id);
    assert_eq!(operation.service, "peer-00");
    assert_eq!(request.service, to);
    assert_eq!(reply.service, "peer-00");
    assert_ne!(to, "peer-00");
    assert_eq!(operation.span.kind(), SpanKind::Client);
    assert_eq!(request.span.kind(), SpanKind::Server);
    assert_eq!(operation.attribute("p2p.remote"), to);
}

/// A service's instance is its PeerId, which comes from the seed.
fn check_instance(span: &Reported) {
    let number = span.service.strip_prefix("peer-");
    let Some(index) = number.and_then(|number| number.parse().ok()) else {
        assert_eq!(span.service, "testbed");
        return;
    };
    let key = node::keys::from_seed(SEED, index);
    assert_eq!(span.instance, key.public().to_peer_id().to_string());
}

fn peer(index: u32) -> String {
    format!("peer-{index:02}")
}

fn named<'a>(trace: &'a [Reported], name: &str) -> impl Iterator<Item = &'a Reported> {
    trace.iter().filter(move |span| span.span.name == name)
}

fn only<'a>(trace: &'a [Reported], name: &str) -> &'a Reported {
    let all: Vec<_> = named(trace, name).collect();
    match all[..] {
        [span] => span,
        _ => panic!("{} spans {name}", all.len()),
    }
}
