//! Command lines are run, or parsed alone where a run takes long or waits for
//! a reader.

use std::fs;
use std::path::Path;

use clap::Parser as _;
use support::saved::no_panic;
use testbed::cli::Cli;

use super::blocks::of_kind;
use super::run_in;

/// The name under which the pages' commands find their scenario.
const SCENARIO: &str = "crash.toml";

/// The same of the one with churn.
const CHURN: &str = "churn.toml";

/// Parts of command lines that are parsed alone, and why.
const NOT_RUN: [(&str, &str); 17] = [
    ("--view", "waits for Ctrl-C; the viewer's tests do this"),
    (
        "testbed view",
        "waits for Ctrl-C; the viewer's tests do this",
    ),
    ("--metrics", "needs a scraper; tests of the metrics do this"),
    ("--otlp", "needs a collector; tests of the export do this"),
    ("--to /ip4", "needs a node; tests of the daemon do this"),
    ("--guests", "waits for guests; tests of strangers do this"),
    ("--interval auto", "takes long"),
    ("--peers 10000", "takes long"),
    ("--peers 1000 ", "takes long"),
    ("--peers 10k", "takes long"),
    ("--peers 100..102400", "takes long"),
    ("--peers 256", "takes long"),
    ("--peers 128", "takes long"),
    ("--peers 64", "takes long"),
    ("sweep", "takes long"),
    (
        "testbed nat",
        "needs network namespaces; a test of its own runs it",
    ),
    (
        "testbed interop",
        "takes long; a test of gossip runs it with fewer peers",
    ),
];

/// Parts of command lines that demonstrate a failure. By chance their run may pass.
const MAY_FAIL: [&str; 12] = [
    "audit --peers 20 --cheat fetch --delay 20ms --seeds 1",
    "auth --attack",
    "auth --scheme static",
    "--peers 20 snapshot --channel per-message",
    "check snapshot --peers 3 --channel per-message",
    "simulate wave --seeds 100 --loss 0.05",
    "check agree --peers 3 --crashes 1 --faults 0",
    "check generals --peers 3 --liars 2:forge",
    "--mistake",
    "naive",
    "--fanout 2",
    SCENARIO,
];

const PEER: &str = "12D3KooWGjMCwtpbj9o3GA1GHBuNdUVz4nnBhRUhpXCTNPvZvUZE";

/// The words of a command line of `testbed`, without its comment and without
/// what is the shell's.
fn words(line: &str) -> Option<Vec<&str>> {
    let command = line.split(" #").next().unwrap_or_default();
    let mut words = command.split_whitespace();
    let testbed = words.next() == Some("testbed");
    testbed.then(|| {
        words
            .take_while(|word| !matches!(*word, "|" | ">"))
            .collect()
    })
}

#[test]
fn command_lines_do_what_they_say() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let scenario = &of_kind("toml")[0];
    fs::write(folder.path().join(SCENARIO), &scenario.text).expect("a file of ours");
    let mut all = of_kind("toml").into_iter();
    let churn =
        all.find(|block| block.text.contains("keep = [0]\n") && block.place.contains("world"));
    let churn = churn.expect("a scenario with churn");
    fs::write(folder.path().join(CHURN), &churn.text).expect("a file of ours");
    let mut tried = 0;
    for block in of_kind("sh") {
        for line in block.text.lines() {
            let line = line.replace("12D3Koo...", PEER);
            if let Some(words) = words(&line) {
                try_line(folder.path(), &block.place, &line, &words);
                tried += 1;
            }
        }
    }
    assert!(tried > 30, "{tried} command lines");
}

fn try_line(folder: &Path, place: &str, line: &str, words: &[&str]) {
    let all = std::iter::once("testbed").chain(words.iter().copied());
    if let Err(error) = Cli::try_parse_from(all) {
        panic!("{place}: {line}: {error}");
    }
    if NOT_RUN.iter().any(|(part, _)| line.contains(part)) {
        return;
    }
    // `RUN` stands for any run: the last one, then. A seed of our own: one in fifty loses no
    // message, and is unknown.
    let seed: &[_] = match line.contains("simulate") && !line.contains("--seed ") {
        true => &["--seed", "1"],
        false => &[],
    };
    let words: Vec<_> = words
        .iter()
        .chain(seed)
        .copied()
        .filter(|word| *word != "RUN")
        .collect();
    let ended = run_in(folder, &words);
    no_panic(&ended);
    let may_fail = MAY_FAIL.iter().any(|part| line.contains(part));
    assert!(
        ended.status == Some(0) || may_fail && ended.status == Some(1),
        "{place}: {line}: {ended}"
    );
}
