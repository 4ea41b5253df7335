//! `testbed kad`, as a user tries it.

use std::collections::BTreeSet;
use std::time::Duration;

use node::lookup::{Error, KnownPeers, Lookup, MAX_RECORD, Table};
use node::{Protocol, Transport};
use support::peers::{config, listening};
use support::{CALM, Ended, Runs, measured, refused, run, saved};

/// Runs it with these options and a seed. Returns what it printed and what it
/// saved.
fn kad(arguments: &str, status: i32) -> (Ended, serde_json::Value, String) {
    measured(&format!("--seed 1 kad {arguments}"), status)
}

#[test]
fn every_kademlia_operation_succeeds() {
    let (ended, record, rows) = kad("--peers 40 --transport memory --operations 60", 0);
    let results = &record["results"];
    let kinds = results["kinds"].as_object().expect("kinds");
    let names: BTreeSet<_> = kinds.keys().map(String::as_str).collect();
    let all = ["put", "get", "provide", "providers", "find"];
    assert_eq!(names, all.into(), "{results}");
    let mut asked = 0;
    for (name, of) in kinds {
        assert_eq!(of["asked"], of["succeeded"], "{name}: {of}");
        assert_eq!(of["unknown_hops"], 0, "{name}: every chain is known: {of}");
        assert_eq!(of["hops"]["count"], of["succeeded"], "{name}: {of}");
        asked += of["asked"].as_u64().expect("a number");
    }
    assert_eq!(asked, 60);
    // A peer that does not store it has to ask another.
    assert!(kinds["get"]["hops"]["min"].as_u64() >= Some(1), "{results}");
    assert!(results["exact"].as_u64() > Some(0), "{results}");
    assert_eq!(results["not_exact"], 0);
    assert_eq!(rows.lines().count(), 61);
    for part in [
        "log2 40 = 5.3",
        "came to the 20 closest peers",
        "topology random:8",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

/// Records that are stored before the first operation are no operations of the run, and
/// their traces have names of their own.
#[test]
fn preparing_queries_are_counted_apart() {
    let runs = Runs::new();
    let words = format!(
        "--seed 1 {CALM} --peers 6 --transport memory kad --mix put,get,providers --operations 30"
    );
    run(&mut runs.testbed(words.split_whitespace())).exits(0);
    let spans = support::spans::saved(&runs.only()).concat();
    let named = |name: &str| spans.iter().filter(|one| one.span.name == name).count();
    let record = saved::record(&runs.only());
    let kinds = record["results"]["kinds"].as_object().expect("kinds");
    for (kind, of) in kinds {
        assert_eq!(Some(named(kind) as u64), of["asked"].as_u64(), "{kind}");
    }
    assert_eq!((named("prepare put"), named("prepare provide")), (20, 20));
}

/// With fewer peers than k, all others are the closest.
#[test]
fn a_network_smaller_than_k() {
    let (_, record, _) = kad("--peers 5 --topology full --operations 20", 0);
    assert_eq!(record["results"]["table"], serde_json::json!([4, 4, 4]));
}

/// In so large a network, peers that store a provider record do not have the provider in
/// their routing tables: they know its address only if the record contains it.
#[test]
fn a_thousand_peers_with_filled_routing_tables() {
    let words = "--seed 2 --peers 1000 --transport memory --security none kad --tables given \
                 --mix get,providers,find --operations 60 --interval 200ms --patience 60s";
    let (ended, record, _) = measured(words, 0);
    let results = &record["results"];
    assert_eq!(results["not_exact"], 0, "{results}");
    assert!(results["table"][0].as_u64() > Some(100), "{results}");
    assert_eq!(record["experiment"]["options"]["tables"], "given");
    assert!(ended.stdout.contains("topology ring"), "{ended}");
}

/// libp2p would start the bootstrap half a second after the first peer is introduced.
#[tokio::test]
async fn a_filled_routing_table_needs_no_bootstrap() {
    let mut peers = Vec::new();
    for index in 0..30 {
        let mut config = config(Transport::Memory, index);
        config.protocols = [Protocol::Identify, Protocol::Kademlia].into();
        peers.push(listening(config).await);
    }
    let known = KnownPeers::new(peers.iter().map(|(peer, address)| {
        let mut address = address.clone();
        address.pop();
        (peer.handle.peer_id(), address)
    }));
    let mut rng = rand::rng();
    for (peer, _) in &peers {
        let table = known.table(peer.handle.peer_id(), &mut rng);
        peer.handle.introduce(table).await;
    }
    let [(first, _), ..] = &peers[..] else {
        unreachable!()
    };
    let connected = first.handle.wait_connected(1);
    let connected = tokio::time::timeout(Duration::from_secs(2), connected).await;
    assert!(connected.is_err(), "it has dialled a peer");
    for (peer, _) in &peers {
        let Some(Table { peers, lookups }) = peer.handle.table().await else {
            panic!("it has stopped");
        };
        assert!((20..30).contains(&peers), "{peers}");
        assert_eq!((lookups, peer.handle.connected()), (0, 0));
    }
    let key = vec![7; 32];
    let found = first.handle.look_up(Lookup::Closest { key }).await;
    assert_eq!(found.expect("the closest").peers.len(), 20);
}

/// libp2p stores it on the local peer, reports no error, and sends nothing.
#[test]
fn a_record_over_the_packet_limit_is_refused() {
    let words = "--peers 4 --topology full kad --mix put,get --operations 4 --size";
    let _whole = measured(&format!("--seed 1 {words} 16096"), 0);
    for size in ["16097", "20K"] {
        let parts = ["--size", "16 KiB", "at most 16096"];
        refused(&format!("{words} {size}"), &parts);
    }
}

#[test]
fn invalid_options_are_rejected() {
    for (arguments, parts) in [
        ("--mix put,steal", &["steal", "put", "providers"][..]),
        ("--mix put,", &["put"]),
        ("--interval 0s", &["'0s'", "50ms"]),
        ("--operations 0", &["0"]),
        ("--tables full", &["full", "bootstrap", "given"]),
        (
            "--peers 2000 --transport memory --tables bootstrap",
            &["2000 peers", "--tables given"],
        ),
        ("--peers 1", &["--peers 1", "at least 2"]),
        (
            "--peers 1000000 --transport memory",
            &["1000000 peers", "MiB"],
        ),
    ] {
        refused(&format!("kad {arguments}"), parts);
    }
}

/// The peer itself rejects it, for every client.
#[tokio::test]
async fn a_record_over_the_packet_limit_is_not_stored() {
    let mut config = config(Transport::Memory, 1);
    config.protocols = [Protocol::Identify, Protocol::Kademlia].into();
    let (peer, _) = listening(config).await;
    let put = |size| Lookup::Put {
        key: vec![1; 32],
        value: vec![2; size],
    };
    let refused = peer.handle.look_up(put(MAX_RECORD - 31)).await;
    assert_eq!(refused, Err(Error::TooLarge(MAX_RECORD + 1)));
    let get = Lookup::Get { key: vec![1; 32] };
    assert_eq!(peer.handle.look_up(get).await, Err(Error::NotFound));
    // No other peer can store it.
    let alone = peer.handle.look_up(put(MAX_RECORD - 32)).await;
    assert_eq!(alone, Err(Error::NotStored));
}
