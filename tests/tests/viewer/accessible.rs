//! What axe-core finds in the page, and what else keeps people out of it: a page
//! that scrolls into nothing, arrows too faint to be seen.

use std::path::Path;

use serde_json::{Value, json};
use support::{CALM, Runs, foreign, run};

use super::views::all;
use super::{has_browser, look};

fn has_axe() -> bool {
    has_browser() && foreign::has_package("tests/browser", "axe-core")
}

/// Nothing is found in these states of the page, or in all of them: in a wide
/// and in a narrow window, in light and in dark.
fn check(path: &Path, states: &[&str]) -> Value {
    let seen = look("accessible.mjs", path, states);
    let wanted = if states.is_empty() { 10 } else { states.len() };
    assert!(seen["states"].as_u64() >= Some(4 * wanted as u64), "{seen}");
    assert_eq!(seen["faults"], json!([]));
    assert_eq!(seen["problems"], json!([]));
    seen
}

#[test]
fn every_view_is_accessible() {
    if !has_axe() {
        return;
    }
    let runs = Runs::new();
    let all = all(
        &runs,
        &[
            "--peers 20 --seed 1 snapshot",
            "--peers 20 --seed 2 snapshot",
        ],
    );
    let moves = &check(&all[0].0, &[])["moves"];
    assert_eq!(moves["first"], "Skip to the view");
    assert_eq!(moves["skipped"], "main");
    assert_eq!(moves["stayed"], true);
    assert_eq!(moves["scrolled"], true, "so that it is to be scrolled back");
    let keys = moves["keys"].as_array().expect("keys");
    assert!(keys.contains(&json!("?")), "{keys:?}");
}

const RESULTS: &[&str] = &["results", "results with all numbers"];

#[test]
fn the_results_of_every_experiment_are_accessible() {
    if !has_axe() {
        return;
    }
    // The last one fails: its violations are shown.
    for (words, states) in [
        ("--peers 5 ping --every-pair", RESULTS),
        ("--peers 8 gossip", RESULTS),
        ("--peers 8 kad", RESULTS),
        ("--peers 4 latency", RESULTS),
        (
            "--peers 8 simulate overlay --links 2 --duration 20s --outages exponential:5s --outages-every 10s",
            &["diagram", "step", "topology", "matrix"],
        ),
        (
            "--peers 4 simulate snapshot --algorithm naive",
            &["results", "diagram", "cut and its points"],
        ),
    ] {
        let runs = Runs::new();
        // What starts no peers refuses the bounds of the host.
        let calm = if words.contains("simulate") { "" } else { CALM };
        let words = format!("--seed 1 {calm} {words}");
        run(&mut runs.testbed(words.split_whitespace()));
        check(&runs.only(), states);
    }
}
