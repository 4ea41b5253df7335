//! The algorithms, as a user tries them: live, in the simulator, and under the
//! model checker.

mod check;
mod live;
mod simulate;

use support::saved::no_panic;
use support::{Ended, Runs, run, saved};

/// Runs `testbed` with `arguments` and a seed, looks at what it saved, and
/// returns what it printed.
fn testbed(arguments: &str, status: i32) -> Ended {
    let runs = Runs::new();
    let all = format!("--seed 1 {arguments}");
    let ended = run(&mut runs.testbed(all.split(' '))).exits(status);
    no_panic(&ended);
    let record = saved::record(&runs.only());
    assert!(saved::follows(&record), "{arguments}: {record:#}");
    assert_eq!(record["spans"]["lost"], 0, "{arguments}: {ended}");
    ended
}
