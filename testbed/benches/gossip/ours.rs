//! `testbed`, as a user starts it.

use std::process::Command;

use lab::stats::thousands;
use serde_json::Value;

use crate::work::{Done, SEED, TOPOLOGY, Work};

/// Runs it. Returns its `run.json`.
fn testbed(arguments: &str) -> Value {
    let runs = tempfile::tempdir().expect("a folder for temporary files");
    let output = Command::new(env!("CARGO_BIN_EXE_testbed"))
        .args(["--quiet", "--format", "json", "--transport", "memory"])
        .args(["--topology", TOPOLOGY, "--seed", &SEED.to_string(), "--out"])
        .arg(runs.path())
        .args(arguments.split_whitespace())
        .output()
        .expect("a program to start");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

/// Messages over gossipsub.
pub(crate) fn gossipsub(work: &Work) -> Done {
    let Work {
        peers,
        messages,
        interval_ms,
        size,
        signed,
        secured,
        queue_seconds,
    } = work;
    let mut arguments = format!(
        "--peers {peers} gossip --protocol gossipsub --messages {messages} \
         --interval {interval_ms}ms --size {size} --patience 120s"
    );
    if !signed {
        arguments.push_str(" --unsigned");
    }
    if !secured {
        arguments.push_str(" --security none");
    }
    if let Some(seconds) = queue_seconds {
        arguments.push_str(&format!(" --queue {seconds}s"));
    }
    let run = testbed(&arguments);
    let (results, host) = (&run["results"], &run["host_use"]);
    let number = |value: &Value| value.as_u64().unwrap_or_default();
    let all = &results["spread"][2]["time_ns"];
    let phases = run["phases"].as_array().into_iter().flatten();
    let setup = phases.filter(|phase| phase["name"] != "Gossip");
    Done {
        expected: number(&results["expected"]),
        delivered: number(&results["delivered"]),
        copies: number(&results["copies"]),
        setup_seconds: setup.filter_map(|phase| phase["seconds"].as_f64()).sum(),
        cpu_seconds: host["own_cpu_seconds"].as_f64().unwrap_or_default(),
        memory_bytes: number(&host["memory_bytes_most"]),
        all_p50_ns: number(&all["p50"]),
        all_p99_ns: number(&all["p99"]),
        remark: verdict(&run),
    }
}

/// A flood through our channels, as fast as the machine can.
pub(crate) fn flood(peers: u32, messages: u32) -> String {
    let run = testbed(&format!(
        "--peers {peers} gossip --messages {messages} --interval 1ms --timeout 300s --patience 60s"
    ));
    let phases = run["phases"].as_array().into_iter().flatten();
    let seconds = phases.filter(|phase| phase["name"] == "Run");
    let seconds: f64 = seconds.filter_map(|phase| phase["seconds"].as_f64()).sum();
    let ended = run["results"]["ended"].as_f64().unwrap_or_default();
    format!(
        "{} deliveries a second ({} of {} in {seconds:.1} s{})",
        thousands((ended / seconds.max(1e-9)) as u64),
        run["results"]["ended"],
        run["results"]["expected"],
        verdict(&run)
    )
}

/// Values fetched from the hash table.
pub(crate) fn lookups(peers: u32, gets: u32) -> String {
    let run = testbed(&format!(
        "--peers {peers} kad --operations {gets} --mix get"
    ));
    let get = &run["results"]["kinds"]["get"];
    format!(
        "{} of {gets} gets, hops {} in the median, at most {}; log2 {peers} = {:.1} ({})",
        get["succeeded"],
        get["hops"]["p50"],
        get["hops"]["max"],
        f64::from(peers).log2(),
        verdict(&run).trim_start_matches(", ")
    )
}

fn verdict(run: &Value) -> String {
    let reasons = run["verdict"]["reasons"].as_array().into_iter().flatten();
    let reasons: Vec<_> = reasons.filter_map(Value::as_str).collect();
    let status = run["verdict"]["status"].as_str().unwrap_or("no verdict");
    match reasons.is_empty() {
        true => format!(", {status}"),
        false => format!(", {status}: {}", reasons.join("; ")),
    }
}
