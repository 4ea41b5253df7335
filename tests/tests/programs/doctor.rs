//! `testbed doctor`: which step of a dial fails, and why.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::thread;

use futures::{AsyncReadExt as _, AsyncWriteExt as _, StreamExt as _};
use libp2p::swarm::SwarmEvent;
use libp2p::{PeerId, StreamProtocol};
use serde_json::Value;
use support::peers::{bare_swarm, within};
use support::saved::no_panic;
use support::{Running, foreign, node, ports, run, testbed, workspace};

use crate::interop::{FOLDER, javascript};

const OTHER: &str = "12D3KooWGjMCwtpbj9o3GA1GHBuNdUVz4nnBhRUhpXCTNPvZvUZE";
const HOP: StreamProtocol = StreamProtocol::new("/libp2p/circuit/relay/0.2.0/hop");

/// A node, and its addresses as it printed them: over TCP, WebSocket and QUIC.
fn start(args: &[&str]) -> (Running, [String; 3]) {
    let mut command = node();
    command.args(["--listen", "/ip4/127.0.0.1/tcp/0"]);
    command.args(["--listen", "/ip4/127.0.0.1/tcp/0/ws"]);
    command.args(["--listen", "/ip4/127.0.0.1/udp/0/quic-v1"]);
    let mut running = Running::start(command.args(args));
    let addresses = std::array::from_fn(|_| {
        let line = running.line("listening on ");
        line.trim_start_matches("listening on ").to_owned()
    });
    (running, addresses)
}

/// The diagnosis of an address, as JSON.
fn examine(address: &str, timeout: &str, status: i32) -> Value {
    let args = ["doctor", "--format", "json", "--timeout", timeout, address];
    let ended = run(testbed().args(args)).exits(status);
    no_panic(&ended);
    let found: Value = serde_json::from_str(&ended.stdout).expect("JSON");
    assert_eq!(found["address"], address);
    assert_eq!(found["ok"], status == 0, "{found:#}");
    found
}

/// The outcomes of its steps, by their names.
fn outcomes(found: &Value) -> Vec<(&str, &str)> {
    let steps = found["steps"].as_array().expect("steps").iter();
    steps
        .map(|step| {
            let field = |name: &str| step[name].as_str().expect("a text");
            (field("step"), field("outcome"))
        })
        .collect()
}

/// The address fails at that step, and the conclusion has these parts.
fn fails(address: &str, step: &str, parts: &[&str]) {
    let found = examine(address, "2s", 1);
    let outcomes = outcomes(&found);
    let place = outcomes
        .iter()
        .position(|(_, outcome)| *outcome == "failed");
    let place = place.unwrap_or_else(|| panic!("{found:#}"));
    assert_eq!(outcomes[place].0, step, "{found:#}");
    let later = &outcomes[place + 1..];
    assert!(
        later.iter().all(|(_, outcome)| *outcome == "skipped"),
        "{found:#}"
    );
    let conclusion = found["conclusion"].as_str().expect("a text");
    for part in parts {
        // Advice begins with a capital.
        let part = part.to_lowercase();
        let is_there = conclusion.to_lowercase().contains(&part);
        assert!(is_there, "{address}: {part}: {conclusion}");
    }
}

#[test]
fn a_node_is_well_over_every_transport() {
    let (_node, addresses) = start(&[]);
    for (address, begins) in addresses.iter().zip([
        &["address", "dial", "negotiation", "security", "muxer"][..],
        &[
            "address",
            "dial",
            "websocket",
            "negotiation",
            "security",
            "muxer",
        ],
        &["address", "dial", "security", "muxer"],
    ]) {
        let found = examine(address, "30s", 0);
        let outcomes = outcomes(&found);
        let protocols = ["admission", "identify", "ping", "channel", "relay"];
        let names: Vec<_> = outcomes.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, [begins, &protocols].concat());
        let (relay, others) = outcomes.split_last().expect("steps");
        assert_eq!(relay.1, "skipped");
        assert!(
            others.iter().all(|(_, outcome)| *outcome == "ok"),
            "{found:#}"
        );
        let (direct, id) = address.split_once("/p2p/").expect("a full address");
        assert_eq!(found["peer"], id);
        let identify = &found["identify"];
        assert!(
            identify["agent"]
                .as_str()
                .is_some_and(|agent| agent.starts_with("testbed-node/"))
        );
        let lists = |field: &str, wanted: &str| {
            let list = identify[field].as_array().expect("a list");
            list.iter().any(|one| one == wanted)
        };
        assert!(lists("protocols", "/testbed/channel/1.0.0"), "{found:#}");
        assert!(lists("listen", direct), "{found:#}");
        let observed = identify["observed"].as_str().expect("an address");
        assert!(observed.starts_with("/ip4/127.0.0.1/"), "{observed}");
    }
    // The text has a line for each step, and the conclusion.
    let ended = run(testbed().args(["doctor", &addresses[0]])).exits(0);
    no_panic(&ended);
    let lines: Vec<_> = ended.stdout.lines().collect();
    assert_eq!(lines.len(), 11, "{ended}");
    assert!(
        lines[..9]
            .iter()
            .all(|line| line.starts_with("ok ") && line.contains(" ms "))
    );
    assert!(lines[10].starts_with("all is well"), "{ended}");
}

