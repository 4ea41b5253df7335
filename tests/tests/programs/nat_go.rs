//! A go-libp2p peer on one side of `testbed nat`, and a `testbed-node` on the other.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use serde_json::Value;
use support::foreign::or_say;
use support::{run, testbed, workspace};

use crate::nat::SKIPPED;

/// The program, or why there is none.
static PROGRAM: LazyLock<Result<PathBuf, String>> = LazyLock::new(build);

fn go(args: &[&str]) -> Command {
    let mut go = Command::new("go");
    go.arg("-C").arg(workspace().join("tests/interop/go"));
    go.args(args);
    go
}

/// Builds the peer.
///
/// # Errors
/// There is no Go, or its modules cannot be had.
fn build() -> Result<PathBuf, String> {
    let why = |said: &str| format!("go build in tests/interop/go, once with a network: {said}");
    let listed = go(&["list", "-deps", "."]).output();
    let listed = listed.map_err(|error| why(&error.to_string()))?;
    if !listed.status.success() {
        return Err(why(&String::from_utf8_lossy(&listed.stderr)));
    }
    let program = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-libp2p-peer");
    // The first time takes minutes on a busy machine: longer than `run` waits.
    let built = go(&["build", "-o"]).arg(&program).arg(".").output();
    let built = built.expect("it has just been started");
    let said = String::from_utf8_lossy(&built.stderr);
    assert!(built.status.success(), "{said}");
    Ok(program)
}

/// How the cells of this matrix came out, if theory was right about all.
fn ways(side: &str) -> Option<BTreeSet<String>> {
    let built = PROGRAM.as_ref();
    if !or_say(built.is_ok(), built.err().map_or("", String::as_str)) {
        return None;
    }
    let program = built.ok()?;
    let mut nat = testbed();
    nat.args(["nat", "--matrix", "none,cone", "--rtt", "20ms"]);
    nat.args(["--parallel", "2", "--format", "json"]);
    let ended = run(nat.arg(format!("--{side}")).arg(program));
    let document: Value = serde_json::from_str(&ended.stdout).expect("one document");
    if ended.status == Some(SKIPPED) {
        assert!(document["skipped"].is_string(), "{ended}");
        return None;
    }
    assert_eq!(document["verdict"]["status"], "pass", "{ended}");
    let other = if side == "listener" {
        "dialler"
    } else {
        "listener"
    };
    let programs = &document["programs"];
    assert_eq!(programs[side], program.to_string_lossy().as_ref());
    assert_eq!(programs[other], "testbed-node");
    let cells = document["cells"].as_array().expect("cells").iter();
    let runs = cells.flat_map(|cell| cell["runs"].as_array().expect("runs"));
    Some(runs.map(|run| run["how"].to_string()).collect())
}

fn check(side: &str) {
    if let Some(ways) = ways(side) {
        let ways: Vec<_> = ways.iter().map(String::as_str).collect();
        assert_eq!(ways, ["\"direct\"", "\"punched\"", "\"reversed\""]);
    }
}

#[test]
fn a_go_libp2p_peer_is_reached_in_each_way() {
    check("listener");
}

#[test]
fn a_go_libp2p_peer_gets_through_in_each_way() {
    check("dialler");
}
