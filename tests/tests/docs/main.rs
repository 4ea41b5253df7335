//! The README's blocks are what the programs do: sessions are run and compared,
//! command lines are run, or at least parsed, the scenario is read, and figures
//! name lines of the benchmarks and of experiments.
//!
//! A block says by its info string what it is: `console` a session, `node` one
//! with a `testbed-node`, `sh` command lines, `toml` a scenario, `rust` the
//! algorithm of one's own (another test compares it), `figures` what a benchmark
//! printed, `excerpt` some lines of a long run, `text` a drawing.

mod blocks;
mod commands;
mod listings;

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
            "list" | "explain" | "completions" | "simulate" | "check" | "export" | "sweep"
        )
    })
}

#[test]
fn every_block_says_what_it_is() {
    const KINDS: [&str; 8] = [
        "console", "node", "sh", "toml", "rust", "figures", "excerpt", "text",
    ];
    for block in blocks::blocks() {
        assert!(KINDS.contains(&&*block.kind), "README.md: {block:?}");
    }
}

#[test]
fn links_to_files_lead_to_files() {
    let page = fs::read_to_string(workspace().join("README.md")).expect("README.md");
    let links = page.split("](").skip(1);
    let links = links.filter_map(|rest| rest.split(')').next());
    let files: Vec<_> = links.filter(|link| !link.contains("://")).collect();
    assert!(files.len() > 30, "{files:?}");
    for file in files {
        assert!(workspace().join(file).exists(), "README.md: {file}");
    }
}
