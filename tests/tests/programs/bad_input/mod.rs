//! Everything that a user, the machine or another peer can get wrong: one clear line
//! names the value and what would be valid, the exit status is right, there is no panic
//! and no hang, and what was measured is saved.

mod export;
mod extreme;
mod interrupt;
mod machine;
mod peers;
mod streams;
mod systems;
mod usage;
mod view;

use support::Ended;
use support::saved::no_panic;

/// Checks that wrong usage, or a failure before the run, was reported correctly: the exit
/// status, and `parts` in one line on standard error.
fn refused(name: &str, ended: &Ended, status: i32, parts: &[&str]) {
    no_panic(ended);
    assert_eq!(ended.status, Some(status), "{name}: {ended}");
    assert_eq!(ended.stdout, "", "{name}: {ended}");
    let mut lines = ended.stderr.lines();
    let mut line = lines.next().unwrap_or_default().to_owned();
    assert!(line.starts_with("error: "), "{name}: {ended}");
    let mut lines = lines.peekable();
    // Clap lists the possible values in a line of its own.
    if let Some(values) = lines.next_if(|line| line.starts_with("  [possible values: ")) {
        line.push_str(values);
    }
    for part in parts {
        assert!(line.contains(part), "{name}: {part:?} is not told: {ended}");
    }
    // What clap adds, and nothing else.
    let rest: Vec<_> = lines.filter(|line| !line.is_empty()).collect();
    let hint = "For more information, try '--help'.";
    assert!(rest.is_empty() || rest == [hint], "{name}: {ended}");
}

/// Checks that a run failed as it should: exit status 1, and `parts` in the
/// line with the verdict.
fn failed(name: &str, ended: &Ended, parts: &[&str]) {
    no_panic(ended);
    assert_eq!(ended.status, Some(1), "{name}: {ended}");
    let mut lines = ended.stdout.lines();
    let line = lines.find(|line| line.starts_with("verdict"));
    let line = line.unwrap_or_else(|| panic!("{name}: no verdict: {ended}"));
    assert!(line.contains("fail: "), "{name}: {ended}");
    for part in parts {
        assert!(line.contains(part), "{name}: {part:?} is not told: {ended}");
    }
    assert_eq!(lines.next(), None, "{name}: {ended}");
}
