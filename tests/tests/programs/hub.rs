//! `testbed-node` as a hub, and as peers of it.

use serde_json::{Value, json};
use support::collector::{Collector, Manner, Protocol};
use support::saved::no_panic;
use support::spans::Reported;
use support::{Running, http, node, run, until};

/// A hub.
pub(super) struct Hub {
    running: Running,
    address: String,
    /// Where it serves metrics.
    pub(super) metrics: String,
}

/// Lets a program serve metrics.
const METRICS: [&str; 2] = ["--metrics", "127.0.0.1:0"];

/// Where the program serves them.
fn metrics(running: &mut Running) -> String {
    let line = running.line("metrics at http://");
    let address = http::address(&line).trim_end_matches("/metrics");
    address.to_owned()
}

impl Hub {
    pub(super) fn start(listen: &str, key: &str) -> Self {
        let args = ["--hub", "--bits", "8", "--listen", listen, "--key", key];
        let mut running = Running::start(node().args(args).args(METRICS));
        let metrics = metrics(&mut running);
        let line = running.line("listening on ");
        let address = line.trim_start_matches("listening on ").to_owned();
        Self {
            running,
            address,
            metrics,
        }
    }

    fn id(&self) -> &str {
        self.address.rsplit('/').next().expect("a full address")
    }
}

/// A peer of it that reads requests.
pub(super) struct Peer {
    pub(super) running: Running,
    pub(super) id: String,
    asked: u64,
    /// Where it serves metrics.
    pub(super) metrics: String,
}

impl Peer {
    pub(super) fn start(hub: &Hub, args: &[&str]) -> Self {
        let via = ["--via", &hub.address];
        let mut peer = Self::start_with(&[&via, args].concat());
        assert_eq!(peer.registered(), hub.id());
        peer
    }

    pub(super) fn start_with(args: &[&str]) -> Self {
        let mut command = node();
        command.arg("--stdin").args(args);
        let mut running = Running::start_with_input(command.args(METRICS));
        let metrics = metrics(&mut running);
        let line = running.line("listening on ");
        let id = line.rsplit('/').next().expect("a full address").to_owned();
        Self {
            running,
            id,
            asked: 0,
            metrics,
        }
    }

    /// The hub at which it registers next.
    pub(super) fn registered(&mut self) -> String {
        let line = self.running.line("registered at ");
        line.trim_start_matches("registered at ").to_owned()
    }

    /// What is sent to it next.
    pub(super) fn event(&mut self) -> String {
        self.running.line("\"event\":\"data\"")
    }

    pub(super) fn ask(&mut self, mut request: Value) -> Value {
        self.asked += 1;
        request["id"] = json!(self.asked);
        self.running.write(&request.to_string());
        let line = self.running.line(&format!("\"id\":{},", self.asked));
        serde_json::from_str(&line).expect(&line)
    }

