//! Several `testbed-node`s as hubs beside each other, and peers of them.

use serde_json::json;
use support::saved::no_panic;
use support::{Running, node};

use crate::hub::Peer;

/// How long a session lasts of which nothing is heard.
const LIFE: [&str; 2] = ["--life", "2s"];

/// The address of a hub that has that number, once it runs. Each has an IP address of its
/// own, on which nobody else listens.
fn address(number: u32) -> String {
    let [high, low] = (std::process::id() as u16).to_be_bytes();
    let ip = format!("127.{high}.{low}.{number}");
    let args = ["--listen", &format!("/ip4/{ip}/tcp/7464"), "--seed"];
    let mut hub = Running::start(node().args(args).arg(number.to_string()));
    let line = hub.line("listening on ");
    hub.signal("TERM");
    hub.end().exits(0);
    line.trim_start_matches("listening on ").to_owned()
}

/// Starts the hub of that number. All of them know all.
fn start(number: usize, addresses: &[String]) -> Running {
    let own = &addresses[number];
    let listen = own.split("/p2p/").next().expect("an address");
    let mut hub = node();
    hub.args(["--hub", "--bits", "8", "--listen", listen, "--seed"])
        .arg((number + 1).to_string())
        .args(LIFE);
    for address in addresses {
        hub.args(["--beside", address]);
    }
    let mut running = Running::start(&mut hub);
    assert!(running.line("listening on ").ends_with(own));
    running
}

/// A peer that knows them all, and the address of the one at which it registers.
fn peer(addresses: &[String]) -> (Peer, &String) {
    // A hash table would dial others by itself.
    let mut args = vec!["--protocols", "identify,ping,channel"];
    args.extend(LIFE);
    for address in addresses {
        args.extend(["--via", address]);
    }
    let mut peer = Peer::start_with(&args);
    let at = peer.registered();
    let hub = addresses.iter().find(|address| address.ends_with(&at));
    (peer, hub.expect("one of the hubs"))
}

#[test]
fn peers_of_several_hubs_reach_each_other_and_outlive_a_hub() {
    let addresses: Vec<_> = (1..=3).map(address).collect();
    let mut hubs: Vec<_> = (0..3).map(|hub| start(hub, &addresses)).collect();
    let (mut one, at) = peer(&addresses);
    let mut others = std::iter::repeat_with(|| peer(&addresses)).take(40);
    let (mut other, _) = others.find(|(_, hub)| *hub != at).expect("another hub's");

    one.ok(json!({ "do": "send", "peer": other.id, "data": "hello" }));
    assert!(other.event().contains(&one.id));
    let answer = one.ok(json!({ "do": "ping", "peer": other.id }));
    assert!(answer["relayed_seconds"].is_number(), "{answer}");

    let dead = addresses.iter().position(|address| address == at);
    let dead = hubs.remove(dead.expect("it is one of them"));
    dead.signal("KILL");
    drop(dead);
    let next = one.registered();
    assert!(!at.ends_with(&next), "{next} is dead");
    // Both ways: the hub that is gone is asked first for one of them.
    other.ok(json!({ "do": "send", "peer": one.id, "data": "again" }));
    assert!(one.event().contains(&other.id));
    one.ok(json!({ "do": "send", "peer": other.id, "data": "there" }));
    assert!(other.event().contains(&one.id));

    for running in [one.running, other.running].into_iter().chain(hubs) {
        running.signal("TERM");
        no_panic(&running.end().exits(0));
    }
}

#[test]
fn a_list_of_hubs_that_cannot_be_used_is_refused() {
    let peer = "12D3KooWGXqUPMNT5tMzcMeaxQq3Lbp8T9FmVSZsHnZTKEeAFFrU";
    let hub = format!("/ip4/127.0.0.1/tcp/1/p2p/{peer}");
    for (args, parts) in [
        (["--via", &hub, "--via", &hub], "--via"),
        (
            ["--hub", "--bits=8", "--beside", "/ip4/127.0.0.1/tcp/1"],
            "--beside /ip4/127.0.0.1/tcp/1:",
        ),
        (
            ["--via", "/ip4/127.0.0.1/tcp/1", "--via", &hub],
            "--via /ip4",
        ),
    ] {
        let ended = support::run(node().args(args)).exits(2);
        assert!(ended.stderr.contains(parts), "{ended}");
    }
    let ended = support::run(node().args(["--via", &hub])).exits(1);
    assert!(ended.stderr.contains("--via: "), "{ended}");
}
