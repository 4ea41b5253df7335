//! A saved run goes out in every form, and comes in again where the form has
//! room for all of it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::Value;
use support::{Running, Runs, run};

/// What the server at `address` answers.
fn get(address: &str, path: &str) -> Value {
    let mut stream = TcpStream::connect(address).expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("it reads");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).expect("JSON")
}

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
    // What is exported from an export is the same.
    for format in ["jaeger", "otlp"] {
        let path = out.path().join(format).display().to_string();
        let again = run(&mut runs.testbed(["export", &path, "--format", format])).exits(0);
        let first = fs::read_to_string(&path).expect("just written");
        assert_eq!(again.stdout, first, "{format}");
    }
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
    let address = line
        .split(' ')
        .find_map(|word| word.strip_prefix("http://"));
    let answer = get(address.expect("just seen"), "/api/services");
    assert_eq!(answer["data"][0], "peer-00", "{answer}");
    view.signal("INT");
    view.end().exits(0);
}
