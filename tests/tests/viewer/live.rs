//! A run that is looked at while it goes on.

use support::Runs;

use super::{has, has_browser, printed, script, steps, text, texts};

#[test]
fn the_page_fills_while_the_run_goes_on_and_stays_after_it() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    let arguments = "--peers 8 --view=127.0.0.1:0 snapshot --snapshots 10 --every 500ms";
    let testbed = runs.testbed(arguments.split(' '));
    let mut live = script("live.mjs");
    live.arg(testbed.get_program()).args(testbed.get_args());
    let seen = printed(&mut live);
    let looks = seen["looks"].as_array().expect("looks");
    let counts: Vec<_> = looks.iter().map(|look| look["steps"].as_u64()).collect();
    assert!(counts.is_sorted_by(|a, b| a < b), "{counts:?}");
    for look in looks {
        assert_eq!(look["badge"], "running", "{looks:?}");
    }
    assert_eq!(seen["verdict"], "pass");
    assert_eq!(seen["steps"], steps(&runs.only()).len());
    has(text(&seen["cut"]), &["Snapshot 0/0", "✓ Consistent."]);
    assert_eq!(seen["again"], seen["steps"], "after a reload");
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    assert_eq!(seen["status"], 0);
}
