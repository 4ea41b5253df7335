//! The page, in a real browser: Debian's Chromium, driven by
//! `tests/browser/viewer.mjs`.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Running, Runs, foreign, run, workspace};

/// What a person sees of the run at `path`.
fn look(path: &Path) -> Value {
    let mut view = support::testbed();
    view.arg("view").arg(path).args(["--listen", "127.0.0.1:0"]);
    let mut view = Running::start(&mut view);
    let line = view.line("http://");
    let url = line.split(' ').find(|word| word.starts_with("http://"));
    let mut browser = Command::new("node");
    browser.arg(workspace().join("tests/browser/viewer.mjs"));
    browser.arg(url.expect("just seen"));
    let seen = run(&mut browser).exits(0);
    let seen = serde_json::from_str(&seen.stdout).expect("a line of JSON");
    view.signal("INT");
    view.end().exits(0);
    seen
}

fn texts(value: &Value) -> Vec<&str> {
    let all = value.as_array().expect("a list");
    all.iter()
        .map(|text| text.as_str().expect("a text"))
        .collect()
}

#[test]
fn the_page_shows_traces_and_each_as_a_waterfall() {
    if !foreign::is_installed("tests/browser") {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "5", "--seed", "7", "ping", "--to", "3"])).exits(0);
    let seen = look(&runs.only());
    for part in ["ping", "pass", "5", "full", "tcp", "seed\n7"] {
        let head = seen["head"].as_str().expect("a text");
        assert!(head.contains(part), "{part} in {head}");
    }
    assert_eq!(texts(&seen["traces"]), ["Setup", "ping peer-03"]);
    let rows = texts(&seen["rows"]);
    let expected = ["peer-00\nping peer-03", "peer-03\nPING", "peer-00\nPONG"];
    assert_eq!(rows.len(), expected.len(), "{rows:?}");
    for (row, part) in rows.iter().zip(expected) {
        assert!(row.contains(part), "{part} in {row}");
    }
    let details = seen["details"].as_str().expect("a text");
    for part in [
        "PING",
        "server",
        "rpc.system.name\nlibp2p",
        "p2p.remote\npeer-00",
        "12D3Koo",
    ] {
        assert!(details.contains(part), "{part} in {details}");
    }
    assert_eq!(seen["linkShowsTheSame"], true);
    assert_eq!(texts(&seen["banners"]), [""; 0]);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
}

#[test]
fn what_a_peer_calls_itself_is_text() {
    if !foreign::is_installed("tests/browser") {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "3", "ping", "--to", "1"])).exits(0);
    let folder = runs.only();
    // In names, keys and values; and quotes, for where text is an attribute.
    let evil = r#"<img src=x onerror=alert(1)>\"' onmouseover=alert(2)"#;
    let spans = folder.join("spans.jsonl");
    let text = fs::read_to_string(&spans).expect("spans.jsonl");
    let renamed = text.replace("peer-01", evil).replace("p2p.remote", evil);
    fs::write(&spans, renamed).expect("spans.jsonl");
    let seen = look(&folder);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    assert_eq!(seen["images"], 0);
    let rows = texts(&seen["rows"]).join("\n");
    assert!(rows.contains("<img src=x onerror=alert(1)>"), "{rows}");
}
