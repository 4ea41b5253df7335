//! What the page computes before it draws, without a browser.

use std::fs;
use std::process::Command;

use support::{run, workspace};

use super::has_browser;

#[test]
fn the_unit_tests_of_the_page_pass() {
    if !has_browser() {
        return;
    }
    let folder = workspace().join("tests/browser");
    let entries = fs::read_dir(folder).expect("the folder of scripts");
    let paths = entries.flatten().map(|entry| entry.path());
    let tests: Vec<_> = paths
        .filter(|path| path.to_string_lossy().ends_with(".test.mjs"))
        .collect();
    assert!(!tests.is_empty(), "there are tests");
    run(Command::new("node").arg("--test").args(tests)).exits(0);
}
