//! Resources that the machine lacks: file descriptors and disk space.

use std::process::Command;

use support::saved::no_panic;
use support::{Runs, run, saved};

use super::{failed, refused};

/// `testbed ARGS` under what `sh` sets before it.
fn under(before: &str, runs: &Runs, args: &[&str]) -> Command {
    let testbed = runs.testbed(args);
    let mut shell = Command::new("sh");
    let script = format!("{before} && exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(testbed.get_program());
    shell.args(testbed.get_args());
    shell
}

#[test]
fn more_descriptors_than_the_hard_limit() {
    let runs = Runs::new();
    let ended = run(&mut under(
        "ulimit -n 300",
        &runs,
        &["--peers", "20", "ping"],
    ));
    // N(N-1) + N for a full mesh, and 64.
    let parts = [
        "20 peers with 190 tcp connections",
        "need 464 file descriptors",
        "the limit is 300",
        "--transport memory",
        "--topology random:8",
        "ulimit -Hn",
    ];
    refused("descriptors", &ended, 2, &parts);
}

#[test]
fn the_suggested_options_work() {
    for args in [
        &["--peers", "20", "--transport", "memory", "ping"][..],
        &["--peers", "20", "--transport", "quic", "ping"],
        &["--peers", "13", "--topology", "random:8", "ping"],
    ] {
        let runs = Runs::new();
        let ended = run(&mut under("ulimit -n 300", &runs, args));
        assert_eq!(ended.status, Some(0), "{args:?}: {ended}");
    }
}

#[test]
fn a_soft_limit_is_raised() {
    let runs = Runs::new();
    let ended = run(&mut under(
        "ulimit -Sn 100",
        &runs,
        &["--peers", "20", "ping"],
    ));
    assert_eq!(ended.status, Some(0), "{ended}");
    let limits = &saved::record(&runs.only())["limits"];
    assert_eq!(limits["descriptors_needed"], 464);
    assert!(
        limits["descriptors_limit"].as_u64() >= Some(464),
        "{limits}"
    );
}

/// On a disk of its own, 64 KiB large, which goes away with the namespace:
/// what is on it is printed behind a mark.
#[test]
fn a_full_disk() {
    let runs = Runs::new();
    let script = "mount -t tmpfs -o size=64k tmpfs \"$3\" && { \"$0\" \"$@\"; status=$?; \
                  echo ==run; cat \"$3\"/*/run.json; echo ==rows; cat \"$3\"/*/results.csv; \
                  echo ==spans; ls \"$3\"/*/spans.jsonl; exit $status; }";
    // $3 is the folder: $0 testbed, $1 --quiet, $2 --out.
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]);
    command.arg(support::testbed().get_program());
    command.args(["--quiet", "--out"]).arg(runs.path());
    let ended = run(command.args(["--peers", "20", "ping", "--count", "3"]));
    no_panic(&ended);
    let (message, left) = ended.stdout.split_once("==run\n").expect("the run began");
    let stdout = message.to_owned();
    failed(
        "a full disk",
        &support::Ended {
            stdout,
            ..ended.clone()
        },
        &["spans.jsonl", "No space left on device"],
    );
    let (record, left) = left.split_once("==rows\n").expect("run.json is there");
    let record = saved::valid(record);
    assert_eq!(record["verdict"]["status"], "fail");
    assert_eq!(record["spans"]["stored"], 0);
    let (rows, spans) = left.split_once("==spans\n").expect("results.csv is there");
    assert_eq!(rows.lines().count(), 1 + 3, "{rows}");
    assert_eq!(spans, "", "half of them would mislead");
}