#[test]
fn protocols_that_a_peer_lacks_are_skipped() {
    let (_node, [tcp, ..]) = start(&["--protocols", "kad"]);
    let found = examine(&tcp, "30s", 0);
    let skipped = outcomes(&found);
    let skipped: Vec<_> = skipped
        .iter()
        .filter(|(_, outcome)| *outcome == "skipped")
        .collect();
    assert_eq!(skipped.len(), 4, "{found:#}");
}

#[test]
fn another_identity_is_named() {
    let (_node, addresses) = start(&[]);
    for address in &addresses {
        let (direct, id) = address.split_once("/p2p/").expect("a full address");
        let wrong = format!("{direct}/p2p/{OTHER}");
        fails(&wrong, "security", &[id, OTHER, "new key"]);
        // Without a PeerId any is taken.
        assert_eq!(examine(direct, "30s", 0)["peer"], id);
    }
}

#[test]
fn another_transport_is_recognised() {
    let (_node, [tcp, websocket, _]) = start(&[]);
    let (direct, _) = tcp.split_once("/p2p/").expect("a full address");
    fails(&format!("{direct}/ws"), "websocket", &["leave /ws out"]);
    let without = websocket.replace("/ws", "");
    fails(
        &without,
        "negotiation",
        &["silent", "add /ws", "within 2s (--timeout)"],
    );
}

#[test]
fn no_listener_is_told_from_no_answer() {
    let (_nobody, address) = ports::refusing();
    let port = address.port();
    for rest in ["", "/ws"] {
        let address = format!("/ip4/127.0.0.1/tcp/{port}{rest}");
        fails(
            &address,
            "dial",
            &["Connection refused", "Nothing listens there"],
        );
    }
    let quic = format!("/ip4/127.0.0.1/udp/{port}/quic-v1");
    fails(&quic, "dial", &["no answer over QUIC", "UDP"]);
}

#[test]
fn what_is_no_libp2p_peer_is_described() {
    let (_silent, silent) = ports::silent();
    let closing = answering(b"");
    let web = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    let ssh = answering(b"SSH-2.0-OpenSSH_9.2\r\n");
    let hostile = answering(b"\x1b[31mred\x07\r\n");
    let plain = answering(b"\x13/multistream/1.0.0\n\x03na\n");
    let tcp = |address: SocketAddr| format!("/ip4/127.0.0.1/tcp/{}", address.port());
    for (address, step, parts) in [
        (tcp(silent), "negotiation", &["stays silent", "add /ws"][..]),
        (
            tcp(silent) + "/ws",
            "websocket",
            &["stays silent", "leave /ws out"],
        ),
        (tcp(closing), "negotiation", &["without a word", "no room"]),
        (
            tcp(closing) + "/ws",
            "websocket",
            &["leave /ws out", "no room"],
        ),
        (
            tcp(web),
            "negotiation",
            &["web server", "HTTP/1.1 400 Bad Request"],
        ),
        (
            tcp(web) + "/ws",
            "websocket",
            &["refuses the upgrade", "HTTP/1.1 400"],
        ),
        (tcp(ssh), "negotiation", &["SSH-2.0-OpenSSH_9.2"]),
        (tcp(hostile), "negotiation", &["\\u{1b}[31mred\\u{7}"]),
        (tcp(plain), "negotiation", &["without Noise"]),
        (
            tcp(plain) + "/ws",
            "websocket",
            &["without WebSocket", "Leave /ws out"],
        ),
    ] {
        fails(&address, step, parts);
    }
}

/// A server that says this when a connection has sent something, and then closes it.
fn answering(text: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.expect("a connection");
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(text);
        }
    });
    address
}

#[test]
fn a_limit_is_suspected_when_the_connection_is_closed_at_once() {
    let (_node, [tcp, ..]) = start(&["--per-address", "1"]);
    let mut first = Running::start(node().args(["--dial", &tcp]));
    first.line("connected to ");
    fails(
        &tcp,
        "admission",
        &["closed the connection", "no room", "known peers"],
    );
}

