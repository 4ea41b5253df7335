use std::ops::ControlFlow;

use trace::history::{CrashRecord, PartitionRecord};

use super::*;
use crate::checkers::by_hand::{ByHand, integer, list, text, violated};

const A: &str = "peer-00";
const B: &str = "peer-01";
const C: &str = "peer-02";

const SECOND: u64 = 1_000_000_000;

/// A line of three, which try their links each second and wait for four.
fn terms() -> Terms {
    let named = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
    Terms {
        neighbours: [(A, named(&[B])), (B, named(&[A, C])), (C, named(&[B]))]
            .map(|(node, all)| (node.to_owned(), all))
            .into(),
        destinations: named(&[A]),
        hops: true,
        fifo: true,
        goes_out: false,
        times: Some(Intervals {
            watch: Some((Duration::from_secs(1), Duration::from_secs(4))),
            table: Some(Duration::from_secs(4)),
            gather: Duration::ZERO,
            ask: Duration::from_secs(2),
        }),
    }
}

/// The same without times.
fn checked() -> Terms {
    Terms {
        times: None,
        ..terms()
    }
}

/// A step at that second, in which a timer runs out, with the state after it.
fn at(run: &mut ByHand, node: &str, second: u64, routes: &[&str], links: &[&str]) {
    let step = run.step(node);
    step.at_unix_nano = second * SECOND;
    step.timer = Some("Hello".into());
    run.state(node, [list("routes", routes), list("links", links)]);
}

/// All are right from the start, and take a step each second.
fn still(seconds: std::ops::RangeInclusive<u64>) -> ByHand {
    let mut run = ByHand::new([A, B, C]);
    go_on(&mut run, seconds);
    run
}

fn go_on(run: &mut ByHand, seconds: std::ops::RangeInclusive<u64>) {
    for second in seconds {
        at(run, A, second, &[], &["peer-01 at 1"]);
        at(
            run,
            B,
            second,
            &["peer-00 via peer-00 at 1"],
            &["peer-00 at 1", "peer-02 at 1"],
        );
        at(
            run,
            C,
            second,
            &["peer-00 via peer-01 at 2"],
            &["peer-01 at 1"],
        );
    }
}

fn properties(run: &ByHand, terms: &Terms) -> Vec<Property> {
    let mut all = check(&run.history, terms).properties;
    for one in &mut all {
        one.settle(&run.history);
    }
    all
}

fn shown(run: &ByHand, terms: &Terms) -> Vec<String> {
    let all = properties(run, terms);
    all.iter().map(ToString::to_string).collect()
}

#[track_caller]
fn violates(run: &ByHand, terms: &Terms, part: &str) {
    let shown = shown(run, terms).join("\n");
    assert!(
        shown.contains("VIOLATED") && shown.contains(part),
        "{shown}"
    );
}

const REST: &str = "distances are right at rest";
const HOLE: &str = "no black hole outlives the time-out";

#[test]
fn a_right_run_passes() {
    let run = still(0..=9);
    let shown = shown(&run, &terms());
    assert_eq!(
        shown,
        [
            format!("{REST}: holds (2 checked)"),
            format!("{HOLE}: nothing to check (no link failed over which a next hop led)"),
        ]
    );
    let found = check(&run.history, &terms());
    assert_eq!(found.routes, (2, 3));
    assert_eq!(found.settled.map(|times| times.max), Some(0));
    // In a check the end is what counts.
    assert_eq!(violated(&properties(&run, &checked())), [""; 0]);
}

#[test]
fn wrong_distances_are_found_once_the_time_is_over() {
    for (routes, part) in [
        (
            &["peer-00 via peer-01 at 3"][..],
            "peer-02 has peer-00 at 3 at 9.00 s, and it is at 2",
        ),
        (
            &[],
            "peer-02 has peer-00 at no distance at 9.00 s, and it is at 2",
        ),
    ] {
        let mut run = still(0..=8);
        at(&mut run, C, 9, routes, &["peer-01 at 1"]);
        violates(&run, &terms(), part);
        let part = part.replace(" at 9.00 s", "");
        violates(&run, &checked(), &part);
    }
    // Two seconds, in which a request is repeated, are not over.
    let mut run = still(0..=0);
    at(&mut run, C, 1, &[], &["peer-01 at 1"]);
    let shown = shown(&run, &terms());
    let part = "not known (0 checked: nothing changed for 1.00 s at most, and distances have to be right after 2.00 s";
    assert!(shown[0].contains(part), "{shown:?}");
}

