//! `testbed gossip --protocol gossipsub`, as a user tries it.

use support::saved::no_panic;
use support::{Ended, Runs, run, saved};

/// Other tests run at the same time: the machine is never too busy.
const CALM: &str = "--max-cpu 100 --max-lag 1h";

/// Runs it with these options and a seed. Returns what it printed and what it
/// saved.
fn gossip(arguments: &str, status: i32) -> (Ended, serde_json::Value, String) {
    let runs = Runs::new();
    let all = format!("--seed 1 {CALM} gossip --protocol gossipsub {arguments}");
    let ended = run(&mut runs.testbed(all.split(' '))).exits(status);
    no_panic(&ended);
    let record = saved::record(&runs.only());
    assert!(saved::follows(&record), "{arguments}: {record:#}");
    assert_eq!(record["spans"]["lost"], 0, "{arguments}: {ended}");
    let rows = std::fs::read_to_string(runs.only().join("results.csv")).expect("results");
    (ended, record, rows)
}

#[test]
fn messages_reach_everybody() {
    let (ended, record, rows) = gossip("--messages 5", 0);
    let results = &record["results"];
    assert_eq!(
        (&results["delivered"], &results["expected"]),
        (&95.into(), &95.into())
    );
    assert!(results["copies"].as_u64() >= Some(95), "{results}");
    assert_eq!(results["degree"], serde_json::json!([19, 19, 19]));
    let counted = |times: &serde_json::Value| times["count"].as_u64();
    assert_eq!(counted(&results["delivery_ns"]), Some(95));
    for spread in results["spread"].as_array().expect("a list") {
        assert_eq!(counted(&spread["time_ns"]), Some(5), "{spread}");
    }
    let hops = results["hops"].as_object().expect("counts");
    let all: u64 = hops.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(all, 95);
    assert!(!hops.contains_key("0"), "every way is known: {hops:?}");
    let mut lines = rows.lines();
    assert_eq!(
        lines.next(),
        Some("message,publisher,peer,via,sent_unix_ns,after_ns,lost")
    );
    assert_eq!(lines.filter(|line| line.ends_with(',')).count(), 95);
    for part in [
        "95 of 95 (100.00 %)",
        "duplicates",
        "to 100 %",
        "log_6 20 = 1.7",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

/// rust-libp2p#5642: what is just over 64 KiB was once sent and never came.
#[test]
fn messages_around_64_kib_and_of_a_megabyte_arrive_back_to_back() {
    for size in ["65535", "65536", "65537", "1M"] {
        let options = format!(
            "--peers 6 --transport memory --messages 6 --interval 1ms --patience 60s --size {size}"
        );
        let (_, record, _) = gossip(&options, 0);
        assert_eq!(record["results"]["delivered"], 30, "{size}");
    }
}

#[test]
fn unsigned_and_without_flood_publishing() {
    let options = "--peers 20 --topology random:8 --transport memory --messages 5";
    let (_, record, _) = gossip(&format!("{options} --unsigned --no-flood-publish"), 0);
    assert_eq!(record["experiment"]["options"]["signed"], false);
    assert_eq!(record["results"]["delivered"], 95);
}

/// The hub of a star takes no more into its mesh than --mesh-high.
#[test]
fn a_mesh_that_never_forms() {
    let options = "--peers 30 --topology star --transport memory --patience 4s";
    let (ended, record, _) = gossip(options, 1);
    let parts = ["no mesh: after 4s peer-", "of 1 peers", "--patience"];
    for part in parts {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    assert_eq!(record["results"], serde_json::Value::Null);
}

#[test]
fn what_makes_no_sense_is_refused() {
    for (arguments, parts) in [
        ("--interval 0s", &["'0s'", "50ms"][..]),
        ("--heartbeat 0s", &["--heartbeat", "'0s'"]),
        ("--fanout 3", &["--fanout", "leave it out"]),
        ("--kill 1@1s", &["--kill", "leave it out"]),
        ("--size 2M", &["2M", "1M"]),
        ("--messages 0", &["0"]),
        ("--mesh 20", &["--mesh 20", "--mesh-high 12"]),
        ("--mesh-low 7", &["--mesh 6", "--mesh-low 7"]),
        ("--mesh-outbound 4", &["--mesh-outbound 4", "3"]),
    ] {
        let runs = Runs::new();
        let words = format!("gossip --protocol gossipsub {arguments}");
        let ended = run(&mut runs.testbed(words.split(' '))).exits(2);
        no_panic(&ended);
        for part in parts {
            assert!(ended.stderr.contains(part), "{arguments}: {part}: {ended}");
        }
    }
    for (arguments, parts) in [
        ("gossip --protocol flooding", &["flooding", "gossipsub"][..]),
        ("gossip --mesh 4", &["--mesh", "--protocol gossipsub"]),
        (
            "simulate gossip --protocol gossipsub",
            &["gossipsub", "--protocol flood"],
        ),
    ] {
        let runs = Runs::new();
        let ended = run(&mut runs.testbed(arguments.split(' '))).exits(2);
        for part in parts {
            assert!(ended.stderr.contains(part), "{arguments}: {part}: {ended}");
        }
    }
}

#[test]
fn a_host_that_sets_the_pace_is_told() {
    let runs = Runs::new();
    let words = "--seed 1 --peers 40 --transport memory --security none gossip --protocol \
                 gossipsub --messages 600 --interval 5ms --size 64K --patience 60s";
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(3);
    no_panic(&ended);
    for part in [
        "unknown: host saturated from second",
        "memory (plaintext)",
        "KiB a connection",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let record = saved::record(&runs.only());
    assert!(saved::follows(&record), "{record:#}");
    let host = &record["host_use"];
    let saturated = &host["saturated"];
    assert!(saturated["seconds"].as_u64() >= Some(1), "{host}");
    // What was measured is told all the same.
    assert_eq!(record["results"]["published"], 600);
    let rows = std::fs::read_to_string(runs.only().join("host.csv")).expect("host.csv");
    let busy = rows.lines().filter(|line| line.contains(",true,")).count();
    assert_eq!(Some(busy as u64), host["samples"].as_u64());
}

#[test]
fn messages_that_are_late_are_losses() {
    let options =
        "--peers 20 --transport memory --size 1M --messages 4 --interval 1ms --patience 0s";
    let (ended, record, rows) = gossip(options, 1);
    let results = &record["results"];
    let lost = results["expected"].as_u64().unwrap() - results["delivered"].as_u64().unwrap();
    assert!(lost > 0, "{results}");
    let told = rows
        .lines()
        .filter(|line| line.ends_with("did not arrive in time"));
    assert_eq!(told.count() as u64, lost);
    assert!(ended.stdout.contains("deliveries were made"), "{ended}");
}

#[test]
fn plaintext_is_for_memory_alone() {
    for transport in ["tcp", "quic"] {
        let runs = Runs::new();
        let words = format!("--transport {transport} --security none ping");
        let ended = run(&mut runs.testbed(words.split(' '))).exits(2);
        assert!(ended.stderr.contains("--transport memory"), "{ended}");
    }
}
