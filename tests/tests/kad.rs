//! `testbed kad`, as a user tries it.

use std::collections::BTreeSet;

use node::lookup::{Error, Lookup, MAX_RECORD};
use node::{Protocol, Transport};
use support::peers::{config, listening};
use support::{Ended, measured, refused};

/// Runs it with these options and a seed. Returns what it printed and what it
/// saved.
fn kad(arguments: &str, status: i32) -> (Ended, serde_json::Value, String) {
    measured(&format!("--seed 1 kad {arguments}"), status)
}

#[test]
fn every_operation_comes_to_what_it_should() {
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
    // Who has not got it has to ask somebody.
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

/// With fewer peers than k, all others are the closest.
#[test]
fn a_network_smaller_than_k() {
    let (_, record, _) = kad("--peers 5 --topology full --operations 20", 0);
    assert_eq!(record["results"]["table"], serde_json::json!([4, 4, 4]));
}

/// libp2p stores it with its own peer, says nothing, and sends nothing.
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
fn what_makes_no_sense_is_refused() {
    for (arguments, parts) in [
        ("--mix put,steal", &["steal", "put", "providers"][..]),
        ("--mix put,", &["put"]),
        ("--interval 0s", &["'0s'", "50ms"]),
        ("--operations 0", &["0"]),
        ("--peers 1", &["--peers 1", "at least 2"]),
        (
            "--peers 1000000 --transport memory",
            &["1000000 peers", "MiB"],
        ),
    ] {
        refused(&format!("kad {arguments}"), parts);
    }
}

/// The peer itself refuses it, whoever asks.
#[tokio::test]
async fn a_peer_stores_no_record_that_cannot_travel() {
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
    // Nobody else is there to store it.
    let alone = peer.handle.look_up(put(MAX_RECORD - 32)).await;
    assert_eq!(alone, Err(Error::NotStored));
}