#[test]
fn links_that_are_not_used_or_cost_too_much_are_found() {
    let mut run = still(0..=8);
    at(&mut run, C, 9, &[], &[]);
    violates(
        &run,
        &terms(),
        "peer-02 does not use its link to peer-01 at 9.00 s, which works",
    );
    let mut run = still(0..=9);
    let mut priced = still(0..=9);
    at(
        &mut priced,
        C,
        10,
        &["peer-00 via peer-01 at 6"],
        &["peer-01 at 5"],
    );
    priced.say(C, "Priced", [text("neighbour", B), integer("more", 4)]);
    assert_eq!(violated(&properties(&priced, &terms())), [""; 0]);
    for second in 10..20 {
        at(
            &mut run,
            C,
            second,
            &["peer-00 via peer-01 at 6"],
            &["peer-01 at 5"],
        );
        for node in [A, B] {
            let state = run.history.processes[node]
                .last()
                .map(|step| step.state.clone());
            let step = run.step(node);
            step.at_unix_nano = second * SECOND;
            step.state = state.expect("a state");
        }
    }
    violates(
        &run,
        &terms(),
        "the link of peer-02 to peer-01 costs 5, and should cost 1",
    );
}

fn cut(run: &mut ByHand, at: u64, healed: Option<u64>) {
    run.history.partitions.push(PartitionRecord {
        group: vec![A.into()],
        others: vec![B.into(), C.into()],
        at: at * SECOND,
        healed: healed.map(|at| at * SECOND),
    });
}

/// The link of A and B is cut after 9 s. B and C keep their routes for so long, and have none
/// from then on. The last answer of A comes after a second, if one was under way.
fn broken(kept: u64, is_under_way: bool) -> ByHand {
    let mut run = still(0..=9);
    let answer = run.send(A, B, "IHU", []);
    for second in 10..=9 + kept {
        go_on(&mut run, second..=second);
        if second == 10 && is_under_way {
            let state = run.history.processes[B]
                .last()
                .map(|step| step.state.clone());
            run.receive(B, answer);
            let step = run
                .history
                .processes
                .get_mut(B)
                .and_then(|steps| steps.last_mut());
            let step = step.expect("the step");
            step.at_unix_nano = 10 * SECOND;
            step.state = state.expect("a state");
        }
    }
    for second in 10 + kept..=24 {
        at(&mut run, A, second, &[], &[]);
        at(&mut run, B, second, &[], &["peer-02 at 1"]);
        at(&mut run, C, second, &[], &["peer-01 at 1"]);
    }
    cut(&mut run, 9, None);
    run
}

#[test]
fn a_black_hole_may_last_for_the_time_out_and_no_longer() {
    for (kept, is_under_way) in [(0, false), (1, false), (3, false), (4, true)] {
        let run = broken(kept, is_under_way);
        let shown = shown(&run, &terms()).join("\n");
        assert!(!shown.contains("VIOLATED"), "{kept}: {shown}");
        assert!(
            shown.contains(&format!("{HOLE}: holds (1 checked)")),
            "{kept}: {shown}"
        );
    }
    for (kept, is_under_way, part) in [
        (
            4,
            false,
            "peer-01 still sends to peer-00 5.00 s after the link failed, and should stop after 4.00 s",
        ),
        (
            5,
            true,
            "peer-01 still sends to peer-00 6.00 s after the link failed, and should stop after 5.00 s",
        ),
    ] {
        violates(&broken(kept, is_under_way), &terms(), part);
    }
}

