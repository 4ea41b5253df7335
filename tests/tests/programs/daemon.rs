//! `testbed-node`, one peer on its own, as others meet it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use support::collector::{Collector, Manner, Protocol};
use support::saved::no_panic;
use support::spans::Reported;
use support::{Running, Runs, http, node, ports, run, saved};

const TCP: &str = "/ip4/127.0.0.1/tcp/0";
const WEBSOCKET: &str = "/ip4/127.0.0.1/tcp/0/ws";
const QUIC: &str = "/ip4/127.0.0.1/udp/0/quic-v1";

/// A node that listens at `address`, which is what it printed.
struct Node {
    running: Running,
    address: String,
}

impl Node {
    fn start(args: &[&str]) -> Self {
        let mut running = Running::start(node().args(args));
        let line = running.line("listening on ");
        let address = line.strip_prefix("listening on ");
        let address = address.expect("the line begins so").to_owned();
        Self { running, address }
    }

    /// Its PeerId, as the address says.
    fn id(&self) -> &str {
        let (_, id) = self.address.rsplit_once("/p2p/").expect("a full address");
        id
    }
}

#[test]
fn a_node_is_pinged_at_the_address_that_it_prints() {
    for (listen, ip, transport) in [
        (TCP, "/ip4/127.0.0.1/tcp/", ""),
        (WEBSOCKET, "/ip4/127.0.0.1/tcp/", "/ws"),
        (QUIC, "/ip4/127.0.0.1/udp/", "/quic-v1"),
    ] {
        let node = Node::start(&["--listen", listen]);
        assert!(node.address.starts_with(ip), "{}", node.address);
        assert!(
            node.address.contains(&format!("{transport}/p2p/12D3Koo")),
            "{}",
            node.address
        );
        let runs = Runs::new();
        let args = [
            "ping",
            "--to",
            &node.address,
            "--count",
            "5",
            "--size",
            "100K",
        ];
        run(&mut runs.testbed(args)).exits(0);
        let record = saved::record(&runs.only());
        assert_eq!(record["results"]["answered"], 5);
        assert_eq!(record["results"]["first"]["to"]["peer_id"], node.id());
        assert_eq!(record["experiment"]["options"]["address"], node.address);
        assert_eq!(record["connections"], 1);
        // What the address says, whatever the default of runs.
        let (carried, secured) = match transport {
            "" => ("tcp", "noise"),
            "/ws" => ("ws", "noise"),
            _ => ("quic", "tls"),
        };
        assert_eq!(record["transport"], carried);
        assert_eq!(record["security"], secured);
    }
}

/// Each listener answers its own transport alone: the address decides.
#[test]
fn a_node_listens_on_all_transports_at_once() {
    let listen = [TCP, WEBSOCKET, QUIC].map(|address| ["--listen", address]);
    let mut running = Running::start(node().args(listen.concat()));
    let mut address = || {
        let line = running.line("listening on ");
        line.trim_start_matches("listening on ").to_owned()
    };
    let addresses = [address(), address(), address()];
    for (address, transport) in addresses.iter().zip(["tcp", "ws", "quic"]) {
        let runs = Runs::new();
        run(&mut runs.testbed(["ping", "--to", address])).exits(0);
        assert_eq!(saved::record(&runs.only())["transport"], transport);
    }
    let without = addresses[1].replace("/ws", "");
    let (plain, id) = addresses[0].split_once("/p2p").expect("a full address");
    for wrong in [without, format!("{plain}/ws/p2p{id}")] {
        let args = ["ping", "--to", &wrong, "--dial-timeout", "10s"];
        let ended = run(&mut Runs::new().testbed(args)).exits(1);
        no_panic(&ended);
        assert!(ended.stdout.contains(&wrong), "{ended}");
    }
}

#[test]
fn peers_of_a_run_ping_a_node() {
    let node = Node::start(&[]);
    let runs = Runs::new();
    let args = ["--peers=4", "ping", "--from=2", "--to", &node.address];
    run(&mut runs.testbed(args)).exits(0);
    let record = saved::record(&runs.only());
    assert_eq!(record["connections"], 6 + 1);
    assert_eq!(record["results"]["first"]["from"]["name"], "peer-02");
}

