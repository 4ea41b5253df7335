//! How the page judges a cut: missing data never counts as a violation, and the verdict of
//! a run that did not pass comes before the judgement of the cut.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{Runs, run};

use super::{has, has_browser, look, text, texts};

/// What the page says of the cut in the run or file at `path`.
fn cut(path: &Path, address: &str) -> Value {
    let seen = look("cuts.mjs", path, [address]);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    // Before all is read, no cut is judged.
    let reading = seen["reading"]["verdicts"].as_array().expect("verdicts");
    for verdict in reading {
        let of_the_run = text(&verdict["text"]).starts_with("The run’s verdict");
        assert!(of_the_run || verdict["look"] == "open", "{verdict}");
    }
    assert_eq!(seen["reading"]["flying"], serde_json::json!([]));
    seen
}

/// The verdicts of the panel, as `look: the beginning of the text`, in order.
fn verdicts(seen: &Value) -> Vec<(&str, &str)> {
    let all = seen["read"]["verdicts"].as_array().expect("verdicts");
    all.iter()
        .map(|one| (text(&one["look"]), text(&one["text"])))
        .collect()
}

fn says_nothing_bad(seen: &Value) {
    assert_eq!(texts(&seen["read"]["bad"]), [""; 0], "{seen}");
    for flying in seen["read"]["flying"].as_array().expect("lists") {
        assert_eq!(flying["missed"], false, "{flying}");
    }
}

/// The run at `path` in Jaeger's form.
fn exported(runs: &Runs, path: &Path) -> PathBuf {
    let file = runs.path().join("j.json");
    let mut export = support::testbed();
    export.arg("export").arg(path);
    export.args(["--format", "jaeger", "--to"]).arg(&file);
    run(&mut export).exits(0);
    file
}

#[test]
fn a_snapshot_from_jaegers_file_is_judged_the_same() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "20", "--seed", "5", "snapshot"])).exits(0);
    let path = runs.only();
    let file = exported(&runs, &path);
    let (saved, imported) = (cut(&path, ""), cut(&file, ""));
    for seen in [&saved, &imported] {
        says_nothing_bad(seen);
        let [(look, says)] = verdicts(seen)[..] else {
            panic!("{seen}")
        };
        assert_eq!(look, "good");
        has(says, &["✓ Consistent."]);
        has(text(&seen["head"]), &["peers\n20"]);
    }
    assert_eq!(saved["read"]["flying"], imported["read"]["flying"]);
    let head = text(&saved["head"]);
    let named = [
        "algorithm\nchandy-lamport",
        "workload\nbank",
        "channel\nstream",
    ];
    has(head, &named);
    let more = text(&saved["more"]);
    has(more, &["every", "200 ms", "0ns..20ms"]);
    assert!(!more.contains(['{', '}']), "{more}");
}

/// As Jaeger's page saves a trace: the steps of the others are not there.
#[test]
fn the_cut_of_an_imported_trace_is_unknown() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "5", "snapshot"])).exits(0);
    let file = exported(&runs, &runs.only());
    let traces = fs::read_to_string(&file).expect("just written");
    let mut traces: Value = serde_json::from_str(&traces).expect("JSON");
    let all = traces["data"].as_array_mut().expect("traces");
    all.sort_by_key(|trace| trace["spans"].as_array().map_or(0, Vec::len));
    all.drain(..all.len() - 1);
    fs::write(&file, traces.to_string()).expect("a file");
    let seen = cut(&file, "");
    says_nothing_bad(&seen);
    let [(look, says)] = verdicts(&seen)[..] else {
        panic!("{seen}")
    };
    assert_eq!(look, "open");
    let why = ["Not known whether it is consistent.", "in this record"];
    has(says, &why);
}

#[test]
fn an_aborted_snapshot_is_not_called_wrong() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let arguments = "--peers 20 --seed 5 snapshot --kill 3@150ms --patience 1s";
    run(&mut runs.testbed(arguments.split(' '))).exits(0);
    let seen = cut(&runs.only(), "");
    says_nothing_bad(&seen);
    let [(look, says)] = verdicts(&seen)[..] else {
        panic!("{seen}")
    };
    assert_eq!(look, "open");
    let killed = "Killed, and recorded no state: peer-03.";
    // Others may have waited as long.
    has(says, &["Aborted: peer-00", " timed out.", killed]);
}

/// The violations of the run come first; a consistent cut is then not shown as good.
#[test]
fn violations_of_the_run_are_shown_before_the_cut() {
    if !has_browser() {
        return;
    }
    for (arguments, consistent) in [
        ("--peers 20 --seed 5 snapshot --algorithm naive", None),
        (
            "--seed 1 check snapshot --algorithm naive --peers 3",
            Some(true),
        ),
    ] {
        let runs = Runs::new();
        run(&mut runs.testbed(arguments.split(' '))).exits(1);
        let seen = cut(&runs.only(), "");
        let [(first, why), (second, says)] = verdicts(&seen)[..] else {
            panic!("{seen}")
        };
        assert_eq!(first, "bad");
        has(why, &["The run’s verdict: fail.", "I5 conservation"]);
        assert_ne!(second, "good", "{says}");
        if consistent == Some(true) {
            assert_eq!(second, "plain");
            has(says, &["This cut is consistent."]);
        }
    }
}

#[test]
fn missing_parts_named_by_the_address_are_reported() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "4", "snapshot"])).exits(0);
    let path = runs.only();
    for (address, part) in [
        ("/diagram?step=0123456789abcdef", "no step 0123456789abcdef"),
        ("/diagram?message=peer-00:77", "no message peer-00:77"),
        ("/diagram?cut=9/9", "no snapshot 9/9"),
        (
            "/diagram?cut=own&at=1.2.3.4.5",
            "of 5 peers, and this run has 4",
        ),
    ] {
        let seen = cut(&path, address);
        let banners = texts(&seen["read"]["banners"]);
        assert_eq!(banners.len(), 1, "{address}: {banners:?}");
        has(banners[0], &[part]);
        assert_eq!(texts(&seen["reading"]["banners"]), [""; 0], "{address}");
        let unfound = |view: &str| texts(&seen["unfound"][view]).join(" ");
        has(&unfound("trace"), &["no span 0123456789abcdef"]);
        has(
            &unfound("topology"),
            &["no peer peer-77 and no message peer-00:77"],
        );
    }
}
