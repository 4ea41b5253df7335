//! `testbed` as a user starts it.

use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

/// Runs it with a seed, into that folder. Returns its `run.json`.
pub(crate) fn testbed(folder: &TempDir, arguments: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_testbed"))
        .args(["--quiet", "--format", "json", "--seed", "1", "--out"])
        .arg(folder.path())
        .args(arguments.split_whitespace())
        .output()
        .expect("a program to start");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}
