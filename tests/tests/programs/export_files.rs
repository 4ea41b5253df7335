//! A saved run is exported in every format, and read again from Jaeger's JSON and OTLP.

use std::collections::BTreeSet;
use std::fs;

use serde_json::Value;
use support::{Running, Runs, http, run};

#[test]
fn a_run_is_written_in_every_form() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--seed=7", "--peers=4", "snapshot"])).exits(0);
    let folder = runs.only().display().to_string();
    let out = tempfile::tempdir().expect("a temporary folder");
    for format in ["jaeger", "otlp", "shiviz", "perfetto"] {
        let path = out.path().join(format);
        let to = path.display().to_string();
        let ended = run(&mut runs.testbed(["export", &folder, "--format", format, "--to", &to]));
        let ended = ended.exits(0);
        assert_eq!((&*ended.stdout, &*ended.stderr), ("", ""), "{format}");
        let written = fs::read(&path).expect("it was written");
        assert!(written.len() > 1000, "{format}");
        if format != "perfetto" {
            let printed = run(&mut runs.testbed(["export", "--format", format])).exits(0);
            assert_eq!(printed.stdout.as_bytes(), written, "{format}");
        }
    }
    let parts = fs::read_dir(out.path()).expect("the folder").count();
    assert_eq!(parts, 4, "nothing else is left there");
    let saved = fs::read(runs.only().join("spans.jsonl")).expect("spans.jsonl");
    assert_eq!(
        fs::read(out.path().join("otlp")).expect("just written"),
        saved
    );
    // What is exported from an export is the same. Where times are rounded,
    // spans that began in one microsecond may change places.
    for (format, ordered) in [("jaeger", false), ("otlp", true)] {
        let path = out.path().join(format).display().to_string();
        let again = run(&mut runs.testbed(["export", &path, "--format", format])).exits(0);
        let first = fs::read_to_string(&path).expect("just written");
        match ordered {
            true => assert_eq!(again.stdout, first, "{format}"),
            false => assert_eq!(spans(&again.stdout), spans(&first), "{format}"),
        }
    }
}

/// Every span of a file in Jaeger's form, with its process.
fn spans(text: &str) -> BTreeSet<String> {
    let file: Value = serde_json::from_str(text).expect("JSON");
    let traces = file["data"].as_array().expect("traces").iter();
    let spans = traces.flat_map(|trace| {
        let spans = trace["spans"].as_array().expect("spans").iter();
        spans.map(|span| {
            let mut span = span.clone();
            let process = span["processID"].as_str().expect("a process");
            span["processID"] = trace["processes"][process].clone();
            span.to_string()
        })
    });
    spans.collect()
}

#[test]
fn a_file_opens_like_a_run() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=3", "ping"])).exits(0);
    let out = tempfile::tempdir().expect("a temporary folder");
    let path = out.path().join("traces.json").display().to_string();
    run(&mut runs.testbed(["export", "--format", "jaeger", "--to", &path])).exits(0);
    let mut view = support::testbed();
    view.args(["view", &path, "--listen", "127.0.0.1:0"]);
    let mut view = Running::start(&mut view);
    let line = view.line("http://");
    assert!(line.starts_with(&path), "{line}");
    let answer = http::get(http::address(&line), "/api/services").json();
    assert_eq!(answer["data"][0], "peer-00", "{answer}");
    view.signal("INT");
    view.end().exits(0);
}
