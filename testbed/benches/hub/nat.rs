//! The matrix of `testbed nat` beside theory, and the time until a connection beside that of
//! a hole that was punched by hand.

use std::fmt::Write as _;
use std::process::Command;

use serde_json::Value;

use crate::figures::median;

/// Until a connection through a hole, in seconds, with libp2p's behaviours alone and one way
/// after the other, at a round trip of 40 ms: docs/nat.md.
const BY_HAND: [(&str, &str, f64); 2] = [
    ("nat_tcp_punched", "tcp", 0.601),
    ("nat_quic_punched", "quic", 0.561),
];

pub(crate) fn matrix() -> String {
    let ended = Command::new(env!("CARGO_BIN_EXE_testbed"))
        .args(["nat", "--runs", "3", "--rtt", "40ms", "--format", "json"])
        .output()
        .expect("a program to start");
    let document: Value = match serde_json::from_slice(&ended.stdout) {
        Ok(document) => document,
        Err(error) => return format!("nat not measured: {error}: {ended:?}"),
    };
    let Some(cells) = document["cells"].as_array() else {
        return format!("nat not measured: {}", document["skipped"]);
    };
    let runs = |cell: &Value| cell["runs"].as_array().cloned().unwrap_or_default();
    let all: usize = cells.iter().map(|cell| runs(cell).len()).sum();
    let as_theory = |cell: &Value| {
        let runs = runs(cell);
        let same = runs.iter().filter(|run| run["how"] == cell["theory"]);
        same.count()
    };
    let right: usize = cells.iter().map(as_theory).sum();
    let mut text = format!(
        "nat {right} of {all} runs as theory says, {} cells, round trip 40 ms",
        cells.len()
    );
    for (name, carrier, by_hand) in BY_HAND {
        let of_carrier = cells.iter().filter(|cell| cell["carrier"] == carrier);
        let punched = of_carrier
            .flat_map(runs)
            .filter(|run| run["how"] == "punched");
        let times: Vec<_> = punched
            .filter_map(|run| run["connect_seconds"].as_f64())
            .collect();
        let (count, median) = (times.len(), median(times));
        let _ = write!(
            text,
            "\n{name} ratio {:.2} (target 1.2; {:.0} ms, median of {count}; by hand {:.0} ms)",
            median / by_hand,
            1e3 * median,
            1e3 * by_hand
        );
    }
    text
}