    pub(super) fn ok(&mut self, request: Value) -> Value {
        let answer = self.ask(request);
        assert_eq!(answer["ok"], true, "{answer}");
        answer
    }
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn peers_of_a_hub_find_and_reach_each_other() {
    let folder = folder();
    let key = folder.path().join("hub.key");
    let hub = Hub::start("/ip4/127.0.0.1/tcp/0", &key.to_string_lossy());
    let (mut one, mut other) = (Peer::start(&hub, &[]), Peer::start(&hub, &[]));
    let found = one.ok(json!({ "do": "peers" }));
    assert_eq!(
        found["peers"],
        json!([one.id, other.id]),
        "the nearest first"
    );
    one.ok(json!({ "do": "send", "peer": other.id, "data": "hello" }));
    let line = other.event();
    let event: Value = serde_json::from_str(&line).expect(&line);
    assert_eq!(
        (&event["from"], &event["data"]),
        (&json!(one.id), &json!("hello"))
    );
    let answer = one.ok(json!({ "do": "ping", "peer": other.id }));
    let took = |name: &str| answer[name].as_f64().expect("a number");
    assert!(
        took("seconds") > 0.0 && took("connect_seconds") > 0.0,
        "{answer}"
    );
    let legs = answer["legs"].as_array().expect("a list");
    let connected = legs.iter().find(|leg| leg["how"] == answer["how"]);
    assert_eq!(
        connected.expect("the way that has won")["outcome"],
        "connected"
    );
    for (request, why) in [
        (json!({ "do": "ping", "peer": "nobody" }), "no PeerId"),
        (
            json!({ "do": "send", "peer": hub.id(), "data": "" }),
            "no such peer",
        ),
        (
            json!({ "do": "send", "peer": other.id, "data": "x".repeat(40_000) }),
            "Large",
        ),
    ] {
        let answer = one.ask(request);
        assert!(answer["error"].to_string().contains(why), "{answer}");
    }
    for running in [one.running, other.running, hub.running] {
        running.signal("TERM");
        no_panic(&running.end().exits(0));
    }
}

/// What the hub passes on for a peer is rationed, and the refusal says when there is room.
#[test]
fn the_ration_of_a_peer_runs_out() {
    let folder = folder();
    let key = folder.path().join("hub.key");
    let hub = Hub::start("/ip4/127.0.0.1/tcp/0", &key.to_string_lossy());
    let (mut one, other) = (Peer::start(&hub, &[]), Peer::start(&hub, &[]));
    let send = json!({ "do": "send", "peer": other.id, "data": "x".repeat(30_000) });
    let answers: Vec<_> = (0..10).map(|_| one.ask(send.clone())).collect();
    let refused = answers.iter().find(|answer| answer["ok"] == false);
    let why = refused.expect("64 KiB at once")["error"].to_string();
    assert!(
        why.contains("ration") && why.contains("there is room in"),
        "{why}"
    );
    assert_eq!(answers[1]["ok"], true, "two of 30,000 fit");
}

/// The value of that metric; `name` has its labels.
fn value(served: &str, name: &str) -> f64 {
    let mut lines = served.lines();
    let found = lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    let found = found.unwrap_or_else(|| panic!("{name} in {served}"));
    found.parse().expect(found)
}

#[test]
fn a_hub_and_its_peers_count_what_they_do() {
    let folder = folder();
    let key = folder.path().join("hub.key");
    let hub = Hub::start("/ip4/127.0.0.1/tcp/0", &key.to_string_lossy());
    // Kademlia would connect the two by itself.
    let args = ["--protocols", "identify,channel"];
    let (mut one, other) = (Peer::start(&hub, &args), Peer::start(&hub, &args));
    let how = one.ok(json!({ "do": "ping", "peer": other.id }))["how"].clone();
    one.ok(json!({ "do": "ping", "peer": other.id }));
    let send = json!({ "do": "send", "peer": other.id, "data": "x".repeat(30_000) });
    let answers: Vec<_> = (0..4).map(|_| one.ask(send.clone())).collect();
    let refused = answers.iter().filter(|answer| answer["ok"] == false);
    let refused = refused.count() as f64;
    assert!(refused > 0.0, "{answers:?}");
    let served = http::get(&hub.metrics, "/metrics").body;
    for (name, expected) in [
        ("testbed_hub_sessions", 2.0),
        ("testbed_hub_registrations_total", 2.0),
        ("testbed_hub_proofs_total{outcome=\"accepted\"}", 2.0),
        ("testbed_hub_proofs_total{outcome=\"refused\"}", 0.0),
        ("testbed_hub_refusals_total{code=\"ration\"}", refused),
        ("testbed_hub_refusals_total{code=\"version\"}", 0.0),
        (
            "testbed_hub_passed_bytes_total{kind=\"RELAYED\"}",
            30_000.0 * (4.0 - refused),
        ),
        (
            "testbed_hub_refused_bytes_total{code=\"ration\"}",
            30_000.0 * refused,
        ),
        ("testbed_hub_reservations", 2.0),
        ("testbed_hub_circuits_refused_total", 0.0),
    ] {
        assert_eq!(value(&served, name), expected, "{name} in {served}");
    }
    let opened = value(&served, "testbed_hub_circuits_opened_total");
    assert!(value(&served, "testbed_hub_circuits") <= opened);
    // The second ping has had the connection of the first.
    let served = http::get(&one.metrics, "/metrics").body;
    let how = how.as_str().expect("a way");
    let by_way = format!("testbed_peer_connections_total{{way=\"{how}\"}}");
    let races = if how == "relayed" { 2.0 } else { 1.0 };
    assert_eq!(value(&served, &by_way), races, "{served}");
    assert_eq!(value(&served, "testbed_peer_race_seconds_count"), races);
    assert_eq!(value(&served, "testbed_peer_unreached_total"), 0.0);
}

/// A hub that restarts has lost no session: nobody proves anything again.
#[test]
fn sessions_outlive_the_hub() {
    let folder = folder();
    let key = folder.path().join("hub.key").to_string_lossy().into_owned();
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let mut hub = Hub::start("/ip4/127.0.0.1/tcp/0", &key);
    let args = ["--otlp", &collector.url()];
    let (mut one, other) = (Peer::start(&hub, &args), Peer::start(&hub, &args));
    hub.running.signal("KILL");
    hub.running.end();
    let (listen, _) = hub.address.split_once("/p2p/").expect("a full address");
    hub = Hub::start(listen, &key);
    one.running.line("registered at ");
    until("both are found again", || {
        let found = one.ask(json!({ "do": "peers" }));
        (found["peers"] == json!([one.id, other.id])).then_some(())
    });
    one.running.end_input();
    one.running.end().exits(0);
    let spans = collector.spans();
    let of_one = spans.iter().filter(|span| span.instance == one.id);
    let heard: Vec<_> = of_one.map(|span| span.span.name.as_str()).collect();
    let count = |name| heard.iter().filter(|heard| **heard == name).count();
    assert_eq!((count("CHALLENGE"), count("ACCEPTED")), (1, 1), "{heard:?}");
    assert!(count("REGISTERED") >= 2, "{heard:?}");
    drop(hub);
}

/// A session is one trace, and a ping another, with the race for the connection in it.
#[test]
fn traces_of_a_session_and_of_a_race() {
    let folder = folder();
    let key = folder.path().join("hub.key");
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    // It is not traced itself, and passes on the traces of its peers.
    let hub = Hub::start("/ip4/127.0.0.1/tcp/0", &key.to_string_lossy());
    let args = [
        "--otlp",
        &collector.url(),
        "--protocols",
        "identify,channel",
    ];
    let (mut one, other) = (Peer::start(&hub, &args), Peer::start(&hub, &args));
    let answer = one.ok(json!({ "do": "ping", "peer": other.id }));
    for running in [one.running, other.running] {
        running.signal("TERM");
        running.end().exits(0);
    }
    let spans = collector.spans();
    let of_one = || spans.iter().filter(|span| span.instance == one.id);
    let named = |name: &str| -> &Reported {
        let mut all = of_one().filter(|span| span.span.name == name);
        all.next().unwrap_or_else(|| panic!("no {name}"))
    };
    let session = &named("session").span;
    for name in ["CHALLENGE", "ACCEPTED", "REGISTERED"] {
        assert_eq!(named(name).span.trace_id, session.trace_id, "{name}");
    }
    let (ping, connect) = (&named("ping").span, named("connect"));
    assert_eq!(connect.span.parent_span_id, ping.span_id);
    let how = connect.attribute("p2p.connection.way");
    assert_eq!(answer["how"], how);
    let leg = named(&how);
    assert_eq!(leg.span.parent_span_id, connect.span.span_id);
    assert_eq!(leg.attribute("p2p.connection.outcome"), "connected");
    let pong = spans
        .iter()
        .filter(|span| span.span.trace_id == ping.trace_id);
    let names: Vec<_> = pong.map(|span| span.span.name.as_str()).collect();
    assert!(
        names.contains(&"PING") && names.contains(&"PONG"),
        "{names:?}"
    );
}

#[test]
fn a_hub_that_is_none_is_named() {
    let mut plain = Running::start(&mut node());
    let line = plain.line("listening on ");
    let (address, id) = line
        .trim_start_matches("listening on ")
        .split_once("/p2p/")
        .expect("a full address");
    for (via, status, why) in [
        (
            address.to_owned(),
            2,
            "take the address that the hub has printed",
        ),
        (format!("/ip4/127.0.0.1/tcp/1/p2p/{id}"), 1, "refused"),
    ] {
        let ended = run(node().args(["--via", &via])).exits(status);
        assert!(
            ended.stderr.contains("--via") && ended.stderr.contains(why),
            "{ended}"
        );
    }
    let via = format!("{address}/p2p/{id}");
    let both = run(node().args(["--hub", "--via", &via])).exits(2);
    assert!(both.stderr.contains("cannot be used with"), "{both}");
}