#[test]
fn a_trace_crosses_processes() {
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let url = collector.url();
    let node = Node::start(&["--otlp", &url, "--name", "over-there"]);
    let runs = Runs::new();
    run(&mut runs.testbed(["ping", "--to", &node.address, "--otlp", &url])).exits(0);
    collector.wait_for("PING", 1);
    collector.wait_for("PONG", 1);
    let spans = collector.spans();
    let named = |name: &str| -> &Reported {
        let mut all = spans.iter().filter(|reported| reported.span.name == name);
        all.next().unwrap_or_else(|| panic!("no {name}"))
    };
    let (operation, ping, pong) = (
        named(&format!("ping {}", node.id())),
        named("PING"),
        named("PONG"),
    );
    assert_eq!(operation.service, "peer-00");
    assert_eq!((&*ping.service, &*ping.instance), ("over-there", node.id()));
    assert_eq!(pong.service, "peer-00");
    assert_eq!(ping.span.parent_span_id, operation.span.span_id);
    assert_eq!(pong.span.parent_span_id, ping.span.span_id);
    assert_eq!(ping.span.trace_id, operation.span.trace_id);
    assert_eq!(pong.span.trace_id, operation.span.trace_id);
    // What the node has not sent yet it sends at its end.
    node.running.signal("TERM");
    node.running.end().exits(0);
}

#[test]
fn metrics_are_served() {
    let mut command = node();
    command.args(["--metrics", "127.0.0.1:0", "--topic", "news"]);
    let mut running = Running::start(&mut command);
    let line = running.line("metrics at http://");
    let address = line.trim_start_matches("metrics at http://");
    let address = address.trim_end_matches("/metrics").to_owned();
    let line = running.line("listening on ");
    let to = line.trim_start_matches("listening on ").to_owned();
    run(&mut Runs::new().testbed(["ping", "--to", &to])).exits(0);

    let http::Answer { status, head, body } = http::get(&address, "/metrics");
    let text = body;
    assert_eq!(status, 200, "{head}");
    assert!(
        head.to_lowercase()
            .contains("content-type: text/plain; version=0.0.4"),
        "{head}"
    );
    let samples = samples(&text);
    let value = |name: &str| {
        let of = samples
            .iter()
            .filter(|(sample, _)| sample.starts_with(name));
        of.map(|(_, value)| value).sum::<f64>()
    };
    assert_eq!(value("testbed_peers"), 1.0, "{text}");
    // gossipsub's own.
    let subscribed = "libp2p_gossipsub_topic_subscription_status{hash=\"news\"}";
    assert_eq!(value(subscribed), 1.0, "{text}");
    assert_eq!(
        value("libp2p_swarm_connections_incoming_total"),
        1.0,
        "{text}"
    );
    assert_eq!(
        value("libp2p_swarm_connections_established_total"),
        1.0,
        "{text}"
    );
    assert_eq!(http::get(&address, "/elsewhere").status, 404);
}

/// The samples of a text in the classic format, the default for a client that asks for
/// no other.
fn samples(text: &str) -> Vec<(String, f64)> {
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    let sample = |line: &str| {
        let (name, value) = line.rsplit_once(' ').expect("a name and a value");
        let value = value.parse().unwrap_or_else(|e| panic!("{line}: {e}"));
        (name.to_owned(), value)
    };
    lines.map(sample).collect()
}

#[test]
fn a_key_file_is_reused_and_private() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("node.key");
    let key = path.to_str().expect("a path in UTF-8");
    let first = Node::start(&["--key", key]).id().to_owned();
    let mode = fs::metadata(&path)
        .expect("it was made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(Node::start(&["--key", key]).id(), first);

    for mode in [0o640, 0o604, 0o666] {
        let readable = fs::Permissions::from_mode(mode);
        fs::set_permissions(&path, readable).expect("it is ours");
        let ended = run(node().args(["--key", key])).exits(2);
        no_panic(&ended);
        for part in [key, "others can read", "chmod 600", &format!("{mode:o}")] {
            assert!(ended.stderr.contains(part), "{part}: {ended}");
        }
    }
}

