//! A testbed-node among foreign peers: js-libp2p connects, identifies it, pings
//! it, and uses its Kademlia and gossipsub. The other side is
//! `tests/interop/peer.mjs`; it needs `npm ci --prefix tests/interop`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use algorithms::Message as _;
use algorithms::ping_pong::Message;
use proto::Envelope;
use serde_json::Value;
use support::{Running, foreign, node, run, workspace};

pub(crate) const FOLDER: &str = "tests/interop";
const TOPIC: &str = "interop";

#[test]
fn js_libp2p_interoperates_with_a_node() {
    if !foreign::is_installed(FOLDER) {
        return;
    }
    let mut node = Running::start(node().args(["-v", "--topic", TOPIC]));
    let line = node.line("listening on");
    let (_, address) = line.rsplit_once(' ').expect("an address");
    let (_, id) = address.rsplit_once('/').expect("a full address");

    let script = workspace().join(FOLDER).join("peer.mjs");
    let mut js = Command::new(javascript());
    let reported = run(js.arg(script).args([address, TOPIC, &ping()])).exits(0);
    let checks: BTreeMap<String, Value> = reported
        .stdout
        .lines()
        .map(|line| {
            let found: Value = serde_json::from_str(line).expect(line);
            (found["check"].as_str().expect(line).to_owned(), found)
        })
        .collect();
    let check = |name: &str| {
        checks
            .get(name)
            .unwrap_or_else(|| panic!("{name}: {reported}"))
    };

    let identify = check("identify");
    assert_eq!(identify["peer"], id);
    let agent = identify["agentVersion"].as_str().unwrap_or_default();
    assert!(agent.starts_with("testbed-node/"), "{identify}");
    assert_eq!(identify["protocolVersion"], "testbed/1.0.0");
    for protocol in [
        "/ipfs/id/1.0.0",
        "/ipfs/id/push/1.0.0",
        "/ipfs/ping/1.0.0",
        "/ipfs/kad/1.0.0",
        "/meshsub/1.1.0",
        "/testbed/channel/1.0.0",
    ] {
        assert!(contains(&identify["protocols"], protocol), "{identify}");
    }
    let (transport, _) = address.split_once("/p2p/").expect("a full address");
    assert!(contains(&identify["addresses"], transport), "{identify}");

    let ping = check("ping");
    assert!(ping["ms"].as_u64().is_some_and(|ms| ms < 10_000), "{ping}");

    let answer = check("channel")["answer"].as_str().expect("a frame");
    let bytes: Vec<u8> = (2..answer.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&answer[at..at + 2], 16).expect("hexadecimal digits"))
        .collect();
    let pong = Envelope::decode(bytes.into()).expect("an envelope");
    assert_eq!((&*pong.kind, pong.sequence), ("PONG", 0));
    let message = Message::from_payload(pong.payload).expect("a message");
    assert!(matches!(message, Message::Pong { id: 0, .. }));

    // The node introduces one peer to the other.
    let closest = check("closest");
    let other = closest["other"].as_str().expect("a peer");
    assert!(contains(&closest["found"], other), "{closest}");
    assert!(contains(&check("put")["stored"], id), "{reported}");
    let values = &check("get")["values"];
    let value = serde_json::json!({ "from": id, "value": "a value" });
    assert_eq!(values, &Value::from(vec![value]));

    assert!(contains(&check("mesh")["peers"], id), "{reported}");
    let message = check("gossipsub");
    assert_eq!(message["via"], id, "{message}");
    assert_eq!(message["text"], "hello from js", "{message}");
    // The node is subscribed itself, and got what it passed on.
    let line = node.line("gossipsub message");
    assert!(line.contains(TOPIC), "{line}");

    node.signal("TERM");
    let _ = node.end().exits(0);
}

/// The first test vector of the channel protocol: a PING.
fn ping() -> String {
    let page = include_str!("../../../docs/channel-protocol.md");
    let (_, vectors) = page.split_once("```json\n").expect("test vectors");
    let first = vectors.lines().next().expect("a vector");
    let first: Value = serde_json::from_str(first).expect("JSON");
    first["frame"].as_str().expect("a frame").to_owned()
}

fn contains(list: &Value, wanted: &str) -> bool {
    let list = list.as_array();
    list.is_some_and(|list| list.iter().any(|found| found == wanted))
}

/// The Node.js that npm has brought along, for js-libp2p needs version 22.
pub(crate) fn javascript() -> PathBuf {
    let own = workspace().join(FOLDER).join("node_modules/node/bin/node");
    if own.exists() { own } else { "node".into() }
}
