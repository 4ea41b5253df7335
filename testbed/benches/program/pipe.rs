//! Round trips through a child as a run has it, beside the bare pipes of the same child.

use std::env;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;
use testbed::program::{Child, Event, Limits, Spec};
use tokio::runtime::Runtime;

use crate::figures::{median, rate, thousands};
use crate::resident::resident;

/// The argument with which this program answers echo, as the child in Rust.
pub(crate) const ECHO: &str = "echo-child";

/// How many round trips a round has, and how many are open at a time.
const TRIPS: u64 = 20_000;
const OPEN: [u64; 2] = [1, 64];

const ROUNDS: usize = 5;

/// How many children the memory of one is measured with.
const CHILDREN: u32 = 100;

pub(crate) fn rust() -> String {
    lines("echo_rust", &this())
}

pub(crate) fn python() -> String {
    let starter = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/starter/python.py");
    let spec = Spec {
        bin: "/usr/bin/env".into(),
        args: vec!["python3".into(), starter.display().to_string()],
        limits: Limits::default(),
    };
    lines("echo_python", &spec)
}

fn this() -> Spec {
    Spec {
        bin: env::current_exe().expect("the path of this program"),
        args: vec![ECHO.into()],
        limits: Limits::default(),
    }
}

/// Answers echo, as a program of a student might.
pub(crate) fn echo() -> io::Result<()> {
    let (input, mut output) = (io::stdin().lock(), io::stdout().lock());
    for line in input.lines() {
        let message: Value = serde_json::from_str(&line?).map_err(io::Error::other)?;
        let mut body = message["body"].clone();
        body["in_reply_to"] = body["msg_id"].take();
        body["type"] = format!("{}_ok", body["type"].as_str().unwrap_or_default()).into();
        let answer = serde_json::json!({
            "src": message["dest"], "dest": message["src"], "body": body,
        });
        writeln!(output, "{answer}")?;
        output.flush()?;
    }
    Ok(())
}

fn lines(name: &str, spec: &Spec) -> String {
    let one = |open| {
        let (mut ours, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            bare.push(through_pipes(spec, open));
            ours.push(through_child(spec, open));
        }
        let (ours, bare) = (median(ours), median(bare));
        format!(
            "ratio {:.2} (target 2; ours {}, bare pipe {} round trips a second, {open} open)",
            bare / ours,
            thousands(ours),
            thousands(bare)
        )
    };
    let [first, second] = OPEN.map(one);
    format!("{first}\n{name} {second}")
}

fn request(number: u64) -> String {
    format!(
        "{{\"id\":{number},\"src\":\"c0\",\"dest\":\"n0\",\"body\":{{\"type\":\"echo\",\
         \"msg_id\":{number},\"echo\":\"Please echo {number}\"}}}}\n"
    )
}

/// A child has to know its name before it is asked.
pub(crate) const INIT: &str = "{\"id\":0,\"src\":\"c0\",\"dest\":\"n0\",\"body\":{\"type\":\"init\",\
                    \"msg_id\":0,\"node_id\":\"n0\",\"node_ids\":[\"n0\"]}}\n";

fn through_pipes(spec: &Spec, open: u64) -> f64 {
    let mut child = Command::new(&spec.bin)
        .args(&spec.args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a child");
    let mut input = child.stdin.take().expect("a pipe");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut answer = String::new();
    let mut trip = |write: &str| {
        input.write_all(write.as_bytes()).expect("a pipe");
    };
    trip(INIT);
    output.read_line(&mut answer).expect("a line");
    let began = Instant::now();
    for number in 0..open.min(TRIPS) {
        trip(&request(number));
    }
    for number in 0..TRIPS {
        answer.clear();
        output.read_line(&mut answer).expect("a line");
        if number + open < TRIPS {
            trip(&request(number + open));
        }
    }
    let took = began.elapsed();
    child.kill().expect("a child");
    child.wait().expect("a child");
    rate(TRIPS, took)
}

/// In a task, as the node of a program is one in a run.
fn through_child(spec: &Spec, open: u64) -> f64 {
    let spec = spec.clone();
    let runtime = Runtime::new().expect("a runtime");
    let trips = runtime.spawn(async move {
        let folder = tempfile::tempdir().expect("a folder");
        let mut child = start(&spec, folder.path());
        child.write(INIT.into());
        said(&mut child).await;
        let began = Instant::now();
        for number in 0..open.min(TRIPS) {
            child.write(request(number));
        }
        for number in 0..TRIPS {
            said(&mut child).await;
            if number + open < TRIPS {
                child.write(request(number + open));
            }
        }
        rate(TRIPS, began.elapsed())
    });
    runtime.block_on(trips).expect("a task")
}

fn start(spec: &Spec, folder: &Path) -> Child {
    let folder: PathBuf = folder.into();
    Child::start("n0", spec, &folder, "bench").expect("a child")
}

async fn said(child: &mut Child) {
    match child.events.recv().await {
        Some(Event::Said(_)) => {}
        other => panic!("no message: {other:?}"),
    }
}

/// What this process takes for each child.
pub(crate) fn memory() -> String {
    Runtime::new().expect("a runtime").block_on(async {
        let folder = tempfile::tempdir().expect("a folder");
        // What the first one takes is of the process.
        let first = start(&this(), folder.path());
        let before = resident();
        let mut children = Vec::new();
        for _ in 0..CHILDREN {
            let mut child = start(&this(), folder.path());
            child.write(INIT.into());
            said(&mut child).await;
            children.push(child);
        }
        let more = resident().saturating_sub(before) as f64;
        drop(first);
        format!(
            "{:.1} KiB a program in this process, {CHILDREN} of them",
            more / f64::from(CHILDREN) / 1024.0
        )
    })
}
