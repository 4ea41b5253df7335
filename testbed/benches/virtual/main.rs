//! Virtual time and links, measured with `testbed` as a user starts it.
//!
//! `cargo bench --bench virtual` prints a line for each benchmark, with the target beside
//! the measured value; `cargo bench --bench virtual -- kad link` runs those whose names
//! contain one of the arguments. Nothing fails on a slow machine.

mod bare;
#[path = "../engines/figures.rs"]
#[allow(dead_code, reason = "shared with another benchmark")]
mod figures;
#[path = "../engines/started.rs"]
mod started;

use std::collections::HashMap;
use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use figures::Benchmark;
use lab::stats::{show, thousands};
use serde_json::Value;
use started::testbed;
use tempfile::TempDir;
use trace::store::Store;

const ALL: [Benchmark; 7] = [
    ("link_model", link_model),
    ("virtual_equals_wall", virtual_equals_wall),
    ("virtual_equals_wall_systems", systems_equal_wall),
    ("virtual_gossip_1000", beside_bare),
    ("virtual_kad_1000", kad),
    ("virtual_gossip_10000", gossip),
    ("virtual_gossip_largest", largest),
];

/// The argument with which this program runs the floor: how many messages follows.
const BARE: &str = "--bare";

/// Peers of `virtual_gossip_1000`, and neighbours of each.
const PEERS: usize = 1000;
const DEGREE: usize = 20;

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip_while(|word| word != BARE).skip(1);
    if let Some(messages) = words.next() {
        let messages = messages.parse().map_err(io::Error::other)?;
        let delivered = bare::run(PEERS, DEGREE, messages);
        return writeln!(io::stdout(), "{delivered}");
    }
    figures::run(&ALL)
}

/// A message of 1 MiB over a line of 10 Mbit/s, beside the arithmetic.
fn link_model() -> String {
    let folder = folder();
    let world = folder.path().join("narrow.toml");
    let text =
        "latency = \"50ms\"\n[class.narrow]\nshare = 1\nup = \"10Mbit/s\"\ndown = \"100Mbit/s\"";
    fs::write(&world, text).expect("a file");
    let args = format!(
        "--network {} --peers 2 latency --messages 5 --size 1M",
        world.display()
    );
    let run = testbed(&folder, &format!("--time virtual {args}"));
    let took = run["results"]["sizes"][0]["stack"]["one_way_ns"]["p50"].as_f64();
    let took = took.unwrap_or(f64::NAN) / 1e9;
    let exact = 8.0 * f64::from(1_u32 << 20) / 10e6 + 0.05;
    format!(
        "{:.2} % longer than the arithmetic (target 1): 1 MiB over 10 Mbit/s and 50 ms took {took:.4} s, arithmetic {exact:.4} s; headers of Yamux and Noise included",
        100.0 * (took / exact - 1.0)
    )
}

/// Gossip among 64 peers in `wan`, in both clocks.
fn virtual_equals_wall() -> String {
    let args = "--network wan --transport memory --peers 64 gossip --protocol gossipsub --messages 20 --interval 1s";
    let clocks = ["virtual", "wall"].map(|time| {
        let folder = folder();
        let run = testbed(&folder, &format!("--time {time} {args}"));
        let id = run["id"].as_str().unwrap_or_default();
        let took = delivery_times(&folder.path().join(id).join("results.csv"));
        let percentile = |percent| percentile(&took, percent);
        (percentile(50), percentile(95), verdict(&run).to_owned())
    });
    let [(p50, p95, one), (wall_p50, wall_p95, other)] = clocks;
    let ms = |nanos: f64| nanos / 1e6;
    format!(
        "to a peer p50 {:.1} ms, in real time {:.1}: ratio {:.3}; p95 {:.1}, {:.1}: ratio {:.3} (target within 5 %); {one}, {other}",
        ms(p50),
        ms(wall_p50),
        p50 / wall_p50,
        ms(p95),
        ms(wall_p95),
        p95 / wall_p95
    )
}

/// How long each delivery took, in nanoseconds, from the shortest on.
fn delivery_times(results: &Path) -> Vec<u64> {
    let mut rows = csv::Reader::from_path(results).expect("results");
    let rows = rows.deserialize().map(|row| row.expect("a delivery"));
    let mut took: Vec<u64> = rows
        .filter_map(|row: HashMap<String, String>| row["after_ns"].parse().ok())
        .collect();
    took.sort_unstable();
    took
}

/// The nearest rank, of numbers in order.
fn percentile(sorted: &[u64], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted
        .get(rank - 1)
        .map_or(f64::NAN, |number| *number as f64)
}

/// Pings and snapshots among 20 peers in `wan`, in both clocks.
fn systems_equal_wall() -> String {
    let both = |args: &str, operation: &str| {
        ["virtual", "wall"].map(|time| {
            let folder = folder();
            let args = format!("--time {time} --network wan --transport memory --peers 20 {args}");
            let run = testbed(&folder, &args);
            let id = run["id"].as_str().unwrap_or_default();
            median(&folder.path().join(id).join("spans.jsonl"), operation)
        })
    };
    let [ping, wall_ping] = both("ping --count 50 --interval 50ms", "ping peer-");
    let [snapshot, wall_snapshot] = both("snapshot --snapshots 10 --every 500ms", "snapshot");
    format!(
        "a ping p50 {:.1} ms, in real time {:.1}: ratio {:.3}; a snapshot p50 {:.1}, {:.1}: ratio {:.3} (target within 5 %)",
        ping / 1e6,
        wall_ping / 1e6,
        ping / wall_ping,
        snapshot / 1e6,
        wall_snapshot / 1e6,
        snapshot / wall_snapshot
    )
}

