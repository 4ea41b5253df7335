//! What an author of an algorithm waits for: a failing run made smaller, and the builds of a
//! crate that `testbed new` wrote. Both run `testbed` as an author does.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use lab::stats::show;
use serde_json::Value;
use tempfile::TempDir;

use crate::figures::thousands;

/// Mistakes of Raft among 20 peers, and what brings each to light.
const FAILURES: [(&str, &str); 2] = [
    ("votes twice", "--mistake votes-twice --seeds 1000"),
    (
        "ignores logs",
        "--mistake ignores-log --loss 0.05 --crash 2 --seeds 10000",
    ),
];

/// `testbed simulate replicate --peers 20 --mistake M`.
pub(crate) fn shrinking() -> String {
    let lines = FAILURES.map(|(name, args)| format!("{name}: {}", shrunk(args)));
    format!(
        "{} (target 4 peers or fewer in 30 s); Raft of 20 peers, 2 threads",
        lines.join("; ")
    )
}

fn shrunk(args: &str) -> String {
    let folder = folder();
    let mut testbed = testbed(folder.path());
    testbed.args("simulate replicate --peers 20 --seed 1 --format json".split(' '));
    let ended = testbed.args(args.split(' ')).output();
    let ended = ended.expect("testbed to start");
    let Ok(run) = serde_json::from_slice::<Value>(&ended.stdout) else {
        return format!("no result: {ended:?}");
    };
    let shrunk = &run["results"]["shrunk"];
    if shrunk.is_null() {
        return "nothing failed".into();
    }
    let size = |of: &str, what: &str| shrunk[of][what].as_u64().unwrap_or_default();
    format!(
        "{} peers, {} messages to {}, {} in {:.1} s",
        size("from", "peers"),
        thousands(size("from", "messages") as f64),
        size("to", "peers"),
        size("to", "messages"),
        shrunk["seconds"].as_f64().unwrap_or(f64::NAN)
    )
}

/// `testbed new` and `cargo run`: from nothing, and after a change of a handler.
pub(crate) fn own_crate() -> String {
    let folder = folder();
    let written = testbed(folder.path()).args(["new", "own-wave"]).output();
    let written = written.expect("testbed to start");
    assert!(written.status.success(), "{written:?}");
    let own = folder.path().join("own-wave");
    let built = cargo_run(&own);
    let main = own.join("src/main.rs");
    let text = fs::read_to_string(&main).expect("a file");
    let (before, after) = (
        "let is_first = !self.has_joined;",
        "let is_first = self.parent.is_none() && !self.has_joined;",
    );
    assert!(text.contains(before), "the handler that is changed");
    fs::write(&main, text.replace(before, after)).expect("a file");
    format!(
        "{} from nothing to the end of the first `cargo run` (target 75 s), {} after a change; the crate of `testbed new`, 2 cores, dependencies downloaded before",
        show(built),
        show(cargo_run(&own))
    )
}

/// Builds and runs the crate, with none of the settings of this process's own build.
fn cargo_run(own: &Path) -> Duration {
    let mut cargo = Command::new("cargo");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("CARGO_") && name != "CARGO_HOME" {
            cargo.env_remove(name);
        }
    }
    let began = Instant::now();
    let cargo = cargo.arg("run").current_dir(own).stdout(Stdio::null());
    let ended = cargo.output().expect("cargo to start");
    let text = String::from_utf8_lossy(&ended.stderr);
    assert!(ended.status.success(), "{text}");
    began.elapsed()
}

fn testbed(folder: &Path) -> Command {
    let mut testbed = Command::new(env!("CARGO_BIN_EXE_testbed"));
    testbed.current_dir(folder);
    testbed
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}
