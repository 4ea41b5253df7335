//! `report.html`: what every run leaves, and what a real browser shows of it.

use std::fs;
use std::process::Command;

use serde_json::Value;
use support::saved::no_panic;
use support::{Runs, foreign, run, saved, workspace};

/// The line of a run's result that names the report.
const LINE: &str = "report            ";

#[test]
fn every_run_writes_a_report_and_prints_its_path() {
    for args in [
        &["--peers=3", "ping"][..],
        &["--peers=3", "snapshot"],
        &["--peers=3", "--quiet", "simulate", "elect"],
        &["--peers=2", "check", "snapshot"],
    ] {
        let runs = Runs::new();
        let ended = run(&mut runs.testbed(args)).exits(0);
        let report = runs.only().join("report.html");
        let line = format!("{LINE}{}\n", report.display());
        assert!(ended.stdout.contains(&line), "{args:?}: {ended}");
        assert!(!ended.stderr.contains("warning"), "{args:?}: {ended}");
        let text = fs::read_to_string(&report).expect("report.html");
        assert!(text.ends_with("</html>\n"), "{args:?}");
        let files = fs::read_dir(runs.only()).expect("the folder").flatten();
        let part = files.map(|file| file.file_name()).find(|name| {
            let name = name.to_string_lossy();
            name.ends_with(".part")
        });
        assert_eq!(part, None, "{args:?}");
    }
}

#[test]
fn json_output_has_no_line_for_the_report() {
    let runs = Runs::new();
    let ended = run(&mut runs.testbed(["--peers=2", "--format=json", "ping"])).exits(0);
    assert_eq!(saved::valid(&ended.stdout), saved::record(&runs.only()));
    assert!(runs.only().join("report.html").is_file(), "{ended}");
}

/// On a disk of its own, which has room for the spans but not for the page.
#[test]
fn a_run_without_a_report_passes() {
    let runs = Runs::new();
    let script = "mount -t tmpfs -o size=256k tmpfs \"$2\" && { \"$0\" \"$@\"; status=$?; \
                  ls \"$2\"/*; exit $status; }";
    let mut command = Command::new("unshare");
    command.args(["--mount", "sh", "-c", script]);
    command.arg(support::testbed().get_program());
    // $2 is the folder.
    command.arg("--out").arg(runs.path());
    let ended = run(command.args(["--peers", "3", "ping"])).exits(0);
    no_panic(&ended);
    assert!(ended.stdout.contains("verdict           pass"), "{ended}");
    assert!(!ended.stdout.contains(LINE), "{ended}");
    let warning = "warning: there is no report.html: No space left on device";
    assert!(ended.stderr.contains(warning), "{ended}");
    let (_, files) = ended.stdout.split_once("verdict").expect("just seen");
    assert!(files.contains("spans.jsonl"), "{ended}");
    assert!(!files.contains("report.html"), "{ended}");
}

#[test]
fn a_report_opens_from_the_disk() {
    if !foreign::is_installed("tests/browser") {
        return;
    }
    let runs = Runs::new();
    // More digits than a JavaScript number holds.
    let seed = "18446744073709551557";
    let args = ["--peers", "5", "--seed", seed, "simulate", "snapshot"];
    run(&mut runs.testbed(args)).exits(0);
    let folder = runs.only();
    let mut browser = Command::new("node");
    browser.arg(workspace().join("tests/browser/report.mjs"));
    browser.arg(folder.join("report.html"));
    let seen = run(&mut browser).exits(0);
    let seen: Value = serde_json::from_str(&seen.stdout).expect("a line of JSON");
    let text = |name: &str| seen[name].as_str().expect("a text");
    for part in ["snapshot", "pass", "simulated", seed] {
        assert!(text("head").contains(part), "{part} in {seen:#}");
    }
    let spans = fs::read_to_string(folder.join("spans.jsonl")).expect("spans.jsonl");
    assert_eq!(seen["steps"], spans.matches("\"p2p.step\"").count());
    assert_eq!(text("cut"), "Snapshot 0/0", "{seen:#}");
    assert!(text("verdict").contains("Consistent."), "{seen:#}");
    assert!(
        text("inFlight").contains("In flight in the cut: "),
        "{seen:#}"
    );
    assert!(text("address").contains("step="), "{seen:#}");
    let summaries = seen["traces"].as_u64().expect("a number");
    assert!(summaries > 1, "{seen:#}");
    assert!(seen["rows"].as_u64() >= Some(1), "{seen:#}");
    assert_eq!(seen["nodes"], 5);
    assert_eq!(text("results"), "Verdict: pass");
    assert!(
        text("runs").starts_with("A report knows its own run alone."),
        "{seen:#}"
    );
    for name in ["banners", "problems"] {
        assert_eq!(seen[name], serde_json::json!([]), "{name}: {seen:#}");
    }
    assert_eq!(seen["ran"], false, "no other script runs");
}
