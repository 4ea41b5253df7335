//! The blocks of the README, of CONTRIBUTING.md and of `docs` match the programs: sessions
//! are run and compared, command lines are run, or at least parsed, the scenario is read,
//! and figures name lines of the benchmarks and of experiments.
//!
//! A block says by its info string what it is: `console` a session, `node` one
//! with a `testbed-node`, `sh` command lines, `toml` a scenario, `rust` the
//! algorithm of one's own (another test compares it), `figures` what a benchmark
//! printed, `excerpt` some lines of a long run, `json` test vectors (another test reads
//! them), `text` a drawing.

mod blocks;
mod commands;
mod listings;
mod reference;

use std::fs;
use std::path::Path;

use support::{CALM, Ended, run, testbed, workspace};

/// Runs `testbed WORDS` in that folder.
fn run_in(folder: &Path, words: &[&str]) -> Ended {
    let mut command = testbed();
    let calm = CALM.split(' ').filter(|_| takes_bounds(words));
    run(command.current_dir(folder).args(calm).args(words))
}

/// Whether the command measures: others refuse the bounds of the host.
fn takes_bounds(words: &[&str]) -> bool {
    !words.iter().any(|word| {
        matches!(
            *word,
            "list"
                | "explain"
                | "new"
                | "completions"
                | "simulate"
                | "check"
                | "export"
                | "sweep"
                | "graph"
        )
    })
}

#[test]
fn every_block_has_a_known_kind() {
    const KINDS: [&str; 9] = [
        "console", "node", "sh", "toml", "rust", "figures", "excerpt", "json", "text",
    ];
    for block in blocks::blocks() {
        assert!(KINDS.contains(&&*block.kind), "{block:?}");
    }
}

/// A page may leave lines out, but its others are those of the file, in their order.
#[test]
fn rust_on_the_page_of_own_algorithms_is_tested_code() {
    let read = |path: &str| fs::read_to_string(workspace().join(path)).expect(path);
    let files = [
        "tests/own-algorithm/src/main.rs",
        "testbed/templates/echo/tests.rs",
        "tests/own-algorithm/src/push_sum.rs",
        "lab/tests/leader.rs",
        "lab/tests/registers.rs",
        "lab/tests/symmetry.rs",
        "lab/tests/votes.rs",
    ];
    let files = files.map(read);
    let page = "docs/own-algorithm.md";
    let rust = blocks::of_kind("rust").into_iter();
    for block in rust.filter(|block| block.place.starts_with(page)) {
        let is_excerpt = |file: &String| {
            let mut lines = file.lines().map(str::trim);
            let mut shown = block.text.lines().map(str::trim);
            shown.all(|shown| lines.any(|line| line == shown))
        };
        assert!(files.iter().any(is_excerpt), "{block:?}");
    }
}

#[test]
fn links_to_files_lead_to_files() {
    let mut tried = 0;
    for (name, text) in blocks::pages() {
        let here = workspace().join(&name);
        let links = text.split("](").skip(1);
        let links = links.filter_map(|rest| rest.split([')', '#']).next());
        for link in links.filter(|link| !link.contains("://") && !link.is_empty()) {
            let file = here.parent().expect("a folder").join(link);
            assert!(file.exists(), "{name}: {link}");
            tried += 1;
        }
    }
    assert!(tried > 60, "{tried} links");
}

#[test]
fn every_page_is_in_the_summary() {
    let read = |name: &str| fs::read_to_string(workspace().join(name)).expect(name);
    let (summary, programs) = (read("docs/SUMMARY.md"), read("docs/llms.txt"));
    for (name, _) in blocks::pages() {
        let Some(page) = name
            .strip_prefix("docs/")
            .filter(|page| *page != "SUMMARY.md")
        else {
            continue;
        };
        let link = format!("]({page})");
        assert!(summary.contains(&link), "SUMMARY.md: {page}");
        assert!(programs.contains(&link), "llms.txt: {page}");
    }
}

/// The README is read in a minute; what is longer belongs into `docs`.
#[test]
fn readme_is_short() {
    let readme = fs::read_to_string(workspace().join("README.md")).expect("README.md");
    assert!(readme.len() <= 10 << 10, "{} bytes", readme.len());
}
