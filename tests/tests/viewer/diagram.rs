//! The space-time diagram, and the cut in it.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;
use support::{Runs, run};

use super::{has, has_browser, look_well, number, steps, text, texts};

/// The messages of each channel, as `peer-01 → peer-04` names it.
type Channels = BTreeMap<String, Vec<String>>;

/// What a run printed of its cut, kind and all.
fn reported(stdout: &str) -> Channels {
    let mut to = "";
    let mut channels = Channels::new();
    for line in stdout.lines() {
        if let Some((from, messages)) = line
            .strip_prefix("    from ")
            .and_then(|rest| rest.split_once(": "))
        {
            let messages = messages.split("; ");
            let messages = messages.map(|message| format!("TRANSFER {message}"));
            channels.insert(format!("{from} → {to}"), messages.collect());
        } else if line.starts_with("  peer-") {
            to = line.split_whitespace().next().expect("a peer");
        }
    }
    channels
}

/// What the page shows of a cut.
fn shown(cut: &Value) -> Channels {
    let all = cut["channels"].as_array().expect("channels");
    let one = |channel: &Value| {
        let messages = texts(&channel["messages"]).into_iter().map(str::to_owned);
        (text(&channel["channel"]).to_owned(), messages.collect())
    };
    all.iter().map(one).collect()
}

/// What holds for every run with steps, whatever was run.
fn check_picture(seen: &Value, path: &Path) {
    let steps = steps(path);
    assert_eq!(seen["steps"], steps.len());
    has(
        text(&seen["description"]),
        &[&format!("{} steps", steps.len())],
    );
    let views = ["Space-time", "Traces", "Topology", "Results", "Runs"];
    assert_eq!(texts(&seen["views"]), views);
    check_selection(seen);
    let first = steps.iter().filter(|step| step.service == "peer-00");
    let found = format!("{} step", first.count());
    has(text(&seen["search"]), &[&found]);
    assert!(seen["table"].as_u64() > Some(0), "a table of steps");
    assert_eq!(seen["darkDiffers"], true);
}

/// By key and by click; the past and the future; and the way to the trace.
fn check_selection(seen: &Value) {
    let said = texts(&seen["said"]);
    let [first, second, back] = said[..] else {
        panic!("three keys: {said:?}")
    };
    has(first, &["Step ", "Lamport clock"]);
    assert_ne!(first, second);
    assert_eq!(first, back, "one to the right and one back");
    let peer = first.split([' ', ':']).nth(3).expect("Step N of PEER");
    has(text(&seen["details"]), &[peer, "after", "Lamport"]);
    has(text(&seen["inTrace"]), &[peer]);
    assert_eq!(seen["selectionKept"], true);
    let colours = [
        "selected step",
        "its causal past",
        "its future",
        "concurrent",
    ];
    assert_eq!(texts(&seen["legend"])[..4], colours);
    has(text(&seen["address"]), &["#/diagram?step="]);
    has(text(&seen["clicked"]), &["Step ", "Lamport clock"]);
    has(text(&seen["clickedAddress"]), &["#/diagram?step="]);
}

/// The sentence about a cut that is not consistent is true: the message that
/// it names was sent behind the cut.
fn check_orphan(seen: &Value, path: &Path) {
    let sentence = text(&seen["moved"]["verdict"]);
    has(sentence, &["✗ Not consistent.", "effect without its cause"]);
    let (received, sent) = sentence.split_once(", but ").expect("two halves");
    let words = received.split(" before the cut").next().expect("a half");
    let says = words
        .split_whitespace()
        .filter_map(|word| word.split_once('='));
    let (sender, step) = sent
        .trim_end_matches('.')
        .split_once(" sent it after the cut, in step ")
        .expect("who sent it");
    let step: i64 = step.parse().expect("a number");
    let cut = seen["cuts"][0]["recorded"].as_array().expect("a cut");
    let point = cut.iter().find(|record| record["peer"] == sender);
    let point = point.expect("it recorded its state")["step"].as_i64();
    assert!(Some(step) >= point, "{sentence}: {point:?}");
    let steps = steps(path);
    let mut steps = steps.iter();
    let span = steps.find(|one| one.service == sender && number(one) == Some(step));
    let span = format!("{:?}", span.expect("there is that step").span.events);
    for (name, value) in says {
        has(&span, &[name, value]);
    }
}

#[test]
fn a_snapshot_shows_its_cut_and_what_was_in_flight() {
    if !has_browser() {
        return;
    }
    let runs = Runs::new();
    // In virtual time, since the script moves the cut: in some runs nothing is sent after it.
    let command = "--peers 20 --seed 5 --time virtual --network wan snapshot";
    let ended = run(&mut runs.testbed(command.split(' '))).exits(0);
    let path = runs.only();
    let seen = look_well("diagram.mjs", &path);
    check_picture(&seen, &path);
    has(text(&seen["head"]), &["snapshot", "pass", "peers\n20"]);
    assert_eq!(texts(&seen["kinds"])[..2], ["TRANSFER", "MARKER"]);
    let reported = reported(&ended.stdout);
    assert!(!reported.is_empty(), "20 peers always have some: {ended}");
    assert_eq!(shown(&seen["cut"]), reported);
    assert_eq!(seen["cut"]["title"], "Snapshot 0/0");
    has(text(&seen["cut"]["verdict"]), &["✓ Consistent."]);
    let count: usize = reported.values().map(Vec::len).sum();
    has(
        text(&seen["cut"]["total"]),
        &[&format!("in the cut: {count} message")],
    );
    assert_eq!(seen["dragged"]["title"], "My cut");
    check_orphan(&seen, &path);
}

#[test]
fn a_ping_and_an_election_are_drawn() {
    if !has_browser() {
        return;
    }
    // With this seed peer-00 is not the leader, which every message names.
    for (arguments, kinds) in [
        ("--peers 5 --seed 7 ping --to 3", ["PING", "PONG"]),
        ("--peers 8 --seed 7 elect", ["ELECTION", "ELECTED"]),
    ] {
        let runs = Runs::new();
        run(&mut runs.testbed(arguments.split(' '))).exits(0);
        let path = runs.only();
        let seen = look_well("diagram.mjs", &path);
        check_picture(&seen, &path);
        assert_eq!(texts(&seen["kinds"]), kinds);
        // A cut straight through one clock's time.
        assert_eq!(seen["placed"]["title"], "My cut");
        has(text(&seen["placed"]["verdict"]), &["✓ Consistent."]);
    }
}
