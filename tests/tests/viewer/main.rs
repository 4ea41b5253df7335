//! The page, in a real browser: Debian's Chromium, driven by the scripts in
//! `tests/browser`. A script does what a person does and prints what the page
//! showed; the test compares that with what the run printed and saved.

mod accessible;
mod agree;
mod cuts;
mod diagram;
mod hostile;
mod live;
mod overlay;
mod parts;
mod peer;
mod results;
mod speed;
mod traces;
mod views;
mod ways;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::spans::{self, Reported};
use support::{Running, foreign, run, workspace};

/// Whether there is a browser to test with.
fn has_browser() -> bool {
    foreign::has_package("tests/browser", "@libp2p/websockets")
}

/// A script, to be given its arguments.
fn script(name: &str) -> Command {
    let mut node = Command::new("node");
    node.arg(workspace().join("tests/browser").join(name));
    node
}

/// The line of JSON that a script prints.
fn printed(script: &mut Command) -> Value {
    let ended = run(script).exits(0);
    serde_json::from_str(&ended.stdout).expect("a line of JSON")
}

/// What the script sees on the page of the run at `path`.
fn look<A: AsRef<OsStr>>(name: &str, path: &Path, more: impl IntoIterator<Item = A>) -> Value {
    let mut view = support::testbed();
    view.arg("view").arg(path).args(["--listen", "127.0.0.1:0"]);
    let mut view = Running::start(&mut view);
    let line = view.line("http://");
    let url = line.split(' ').find(|word| word.starts_with("http://"));
    let seen = printed(script(name).arg(url.expect("just seen")).args(more));
    view.signal("INT");
    view.end().exits(0);
    seen
}

/// The same, and checks that nothing goes wrong: no error, no dialog, no request to
/// another host, no picture that the page did not draw.
fn look_well(name: &str, path: &Path) -> Value {
    let seen = look(name, path, [""; 0]);
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    assert_eq!(seen["images"], 0);
    seen
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("a text: {value}"))
}

fn texts(value: &Value) -> Vec<&str> {
    let all = value.as_array().unwrap_or_else(|| panic!("texts: {value}"));
    all.iter().map(text).collect()
}

/// Checks that all of it is there.
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in {text:?}");
    }
}

/// The spans of a run that are a step of a process.
fn steps(path: &Path) -> Vec<Reported> {
    let all = spans::saved(path).into_iter().flatten();
    all.filter(|span| number(span).is_some()).collect()
}

/// The number of a step, among those of its peer.
fn number(reported: &Reported) -> Option<i64> {
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    let mut all = reported.span.attributes.iter();
    let found = all.find(|attribute| attribute.key == "p2p.step")?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::IntValue(number) => Some(*number),
        _ => None,
    }
}

/// How many traces have a span that is like this.
fn traces(path: &Path, like: impl Fn(&Reported) -> bool) -> usize {
    let all = spans::saved(path).into_iter().flatten();
    let ids = all.filter(like).map(|span| span.span.trace_id);
    ids.collect::<BTreeSet<_>>().len()
}
