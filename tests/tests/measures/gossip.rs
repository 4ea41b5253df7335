//! `testbed gossip`, as a user tries it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use support::collector::{Collector, Manner, Protocol};
use support::saved::no_panic;
use support::{CALM, Ended, Running, Runs, measured, refused, run, saved};

/// Runs it with these options and a seed. Returns what it printed and what it
/// saved.
fn gossip(arguments: &str, status: i32) -> (Ended, serde_json::Value, String) {
    measured(
        &format!("--seed 1 gossip --protocol gossipsub {arguments}"),
        status,
    )
}

#[test]
fn gossipsub_messages_reach_all_peers() {
    let (ended, record, rows) = gossip("--topology full --messages 5", 0);
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
        Some("message,publisher,publisher_degree,peer,via,sent_unix_ns,after_ns,lost")
    );
    assert_eq!(lines.filter(|line| line.ends_with(',')).count(), 95);
    for part in [
        "95 of 95 (100.00 %)",
        "(flood publishing), signed",
        "duplicates",
        "to 100 %",
        "in theory         1.0 hops",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

/// rust-libp2p#5642: messages just over 64 KiB were once sent and never arrived.
/// libp2p's own scenario has its world and its sizes by default.
#[test]
fn the_interop_scenario_needs_no_options() {
    let (_, record, _) = measured("--seed 1 --peers 40 interop --messages 4", 0);
    assert_eq!(record["time"], "virtual");
    assert_eq!(record["network"]["name"], "regions");
    assert_eq!(record["topology"], "random:20");
    let options = &record["experiment"]["options"];
    assert_eq!(options["size_bytes"], 96 << 10);
    assert_eq!(options["flood_publish"], false);
    assert_eq!(options["validation_seconds"], 0.005);
    assert_eq!(record["results"]["delivered"], 4 * 39);
}

/// Where nothing keeps copies back, D - 1 of them are not needed.
#[test]
fn duplicates_stand_beside_theory() {
    for (idontwant, theory) in [("never", Some(4.0)), ("1", None)] {
        let options = format!(
            "--time virtual --peers 12 --messages 3 --mesh 5 --no-flood-publish --idontwant {idontwant}"
        );
        let (_, record, _) = gossip(&options, 0);
        let measures = record["results"]["measures"].as_array().expect("measures");
        let duplicates = measures
            .iter()
            .find(|measure| measure["name"] == "duplicates a delivery");
        let duplicates = duplicates.expect("a measure");
        assert_eq!(duplicates["theory"].as_f64(), theory, "{duplicates}");
    }
}

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
    let (ended, record, _) = gossip(&format!("{options} --unsigned --no-flood-publish"), 0);
    let said = "to the mesh alone (no flood publishing), unsigned";
    assert!(ended.stdout.contains(said), "{ended}");
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
fn invalid_options_are_rejected() {
    for (arguments, parts) in [
        ("--interval 0s", &["'0s'", "50ms"][..]),
        ("--heartbeat 0s", &["--heartbeat", "'0s'"]),
        ("--fanout 3", &["--fanout", "leave it out"]),
        ("--kill 20@1s", &["--kill 20", "20 peers"]),
        (
            "--peers 2 --kill 0@1s --kill 1@1s",
            &["all 2 peers", "leave one"],
        ),
        ("--interval soon", &["soon", "50ms"]),
        ("--size 2M", &["2M", "1M"]),
        ("--messages 0", &["0"]),
        ("--mesh 20 --mesh-high 12", &["--mesh 20", "--mesh-high 12"]),
        ("--mesh-low 7", &["--mesh 6", "--mesh-low 7"]),
        ("--mesh-outbound 4", &["--mesh-outbound 4", "3"]),
    ] {
        refused(&format!("gossip --protocol gossipsub {arguments}"), parts);
    }
    for (arguments, parts) in [
        ("gossip --protocol flooding", &["flooding", "gossipsub"][..]),
        ("gossip --interval auto", &["--protocol gossipsub"]),
        ("gossip --mesh 4", &["--mesh", "--protocol gossipsub"]),
        (
            "simulate gossip --protocol gossipsub",
            &["gossipsub", "--protocol flood"],
        ),
    ] {
        refused(arguments, parts);
    }
}

#[test]
fn a_saturated_host_makes_the_verdict_unknown() {
    let runs = Runs::new();
    let words = "--seed 1 --peers 20 --transport memory --security none gossip --protocol \
                 gossipsub --messages 30 --interval 100ms";
    let over = Arc::new(AtomicBool::new(false));
    let busy = std::thread::available_parallelism().map_or(2, usize::from) * 2;
    let busy: Vec<_> = (0..busy)
        .map(|_| {
            let over = Arc::clone(&over);
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {})
        })
        .collect();
    let ended = run(&mut runs.testbed(words.split_whitespace()));
    over.store(true, Ordering::Relaxed);
    busy.into_iter()
        .for_each(|thread| thread.join().expect("it only spins"));
    let ended = ended.exits(3);
    no_panic(&ended);
    for part in [
        "unknown: host saturated from second",
        "memory (plaintext)",
        "KiB a connection",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let record = saved::record(&runs.only());
    let host = &record["host_use"];
    let saturated = &host["saturated"];
    assert!(saturated["seconds"].as_u64() >= Some(1), "{host}");
    // The measurements are reported all the same.
    assert_eq!(record["results"]["published"], 30);
    let rows = std::fs::read_to_string(runs.only().join("host.csv")).expect("host.csv");
    let busy = rows.lines().filter(|line| line.contains(",true,")).count();
    assert_eq!(Some(busy as u64), host["samples"].as_u64());
}

#[test]
fn interval_auto_finds_the_shortest() {
    let options = "--peers 8 --transport memory --messages 5 --interval auto";
    let (ended, record, _) = gossip(options, 0);
    let results = &record["results"];
    assert!(
        results["interval_seconds"].as_f64() > Some(0.0),
        "{results}"
    );
    assert_eq!(results["published"], 5);
    assert!(!results["tried"].as_array().expect("a list").is_empty());
    assert!(ended.stdout.contains("the shortest that"), "{ended}");
}

#[test]
fn a_peer_that_stops_is_counted_and_named() {
    let options = "--peers 10 --transport memory --messages 20 --kill 3@500ms";
    let (ended, record, rows) = gossip(options, 0);
    let results = &record["results"];
    let stopped = results["stopped"].as_object().expect("an object");
    assert_eq!(stopped.len(), 1, "{stopped:?}");
    assert!(stopped["peer-03"].as_f64().expect("a time") >= 0.5);
    let excused = results["excused"].as_u64().expect("a number");
    assert!((5..=12).contains(&excused), "{results}");
    assert_eq!(results["expected"].as_u64(), Some(180 - excused));
    assert_eq!(results["delivered"], results["expected"]);
    let lost = rows
        .lines()
        .filter(|row| row.ends_with("the peer had stopped"));
    assert_eq!(lost.count() as u64, excused);
    assert!(ended.stdout.contains("peer-03 after "), "{ended}");
}

/// No peer receives anything when the hub of a star has stopped.
#[test]
fn missing_deliveries_are_counted_as_lost() {
    let options = "--peers 6 --topology star --transport memory --messages 10 --patience 2s \
                   --kill 0@200ms";
    let (ended, record, rows) = gossip(options, 1);
    let results = &record["results"];
    let number = |name: &str| results[name].as_u64().expect("a number");
    let lost = number("expected") - number("delivered");
    assert!(lost > 0, "{results}");
    let rows = rows
        .lines()
        .filter(|row| !row.ends_with(',') && !row.ends_with("stopped"));
    assert_eq!(
        rows.count() as u64 - 1,
        lost,
        "and the names of the columns"
    );
    assert!(ended.stdout.contains("deliveries were made"), "{ended}");
}

/// On a saturated host, missing deliveries say nothing about the network.
#[test]
fn missing_deliveries_on_a_saturated_host_are_unknown() {
    let runs = Runs::new();
    let words = "--seed 1 --max-lag 1us --peers 6 --topology line --transport memory gossip \
                 --protocol gossipsub --messages 10 --patience 2s --kill 2@200ms";
    let ended = run(&mut runs.testbed(words.split_whitespace())).exits(3);
    no_panic(&ended);
    for part in [
        "unknown: host saturated from second",
        "deliveries were made",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

#[test]
fn plaintext_is_rejected_over_sockets() {
    for transport in ["tcp", "quic"] {
        let words = format!("--transport {transport} --security none ping");
        refused(&words, &["--transport memory"]);
    }
}

#[test]
fn an_interrupted_run_saves_its_measurements() {
    let runs = Runs::new();
    let words = format!(
        "--seed 1 {CALM} --peers 10 --transport memory gossip --protocol gossipsub --messages 5000"
    );
    let running = Running::start(&mut runs.testbed(words.split(' ')));
    let _rows = runs.measured();
    running.signal("INT");
    let ended = running.end().exits(3);
    no_panic(&ended);
    assert!(ended.stdout.contains("unknown: interrupted"), "{ended}");
    let record = saved::record(&runs.only());
    let number = |name: &str| record["results"][name].as_u64().expect("a number");
    assert!((1..5000).contains(&number("published")), "{record:#}");
    assert!(number("delivered") > 0);
    // What is under way is neither lost nor late.
    assert_eq!(number("expected"), number("delivered"));
    for spread in record["results"]["spread"].as_array().expect("a list") {
        assert_eq!(spread["never"], 0, "{spread}");
    }
}

/// Coordinated omission: a flood counts from when a message was to be published,
/// not from when there was time for it.
#[test]
fn messages_delayed_by_a_stall_are_counted_as_late() {
    let runs = Runs::new();
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let words = format!(
        "-q --seed 1 {CALM} --otlp {} --peers 4 --transport memory gossip --protocol flood \
         --interval 5ms --messages 1000",
        collector.url()
    );
    let running = Running::start(&mut runs.testbed(words.split(' ')));
    collector.wait_for("publish", 1);
    running.stall(Duration::from_millis(500));
    running.end().exits(0);
    let rows = runs.only().join("results.csv");
    let rows = std::fs::read_to_string(rows).expect("results.csv");
    let late = rows.lines().skip(1).filter(|row| {
        let after = row.split(',').nth(6).and_then(|nanos| nanos.parse().ok());
        after.is_some_and(|nanos: u64| nanos > 50_000_000)
    });
    // Half a second has a hundred of them, of which each comes to three others.
    let late = late.count();
    assert!(late >= 3 * 60, "only {late} were late");
}

#[test]
fn a_peer_that_stops_in_a_flood_is_counted_and_named() {
    let words = "--seed 1 --peers 10 --transport memory gossip --protocol flood --messages 20 \
                 --interval 50ms --kill 3@500ms";
    let (ended, _, rows) = measured(words, 0);
    for part in [
        "(100.00 %)",
        "stopped           peer-03 after",
        "deliveries to peers that stopped, or by them, are not expected",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let lost = rows.lines().skip(1).filter(|row| !row.ends_with(','));
    let lost: Vec<_> = lost.collect();
    assert!(!lost.is_empty());
    for row in lost {
        assert_eq!(row.split(',').nth(3), Some("3"), "{row}");
        assert!(row.ends_with("the peer had stopped"), "{row}");
    }
}