#[test]
fn a_neighbour_that_stopped_is_a_black_hole_as_well() {
    let mut run = ByHand::new([A, B, C]);
    go_on(&mut run, 0..=9);
    for second in 10..=24 {
        at(
            &mut run,
            B,
            second,
            &["peer-00 via peer-00 at 1"],
            &["peer-00 at 1", "peer-02 at 1"],
        );
        at(
            &mut run,
            C,
            second,
            &["peer-00 via peer-01 at 2"],
            &["peer-01 at 1"],
        );
    }
    run.history.crashes.push(CrashRecord {
        process: A.into(),
        at: 9 * SECOND,
        restarted: None,
    });
    let properties = properties(&run, &terms());
    assert_eq!(violated(&properties), [REST, HOLE]);
    violates(
        &run,
        &terms(),
        "peer-01 has peer-00 at 1 at 24.0 s, and it is at no distance",
    );
    let shown = shown(&run, &checked()).join("\n");
    assert!(shown.contains("a node has stopped"), "{shown}");
}

#[test]
fn a_message_that_is_lost_makes_no_rest() {
    let mut run = still(0..=3);
    run.send(B, C, "UPDATE", []);
    go_on(&mut run, 4..=5);
    for (terms, part) in [
        (terms(), "UPDATE to peer-02 was lost"),
        (checked(), "a message was lost"),
    ] {
        let shown = shown(&run, &terms);
        assert!(
            shown[0].contains("nothing to check") && shown[0].contains(part),
            "{shown:?}"
        );
    }
}

#[test]
fn a_check_puts_down_to_a_crash_what_was_sent_before_the_restart() {
    for (is_before, part) in [(true, "holds"), (false, "a message was lost")] {
        let mut run = still(0..=1);
        if is_before {
            run.send(C, B, "UPDATE", []);
        }
        run.step(C).restarts = true;
        run.state(C, [list("routes", &[]), list("links", &["peer-01 at 1"])]);
        if !is_before {
            run.send(C, B, "UPDATE", []);
        }
        run.history.crashes.push(CrashRecord {
            process: C.into(),
            at: 0,
            restarted: Some(0),
        });
        go_on(&mut run, 2..=2);
        let shown = shown(&run, &checked());
        assert!(shown[0].contains(part), "{shown:?}");
    }
}

#[test]
fn a_node_that_takes_no_steps_is_not_judged() {
    let mut run = still(0..=9);
    for second in 10..=30 {
        at(&mut run, A, second, &[], &[]);
        at(&mut run, B, second, &[], &["peer-02 at 1"]);
    }
    at(
        &mut run,
        C,
        30,
        &["peer-00 via peer-01 at 2"],
        &["peer-01 at 1"],
    );
    let properties = properties(&run, &terms());
    assert_eq!(violated(&properties), [""; 0]);
}

#[test]
fn the_time_at_rest_has_its_parts() {
    let times = terms().times.expect("times");
    let ms = Duration::from_millis(100);
    // Six waves over four links, a request that is repeated, and five seconds to notice.
    assert_eq!(times.rest(5, ms, false), ms * 24 + ms * 20);
    assert_eq!(times.rest(5, ms, true), ms * 24 + ms * 20 + ms * 50);
}

/// What holds at every moment of a run.
fn at_every_moment(run: &ByHand) -> Vec<String> {
    let mut all = Vec::new();
    run.history.for_each_moment(|moment, _, _| {
        all.extend(safe(moment).into_iter().flat_map(|one| one.violations));
        ControlFlow::Continue(())
    });
    all
}

#[test]
fn loops_are_found_at_the_moment_when_they_close() {
    let run = still(0..=1);
    assert_eq!(at_every_moment(&run), [""; 0]);
    let mut run = still(0..=1);
    at(&mut run, B, 2, &["peer-00 via peer-02 at 3"], &[]);
    at(&mut run, C, 3, &["peer-00 via peer-01 at 2"], &[]);
    let expected = "to peer-00: peer-01 -> peer-02 -> peer-01";
    assert_eq!(at_every_moment(&run), [expected]);
    // For another destination it is none.
    let mut run = still(0..=1);
    at(&mut run, C, 2, &["peer-00 via peer-01 at 2"], &[]);
    at(
        &mut run,
        B,
        3,
        &["peer-00 via peer-00 at 1", "peer-03 via peer-02 at 2"],
        &[],
    );
    assert_eq!(at_every_moment(&run), [""; 0]);
}
