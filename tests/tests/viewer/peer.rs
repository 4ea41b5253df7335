//! A page of a browser is a libp2p peer: js-libp2p in Chromium dials a node over WebSocket.

use support::{Running, node};

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
