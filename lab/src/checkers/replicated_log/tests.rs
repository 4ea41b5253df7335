use std::ops::ControlFlow;

use trace::history::PartitionRecord;

use super::*;
use crate::checkers::by_hand::{ByHand, integer, list, text, violated};

const ALL: [&str; 3] = ["peer-00", "peer-01", "peer-02"];

/// A step after which the process has this role, term and log.
fn step(run: &mut ByHand, process: &str, role: &str, term: i64, log: &[&str]) {
    run.step(process);
    let state = [text("role", role), integer("term", term), list("log", log)];
    run.state(process, state);
}

fn leads(run: &mut ByHand, process: &str, term: i64, log: &[&str]) {
    step(run, process, "leader", term, log);
    run.say(process, "Leads", [integer("term", term)]);
}

fn applies(run: &mut ByHand, process: &str, index: i64, command: i64, term: i64) {
    let fields = [
        integer("index", index),
        integer("command", command),
        integer("term", term),
    ];
    run.say(process, "Applied", fields);
}

/// The invariants that are violated at some moment.
fn unsafe_at_some_moment(run: &ByHand) -> Vec<&'static str> {
    let mut names = Vec::new();
    run.history.for_each_moment(|now, _, _| {
        names.extend(violated(&safe(now)));
        ControlFlow::Continue(())
    });
    names
}

fn asked(last_term: u64) -> Asked {
    Asked {
        commands: vec![("peer-00".into(), 7)],
        last_term,
    }
}

/// Leader 0 of term 1 adds command 7, and all carry it out.
fn right() -> ByHand {
    let mut run = ByHand::new(ALL);
    leads(&mut run, "peer-00", 1, &["1:-"]);
    for process in ALL {
        let role = if process == "peer-00" {
            "leader"
        } else {
            "follower"
        };
        step(&mut run, process, role, 1, &["1:-", "1:7"]);
        applies(&mut run, process, 2, 7, 1);
    }
    run
}

#[test]
fn a_right_run_violates_nothing() {
    let run = right();
    assert_eq!(unsafe_at_some_moment(&run), [""; 0]);
    assert_eq!(violated(&check(&run.history, &asked(u64::MAX))), [""; 0]);
}

#[test]
fn each_invariant_has_a_run_that_violates_it() {
    type Wrong = fn(&mut ByHand);
    let cases: [(&str, Wrong); 4] = [
        ("election safety", |run| {
            leads(run, "peer-01", 1, &["1:-", "1:7"]);
        }),
        ("log matching", |run| {
            step(run, "peer-01", "follower", 2, &["1:-", "2:8", "2:9"]);
            step(run, "peer-02", "follower", 2, &["1:-", "1:7", "2:9"]);
        }),
        ("leader completeness", |run| {
            leads(run, "peer-01", 2, &["1:-", "2:-"]);
        }),
        ("state machine safety", |run| {
            step(run, "peer-01", "follower", 1, &["1:-", "1:7"]);
            applies(run, "peer-01", 2, 8, 1);
        }),
    ];
    for (property, wrong) in cases {
        let mut run = right();
        wrong(&mut run);
        let found = unsafe_at_some_moment(&run);
        assert!(found.contains(&property), "{property}: {found:?}");
    }
}

#[test]
fn a_leader_of_an_earlier_term_may_lack_what_was_carried_out() {
    let mut run = right();
    step(&mut run, "peer-02", "leader", 0, &[]);
    assert_eq!(unsafe_at_some_moment(&run), [""; 0]);
}

#[test]
fn a_command_that_nobody_asked_for_or_that_comes_twice_is_invalid() {
    for (index, command) in [(3, 8), (3, 7)] {
        let mut run = right();
        run.step("peer-01");
        applies(&mut run, "peer-01", index, command, 1);
        assert_eq!(
            violated(&check(&run.history, &asked(u64::MAX))),
            ["validity"]
        );
    }
}

#[test]
fn a_command_is_carried_out_by_all_that_are_up_while_a_majority_is() {
    let mut run = ByHand::new(ALL);
    leads(&mut run, "peer-00", 1, &["1:-", "1:7"]);
    for process in ["peer-00", "peer-01"] {
        run.step(process);
        applies(&mut run, process, 2, 7, 1);
    }
    step(&mut run, "peer-02", "follower", 1, &[]);
    let found = |run: &ByHand, last_term| violated(&check(&run.history, &asked(last_term)));
    assert_eq!(found(&run, u64::MAX), ["termination"]);
    // Nobody leads, and nobody stands any more.
    step(&mut run, "peer-00", "follower", 1, &["1:-", "1:7"]);
    assert_eq!(found(&run, 1), [""; 0]);
    assert_eq!(found(&run, 2), ["termination"]);
    run.crash("peer-02");
    assert_eq!(found(&run, 2), [""; 0]);
    run.crash("peer-01");
    let unknown = check(&run.history, &asked(2)).remove(1);
    assert!(
        unknown
            .reason()
            .is_some_and(|why| why.contains("no majority"))
    );
}

#[test]
fn termination_is_not_known_while_the_network_is_disturbed() {
    let stuck = || {
        let mut run = ByHand::new(ALL);
        leads(&mut run, "peer-00", 1, &["1:-", "1:7"]);
        run
    };
    let reason = |run: &ByHand| {
        let property = check(&run.history, &asked(u64::MAX)).remove(1);
        property.reason().map(str::to_owned)
    };
    let mut parted = stuck();
    parted.history.partitions.push(PartitionRecord {
        group: vec!["peer-00".into()],
        others: vec!["peer-01".into(), "peer-02".into()],
        at: 0,
        healed: None,
    });
    assert_eq!(reason(&parted).as_deref(), Some("a partition never heals"));

    let mut lossy = stuck();
    lossy.send("peer-00", "peer-01", "APPEND_ENTRIES", []);
    let second = lossy.send("peer-00", "peer-01", "APPEND_ENTRIES", []);
    lossy.receive("peer-01", second);
    let why = "1 messages were lost after the last fault";
    assert_eq!(reason(&lossy).as_deref(), Some(why));

    // The last message is only under way.
    let mut slow = stuck();
    let first = slow.send("peer-00", "peer-01", "APPEND_ENTRIES", []);
    slow.receive("peer-01", first);
    slow.step("peer-00");
    slow.send("peer-00", "peer-01", "APPEND_ENTRIES", []);
    assert_eq!(
        violated(&check(&slow.history, &asked(u64::MAX))),
        ["termination"]
    );
}
