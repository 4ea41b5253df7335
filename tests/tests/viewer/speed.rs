//! 100,000 steps in the space-time diagram.
//!
//! Other tests run beside this one, on machines of any speed, so the figures
//! are printed and none is held to a limit; docs/page.md has those of a machine
//! that had nothing else to do.

use support::{Runs, run};

use super::{has_browser, look, texts};

#[test]
#[allow(clippy::print_stdout, reason = "figures to be read")]
fn a_hundred_thousand_steps_are_drawn_and_follow_the_pointer() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    run(&mut runs.testbed(["--peers", "2", "ping"])).exits(0);
    let seen = look("diagram-speed.mjs", &runs.only(), [""; 0]);
    println!("diagram {seen}");
    assert_eq!(texts(&seen["problems"]), [""; 0]);
    assert_eq!(seen["drawn"], 100_000);
    // A picture that is dragged is drawn again and again, and not at the end.
    for part in ["fitted", "near", "selected"] {
        assert!(seen[part]["frames"].as_u64() > Some(10), "{part}: {seen}");
    }
}
