//! `testbed new`: the crates that it writes are built and tested here as their authors
//! would, beside the workspace.

use std::fs;
use std::path::Path;
use std::process::Command;

use cargo_metadata::{Metadata, MetadataCommand};
use support::{Ended, cargo, own_template, run, testbed, workspace};
use tempfile::TempDir;
use toml::{Table, Value};

/// `testbed new` in that folder.
fn new_in(folder: &Path, args: &str) -> Ended {
    let mut command = testbed();
    let args = args.split_whitespace();
    run(command.current_dir(folder).arg("new").args(args))
}

/// Runs the command, however long a build takes.
fn build(command: &mut Command) -> (bool, String) {
    let ended = command.output().expect("the command starts");
    let text = [ended.stdout, ended.stderr].concat();
    (
        ended.status.success(),
        String::from_utf8_lossy(&text).into_owned(),
    )
}

/// The workspace, whose target directory has most of what a new crate depends on.
fn house() -> Metadata {
    let manifest = workspace().join("Cargo.toml");
    let metadata = MetadataCommand::new()
        .manifest_path(manifest)
        .no_deps()
        .exec();
    metadata.expect("cargo metadata")
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

#[test]
fn written_crates_pass_their_tests() {
    let (folder, target) = (folder(), house().target_directory);
    for (like, tests) in [("echo", 3), ("broadcast", 5), ("raft", 3)] {
        let name = format!("own-{like}");
        new_in(folder.path(), &format!("{name} --like {like}")).exits(0);
        let mut command = cargo();
        command.current_dir(folder.path().join(&name)).arg("test");
        let (passed, text) = build(command.env("CARGO_TARGET_DIR", &target));
        assert!(passed, "{like}: {text}");
        let all = format!("test result: ok. {tests} passed");
        assert!(text.contains(&all), "{like}: {text}");
    }
}

#[test]
fn a_written_crate_runs() {
    let (folder, target) = (folder(), house().target_directory);
    new_in(folder.path(), "own-wave").exits(0);
    for (args, parts) in [
        (
            &[][..],
            ["20 processes, topology full", "schedules         1,"],
        ),
        (
            &["--", "check"],
            ["3 processes, topology full", "every run is right"],
        ),
    ] {
        let mut command = cargo();
        command.current_dir(folder.path().join("own-wave"));
        command.env("CARGO_TARGET_DIR", &target);
        let (passed, text) = build(command.args(["run", "--quiet"]).args(args));
        assert!(passed, "{args:?}: {text}");
        for part in parts.iter().chain(&["verdict           pass"]) {
            assert!(text.contains(part), "{args:?}: {part}: {text}");
        }
    }
}

/// With `live`, which would take minutes to build here: the workspace builds the same file.
#[test]
fn the_template_runs_over_real_peers() {
    let folder = folder();
    let mut command = own_template();
    command.args(["--peers", "5", "--transport", "memory", "--out"]);
    let ended = run(command.arg(folder.path())).exits(0);
    for part in [
        "5 peers, 10 connections",
        "20, in theory 20",
        "verdict           pass",
    ] {
        assert!(ended.stdout.contains(part), "{part}: {ended}");
    }
}

/// A relative place is written as it is, from the crate. The workflow puts the sources
/// beside the crate, and says so to cargo.
#[test]
fn the_workflow_finds_the_sources_beside_the_crate() {
    let folder = folder();
    let beside = folder.path().join("testbed");
    std::os::unix::fs::symlink(workspace(), &beside).expect("a link");
    new_in(folder.path(), "given --source testbed").exits(0);
    new_in(folder.path(), "found").exits(0);
    let read = |path: &str| fs::read_to_string(folder.path().join(path)).expect(path);
    let workflow = read("found/.github/workflows/test.yml");
    let steps = workflow
        .lines()
        .filter_map(|line| line.trim().strip_prefix("- run: "));
    let steps: Vec<_> = steps.collect();
    assert_eq!(steps[1..], ["cargo test"], "{workflow}");
    let mut shell = Command::new("sh");
    shell
        .args(["-c", steps[0]])
        .current_dir(folder.path().join("found"));
    run(&mut shell).exits(0);
    for name in ["given", "found"] {
        let manifest = read(&format!("{name}/Cargo.toml"));
        assert!(manifest.contains("path = \"../testbed/lab\""), "{manifest}");
        let mut metadata = MetadataCommand::new();
        metadata.current_dir(folder.path().join(name));
        let metadata = metadata.other_options(["--offline".to_owned()]).exec();
        let packages = metadata.expect("cargo finds all").packages;
        let mut lab = packages.iter().filter(|one| *one.name == "testbed-lab");
        let place = &lab.next().expect("the laboratory").manifest_path;
        let expected = beside
            .join("lab/Cargo.toml")
            .canonicalize()
            .expect("a file");
        assert_eq!(place.canonicalize().expect("a file"), expected);
    }
}

/// Without it, simulations and handshakes are slow.
#[test]
fn a_written_crate_has_the_profile_of_the_workspace() {
    let profile = |path: &str| {
        let text = fs::read_to_string(workspace().join(path)).expect(path);
        let mut all: Table = text.parse().expect(path);
        let mut profiles = all.remove("profile").expect("profiles");
        let dev = profiles.as_table_mut().and_then(|all| all.remove("dev"));
        dev.expect("a profile for development")
    };
    let mut ours = profile("Cargo.toml");
    let packages = ours["package"].as_table_mut().expect("packages");
    for tests_alone in ["jsonschema", "testbed-tests"] {
        let removed: Option<Value> = packages.remove(tests_alone);
        assert!(removed.is_some(), "{tests_alone}");
    }
    assert_eq!(profile("testbed/templates/Cargo.toml"), ours);
}

#[test]
fn a_wrong_request_writes_nothing_and_names_the_way_out() {
    let folder = folder();
    fs::create_dir(folder.path().join("taken")).expect("a folder");
    for (args, parts) in [
        ("9lives", ["testbed new 9lives", "begins with a letter"]),
        ("a/b", ["'/' is not allowed", "my-algorithm"]),
        ("größe", ["'ö' is not allowed", "my-algorithm"]),
        ("async", ["testbed new async", "reserved"]),
        ("testbed-lab", ["testbed new testbed-lab", "reserved"]),
        ("taken", ["testbed new taken", "another name"]),
        (
            "mine --like paxos",
            ["'paxos'", "[possible values: echo, broadcast, raft]"],
        ),
        ("mine --source .", ["--source .", "name the folder"]),
        ("mine --peers 3", ["--peers", "leave it out"]),
        ("", ["<NAME>", "Usage"]),
    ] {
        let ended = new_in(folder.path(), args).exits(2);
        for part in parts {
            assert!(ended.stderr.contains(part), "{args}: {part}: {ended}");
        }
    }
    let left = fs::read_dir(folder.path()).expect("the folder").count();
    assert_eq!(left, 1, "the folder that was there");
}