#[test]
fn a_seed_gives_the_same_peer_id() {
    let id = |seed| Node::start(&["--seed", seed]).id().to_owned();
    assert_eq!(id("7"), id("7"));
    assert_ne!(id("7"), id("8"));
    // The first peer of a run with that seed is another one.
    let peer = node::keys::from_seed(7, 0).public().to_peer_id();
    assert_ne!(id("7"), peer.to_string());
}

#[test]
fn signals_shut_the_node_down() {
    for signal in ["INT", "TERM"] {
        let node = Node::start(&[]);
        node.running.signal(signal);
        let ended = node.running.end().exits(0);
        no_panic(&ended);
        assert_eq!(ended.stderr, "", "{signal}");
    }
}

#[test]
fn a_node_dials_the_given_address() {
    for listen in [TCP, WEBSOCKET, QUIC] {
        let first = Node::start(&["--listen", listen]);
        let mut second = Node::start(&["--dial", &first.address]);
        let line = second.running.line("connected to ");
        assert_eq!(line, format!("connected to {}", first.id()));
    }
}

#[test]
fn a_failed_dial_is_logged() {
    let (_nobody, address) = ports::refusing();
    let id = node::keys::from_seed(1, 0).public().to_peer_id();
    let gone = format!("/ip4/127.0.0.1/tcp/{}/p2p/{id}", address.port());
    let ended = run(node().args(["--dial", &gone])).exits(1);
    no_panic(&ended);
    let line = ended.stderr.lines().next().unwrap_or_default();
    assert!(
        line.starts_with("error: --dial: cannot reach") && line.contains(&gone),
        "{ended}"
    );
}

/// The node then is like any other libp2p peer.
#[test]
fn ping_falls_back_to_libp2p_ping() {
    for listen in [TCP, WEBSOCKET, QUIC] {
        let node = Node::start(&["--protocols", "ping", "--listen", listen]);
        let runs = Runs::new();
        let args = ["ping", "--count", "5", "--to", &node.address];
        let ended = run(&mut runs.testbed(args)).exits(0);
        no_panic(&ended);
        for part in [
            "over            /ipfs/ping/1.0.0, 32 bytes",
            "does not speak /testbed/channel/1.0.0",
            "(n = 5)",
        ] {
            assert!(ended.stdout.contains(part), "{part}: {ended}");
        }
        let results = &saved::record(&runs.only())["results"];
        assert_eq!(results["protocol"], "/ipfs/ping/1.0.0");
        assert_eq!(results["answered"], 5);
        assert_eq!(results["first"]["to"]["name"], node.id());
    }
}

#[test]
fn a_peer_without_a_ping_protocol_is_reported() {
    for (protocols, size, reason) in [
        (
            "kad",
            "0",
            "speaks neither /testbed/channel/1.0.0 nor /ipfs/ping/1.0.0",
        ),
        (
            "ping",
            "1K",
            "/ipfs/ping/1.0.0 carries 32 bytes, not 1024; leave --size out",
        ),
    ] {
        let node = Node::start(&["--protocols", protocols]);
        let runs = Runs::new();
        let args = ["ping", "--size", size, "--to", &node.address];
        let ended = run(&mut runs.testbed(args)).exits(1);
        no_panic(&ended);
        assert!(ended.stdout.contains(reason), "{ended}");
        assert!(ended.stdout.contains(node.id()), "{ended}");
        assert!(!ended.stdout.contains("peer-01"), "{ended}");
        let record = saved::record(&runs.only());
        assert_eq!(record["results"]["lost"], 1);
        let lost = record["results"]["losses"][0]["lost"].to_string();
        assert!(lost.contains(reason), "{lost}");
    }
}
