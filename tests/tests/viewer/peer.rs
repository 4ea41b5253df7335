//! A page of a browser is a libp2p peer: js-libp2p in Chromium dials a node over WebSocket.

use serde_json::json;
use support::{Running, foreign, node};

use super::{has_browser, printed, script, texts};

#[test]
fn a_page_pings_a_node_over_websocket() {
    if !has_browser() {
        return;
    }
    let mut node = Running::start(node().args(["--listen", "/ip4/127.0.0.1/tcp/0/ws"]));
    let line = node.line("listening on ");
    let address = line.trim_start_matches("listening on ");
    let (_, id) = address.rsplit_once("/p2p/").expect("a full address");
    let seen = printed(script("peer.mjs").arg(address));
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    let found = &seen["found"];
    assert_eq!(found["peer"], id, "{seen}");
    assert_eq!(found["transport"], address, "{seen}");
    // libp2p's own ping.
    assert!(found["ms"].as_u64().is_some_and(|ms| ms < 60_000), "{seen}");
    // Ours, over a channel of each side.
    assert_eq!(
        (&found["from"], &found["kind"]),
        (&id.into(), &"PONG".into())
    );
    assert_eq!(
        (&found["id"], &found["data"]),
        (&7.into(), &"hello from a page".into())
    );
    node.signal("TERM");
    let _ = node.end().exits(0);
}

fn listener(node: &mut Running) -> String {
    let line = node.line("listening on ");
    line.trim_start_matches("listening on ").to_owned()
}

fn id(address: &str) -> &str {
    address.rsplit('/').next().expect("a full address")
}

/// The page proves its work, registers, finds and asks another peer over the hub, and sends it a
/// PING over a circuit of the hub.
#[test]
fn a_page_takes_part_in_a_hub() {
    if !has_browser() || !foreign::has_package("tests/browser", "@libp2p/circuit-relay-v2") {
        return;
    }
    let listen = ["/ip4/127.0.0.1/tcp/0/ws", "/ip4/127.0.0.1/tcp/0"];
    let listen = listen.map(|address| ["--listen", address]);
    let mut hub = node();
    let mut hub = Running::start(
        hub.args(["--hub", "--bits", "8"])
            .args(listen.as_flattened()),
    );
    let (websocket, tcp) = (listener(&mut hub), listener(&mut hub));
    let mut other = Running::start(node().args(["--via", &tcp]));
    let own = listener(&mut other);
    let other_id = id(&own);
    other.line("registered at ");
    let seen = printed(script("peer.mjs").args([&websocket, other_id]));
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    let found = &seen["found"];
    let mut nodes = texts(&found["nodes"]);
    let page = found["me"].as_str().expect("a PeerId");
    nodes.sort_unstable();
    let mut both = [page, other_id];
    both.sort_unstable();
    assert_eq!(nodes, both, "{seen}");
    // The other peer listens on loopback alone, so it tells over which hub it is reached.
    let over = format!("/p2p/{}/p2p-circuit", id(&websocket));
    assert_eq!(found["card"], over, "{seen}");
    assert_eq!(
        found["refused"], "the hub refuses it: unknown_receiver",
        "{seen}"
    );
    let circuit = format!("{websocket}/p2p-circuit/p2p/{other_id}");
    assert_eq!(found["circuit"], circuit, "{seen}");
    let limit = found["limit"].as_u64();
    assert!(limit.is_some_and(|bytes| bytes <= 30_000), "{seen}");
    let pong = ["from", "kind", "id", "data"].map(|field| &found[field]);
    let expected = [
        json!(other_id),
        json!("PONG"),
        json!(7),
        json!("hello from a page"),
    ];
    assert_eq!(pong, expected.each_ref(), "{seen}");
    for running in [other, hub] {
        running.signal("TERM");
        let _ = running.end().exits(0);
    }
}
