//! What the options of a run change, in tables.

use std::fs;

use serde_json::Value;
use support::{Runs, run, saved};

/// Runs `testbed` with `args`, which has to pass, and returns what it saved.
fn passes(args: &[&str]) -> Value {
    let runs = Runs::new();
    run(&mut runs.testbed(args)).exits(0);
    let record = saved::record(&runs.only());
    assert_eq!(record["verdict"]["status"], "pass", "{args:?}");
    record
}

#[test]
fn every_topology_has_its_connections() {
    for (topology, peers, connections) in [
        ("full", "2", 1),
        ("full", "5", 10),
        ("line", "5", 4),
        ("ring", "5", 5),
        ("star", "5", 4),
        ("tree", "7", 6),
        ("grid", "9", 12),
        ("random:2", "9", 9),
        ("random:4", "9", 18),
    ] {
        let record = passes(&["--topology", topology, "--peers", peers, "ping"]);
        assert_eq!(record["connections"], connections, "{topology}");
        assert_eq!(record["topology"], topology);
    }
}

#[test]
fn an_edge_list_gives_the_number_of_peers() {
    let runs = Runs::new();
    let file = runs.path().join("edges");
    fs::write(&file, "# a square with a tail\n0 1\n1 2\n2 3\n3 0\n3 4\n").expect("a file");
    let topology = format!("file:{}", file.display());
    let args = ["--topology", &topology, "ping", "--from", "4"];
    let record = passes(&args);
    assert_eq!(
        (&record["peers"], &record["connections"]),
        (&5.into(), &5.into())
    );
    // Peer 4 has one neighbour.
    assert_eq!(record["results"]["first"]["to"]["name"], "peer-03");
}

#[test]
fn every_transport_carries_a_ping() {
    for transport in ["tcp", "ws", "quic", "memory"] {
        let record = passes(&["--transport", transport, "--peers", "5", "ping"]);
        assert_eq!(record["connections"], 10, "{transport}");
        assert_eq!(record["transport"], transport);
    }
}

#[test]
fn an_algorithm_runs_over_websocket() {
    let record = passes(&["--transport", "ws", "--peers", "5", "wave"]);
    assert_eq!(record["transport"], "ws");
    assert_eq!(record["security"], "noise");
}

#[test]
fn options_stand_before_and_after_the_name() {
    let saved_options = |args: &[&str]| {
        let record = passes(args);
        ["peers", "topology", "transport", "seed", "experiment"].map(|key| record[key].clone())
    };
    let before = saved_options(&[
        "--peers=4",
        "--topology=ring",
        "--transport=memory",
        "--seed=9",
        "ping",
        "--to=1",
    ]);
    let after = saved_options(&[
        "ping",
        "--to=1",
        "--peers=4",
        "--topology=ring",
        "--transport=memory",
        "--seed=9",
    ]);
    let around = saved_options(&[
        "--seed=9",
        "--peers=4",
        "ping",
        "--topology=ring",
        "--to=1",
        "--transport=memory",
    ]);
    assert_eq!(before, after);
    assert_eq!(before, around);
}

#[test]
fn a_pair_is_pinged_as_often_as_asked() {
    for (args, pings) in [
        (&["ping", "--to", "1", "--count", "50"][..], 50),
        (&["ping", "--every-pair"], 6),
        (&["ping", "--every-pair", "--count", "3"], 18),
        (&["ping", "--count", "3", "--interval", "1ms"], 3),
        (&["ping", "--size", "1M", "--count", "2"], 2),
        (&["ping", "--size", "1M", "--transport", "quic"], 1),
        (&["ping", "--size", "1M", "--transport", "memory"], 1),
        (&["ping", "--from", "2", "--to", "1"], 1),
    ] {
        let args = [&["--peers", "3"], args].concat();
        let record = passes(&args);
        let results = &record["results"];
        assert_eq!(results["sent"], pings, "{args:?}");
        assert_eq!(results["round_trip_ns"]["count"], pings, "{args:?}");
        assert_eq!(results["lost"], 0, "{args:?}");
    }
}

#[test]
fn a_row_is_saved_for_each_ping() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers=3", "ping", "--every-pair", "--count=2"])).exits(0);
    for part in [
        "12 answered, 0 lost",
        "p50",
        "p90",
        "p99",
        "max",
        "(n = 12)",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
    let rows = saved::rows(&runs.only());
    let numbers: Vec<_> = rows
        .iter()
        .filter_map(|row| row.split(',').next())
        .collect();
    let expected: Vec<_> = (0..12).map(|number| number.to_string()).collect();
    assert_eq!(numbers, expected);
}
