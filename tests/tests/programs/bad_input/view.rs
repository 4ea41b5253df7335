//! `testbed view` of a folder that is no run, or of a damaged run.

use std::fs;
use std::path::Path;

use support::{Running, Runs, http, ports, run};

use super::refused;

#[test]
fn invalid_values_are_rejected() {
    let runs = Runs::new();
    let here = runs.path().display().to_string();
    for (name, args, parts) in [
        (
            "an empty folder of runs",
            &["view"][..],
            &[&*here, "no run", "--out DIR"][..],
        ),
        (
            "a folder that is none",
            &["view", "/no/run"],
            &["/no/run", "run.json"],
        ),
        (
            "a folder of something else",
            &["view", &here],
            &[&here, "run.json"],
        ),
        (
            "a page on all addresses",
            &["view", &here, "--listen", "everywhere"],
            &["everywhere"],
        ),
        (
            "a run that is collected",
            &["view", &here, "--collect"],
            &["--collect", &here, "leave out"],
        ),
        (
            "a limit for a run",
            &["view", &here, "--store-limit", "1G"],
            &["--store-limit", "--collect"],
        ),
        (
            "no memory",
            &["view", "--collect", "--store-limit", "1M"],
            &["1M", "16M", "1G"],
        ),
    ] {
        refused(name, &run(&mut runs.testbed(args)), 2, parts);
    }
}

#[test]
fn a_port_in_use() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=2", "ping"])).exits(0);
    let (_listener, address) = ports::silent();
    let address = address.to_string();
    let ended = run(&mut runs.testbed(["view", "--listen", &address]));
    refused(
        "in use",
        &ended,
        2,
        &[&address, "in use", "choose another port"],
    );
}

/// Damages `file` of a run, which `view` then has to report.
fn damaged(name: &str, file: &str, damage: impl Fn(&Path), parts: &[&str]) {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=2", "ping"])).exits(0);
    let path = runs.only().join(file);
    damage(&path);
    let ended = run(&mut runs.testbed(["view", "--listen", "127.0.0.1:0"]));
    refused(name, &ended, 1, &[&[file], parts].concat());
}

fn cut(path: &Path) {
    let text = fs::read(path).expect("it was saved");
    fs::write(path, &text[..text.len() - 10]).expect("it is ours");
}

#[test]
fn the_complete_lines_of_a_truncated_run_are_shown() {
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers=2", "--transport=memory", "ping"])).exits(0);
    cut(&runs.only().join("spans.jsonl"));
    // The services are testbed, peer-00 and peer-01: a line each.
    let message = "line 3: the file was cut short here";
    let mut view = Running::start(&mut runs.testbed(["view", "--listen=127.0.0.1:0"]));
    let line = view.line("http://");
    let record = http::get(http::address(&line).trim_end_matches('/'), "/api/run").json();
    assert!(record["spans"]["lost"].as_u64() > Some(0), "{record}");
    view.signal("INT");
    let viewed = view.end().exits(0);
    assert!(viewed.stderr.contains(message), "{viewed}");
    let exported = run(&mut runs.testbed(["export", "--format=otlp"])).exits(0);
    assert!(exported.stderr.contains(message), "{exported}");
}

#[test]
fn a_damaged_run_is_reported() {
    let lines = |path: &Path| {
        let text = fs::read_to_string(path).expect("it was saved");
        let mut lines: Vec<_> = text.lines().collect();
        lines[1] = "{\"resourceSpans\": 7}";
        fs::write(path, lines.join("\n")).expect("it is ours");
    };
    damaged(
        "spans of another form",
        "spans.jsonl",
        lines,
        &["line 2", "OTLP"],
    );
    damaged("a record cut off", "run.json", cut, &["line"]);
}
