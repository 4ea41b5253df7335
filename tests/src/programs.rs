//! The programs, built with the features that `cargo test --workspace` gives them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use escargot::CargoBuild;
use escargot::format::Message;

/// Options of `testbed` for runs beside other tests: the host never counts as saturated.
pub const CALM: &str = "--max-cpu 100 --max-lag 1h";

static PROGRAMS: LazyLock<BTreeMap<String, PathBuf>> = LazyLock::new(build);

/// The laboratory, without variables that would send its spans somewhere.
#[must_use]
pub fn testbed() -> Command {
    program("testbed")
}

/// The daemon, without variables that would send its spans somewhere.
#[must_use]
pub fn node() -> Command {
    program("testbed-node")
}

/// The same command, stopped by a hangup as from a terminal: the tests themselves may
/// run under nohup, where programs inherit that the signal is ignored.
#[must_use]
pub fn with_hangup(program: &Command) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP");
    command.arg(program.get_program()).args(program.get_args());
    command
}

/// The own algorithm that docs/own-algorithm.md shows.
#[must_use]
pub fn own_algorithm() -> Command {
    program("own-algorithm")
}

/// The same algorithm without a network.
#[must_use]
pub fn own_simulated() -> Command {
    program("own-simulated")
}

/// An own algorithm with options of its own.
#[must_use]
pub fn own_push_sum() -> Command {
    program("own-push-sum")
}

/// The root of the workspace.
#[must_use]
pub fn workspace() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.parent().expect("a room of the workspace")
}

fn program(name: &str) -> Command {
    let mut command = Command::new(&PROGRAMS[name]);
    for (variable, _) in std::env::vars_os() {
        if variable.to_string_lossy().starts_with("OTEL_") {
            command.env_remove(variable);
        }
    }
    command
}

fn build() -> BTreeMap<String, PathBuf> {
    let mut cargo = CargoBuild::new()
        .manifest_path(workspace().join("Cargo.toml"))
        .arg("--workspace")
        .bins()
        // With a test among the targets, dependencies have the features that they have
        // in `cargo test`: otherwise the laboratory would be compiled a second time.
        .test("wire")
        .current_release();
    // The inner cargo must not get the environment that cargo gives a test: build
    // scripts that depend on it, such as ring's, would run again, and both cargos
    // would rebuild half of the crates in turn.
    for (variable, _) in std::env::vars_os() {
        let name = variable.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|all| name.starts_with(all))
        {
            cargo = cargo.env_remove(&variable);
        }
    }
    let messages = cargo.exec().expect("cargo starts");
    messages
        .filter_map(|message| {
            let message = message.expect("the programs build");
            match message.decode().expect("a message of cargo") {
                Message::CompilerArtifact(artifact) => {
                    let path = artifact.executable?.into_owned();
                    Some((artifact.target.name.into_owned(), path))
                }
                _ => None,
            }
        })
        .collect()
}
