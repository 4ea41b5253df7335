//! A process that stands still while something is measured: its verdict is unknown, and
//! operations under way are reported apart.

use std::time::Duration;

use support::collector::{Collector, Manner, Protocol};
use support::saved::no_panic;
use support::{Ended, Running, Runs, saved};

/// Bounds of the host that only a pause of the whole process exceeds.
const PATIENT: &str = "--max-cpu 100 --max-lag 500ms";

/// How long the process stands still.
const PAUSE: Duration = Duration::from_secs(3);

/// Stops a run for [`PAUSE`] once it has exported three spans of this name.
fn paused(words: &str, after: &str, status: i32) -> (Ended, serde_json::Value) {
    let runs = Runs::new();
    let collector = Collector::start(Protocol::Http, Manner::Takes);
    let words = format!(
        "-q --seed 1 {PATIENT} --otlp {} --peers 6 --transport memory {words}",
        collector.url()
    );
    let running = Running::start(&mut runs.testbed(words.split_whitespace()));
    collector.wait_for(after, 3);
    running.stall(PAUSE);
    let ended = running.end().exits(status);
    no_panic(&ended);
    let record = saved::record(&runs.only());
    (ended, record)
}

#[test]
fn measurements_during_a_pause_are_unknown() {
    for (words, after) in [
        (
            "gossip --protocol gossipsub --messages 300 --interval 10ms",
            "publish",
        ),
        (
            "gossip --protocol flood --messages 300 --interval 10ms",
            "publish",
        ),
        ("kad --operations 200 --interval 20ms", "find"),
        ("latency --messages 500 --interval 5ms", "REQUEST"),
        ("ping --count 300 --interval 10ms", "PONG"),
    ] {
        let (ended, record) = paused(words, after, 3);
        let verdict = "unknown: the process stood still for";
        assert!(ended.stdout.contains(verdict), "{words}: {ended}");
        let pauses = &record["host_use"]["pauses"];
        let seconds = pauses[0]["seconds"].as_f64();
        assert!(
            seconds >= Some(PAUSE.as_secs_f64() - 0.2),
            "{words}: {pauses}"
        );
        assert_eq!(pauses[0]["kind"], "stopped", "{words}");
        if words.starts_with("ping") {
            continue; // It sends nothing before there is an answer.
        }
        // Operations under way during the pause took as long as it, and are reported apart.
        let apart = record["host_use"]["apart"].as_array().expect("a list");
        let met = |part: &serde_json::Value| part["met"]["time_ns"]["max"].as_u64();
        let longest = apart.iter().filter_map(met).max();
        assert!(longest > Some(1_000_000_000), "{words}: {apart:?}");
        assert!(ended.stdout.contains("under way then"), "{words}: {ended}");
    }
}

/// A pause is harmless where nothing is measured.
#[test]
fn a_pause_does_not_affect_a_run_without_measurements() {
    let words = "snapshot --every 4s";
    let (ended, record) = paused(words, "DialPeer", 0);
    assert_eq!(record["verdict"]["status"], "pass", "{ended}");
}
