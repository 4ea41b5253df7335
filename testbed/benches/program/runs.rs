//! Whole runs of `testbed program` with 25 programs in Python.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use crate::figures::median;
use crate::pipe::INIT;

const PROGRAMS: usize = 25;

const ROUNDS: usize = 3;

/// One way, between any two processes, in seconds.
const LATENCY: f64 = 0.1;

/// A topology: its name, its edges, and the most hops between two programs.
const TOPOLOGIES: [(&str, f64, f64); 2] = [("grid", 40.0, 8.0), ("tree4", 24.0, 6.0)];

/// From the start of the first program until the last one has answered `init`, beside the same
/// programs on bare pipes.
pub(crate) fn ready() -> String {
    let (mut ours, mut bare) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(ready_on_pipes());
        let record = run("--workload broadcast --seconds 1 --rate 1 --recovery 1s");
        let phases = record["phases"].as_array().cloned().unwrap_or_default();
        let started = phases.iter().find(|phase| phase["name"] == "StartPrograms");
        let started = started.expect("a phase");
        ours.push(started["seconds"].as_f64().expect("a time"));
    }
    let (ours, bare) = (median(ours), median(bare));
    format!(
        "{ours:.2} s (target 2; {PROGRAMS} Python programs, ratio {:.2}, bare pipes {bare:.2} s; \
         medians of {ROUNDS} rounds)",
        ours / bare
    )
}

fn ready_on_pipes() -> f64 {
    let began = Instant::now();
    let children = (0..PROGRAMS).map(|_| {
        let mut child = Command::new(program())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let mut input = child.stdin.take().expect("a pipe");
        input.write_all(INIT.as_bytes()).expect("a pipe");
        (child, input)
    });
    let mut children: Vec<_> = children.collect();
    for (child, _) in &mut children {
        let output = child.stdout.take().expect("a pipe");
        let read = BufReader::new(output).read_line(&mut String::new());
        read.expect("a line");
    }
    let took = began.elapsed().as_secs_f64();
    for (mut child, _) in children {
        child.kill().expect("a child");
        child.wait().expect("a child");
    }
    took
}

/// A program that passes each message on to all neighbours but the one it came from sends
/// 2e - (n - 1) for each, in a network of e edges. It is everywhere after as many hops as the
/// network is wide; a read on its way is one hop, and the acknowledgement another.
pub(crate) fn broadcasts() -> String {
    let lines = TOPOLOGIES.map(|(name, edges, wide)| {
        let record = run(&format!(
            "--workload broadcast --seconds 10 --rate 100 --latency 100ms --recovery 2s \
             --neighbours {name} --seed 1"
        ));
        let results = &record["results"];
        let measures = results["measures"].as_array().cloned().unwrap_or_default();
        let named = |all: &[Value], name: &str| all.iter().find(|one| one["name"] == name).cloned();
        let messages = named(&measures, "messages").expect("a measure")["p50"].clone();
        let stable = named(&measures, "until all have it").expect("a measure");
        let broadcasts = stable["count"].as_f64().expect("a number");
        let each = messages.as_f64().expect("a number") / broadcasts;
        let theory = 2.0 * edges - (PROGRAMS as f64 - 1.0);
        let all = named(&measures, "messages an operation").expect("a measure");
        let nanos = |name: &str| stable[name].as_f64().expect("a time") / 1e6;
        format!(
            "{name} ratio {:.2} messages a broadcast (theory {theory:.0}; {each:.1}), {:.1} an \
             operation; until all have it {:.0} ms in the median, {:.0} ms at most (theory \
             {:.0} ms), {broadcasts:.0} broadcasts, 100 ms a hop",
            each / theory,
            all["p50"].as_f64().expect("a number"),
            nanos("p50"),
            nanos("max"),
            (wide - 2.0) * LATENCY * 1e3,
        )
    });
    lines.join("\nbroadcast ")
}

fn program() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/foreign/flood.py")
}

/// The record of a run with these options.
fn run(options: &str) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let ended = Command::new(env!("CARGO_BIN_EXE_testbed"))
        .arg("program")
        .arg("--bin")
        .arg(program())
        .args(["--peers", &PROGRAMS.to_string()])
        .args(options.split_whitespace())
        .arg("--out")
        .arg(folder.path())
        .output()
        .expect("a program to start");
    let record = record(folder.path());
    let text = record.and_then(|path| std::fs::read(path).ok());
    let text = text.unwrap_or_else(|| panic!("no run: {ended:?}"));
    serde_json::from_slice(&text).expect("a record")
}

fn record(folder: &Path) -> Option<PathBuf> {
    let runs = std::fs::read_dir(folder).ok()?.flatten();
    let mut paths = runs.map(|run| run.path().join("run.json"));
    paths.find(|path| path.exists())
}