#[test]
fn an_address_that_cannot_be_dialled_is_wrong_usage() {
    for (words, parts) in [
        (
            "127.0.0.1:4001",
            &["127.0.0.1:4001", "/ip4/127.0.0.1/tcp/4001"][..],
        ),
        ("/dns4/example.org/tcp/1", &["example.org", "IP address"]),
        ("/memory/1", &["/memory/1", "/ip4/"]),
        ("/ip4/127.0.0.1/tcp/1 --timeout 0", &["--timeout", "0"]),
        ("/ip4/127.0.0.1/tcp/1 --peers 3", &["--peers"]),
        ("/ip4/127.0.0.1/tcp/1 --format jaeger", &["--format jaeger"]),
    ] {
        let args = words.split(' ');
        let ended = run(testbed().arg("doctor").args(args)).exits(2);
        no_panic(&ended);
        assert_eq!(ended.stdout, "");
        for part in parts {
            assert!(ended.stderr.contains(part), "{words}: {part}: {ended}");
        }
    }
}

/// js-libp2p peers: one that listens and relays, and one behind it.
#[test]
fn foreign_peers_and_a_foreign_relay_are_well() {
    if !foreign::has_package(FOLDER, "@libp2p/circuit-relay-v2") {
        return;
    }
    let script = workspace().join(FOLDER).join("listener.mjs");
    let mut js = Running::start(Command::new(javascript()).arg(script));
    let addresses: Value = serde_json::from_str(&js.line("{\"tcp\"")).expect("JSON");
    let address = |name: &str| addresses[name].as_str().expect("an address");
    for name in ["tcp", "ws"] {
        let found = examine(address(name), "30s", 0);
        let outcomes = outcomes(&found);
        assert!(outcomes.contains(&("ping", "ok")), "{found:#}");
        assert!(outcomes.contains(&("channel", "skipped")), "{found:#}");
        assert!(outcomes.contains(&("relay", "ok")), "{found:#}");
        let agent = found["identify"]["agent"].as_str().expect("a text");
        assert!(agent.starts_with("js-libp2p/"), "{found:#}");
    }
    let found = examine(address("circuit"), "30s", 0);
    assert_eq!(
        outcomes(&found)[10..],
        [("circuit", "ok"), ("target", "ok")]
    );
    fails(address("unreserved"), "circuit", &["NO_RESERVATION"]);
}

/// Each half of a circuit fails by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_half_of_a_circuit_that_fails_is_named() {
    // The answers of a relay: STATUS with a code.
    for (answer, step, parts) in [
        (
            &[5, 0x08, 2, 0x28, 0xcc, 1][..],
            "circuit",
            &["NO_RESERVATION", "no reservation"][..],
        ),
        (
            &[5, 0x08, 2, 0x28, 0xcb, 1],
            "circuit",
            &["CONNECTION_FAILED", "is that one running"],
        ),
        (
            &[4, 0x08, 2, 0x28, 100],
            "target",
            &["the circuit is open, and not secured"],
        ),
        (&[0xff, 0xff, 0xff, 1], "circuit", &["too long"]),
        (&[2, 0x08, 0], "circuit", &["no status"]),
    ] {
        let address = relay(answer).await;
        let address = format!("{address}/p2p-circuit/p2p/{OTHER}");
        let work = move || fails(&address, step, parts);
        let done = tokio::task::spawn_blocking(work);
        done.await.unwrap_or_else(|e| panic!("{answer:?}: {e}"));
    }
    let (_node, [tcp, ..]) = start(&[]);
    let circuit = format!("{tcp}/p2p-circuit/p2p/{OTHER}");
    let work = move || fails(&circuit, "relay", &["does not speak", "no relay"]);
    tokio::task::spawn_blocking(work).await.expect("done");
}

/// A relay that answers every request for a circuit so, and closes the stream.
async fn relay(answer: &'static [u8]) -> String {
    let mut swarm = bare_swarm();
    let id: PeerId = *swarm.local_peer_id();
    let mut incoming = swarm
        .behaviour()
        .new_control()
        .accept(HOP)
        .expect("the first");
    let any = "/ip4/127.0.0.1/tcp/0".parse().expect("an address");
    swarm.listen_on(any).expect("a listener");
    let address = loop {
        if let SwarmEvent::NewListenAddr { address, .. } =
            within("listen", swarm.select_next_some()).await
        {
            break address;
        }
    };
    tokio::spawn(async move {
        loop {
            swarm.select_next_some().await;
        }
    });
    tokio::spawn(async move {
        while let Some((_, mut stream)) = incoming.next().await {
            tokio::spawn(async move {
                // The first byte is the length: CONNECT comes as one message.
                let mut length = [0];
                if stream.read_exact(&mut length).await.is_ok() {
                    let mut request = vec![0; length[0].into()];
                    let _ = stream.read_exact(&mut request).await;
                    let _ = stream.write_all(answer).await;
                }
                let _ = stream.close().await;
                // A stream that is dropped before the other side has closed it is reset.
                let _ = stream.read_to_end(&mut Vec::new()).await;
            });
        }
    });
    format!("{address}/p2p/{id}")
}