/// The median of how long the spans took whose names begin so, in nanoseconds.
fn median(spans: &Path, name: &str) -> f64 {
    let spans = fs::read(spans).expect("spans");
    let store = Store::read_jsonl(&spans[..]).expect("spans of the testbed");
    let mut took = Vec::new();
    store.for_each(|_, span| {
        if span.name.starts_with(name) {
            took.push(span.end_time_unix_nano - span.start_time_unix_nano);
        }
    });
    took.sort_unstable();
    percentile(&took, 50)
}

/// What a delivery costs beside the bare protocol, without the set-up: the difference between
/// many messages and few.
fn beside_bare() -> String {
    const MESSAGES: [u32; 2] = [20, 220];
    let ours = MESSAGES.map(|messages| {
        let args = format!(
            "--time virtual --network wan --security none --peers {PEERS} --topology random:{DEGREE} \
             gossip --protocol gossipsub --no-flood-publish --unsigned --interval 100ms --size 1K \
             --messages {messages}"
        );
        let run = testbed(&folder(), &args);
        (number(&run["cpu_seconds"]), number(&run["results"]["delivered"]))
    });
    let bare = MESSAGES.map(|messages| {
        let began = children_seconds();
        let program = std::env::current_exe().expect("a program");
        let output = Command::new(program)
            .args([BARE, &messages.to_string()])
            .output();
        let output = output.expect("a program to start");
        let delivered = String::from_utf8_lossy(&output.stdout).trim().parse();
        (children_seconds() - began, delivered.unwrap_or(f64::NAN))
    });
    let each = |[(less, few), (more, many)]: [(f64, f64); 2]| 1e6 * (more - less) / (many - few);
    let (ours, floor) = (each(ours), each(bare));
    format!(
        "{ours:.1} µs of CPU a delivery, spans included; floor {floor:.1}, ratio {:.2} (target 1.3)",
        ours / floor
    )
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

/// The processor time of all programs that this one has started, and that have ended.
fn children_seconds() -> f64 {
    let times = procfs::process::Process::myself().and_then(|me| me.stat());
    let times = times.expect("Linux says");
    (times.cutime + times.cstime) as f64 / procfs::ticks_per_second() as f64
}

/// Lookups among 1,000 peers in `wan`.
fn kad() -> String {
    let run = testbed(
        &folder(),
        "--time virtual --network wan --security none --peers 1000 kad --operations 500",
    );
    let kinds = run["results"]["kinds"].as_object().into_iter().flatten();
    let count = |name: &str| -> u64 {
        kinds
            .clone()
            .filter_map(|(_, kind)| kind[name].as_u64())
            .sum()
    };
    format!(
        "{} of {} operations succeeded (target all); {}; {}",
        count("succeeded"),
        count("asked"),
        cost(&run),
        verdict(&run)
    )
}

/// 20 messages of 1 KiB among 10,000 peers in `regions`.
fn gossip() -> String {
    let run = testbed(&folder(), &among(10_000, 20));
    format!(
        "{}; {} (target 8 GiB); {}",
        delivered(&run),
        cost(&run),
        verdict(&run)
    )
}

/// Two messages among as many peers as 20 GiB hold: from how much 2,000 and 4,000 peers take,
/// and then a twentieth fewer until it is so.
fn largest() -> String {
    const ROOM: f64 = (20_u64 << 30) as f64;
    let taken = |peers| memory(&testbed(&folder(), &among(peers, 2))) as f64;
    let (few, more) = (taken(2_000), taken(4_000));
    let a_peer = (more - few) / 2_000.0;
    let mut peers = (ROOM - few) / a_peer + 2_000.0;
    loop {
        let whole = 1_000 * (peers / 1e3) as u32;
        let run = testbed(&folder(), &among(whole, 2));
        if verdict(&run) == "pass" && memory(&run) as f64 <= ROOM {
            let whole = thousands(whole.into());
            return format!("{whole} peers: {}; {}", delivered(&run), cost(&run));
        }
        peers *= 0.95;
    }
}

/// The options of gossip in `regions`, with messages of 1 KiB.
fn among(peers: u32, messages: u32) -> String {
    format!(
        "--time virtual --network regions --security none --peers {peers} gossip --protocol \
         gossipsub --messages {messages} --size 1K"
    )
}

fn delivered(run: &Value) -> String {
    let number = |name: &str| thousands(run["results"][name].as_u64().unwrap_or_default());
    format!(
        "{} of {} delivered (target all)",
        number("delivered"),
        number("expected")
    )
}

/// The most bytes that the run had of this machine's memory.
fn memory(run: &Value) -> u64 {
    run["host_use"]["memory_bytes_most"]
        .as_u64()
        .unwrap_or_default()
}

/// What the run took of this machine.
fn cost(run: &Value) -> String {
    let phases = run["phases"].as_array().into_iter().flatten();
    let virtual_seconds: f64 = phases.filter_map(|phase| phase["seconds"].as_f64()).sum();
    let seconds = |name: &str| run[name].as_f64().unwrap_or(f64::NAN);
    let wall = seconds("seconds");
    format!(
        "{} of virtual time in {wall:.1} s, {:.2} virtual seconds a second; {:.1} s of CPU, {} MiB",
        show(Duration::try_from_secs_f64(virtual_seconds).unwrap_or_default()),
        virtual_seconds / wall,
        seconds("cpu_seconds"),
        memory(run) >> 20
    )
}

fn verdict(run: &Value) -> &str {
    run["verdict"]["status"].as_str().unwrap_or("no verdict")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
