//! `--time virtual`: real swarms on a paused clock.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::Value;
use support::{Ended, run, testbed};
use tempfile::TempDir;

/// A run of the testbed in virtual time, in a folder of its own.
struct Run {
    folder: TempDir,
    ended: Ended,
}

fn run_virtual(args: &str, threads: &str) -> Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut command = testbed();
    command.args(["--time", "virtual", "--seed", "7", "--out"]);
    command
        .arg(folder.path())
        .env("TOKIO_WORKER_THREADS", threads);
    let ended = run(command.args(args.split_whitespace()));
    Run { folder, ended }
}

impl Run {
    fn file(&self, name: &str) -> PathBuf {
        let mut runs = fs::read_dir(self.folder.path()).expect("a folder");
        let run = runs.next().expect("a run").expect("a folder").path();
        run.join(name)
    }

    fn read(&self, name: &str) -> String {
        read(&self.file(name))
    }

    fn record(&self) -> Value {
        serde_json::from_str(&self.read("run.json")).expect("JSON")
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// All experiments over real peers.
const EXPERIMENTS: [&str; 14] = [
    "--peers 10 ping --count 20",
    "--peers 5 snapshot",
    "--peers 6 --topology ring elect",
    "--peers 5 mutex",
    "--peers 12 --topology random:4 wave",
    "--peers 16 gossip",
    "--peers 24 gossip --protocol gossipsub",
    "--peers 16 gossip --protocol gossipsub --interval 200ms --attack iwant --scoring on",
    "--peers 16 kad",
    "--peers 6 terminate",
    "--peers 5 replicate",
    "--peers 5 agree",
    "--peers 6 hub",
    "--peers 6 latency",
];

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn the_same_seed_gives_the_same_run() {
    for args in EXPERIMENTS {
        let (one, other) = (run_virtual(args, "1"), run_virtual(args, "2"));
        for run in [&one, &other] {
            assert_eq!(run.ended.status, Some(0), "{args}: {}", run.ended);
            let parts = [
                "seed 7, virtual time",
                "all choices come from the seed",
                "verdict           pass",
            ];
            for part in parts {
                assert!(
                    run.ended.stdout.contains(part),
                    "{args}: {part}: {}",
                    run.ended
                );
            }
        }
        for file in ["spans.jsonl", "results.csv"] {
            assert!(one.read(file) == other.read(file), "{args}: {file} differs");
        }
        let (mut one, mut other) = (one.record(), other.record());
        assert_eq!(one["time"], "virtual");
        for record in [&mut one, &mut other] {
            let all = record.as_object_mut().expect("an object");
            for of_the_machine in [
                "id",
                "command",
                "started",
                "host",
                "seconds",
                "cpu_seconds",
                "footprint",
                "host_use",
                "limits",
            ] {
                assert!(all.remove(of_the_machine).is_some(), "{of_the_machine}");
            }
        }
        assert_eq!(one, other, "{args}");
    }
}

#[test]
fn another_seed_gives_another_run() {
    let one = run_virtual("--peers 24 gossip --protocol gossipsub", "2");
    let other = run_virtual("--seed 8 --peers 24 gossip --protocol gossipsub", "2");
    assert_eq!(other.ended.status, Some(2), "a seed twice is refused");
    let mut command = testbed();
    command.args("--time virtual --seed 8 --quiet --peers 24 --out".split(' '));
    let command = command.arg(other.folder.path());
    run(command.args(["gossip", "--protocol", "gossipsub"])).exits(0);
    assert_ne!(one.read("spans.jsonl"), other.read("spans.jsonl"));
}

/// Waiting costs nothing: a gossip of an hour.
#[test]
fn an_hour_takes_seconds() {
    let began = Instant::now();
    let args = "--peers 8 gossip --protocol gossipsub --messages 60 --interval 60s";
    let run = run_virtual(args, "2");
    assert_eq!(run.ended.status, Some(0), "{}", run.ended);
    let spans = run.read("spans.jsonl");
    // Nanoseconds of 59 minutes.
    let last = 59 * 60 * 1_000_000_000_u64;
    let is_late = |time: &str| time.parse::<u64>().is_ok_and(|time| time >= last);
    assert!(spans.split('"').any(is_late), "no span after 59 minutes");
    assert!(began.elapsed().as_secs() < 600, "{:?}", began.elapsed());
}

/// Each hop takes as long as a validation, and messages wait beside each other: in a ring
/// of six, the farthest peer is three hops away, and messages come twice as fast.
#[test]
fn a_validation_delays_each_hop() {
    let run = run_virtual(
        "--peers 6 --topology ring gossip --protocol gossipsub --validation 100ms --interval 50ms",
        "2",
    );
    assert_eq!(run.ended.status, Some(0), "{}", run.ended);
    let record = run.record();
    let times = &record["results"]["delivery_ns"];
    let rounded = |name: &str| (times[name].as_f64().expect(name) / 1e6).round();
    let times = ["min", "p50", "max"].map(rounded);
    assert_eq!(times, [100.0, 200.0, 300.0], "milliseconds: {record}");
    assert_eq!(record["experiment"]["options"]["validation_seconds"], 0.1);
}

/// The results of a run of gossipsub.
fn gossipsub(options: &str) -> Value {
    let run = run_virtual(options, "2");
    assert_eq!(run.ended.status, Some(0), "{options}: {}", run.ended);
    run.record()["results"].take()
}

/// Five peers in one mesh: the publisher sends to the four others, and each of them sends
/// IDONTWANT to the three others while it validates, so none forwards anything.
#[test]
fn control_messages_are_counted_as_theory_has_them() {
    let options =
        "--peers 5 --topology full gossip --protocol gossipsub --size 2K --validation 100ms";
    let results = gossipsub(options);
    let control = &results["traffic"]["control"];
    assert_eq!(
        (&results["delivered"], &results["copies"]),
        (&40.into(), &40.into())
    );
    let idontwant = serde_json::json!({ "sent": 120, "ids": 120, "a_delivery": 3.0 });
    assert_eq!(control["idontwant"], idontwant);
    for kind in ["ihave", "iwant", "graft", "prune"] {
        assert_eq!(control[kind]["sent"], 0, "{kind}: {control}");
    }
    let never = gossipsub(&format!("{options} --idontwant never"));
    assert_eq!(never["traffic"]["control"]["idontwant"]["sent"], 0);
    assert!(never["copies"].as_u64() > Some(40), "{never}");
}

/// Peers receive as many bytes as others send, and neighbours outside of a mesh get IHAVE.
#[test]
fn gossip_outside_of_the_mesh_is_counted() {
    let options = "--peers 20 --topology full gossip --protocol gossipsub --no-flood-publish \
                   --interval 500ms";
    let results = gossipsub(options);
    let traffic = &results["traffic"];
    assert_eq!(
        traffic["sent_bytes"]["sum"],
        traffic["received_bytes"]["sum"]
    );
    let bytes = traffic["sent_bytes"]["sum"].as_u64();
    assert!(bytes > results["copied_bytes"].as_u64(), "{results}");
    let ihave = &traffic["control"]["ihave"];
    assert!(ihave["sent"].as_u64() > Some(100), "{ihave}");
    assert!(ihave["ids"].as_u64() >= ihave["sent"].as_u64(), "{ihave}");
    let fewer = gossipsub(&format!("{options} --lazy 1 --gossip-factor 0"));
    let fewer = &fewer["traffic"]["control"]["ihave"];
    assert!(fewer["sent"].as_u64() < ihave["sent"].as_u64(), "{fewer}");
    let none = gossipsub(&format!("{options} --history-gossip 0"));
    assert_eq!(none["traffic"]["control"]["ihave"]["sent"], 0);
}

/// IDONTWANT spares copies of large messages.
#[test]
fn idontwant_reduces_duplicates() {
    let with = |threshold: &str| {
        gossipsub(&format!(
            "--peers 30 --topology random:10 gossip --protocol gossipsub --no-flood-publish \
             --size 64K --validation 10ms --idontwant {threshold}"
        ))
    };
    let (low, high) = (with("1K"), with("1M"));
    let copies = [&low, &high].map(|results| results["copies"].as_u64().expect("a number"));
    let sent = [&low, &high].map(|results| {
        let sent = &results["traffic"]["sent_bytes"]["p50"];
        sent.as_u64().expect("a number")
    });
    // Half of the duplicates, and a third of the bytes, at least. A guess.
    let duplicates = copies.map(|copies| copies - 290);
    assert!(
        2 * duplicates[0] < duplicates[1],
        "duplicates: {duplicates:?}"
    );
    assert!(
        3 * sent[0] < 2 * sent[1],
        "bytes of the median peer: {sent:?}"
    );
}

#[test]
fn what_has_a_clock_of_its_own_is_refused() {
    for (args, parts) in [
        (
            "--transport tcp ping",
            ["--time virtual", "--transport tcp"],
        ),
        (
            "--transport quic kad",
            ["--time virtual", "--transport quic"],
        ),
        (
            "--otlp http://127.0.0.1:4318 wave",
            ["--time virtual", "1970"],
        ),
        (
            "ping --to /ip4/127.0.0.1/tcp/4001/p2p/12D3KooWHD53xqEpQ5PyKM46yRb9Txat7rR7ZJZmyVkVWYKMe4Kf",
            ["--time virtual", "--to"],
        ),
    ] {
        let ended = run_virtual(args, "2").ended.exits(2);
        for part in parts {
            assert!(ended.stderr.contains(part), "{args}: {part}: {ended}");
        }
    }
}

/// The judges' verdicts do not depend on where the peers are.
#[test]
fn verdicts_hold_in_a_world() {
    for network in ["lan", "wan", "regions"] {
        for args in [
            "--peers 6 snapshot",
            "--peers 6 --topology ring elect",
            "--peers 6 mutex",
            "--peers 12 --topology random:4 gossip",
            "--peers 12 wave",
            "--peers 8 hub --crash 0@1s..2s",
            "--peers 5 replicate --election-timeout 2s --heartbeat 500ms --commands 3",
        ] {
            let run = run_virtual(&format!("--network {network} {args}"), "2");
            assert_eq!(run.ended.status, Some(0), "{network} {args}: {}", run.ended);
        }
    }
}

#[test]
fn peers_sit_in_regions_and_classes() {
    let run = run_virtual(
        "--network regions --peers 40 gossip --protocol gossipsub --size 4K",
        "2",
    );
    assert_eq!(run.ended.status, Some(0), "{}", run.ended);
    assert!(
        run.ended.stdout.contains("regions: europe "),
        "{}",
        run.ended
    );
    let network = &run.record()["network"];
    let count = |what: &str| -> u64 {
        let all = network[what].as_object().expect(what).values();
        all.map(|peers| peers.as_u64().expect("a number")).sum()
    };
    assert_eq!((count("regions"), count("classes")), (40, 40), "{network}");
    let spans = run.read("spans.jsonl");
    assert!(spans.contains("p2p.region") && spans.contains("p2p.class"));
}

/// The latency of a link, and a round trip of it for the dial, in both clocks.
#[test]
fn a_link_has_its_latency() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("far.toml");
    fs::write(&file, "latency = \"100ms\"").expect("a file");
    let network = format!("--network {}", file.display());
    let median = |run: &Value| {
        let nanos = &run["results"]["sizes"][0]["stack"]["one_way_ns"]["p50"];
        nanos.as_u64().expect("a median") / 1_000_000
    };
    let args = "--peers 3 latency --messages 10 --size 100";
    let virtually = run_virtual(&format!("{network} {args}"), "2");
    assert_eq!(virtually.ended.status, Some(0), "{}", virtually.ended);
    assert_eq!(median(&virtually.record()), 100);
    for transport in ["tcp", "ws", "memory"] {
        let mut command = testbed();
        command.args(format!("{network} --transport {transport} --format json --out").split(' '));
        command.arg(folder.path()).args(args.split(' '));
        let ended = run(&mut command);
        let record: Value = serde_json::from_str(&ended.stdout).expect("JSON");
        assert!(median(&record) >= 100, "{transport}: {ended}");
        let connected = record["phases"].as_array().expect("phases").iter();
        let connected = connected.filter(|phase| phase["name"] == "ConnectPeers");
        let seconds: f64 = connected
            .map(|phase| phase["seconds"].as_f64().unwrap())
            .sum();
        assert!(
            seconds >= 0.3,
            "a dial and a handshake take longer: {seconds} s"
        );
    }
}

#[test]
fn a_world_that_makes_no_sense_is_refused() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.display().to_string()
    };
    let class = "[class.home]\nshare = 1\nup = \"0Mbit/s\"\ndown = \"1Mbit/s\"";
    for (network, args, parts) in [
        ("mars".into(), "ping", &["--network mars", "regions"][..]),
        (file("a.toml", class), "ping", &["line 3", "0Mbit/s"]),
        (
            file("b.toml", "latency = \"100us\""),
            "ping",
            &["line 1", "rounds up"],
        ),
        (file("c.toml", "speed = 3"), "ping", &["line 1", "speed"]),
        (
            "wan".into(),
            "check wave",
            &["--network wan", "a check tries all orders"],
        ),
        (
            "wan".into(),
            "wave --delay 5ms",
            &["--delay 5ms", "--network wan"],
        ),
        (
            "wan".into(),
            "simulate wave --delay 5ms",
            &["--delay 5ms", "--network wan"],
        ),
        (
            "wan".into(),
            "--transport quic ping",
            &["--network wan", "QUIC"],
        ),
        (
            "wan".into(),
            "--guests any wave",
            &["--network wan", "--guests"],
        ),
    ] {
        let mut command = testbed();
        command.args(["--network", &network]).args(args.split(' '));
        let ended = run(&mut command).exits(2);
        for part in parts {
            assert!(
                ended.stderr.contains(part),
                "{network} {args}: {part}: {ended}"
            );
        }
    }
}

#[test]
fn a_sweep_runs_networks_beside_each_other() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let sweep = |args: &str| {
        let mut command = testbed();
        command.arg("--out").arg(folder.path()).arg("sweep");
        run(command.args(args.split(' ')))
    };
    let ended = sweep(
        "gossip --time virtual --network wan --protocol gossipsub --mesh 5,7 --peers 20 --repeat 2 --jobs 4",
    );
    assert!(ended.stdout.contains("4 of 4 runs"), "{ended}");
    assert_eq!(ended.status, Some(0), "{ended}");
    let refused = sweep("gossip --peers 8,9 --repeat 2 --jobs 4").exits(2);
    for part in ["--jobs 4", "--time virtual"] {
        assert!(refused.stderr.contains(part), "{part}: {refused}");
    }
}
