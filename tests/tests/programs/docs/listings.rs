//! The pages show what a run prints, but for what differs from run to run.

use std::fs;
use std::path::Path;

use lab::simulator::Scenario;
use serde_json::Value;
use support::{Running, node, workspace};
use testbed::grade::Assignment;

use super::blocks::{Block, of_kind, shape};
use super::run_in;

/// Short runs that print the excerpts of the pages, by the first word of the excerpt.
const EXCERPTS: [(&str, &str); 3] = [
    (
        "tables",
        "--peers 24 --transport memory --security none kad --tables given --operations 60",
    ),
    (
        "1,024",
        "--peers 4 latency --size 1K,64K,256K --messages 20",
    ),
    (
        "time",
        "sweep gossip --peers 4,8 --size 1K,2K --messages 3 --repeat 2",
    ),
];

#[test]
fn sessions_print_what_is_shown() {
    for Block { place, text, .. } in of_kind("console") {
        let (command, shown) = text.split_once('\n').expect("a command and what it prints");
        let command = command.strip_prefix("$ testbed ").expect("a prompt");
        let words: Vec<_> = command.split_whitespace().collect();
        let folder = tempfile::tempdir().expect("a temporary folder");
        let ended = run_in(folder.path(), &words);
        assert_eq!(ended.status, Some(0), "{place}: {ended}");
        let differs = differs(shown, &ended.stdout);
        assert!(differs.is_none(), "{place}: {differs:?}: {ended}");
    }
}

/// The first line of `shown` that is not the next one of `printed`. A line `…`
/// stands for any number of lines.
fn differs<'a>(shown: &'a str, printed: &'a str) -> Option<&'a str> {
    let mut printed = printed.lines();
    let mut any = false;
    for expected in shown.lines() {
        if expected.trim() == "…" {
            any = true;
            continue;
        }
        let is_it = |line: &str| shape(line) == shape(expected);
        let found = match any {
            true => printed.any(is_it),
            false => printed.next().is_some_and(is_it),
        };
        if !found {
            return Some(expected);
        }
        any = false;
    }
    printed.next().filter(|_| !any)
}

#[test]
fn excerpts_match_the_output() {
    for Block { place, text, .. } in of_kind("excerpt") {
        let first = text.split_whitespace().next();
        let run = EXCERPTS.iter().find(|(word, _)| Some(*word) == first);
        let (_, words) = run.unwrap_or_else(|| panic!("{place}: no run for {first:?}"));
        let folder = tempfile::tempdir().expect("a temporary folder");
        let words: Vec<_> = words.split(' ').collect();
        let ended = run_in(folder.path(), &words);
        let printed: Vec<_> = ended.stdout.lines().map(shape).collect();
        for shown in text.lines() {
            assert!(
                printed.contains(&shape(shown)),
                "{place}: {shown:?}: {ended}"
            );
        }
    }
}

#[test]
fn scenarios_are_valid() {
    let all = of_kind("toml").into_iter();
    let is_scenario = |block: &Block| !block.place.starts_with(GRADING);
    for Block { place, text, .. } in all.filter(is_scenario) {
        let scenario = Scenario::parse(&text);
        let scenario = scenario.unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(scenario.check(20).is_ok(), "{place}");
    }
}

/// The page of assignments, which are TOML as well.
const GRADING: &str = "docs/grading.md";

#[test]
fn assignments_are_valid() {
    let all = of_kind("toml").into_iter();
    let on_the_page = all.filter(|block| block.place.starts_with(GRADING));
    let mut texts: Vec<_> = on_the_page.map(|block| block.text).collect();
    assert!(!texts.is_empty(), "{GRADING} shows no assignment");
    let shipped = fs::read_dir(workspace().join("docs/assignments")).expect("assignments");
    for folder in shipped.flatten() {
        let file = folder.path().join("assignment.toml");
        texts.push(fs::read_to_string(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())));
    }
    assert!(texts.len() > 6, "{} assignments", texts.len());
    for text in texts {
        let read = Assignment::parse(Path::new("assignment.toml"), &text);
        read.unwrap_or_else(|error| panic!("{text}\n{error}"));
    }
}

/// The names and the words of the lines that a benchmark printed stand in its
/// source.
#[test]
fn figures_are_lines_of_the_benchmarks() {
    let mut sources = String::new();
    for bench in [
        "testbed/benches/floor",
        "testbed/benches/engines",
        "testbed/benches/store",
        "testbed/benches/gossip",
        "testbed/benches/hub",
        "testbed/benches/overlay",
        "testbed/benches/program",
        "testbed/benches/virtual",
        "trace/benches",
    ] {
        let folder = workspace().join(bench);
        let files = fs::read_dir(folder).expect("a benchmark").flatten();
        for file in files.filter(|file| file.path().is_file()) {
            sources.push_str(&fs::read_to_string(file.path()).expect("text"));
        }
    }
    for Block { place, text, .. } in of_kind("figures") {
        for figure in text.lines() {
            let name = figure.split_whitespace().next().unwrap_or_default();
            let stem = |letter: char| letter.is_ascii_digit() || letter == '_';
            assert!(
                sources.contains(name.trim_end_matches(stem)),
                "{place}: no benchmark prints {name:?}"
            );
        }
    }
}

/// The answers of a node have the fields that are shown, with the same values but for
/// times.
#[test]
fn a_node_answers_what_is_shown() {
    let mut first = Running::start(node().args(["--listen", "/ip4/127.0.0.1/tcp/0"]));
    let line = first.line("listening on ");
    let address = line.trim_start_matches("listening on ");
    for Block { place, text, .. } in of_kind("node") {
        let (command, shown) = text.split_once('\n').expect("a command and what it prints");
        let words = command.strip_prefix("$ testbed-node ").expect("a prompt");
        let words = words.split(' ').map(|word| match word.starts_with("/ip4") {
            true => address,
            false => word,
        });
        let mut second = Running::start_with_input(node().args(words));
        for shown in shown.lines() {
            let Ok(expected) = serde_json::from_str::<Value>(shown) else {
                second.line(
                    shown
                        .split('/')
                        .next()
                        .unwrap_or_default()
                        .trim_end_matches("12D3Koo..."),
                );
                continue;
            };
            if expected["ok"].is_null() {
                second.write(shown);
                continue;
            }
            let answer = second.line(&format!("\"id\":{},", expected["id"]));
            let answer: Value = serde_json::from_str(&answer).expect(&answer);
            assert_eq!(outline(&answer), outline(&expected), "{place}: {answer}");
        }
    }
}

/// Its fields, and their values but for times.
fn outline(answer: &Value) -> Vec<(String, String)> {
    let fields = answer.as_object().expect("an object").iter();
    let fields = fields.map(|(name, value)| match value.is_f64() {
        true => (name.clone(), "a time".to_owned()),
        false => (name.clone(), value.to_string()),
    });
    fields.collect()
}
